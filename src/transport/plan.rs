//! The order in which servers and wires are tried.

use crate::protocol::{Target, Wire};

/// Which wires may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// WebSocket, and long-polling where that is not answered.
    Auto,
    /// WebSocket only.
    WebSocket,
    /// Long-polling only.
    LongPolling,
    /// Plain HTTP only.
    Rest,
    /// A transport of the page's own.
    Own,
}

/// What stands in place of a base URL for a transport of the page's own.
pub const OWN_SERVER: &str = "own:";

/// How many losses in a row on one server lead to the next.
const LOSSES_PER_SERVER: u32 = 3;

/// Where the link goes now, and where next.
#[derive(Debug)]
pub struct Plan {
    servers: Vec<String>,
    mode: Mode,
    server: usize,
    wire: Wire,
    /// A WebSocket has carried an answered exchange: its loss is then the network's, and long-polling no remedy.
    proven: bool,
    losses: u32,
    tried: usize,
}

/// What to do after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same wire to the same server again.
    Same,
    /// Long-polling to the same server, at once.
    Fallback,
    /// The preferred wire to the same server, after a wait.
    Wire,
    /// Another server.
    Server,
    /// Nothing is left to try.
    Exhausted,
}

impl Plan {
    /// A plan for base URLs in order of preference. `polling` starts with long-polling: an earlier page found that the
    /// WebSocket is not answered.
    pub fn new(servers: Vec<String>, mode: Mode, polling: bool) -> Self {
        let mut plan = Self { servers, mode, server: 0, wire: Wire::LongPolling, proven: false, losses: 0, tried: 1 };
        if !polling || mode != Mode::Auto {
            plan.prefer();
        }
        plan
    }

    /// Where to go now.
    pub fn target(&self) -> Target {
        Target { base: self.server().to_owned(), wire: self.wire }
    }

    /// The base URL of the server in use.
    pub fn server(&self) -> &str {
        self.servers.get(self.server).map_or("", String::as_str)
    }

    /// Whether another page had better begin with long-polling.
    pub fn is_fallen_back(&self) -> bool {
        self.mode == Mode::Auto && self.wire == Wire::LongPolling && !self.proven
    }

    /// The wire in use carried an answered exchange.
    pub fn proved(&mut self) {
        self.losses = 0;
        self.proven |= self.wire == Wire::WebSocket;
    }

    /// Each server and wire has its turn again.
    pub fn again(&mut self) {
        self.tried = 1;
    }

    /// The link was lost, or did not come about. While launching, each server and wire has one try; later they take
    /// turns for ever.
    pub fn lost(&mut self, launching: bool) -> Next {
        let falls_back = self.mode == Mode::Auto && self.wire == Wire::WebSocket;
        if falls_back && !self.proven {
            self.wire = Wire::LongPolling;
            return Next::Fallback;
        }
        self.losses += 1;
        if launching {
            if self.tried >= self.servers.len() {
                return Next::Exhausted;
            }
            self.tried += 1;
            return self.next_server();
        }
        if !self.losses.is_multiple_of(LOSSES_PER_SERVER) {
            return Next::Same;
        }
        if falls_back {
            self.wire = Wire::LongPolling;
            return Next::Fallback;
        }
        self.next_server()
    }

    fn next_server(&mut self) -> Next {
        let before = self.wire;
        self.prefer();
        if self.servers.len() < 2 {
            return if self.wire == before { Next::Same } else { Next::Wire };
        }
        self.server = (self.server + 1) % self.servers.len();
        Next::Server
    }

    fn prefer(&mut self) {
        self.wire = match self.mode {
            Mode::LongPolling => Wire::LongPolling,
            Mode::Rest => Wire::Rest,
            Mode::Own => Wire::Own,
            Mode::Auto | Mode::WebSocket => Wire::WebSocket,
        };
    }
}

/// By the names that pages give them.
impl Mode {
    /// The mode of a name; `None` when there is none of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Mode::Auto),
            "websocket" => Some(Mode::WebSocket),
            "long-polling" => Some(Mode::LongPolling),
            "rest" => Some(Mode::Rest),
            _ => None,
        }
    }
}
