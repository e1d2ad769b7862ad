//! Where Redis is, as the operator says it: `redis://[user:password@]host[:port][/database]`, `rediss:` with TLS,
//! `redis+unix:///path` for a socket, `redis+cluster://host:port,host:port…` (`rediss+cluster:`) for a cluster, of which one node is
//! named or several. With `?prefix=WORD` several installations share one Redis.

use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What addresses begin with.
pub const SCHEMES: [&str; 5] = ["redis", "rediss", "redis+unix", "redis+cluster", "rediss+cluster"];
/// What the names of all keys begin with, unless the operator says otherwise.
const PREFIX: &str = "causerie:";
/// How long a connection may be silent before it is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// After how long a connection is given up whose other end does not acknowledge what is sent.
const DEAD: Duration = Duration::from_secs(5);

/// Where Redis is. Shown, it holds no password.
#[derive(Clone)]
pub struct Address {
    /// How to connect; to a node of the cluster, if it is one.
    pub connection: ConnectionInfo,
    /// How to connect to the other nodes of the cluster that are named.
    pub others: Vec<ConnectionInfo>,
    /// Whether it is a cluster.
    pub cluster: bool,
    /// What the names of all keys and channels begin with.
    pub prefix: String,
}

/// An address that is none, in one line. It repeats nothing, for there may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |reason: &str| AddressError(format!("{reason}; redis://host:6379/0 would be one"));
        let (scheme, rest) = text.split_once(':').ok_or_else(|| wrong("an address is expected"))?;
        let (plain, cluster) = match scheme {
            "redis+cluster" => ("redis", true),
            "rediss+cluster" => ("rediss", true),
            other if SCHEMES.contains(&other) => (other, false),
            _ => return Err(wrong("redis:, rediss:, redis+unix:, redis+cluster: or rediss+cluster: is expected")),
        };
        let mut prefix = PREFIX;
        for member in rest.split_once('?').into_iter().flat_map(|(_, query)| query.split('&')) {
            prefix = member.strip_prefix("prefix=").unwrap_or(prefix);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.chars().all(fits) {
            return Err(wrong("a prefix is 1 to 64 letters, digits, ':', '-', '_' and '.'"));
        }
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(DEAD);
        let read = |text: String| {
            let connection = text.into_connection_info().map_err(|_| wrong("that is no address of a Redis"))?;
            let settings = connection.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            Ok(connection.set_redis_settings(settings).set_tcp_settings(tcp.clone()))
        };
        let mut others = Vec::new();
        let connection = if cluster {
            let (first, more) = nodes(rest);
            others = more.into_iter().map(|node| read(format!("{plain}:{node}"))).collect::<Result<_, _>>()?;
            read(format!("{plain}:{first}"))?
        } else {
            read(format!("{plain}:{rest}"))?
        };
        if cluster && connection.redis_settings().db() != 0 {
            return Err(wrong("a cluster has no databases but 0"));
        }
        Ok(Self { connection, others, cluster, prefix: prefix.to_owned() })
    }
}

impl Address {
    /// How to connect to each node that is named.
    pub(crate) fn nodes(&self) -> Vec<ConnectionInfo> {
        [&self.connection].into_iter().chain(&self.others).cloned().collect()
    }
}

/// `//login@one,other/…` as `//login@one/…` and `//login@other/…`.
fn nodes(rest: &str) -> (String, Vec<String>) {
    let (authority, tail) =
        rest.split_at(rest.get(2..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(rest.len(), |at| at + 2));
    let (login, hosts) = authority.split_at(authority.rfind(['@', '/']).map_or(0, |at| at + 1));
    let mut nodes = hosts.split(',').map(|host| format!("{login}{host}{tail}"));
    (nodes.next().unwrap_or_default(), nodes.collect())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.connection.addr(), if self.cluster { " (cluster)" } else { "" })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        let login = |address: &Self| {
            let settings = address.connection.redis_settings();
            let text = |text: Option<&str>| text.map(ToOwned::to_owned);
            (text(settings.username()), text(settings.password()), settings.db())
        };
        let nodes = |address: &Self| -> Vec<_> {
            [&address.connection].into_iter().chain(&address.others).map(|node| node.addr().clone()).collect()
        };
        (nodes(self), self.cluster, &self.prefix) == (nodes(other), other.cluster, &other.prefix)
            && login(self) == login(other)
    }
}

impl Eq for Address {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_password() {
        let address: Address = "redis://ann:secret@chat.example:7000/3?prefix=shop:".parse().unwrap();
        assert_eq!(address.to_string(), "chat.example:7000");
        assert_eq!(format!("{address:?}"), "chat.example:7000");
        assert_eq!((address.prefix.as_str(), address.connection.redis_settings().db()), ("shop:", 3));
        assert_eq!(address.connection.redis_settings().password(), Some("secret"));
        let address: Address = "redis+cluster://chat.example".parse().unwrap();
        assert_eq!(
            (address.to_string().as_str(), address.prefix.as_str()),
            ("chat.example:6379 (cluster)", "causerie:")
        );
        let address: Address =
            "rediss+cluster://ann:secret@one.example:7000,two.example,[::1]:7002?prefix=p".parse().unwrap();
        let others: Vec<_> = address.others.iter().map(|other| other.addr().to_string()).collect();
        assert_eq!(
            (address.to_string().as_str(), others.join(" ").as_str()),
            ("one.example:7000 (cluster)", "two.example:6379 ::1:7002")
        );
        assert_eq!((address.prefix.as_str(), address.others[1].redis_settings().password()), ("p", Some("secret")));
        assert_eq!("redis+unix:///run/redis.sock?db=2".parse::<Address>().unwrap().to_string(), "/run/redis.sock");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["redis", "http://secret", "redis://:secret@", "redis://h/secret", "redis://h?prefix={secret}"] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.ends_with("; redis://host:6379/0 would be one") && !error.contains("secret"), "{error}");
        }
        assert!("redis+cluster://h/1".parse::<Address>().is_err());
    }
}
