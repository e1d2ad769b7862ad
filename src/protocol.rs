//! What a protocol client is to the link above it: how it is begun, what it is given, what it tells. `bayeux`, `direct`
//! and `rest` are such; each carries the operations of `chat` in its own way.

use std::fmt;

use crate::chat::{Keys, Operation};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::Json;
use crate::queue::Queue;
use crate::time::Now;

/// How operations travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Bayeux on one WebSocket.
    WebSocket,
    /// Bayeux over HTTP: one request that the server holds, one at a time for all else.
    LongPolling,
    /// Chat v2 over plain HTTP, asked again and again.
    #[cfg(feature = "rest")]
    Rest,
    /// A channel of the page's own.
    Own,
}

/// A server and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The base URL of the chat server, `http:` or `https:`.
    pub base: String,
    /// The wire.
    pub wire: Wire,
}

/// Times, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How long an answer may take, beyond what the server may hold it back; 10,000.
    pub max_network_delay: u64,
    /// How long a WebSocket may take to open and, the first time, to answer the handshake; 5,000.
    pub open_timeout: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { max_network_delay: 10_000, open_timeout: 5_000 }
    }
}

/// What the driver has to do, or the layer above has to know.
#[derive(Debug)]
pub enum Output<J: Json> {
    /// For the driver.
    Io(Io<J>),
    /// For the layer above.
    Event(Event<J>),
}

/// What the layer above has to know.
#[derive(Debug)]
pub enum Event<J> {
    /// The wire is there and the server knows us: [`Protocol::attach`] is to be called at once.
    Attach,
    /// The link was seen to work both ways.
    Up,
    /// Data came; `id` is that of the operation that it answers, when the server says so.
    Data {
        /// The operation's id.
        id: Option<String>,
        /// The data.
        data: J,
    },
    /// An operation was acknowledged or refused, its data apart.
    Acknowledged {
        /// The id that [`Protocol::send`] returned.
        id: String,
        /// The refusal.
        result: Result<(), Fault>,
    },
    /// Something that the server sent may be lost, although the link works: what is missing is to be asked for.
    Doubtful,
    /// The server forgot us; the link is being renewed without a break. What was sent and not answered is unsettled.
    Forgotten,
    /// The link broke; [`Protocol::retry`] or [`Protocol::start`] begins another. What was not answered is unsettled.
    Lost(Fault),
    /// Something unreadable came, and was dropped.
    Malformed(String),
    /// Another tab has ended the session.
    Left,
    /// The goodbye is over.
    Closed,
}

/// Drops what a link brought and nobody has looked at; what is for the driver is still done.
pub fn drop_events<J: Json>(out: &mut Queue<Output<J>>) {
    let mut all = std::mem::take(out);
    while let Some(output) = all.pop_front() {
        if matches!(output, Output::Io(_)) {
            out.push_back(output);
        }
    }
}

/// A client of one protocol, for one chat. Sans-IO: after each call its outputs are to be taken out.
///
/// Ids of sockets and requests are never used twice. Input with an id that is no more in use is dropped and counted.
pub trait Protocol<J: Json> {
    /// Begins anew on a server, in place of whatever was.
    fn start(&mut self, now: Now, target: &Target);
    /// Begins again on the same server after [`Event::Lost`], with what the server may still know of us.
    fn retry(&mut self, now: Now);
    /// The answer to [`Event::Attach`]: sends the opening operation, and whatever belongs before and after it. Returns
    /// the operation's id.
    fn attach(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String>;
    /// Sends an operation; returns its id, or `None` when the link is not up.
    fn send(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String>;
    /// Says goodbye, and ends with [`Event::Closed`].
    fn disconnect(&mut self, now: Now);
    /// Drops the link without a word, and what it brought and nobody has looked at: the server keeps us for a while.
    fn abandon(&mut self);
    /// A socket is open.
    fn handle_opened(&mut self, now: Now, socket: u32);
    /// A socket is closed, or could not be opened.
    fn handle_closed(&mut self, socket: u32, code: u16);
    /// A frame came; `Err` says what was wrong with it.
    fn handle_frame(&mut self, now: Now, socket: u32, body: Result<J, String>);
    /// An HTTP exchange is over.
    fn handle_reply(&mut self, now: Now, request: u32, answer: HttpAnswer<J>);
    /// Time has come to the point of [`Protocol::next_timeout`].
    fn handle_timeout(&mut self, now: Now);
    /// When [`Protocol::handle_timeout`] is to be called, on the monotonic clock.
    fn next_timeout(&self) -> Option<u64>;
    /// Takes out what is to be done next.
    fn poll_output(&mut self) -> Option<Output<J>>;
    /// The page has slept, or is looked at again: what was due meanwhile has a little longer, and whether the link still
    /// works is to be found out at once.
    fn wake(&mut self, _now: Now) {}
    /// Whether the server asked for a pause: nothing is sent.
    fn is_paused(&self) -> bool;
    /// How long the server asks to wait before another try, in milliseconds.
    fn advised_interval(&self) -> u64;
    /// How many inputs belonged to a connection that is no more, and were dropped.
    fn stale_inputs(&self) -> u32;
}

/// The name only: printed through the trait, everything in a client would be part of the package, 10 kB of it.
impl<J: Json> fmt::Debug for dyn Protocol<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol")
    }
}
