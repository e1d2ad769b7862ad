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
    /// A transport of the page's own.
    Own,
    /// Plain HTTP only.
    #[cfg(feature = "rest")]
    Rest,
}

/// What stands in place of a base URL for a transport of the page's own.
pub const OWN_SERVER: &str = "own:";

/// How many losses in a row on one server lead to the next.
const LOSSES_PER_SERVER: u32 = 3;
/// The same where there is another one to go to.
const LOSSES_AMONG_SEVERAL: u32 = 2;

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
    /// How many servers were left since one has answered.
    turns: usize,
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
        let wire = Wire::LongPolling;
        let mut plan = Self { servers, mode, server: 0, wire, proven: false, losses: 0, turns: 0, tried: 1 };
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
        self.turns = 0;
        self.proven |= self.wire == Wire::WebSocket;
    }

    /// Each server and wire has its turn again.
    pub fn again(&mut self) {
        self.tried = 1;
    }

    /// The link was lost, or did not come about. While launching, each server and wire has one try; later they take
    /// turns for ever: several servers over one wire, and then over the other, one server over both.
    pub fn lost(&mut self, launching: bool) -> Next {
        let falls_back = self.mode == Mode::Auto && self.wire == Wire::WebSocket;
        if falls_back && !self.proven {
            self.wire = Wire::LongPolling;
            return Next::Fallback;
        }
        self.losses += 1;
        if launching {
            return self.leave(true);
        }
        let several = self.servers.len() > 1;
        if !self.losses.is_multiple_of(if several { LOSSES_AMONG_SEVERAL } else { LOSSES_PER_SERVER }) {
            return Next::Same;
        }
        if falls_back && !several {
            self.wire = Wire::LongPolling;
            return Next::Fallback;
        }
        self.leave(false)
    }

    /// The server is of no use: the next one has its turn.
    pub fn leave(&mut self, launching: bool) -> Next {
        let before = self.wire;
        self.prefer();
        if launching {
            if self.tried >= self.servers.len() {
                return Next::Exhausted;
            }
            self.tried += 1;
        } else if self.servers.len() < 2 {
            return if self.wire == before { Next::Same } else { Next::Wire };
        } else {
            self.turns += 1;
            if self.mode == Mode::Auto && !(self.turns / self.servers.len()).is_multiple_of(2) {
                self.wire = Wire::LongPolling;
            }
        }
        self.server = (self.server + 1) % self.servers.len();
        Next::Server
    }

    fn prefer(&mut self) {
        self.wire = match self.mode {
            Mode::LongPolling => Wire::LongPolling,
            #[cfg(feature = "rest")]
            Mode::Rest => Wire::Rest,
            Mode::Own => Wire::Own,
            Mode::Auto | Mode::WebSocket => Wire::WebSocket,
        };
    }
}

impl Mode {
    /// All in this build, in their order, which is that of the shim and of what is stored.
    pub const ALL: &'static [Mode] = &[
        Mode::Auto,
        Mode::WebSocket,
        Mode::LongPolling,
        Mode::Own,
        #[cfg(feature = "rest")]
        Mode::Rest,
    ];

    /// Whether each answer has all from the position on that was named in the question, since nothing is told unasked.
    pub fn brings_all(self) -> bool {
        #[cfg(feature = "rest")]
        return self == Mode::Rest;
        #[cfg(not(feature = "rest"))]
        false
    }
}
