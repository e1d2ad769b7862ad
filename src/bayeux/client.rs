//! The client's state, its commands and what it puts out. How a message goes out is `outbound`, how one is taken in
//! `inbound`, what is special about HTTP `polling`.

use std::collections::VecDeque;

use super::advice::Advice;
use super::message::{self, Message};
use super::polling::Polling;
use crate::fault::Fault;
use crate::io::Io;
use crate::json::{Json, Value};
use crate::time::{Dice, Now, Timers};

/// How envelopes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// One WebSocket.
    WebSocket,
    /// HTTP: one request that the server holds, one at a time for all else.
    LongPolling,
}

impl Wire {
    /// The Bayeux connection type.
    pub fn name(self) -> &'static str {
        match self {
            Wire::WebSocket => "websocket",
            Wire::LongPolling => "long-polling",
        }
    }
}

/// A Bayeux server and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The `http:` or `https:` URL of the Bayeux endpoint.
    pub url: String,
    /// The wire.
    pub wire: Wire,
}

/// Times, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How long an answer may take, beyond what the server may hold it back; 10,000.
    pub max_network_delay: u64,
    /// How long a WebSocket may take to open and, the first time, to answer the handshake; 5,000.
    pub open_timeout: u64,
}

impl Default for Config {
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
    /// The wire is there and the server knows us: [`Client::attach`] is to be called at once.
    Attach,
    /// A connect was answered: the link works both ways.
    Up,
    /// Data came; `id` is that of the publish that it answers, when the server says so.
    Data {
        /// The id of the publish.
        id: Option<String>,
        /// The data.
        data: J,
    },
    /// A publish was acknowledged or refused.
    Published {
        /// The id that [`Client::publish`] returned.
        id: String,
        /// The refusal.
        result: Result<(), Fault>,
    },
    /// The server forgot us; a new handshake is under way. What was published and not answered is unsettled.
    Forgotten,
    /// The link broke; [`Client::retry`] or [`Client::start`] begins another. What was not answered is unsettled.
    Lost(Fault),
    /// Something unreadable came, and was dropped.
    Malformed(String),
    /// The goodbye is over.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is open.
    Idle,
    /// The socket is being opened.
    Opening,
    /// The handshake is under way, or waits for its interval.
    Handshaking,
    /// [`Event::Attach`] is out.
    Attaching,
    /// The first connect is out.
    Connecting,
    /// A connect was answered.
    Connected,
    /// `/meta/disconnect` is out.
    Leaving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The socket did not open, or the first handshake on it was not answered.
    Open,
    /// The interval before a handshake is over.
    Handshake,
    /// The interval before a connect is over.
    Connect,
    /// The server's `Retry-After` is over.
    Resume,
    /// The server did not answer the goodbye.
    Goodbye,
}

/// One Bayeux client.
#[derive(Debug)]
pub struct Client<J: Json> {
    pub(super) config: Config,
    pub(super) channel: String,
    pub(super) dice: Dice,
    pub(super) target: Target,
    pub(super) phase: Phase,
    pub(super) client_id: Option<String>,
    pub(super) advice: Advice,
    pub(super) spoke: bool,
    /// The subscription of this client id was answered.
    pub(super) subscribed: bool,
    pub(super) connected_at: u64,
    /// Handshakes since a connect was last answered: a server that forgets at once is not asked for ever.
    pub(super) handshakes: u32,
    pub(super) id_prefix: String,
    pub(super) id_count: u32,
    pub(super) serial: u32,
    pub(super) socket: Option<u32>,
    /// Messages that wait for their answers, each with its deadline.
    pub(super) pending: Vec<(Message<J>, u64)>,
    pub(super) polling: Polling<J>,
    pub(super) timers: Timers<Timer>,
    pub(super) out: VecDeque<Output<J>>,
    pub(super) stale: u32,
}

impl<J: Json> Client<J> {
    /// A client of one channel. Nothing happens before [`Client::start`].
    pub fn new(config: Config, channel: String, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let id_prefix = dice.word(5);
        Self {
            config,
            channel,
            dice,
            target: Target { url: String::new(), wire: Wire::WebSocket },
            phase: Phase::Idle,
            client_id: None,
            advice: Advice::default(),
            spoke: false,
            subscribed: false,
            connected_at: 0,
            handshakes: 0,
            id_prefix,
            id_count: 0,
            serial: 0,
            socket: None,
            pending: Vec::new(),
            polling: Polling::new(),
            timers: Timers::new(),
            out: VecDeque::new(),
            stale: 0,
        }
    }

