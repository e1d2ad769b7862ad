//! A host: a Bayeux server behind an address, and how well it is.

use serde_json::Value;

use super::bayeux::Bayeux;

/// How a host answers HTTP requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// As a Bayeux server does.
    Well,
    /// Nobody listens.
    Down,
    /// Requests are swallowed.
    Silent,
    /// With a page of HTML.
    Html,
    /// With this status, and the seconds of `Retry-After`.
    Status(u16, Option<u32>),
}

/// How a host answers WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// As a Bayeux server does.
    Well,
    /// The upgrade is refused, or nobody listens.
    Refused,
    /// The upgrade is never answered.
    NeverOpens,
    /// It opens, and nothing is ever answered.
    Silent,
}

/// What happens to one envelope that has a certain operation, or meta channel, in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The connection breaks before it arrives.
    LoseRequest,
    /// It arrives, and the connection breaks before the answer does.
    LoseAnswer,
    /// It arrives twice, and the second answer goes back.
    Twice,
    /// It arrives, and the answer comes so many milliseconds later.
    Delay(u64),
    /// It arrives, and nothing ever comes back.
    Swallow,
    /// HTTP: this status, and the seconds of `Retry-After`, without being taken in. A socket is closed.
    Status(u16, Option<u32>),
    /// A page of HTML, or half a frame, in place of the answer.
    Garbage,
    /// The socket is closed with this code, without its being taken in.
    Close(u16),
}

/// A host.
#[derive(Debug)]
pub struct Host {
    pub name: &'static str,
    pub bayeux: Bayeux,
    pub http: Http,
    pub socket: Socket,
    /// What happens to the next envelopes with these in them, each once.
    pub rules: Vec<(String, Action)>,
    /// What came: the path, and the envelope; a socket's path is `ws`.
    pub log: Vec<(u64, String, Vec<Value>)>,
}

impl Host {
    pub fn new(place: usize, name: &'static str) -> Self {
        Self {
            name,
            bayeux: Bayeux::new(place),
            http: Http::Well,
            socket: Socket::Well,
            rules: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Takes out the rule that is about an envelope.
    pub fn rule(&mut self, envelope: &[Value]) -> Option<Action> {
        let place = self.rules.iter().position(|(about, _)| {
            envelope.iter().any(|message| message["channel"] == **about || message["data"]["operation"] == **about)
        })?;
        Some(self.rules.remove(place).1)
    }

    /// Nobody is there.
    pub fn stop(&mut self) {
        self.http = Http::Down;
        self.socket = Socket::Refused;
    }

    /// It is there again.
    pub fn go(&mut self) {
        self.http = Http::Well;
        self.socket = Socket::Well;
    }

    /// The channels and operations of an envelope that came, for comparison.
    pub fn summary(envelope: &[Value]) -> Vec<String> {
        let name =
            |message: &Value| message["data"]["operation"].as_str().or(message["channel"].as_str()).map(str::to_owned);
        envelope.iter().filter_map(name).collect()
    }
}
