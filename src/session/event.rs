//! What goes in and out of a session: commands, inputs, events, outputs.

use super::error::Error;
use super::snapshot::Snapshot;
use crate::chat::{Content, Entry, Party, Visitor};
use crate::io::{HttpAnswer, Io};
use crate::json::Json;
use crate::transport::Mode;

/// The id of a command; it resolves exactly once.
pub type CommandId = u32;

/// A command of the page's.
#[derive(Debug)]
pub enum Command<J: Json> {
    /// Launches a new session.
    Start(Setup, Visitor<J>),
    /// Launches the session that an earlier page left; with what it kept of the transcript, as a reply of chat v2.
    Restore(Setup, Snapshot<J>, Option<J>),
    /// Gives up a launch.
    GiveUp,
    /// Sends a message; `url` says that it is the address of a page.
    Send {
        /// The text.
        text: J::Text,
        /// Whether it is the address of a page.
        url: bool,
    },
    /// Sends something that is no message: an answer to a form or to the FAQ, session data.
    Give(Content<J>),
    /// Tells that the visitor types, or has stopped.
    Typing {
        /// Whether the visitor types.
        on: bool,
        /// The text so far.
        preview: Option<J::Text>,
    },
    /// Ends the session.
    Leave,
}

/// How a session is to be run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Base URLs, in order of preference; not empty.
    pub servers: Vec<String>,
    /// The service (channel).
    pub service: String,
    /// Which wires may be used.
    pub mode: Mode,
    /// Milliseconds without a link after which the session is given up.
    pub max_offline: u64,
    /// How many characters of messages that are not settled may be stored, names and ids included; 0 for none.
    pub outbox_room: usize,
    /// Seeds jitter and ids.
    pub seed: u64,
    /// Whether this tab holds the connection; else another one does.
    pub held: bool,
    /// Times of the link.
    pub link: crate::protocol::Times,
}

/// Something from outside.
#[derive(Debug)]
pub enum Input<J> {
    /// A socket is open.
    Opened {
        /// The socket's id.
        socket: u32,
    },
    /// A frame came.
    Frame {
        /// The socket's id.
        socket: u32,
        /// The parsed frame, or what was wrong with it.
        body: Result<J, String>,
    },
    /// A socket is closed, or could not be opened.
    Closed {
        /// The socket's id.
        socket: u32,
        /// The close code; 1006 when there was none.
        code: u16,
    },
    /// An HTTP exchange is over.
    Reply {
        /// The request's id.
        request: u32,
        /// What it came to.
        answer: HttpAnswer<J>,
    },
    /// The page has been told of all entries up to this one (counted from 0).
    Told {
        /// The index.
        index: u32,
    },
    /// The page is being hidden, and may not come back.
    Hidden,
    /// The page is looked at again, or is back from where the browser kept it, or the browser believes to be online.
    Wake,
    /// From now on this tab holds the connection (`true`), or another one does.
    Hold(bool),
    /// Another tab of the session says something to this one, which holds the connection.
    Tab {
        /// The tab.
        tab: u32,
        /// What it says.
        frame: J,
    },
    /// Time has come to the point of [`Output::Wait`].
    Timeout,
}

/// What the driver has to do next.
#[derive(Debug)]
pub enum Output<J: Json> {
    /// Use the network.
    Transmit(Io<J>),
    /// Settle a command.
    Resolve(CommandId, Result<(), Error>),
    /// Tell the page.
    Event(Event<J>),
    /// Store the state for a restore.
    Persist(Box<Snapshot<J>>),
    /// Delete the stored state.
    Forget,
    /// A line for the page's logger: never text, names or secrets.
    Log(String),
    /// Nothing more until something comes in, or until this point of the monotonic clock.
    Wait(Option<u64>),
}

/// What the page is told.
#[derive(Clone, Debug)]
pub enum Event<J: Json> {
    /// A message.
    Message {
        /// Where and when.
        place: Place,
        /// Whether it is the address of a page.
        url: bool,
        /// What it says, and whose it is.
        entry: Entry<J>,
    },
    /// Many messages, one after the other: those of a reply from a place on. All are sound (see [`Json::ordinary_run`]),
    /// and none is the address of a page.
    Messages {
        /// The reply.
        data: J,
        /// The place of the first.
        first: usize,
        /// How many.
        count: usize,
        /// An earlier page has been told of those up to this position, counted from 1.
        told_before: u32,
    },
    /// An agent joined.
    AgentConnected {
        /// Where and when.
        place: Place,
        /// The agent.
        party: Party<J>,
    },
    /// An agent left.
    AgentDisconnected {
        /// Where and when.
        place: Place,
        /// The agent.
        party: Party<J>,
    },
    /// An agent types, or has stopped.
    AgentTyping {
        /// The agent.
        party: Party<J>,
        /// Whether the agent types.
        on: bool,
    },
    /// A notice: what chat v2 has no words for.
    Notice {
        /// Where and when; `None` for what is not in the transcript.
        place: Option<Place>,
        /// The word that names it.
        name: String,
        /// What it carries.
        data: J,
    },
    /// The session is over and another one goes on in its place; positions count from the beginning again.
    Renewed {
        /// The id of the session that is over.
        previous: String,
        /// The id of the one that goes on.
        id: String,
        /// Why.
        reason: String,
    },
    /// The link is down.
    Interrupted,
    /// The link is up again.
    Continued,
    /// The session is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// When, in milliseconds since the epoch.
        time: f64,
    },
    /// Something unexpected or unusual.
    Error(Error),
}

#[cfg(not(target_arch = "wasm32"))]
impl<J: Json> Event<J> {
    /// The events one by one: many messages are as many events.
    pub fn singly(self) -> Vec<Self> {
        let Event::Messages { data, first, count, told_before } = self else { return vec![self] };
        let entries = data.get(crate::json::Name::Messages);
        let message = |place| {
            let entry = Entry::read(entries.at(place)).ok()?;
            let (index, time) = (entry.index?, entry.time?);
            let place = Place { index: index - 1, time, restored: index <= told_before };
            Some(Event::Message { place, url: false, entry })
        };
        (first..first + count).filter_map(message).collect()
    }
}

/// Where in the transcript an event stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Counted from 0.
    pub index: u32,
    /// Milliseconds since the epoch.
    pub time: f64,
    /// An earlier page has been told of it.
    pub restored: bool,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The visitor left.
    LeaveRequest,
    /// It was ended from the agent's side.
    Agent,
    /// The server is gone, or lost the session.
    Error,
}

impl EndReason {
    /// The code in the transcript: 1, 2 or 3.
    pub fn code(self) -> u8 {
        match self {
            EndReason::LeaveRequest => 1,
            EndReason::Agent => 2,
            EndReason::Error => 3,
        }
    }
}