    /// Begins with a handshake on a server, in place of whatever was.
    pub fn start(&mut self, now: Now, target: Target) {
        self.drop_wire();
        self.target = target;
        self.client_id = None;
        self.advice = Advice::default();
        self.spoke = false;
        self.handshakes = 0;
        self.open(now);
    }

    /// Begins again on the same server after [`Event::Lost`]: with the same client id while the server may still know
    /// it, else with a handshake.
    pub fn retry(&mut self, now: Now) {
        self.drop_wire();
        let kept = self.advice.timeout + self.advice.interval + self.advice.max_interval;
        if now.mono > self.connected_at.saturating_add(kept) {
            self.client_id = None;
        }
        self.handshakes = 0;
        self.open(now);
    }

    /// The answer to [`Event::Attach`]: subscribes if need be, publishes the opening operation and connects, all in
    /// one envelope. Returns the id of the publish.
    pub fn attach(&mut self, now: Now, data: Option<Value<J>>) -> Option<String> {
        let client = self.client_id.clone().filter(|_| self.phase == Phase::Attaching)?;
        let mut envelope = Vec::new();
        if !self.subscribed {
            let id = self.next_id();
            envelope.push(message::subscribe(id, &client, &self.channel));
        }
        let published = data.map(|data| {
            let id = self.next_id();
            envelope.push(message::publish(id.clone(), &client, &self.channel, data));
            id
        });
        let id = self.next_id();
        envelope.push(message::connect(id, &client, self.target.wire, true, &self.advice));
        self.phase = Phase::Connecting;
        self.send(now, envelope);
        published
    }

    /// Publishes on the channel; returns the id that its answer will carry. `None` when the link is not up.
    pub fn publish(&mut self, now: Now, data: Value<J>) -> Option<String> {
        let client = self.client_id.clone().filter(|_| matches!(self.phase, Phase::Connecting | Phase::Connected))?;
        let id = self.next_id();
        self.send(now, vec![message::publish(id.clone(), &client, &self.channel, data)]);
        Some(id)
    }

    /// Says goodbye, and ends with [`Event::Closed`].
    pub fn disconnect(&mut self, now: Now) {
        match (self.phase, self.client_id.clone()) {
            (Phase::Connecting | Phase::Connected, Some(client)) => {
                self.phase = Phase::Leaving;
                let id = self.next_id();
                self.send(now, vec![message::disconnect(id, &client)]);
                self.timers.set(Timer::Goodbye, now.after(2_000));
            }
            _ => self.close(),
        }
    }

    /// Drops the link without a word, and what it brought and nobody has looked at: the server keeps the client for a
    /// while.
    pub fn abandon(&mut self) {
        self.drop_wire();
        self.out.retain(|output| matches!(output, Output::Io(_)));
    }

    /// When [`Client::handle_timeout`] is to be called.
    pub fn next_timeout(&self) -> Option<u64> {
        let answers = self.pending.iter().map(|(_, deadline)| *deadline).min();
        [self.timers.next(), answers].into_iter().flatten().min()
    }

    /// Takes out what is to be done next.
    pub fn poll_output(&mut self) -> Option<Output<J>> {
        self.out.pop_front()
    }

    /// Whether the server asked for a pause: nothing is sent.
    pub fn is_paused(&self) -> bool {
        self.polling.is_paused()
    }

    /// The interval that the server advised, in milliseconds.
    pub fn advised_interval(&self) -> u64 {
        self.advice.interval
    }

    /// How many inputs belonged to a connection that is no more, and were dropped.
    pub fn stale_inputs(&self) -> u32 {
        self.stale
    }

    pub(super) fn io(&mut self, io: Io<J>) {
        self.out.push_back(Output::Io(io));
    }

    pub(super) fn emit(&mut self, event: Event<J>) {
        self.out.push_back(Output::Event(event));
    }

    pub(super) fn next_id(&mut self) -> String {
        self.id_count += 1;
        format!("{}{}", self.id_prefix, self.id_count)
    }

    pub(super) fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }

    /// Ends the link, as after a goodbye.
    pub(super) fn close(&mut self) {
        self.drop_wire();
        self.client_id = None;
        self.emit(Event::Closed);
    }

    /// The link is broken; the layer above decides what next.
    pub(super) fn lose(&mut self, fault: Fault) {
        if self.phase == Phase::Leaving {
            return self.close();
        }
        self.drop_wire();
        self.emit(Event::Lost(fault));
    }
}
