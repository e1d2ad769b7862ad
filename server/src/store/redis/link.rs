//! The connection to Redis: one that many share, that comes back by itself, and on which nothing waits for long.

use super::address::Address;
use crate::store::StoreError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind,
};
use redis::{ToRedisArgs, Value, cmd};
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(1);
/// How long to wait for an answer.
const ANSWER: Duration = Duration::from_secs(3);
/// How long an operation takes at most, whatever happens.
pub(crate) const BOUND: Duration = Duration::from_secs(4);

/// A connection to one Redis, or one to each node of a cluster.
pub(crate) struct Link {
    address: Address,
    one: OnceCell<ConnectionManager>,
    cluster: OnceCell<ClusterConnection>,
}

/// What is wrong, in words that hold no value that was sent.
impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        let known = |code: &str| match code {
            "LOADING" => Some("it is still loading its data"),
            "OOM" => Some("its memory is full"),
            "MISCONF" => Some("it cannot write to its disk"),
            "READONLY" => Some("it is a replica, or became one"),
            "NOAUTH" | "WRONGPASS" => Some("it wants a user and password"),
            "NOPERM" => Some("this user may not do what is needed"),
            "CLUSTERDOWN" => Some("the cluster is down"),
            "MOVED" | "ASK" | "TRYAGAIN" | "MASTERDOWN" => Some("the cluster is changing"),
            "CROSSSLOT" => Some("keys of one change are on several nodes"),
            "BUSY" => Some("another script runs for too long"),
            _ => None,
        };
        Self::Failed(match (error.kind(), error.code()) {
            (ErrorKind::Io | ErrorKind::ClusterConnectionNotFound, _) if error.is_timeout() => silent(),
            (ErrorKind::Io, _) if is_about_tls(&error) => {
                "Redis cannot be reached by TLS: its certificate is not one to trust here".to_owned()
            }
            (ErrorKind::Io | ErrorKind::ClusterConnectionNotFound, _) => "Redis cannot be reached".to_owned(),
            (ErrorKind::AuthenticationFailed, _) => "Redis refuses: it wants a user and password".to_owned(),
            (_, Some(code)) => match known(code) {
                Some(reason) => format!("Redis refuses: {reason}"),
                None => format!("Redis refuses: {}", code.get(..20).unwrap_or(code)),
            },
            (kind, None) => format!("Redis: {kind:?}"),
        })
    }
}

/// What TLS complains of comes as data that are not what they should be.
fn is_about_tls(error: &RedisError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    cause
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
}

fn silent() -> String {
    "Redis does not answer".to_owned()
}

impl Link {
    /// Nothing is connected before it is needed.
    pub(crate) fn new(address: Address) -> Self {
        Self { address, one: OnceCell::new(), cluster: OnceCell::new() }
    }

    /// Sends a command.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        Ok(T::from_redis_value(self.bounded(self.send(command)).await?).map_err(RedisError::from)?)
    }

    /// Runs a script, which Redis may have to be told first. The first key says where.
    pub(crate) async fn call<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, StoreError> {
        let value = self.bounded(async {
            match self.send(&call.command("EVALSHA", &call.script.hash)).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.send(&call.command("EVAL", call.script.code)).await
                }
                done => done,
            }
        });
        Ok(T::from_redis_value(value.await?).map_err(RedisError::from)?)
    }

    /// What Redis says of itself; of one node, in a cluster.
    pub(crate) async fn info(&self) -> Result<String, StoreError> {
        let value = self.bounded(async {
            let command = cmd("INFO");
            if !self.address.cluster {
                return self.send(&command).await;
            }
            let mut connection = self.cluster.get_or_try_init(|| self.join()).await?.clone();
            connection.route_command(command, RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random)).await
        });
        Ok(String::from_redis_value(value.await?).map_err(RedisError::from)?)
    }

    /// Where something can be listened to: at any node of a cluster. Those that are named come first, then those that are known.
    pub(crate) async fn places(&self) -> Vec<ConnectionInfo> {
        let mut places = self.address.nodes();
        if self.address.cluster {
            let slots = self.bounded(async {
                let mut connection = self.cluster.get_or_try_init(|| self.join()).await?.clone();
                let asked = cmd("CLUSTER").arg("SLOTS").to_owned();
                connection.route_command(asked, RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random)).await
            });
            for (host, port) in slots.await.map(|slots| nodes_of(&slots)).unwrap_or_default() {
                let place = at(&self.address.connection, host, port);
                if !places.iter().any(|known| known.addr() == place.addr()) {
                    places.push(place);
                }
            }
        }
        places
    }

    /// Whether Redis acknowledges what is not on its disk yet. Some keep that to themselves.
    pub(super) async fn flushes_late(&self) -> bool {
        if self.address.cluster {
            return false;
        }
        let told: Result<HashMap<String, String>, _> = self.run(cmd("CONFIG").arg("GET").arg("appendfsync")).await;
        told.is_ok_and(|told| told.get("appendfsync").is_some_and(|when| when != "always"))
    }

    async fn bounded(&self, doing: impl Future<Output = Result<Value, RedisError>>) -> Result<Value, StoreError> {
        match timeout(BOUND, doing).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(StoreError::Failed(silent())),
        }
    }

    async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        if self.address.cluster {
            let mut connection = self.cluster.get_or_try_init(|| self.join()).await?.clone();
            command.query_async(&mut connection).await
        } else {
            let mut connection = self.one.get_or_try_init(|| self.connect()).await?.clone();
            command.query_async(&mut connection).await
        }
    }

    async fn connect(&self) -> Result<ConnectionManager, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            // Whoever waits is told at once; the next one tries again.
            .set_number_of_retries(0);
        ConnectionManager::new_with_config(Client::open(self.address.connection.clone())?, config).await
    }

    async fn join(&self) -> Result<ClusterConnection, RedisError> {
        let client = ClusterClientBuilder::new(self.address.nodes())
            .connection_timeout(CONNECT)
            .response_timeout(ANSWER)
            .retries(3)
            .build()?;
        client.get_async_connection().await
    }
}

/// The nodes that `CLUSTER SLOTS` names: `[[first, last, [host, port, …]…]…]`. One without a host is none that could be reached.
fn nodes_of(slots: &Value) -> Vec<(String, u16)> {
    let items = |value: &Value| if let Value::Array(items) = value { items.clone() } else { Vec::new() };
    let node = |value: &Value| {
        let (host, port) = match items(value).as_slice() {
            [host, port, ..] => {
                (String::from_redis_value(host.clone()).ok()?, u16::from_redis_value(port.clone()).ok()?)
            }
            _ => return None,
        };
        (!matches!(host.as_str(), "" | "?")).then_some((host, port))
    };
    items(slots).iter().flat_map(|range| items(range).iter().skip(2).filter_map(node).collect::<Vec<_>>()).collect()
}

/// Another node of the same cluster, reached as this one is.
fn at(known: &ConnectionInfo, host: String, port: u16) -> ConnectionInfo {
    known.clone().set_addr(match known.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host, port),
    })
}

/// A script.
pub(crate) struct Lua {
    code: &'static str,
    hash: String,
}

impl Lua {
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code, hash: Script::new(code).get_hash().to_owned() }
    }
}

/// A call of a script.
pub(crate) struct Call<'a> {
    script: &'a Lua,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl<'a> Call<'a> {
    /// A call with these keys, all of one shard.
    pub(crate) fn of(script: &'a Lua, keys: Vec<String>) -> Self {
        Self { script, keys, arguments: Vec::new() }
    }

    /// Adds an argument, or several.
    pub(crate) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.arguments.extend(argument.to_redis_args());
        self
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key);
        }
        for argument in &self.arguments {
            command.arg(argument.as_slice());
        }
        command
    }
}
