//! The client's state, its commands and what it puts out. How a message goes out is `outbound`, how one is taken in
//! `inbound`, what is special about HTTP `polling`.

use super::advice::Advice;
use super::message::{self, Message};
use super::polling::Polling;
use crate::chat::{Keys, Operation};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::Json;
use crate::protocol::{self, Event, Output, Protocol, Target, Times, Wire};
use crate::queue::Queue;
use crate::text;
use crate::time::{Dice, Now, Timers, earliest};

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
    /// The connect is not answered although it should be: the link may be dead.
    Silence,
}

/// One Bayeux client.
#[derive(Debug)]
pub struct Client<J: Json> {
    pub(super) times: Times,
    pub(super) channel: String,
    pub(super) dice: Dice,
    /// The URL of the Bayeux endpoint, without the suffix of a request.
    pub(super) url: String,
    pub(super) wire: Wire,
    pub(super) phase: Phase,
    pub(super) client_id: Option<String>,
    pub(super) advice: Advice,
    pub(super) spoke: bool,
    /// The last batch that came; `None` where the server does not offer to send again what was lost.
    pub(super) ack: Option<f64>,
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
    pub(super) out: Queue<Output<J>>,
    pub(super) stale: u32,
}

impl<J: Json> Client<J> {
    /// A client of a chat service. Nothing happens before [`Protocol::start`].
    pub fn new(times: Times, service: &str, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let id_prefix = dice.word(5);
        Self {
            times,
            channel: text::join(&["/service/chatV2/", service]),
            dice,
            url: String::new(),
            wire: Wire::WebSocket,
            phase: Phase::Idle,
            client_id: None,
            advice: Advice::default(),
            spoke: false,
            ack: None,
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
            out: Queue::new(),
            stale: 0,
        }
    }

    /// Whether a socket is the one in use; what comes from an earlier one is counted.
    fn is_current(&mut self, socket: u32) -> bool {
        let current = self.socket == Some(socket);
        self.stale += u32::from(!current);
        current
    }

    pub(super) fn io(&mut self, io: Io<J>) {
        self.out.push_back(Output::Io(io));
    }

    pub(super) fn emit(&mut self, event: Event<J>) {
        self.out.push_back(Output::Event(event));
    }

    pub(super) fn next_id(&mut self) -> String {
        self.id_count += 1;
        text::numbered(&self.id_prefix, self.id_count)
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

impl<J: Json> Protocol<J> for Client<J> {
    fn start(&mut self, now: Now, target: &Target) {
        self.drop_wire();
        self.url = endpoint(&target.base);
        self.wire = target.wire;
        self.client_id = None;
        self.advice = Advice::default();
        self.spoke = false;
        self.handshakes = 0;
        self.open(now);
    }

    /// With the same client id while the server may still know it, else with a handshake.
    fn retry(&mut self, now: Now) {
        self.drop_wire();
        let kept = self.advice.timeout + self.advice.interval + self.advice.max_interval;
        if now.mono > self.connected_at.saturating_add(kept) {
            self.client_id = None;
        }
        self.handshakes = 0;
        self.open(now);
    }

    /// Subscribes if need be, publishes the operation and connects, all in one envelope.
    fn attach(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        if self.phase != Phase::Attaching {
            return None;
        }
        let mut envelope = Vec::new();
        if !self.subscribed {
            let id = self.next_id();
            envelope.push(message::subscribe(id, self.client_id.as_ref(), &self.channel));
        }
        let published = self.next_id();
        envelope.push(message::publish(published.clone(), self.client_id.as_ref(), &self.channel, operation, keys));
        let id = self.next_id();
        envelope.push(message::connect(id, self.client_id.as_ref(), self.wire, Some(0), &self.advice, self.ack));
        self.phase = Phase::Connecting;
        self.send_envelope(now, envelope);
        Some(published)
    }

    fn send(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        if !matches!(self.phase, Phase::Connecting | Phase::Connected) {
            return None;
        }
        let id = self.next_id();
        let publish = message::publish(id.clone(), self.client_id.as_ref(), &self.channel, operation, keys);
        self.send_envelope(now, vec![publish]);
        Some(id)
    }

    fn disconnect(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Connecting | Phase::Connected) {
            return self.close();
        }
        self.phase = Phase::Leaving;
        let id = self.next_id();
        let goodbye = message::disconnect(id, self.client_id.as_ref());
        self.send_envelope(now, vec![goodbye]);
        self.timers.set(Timer::Goodbye, now.after(2_000));
    }

    fn abandon(&mut self) {
        self.drop_wire();
        protocol::drop_events(&mut self.out);
    }

    fn handle_opened(&mut self, now: Now, socket: u32) {
        if self.is_current(socket) && self.phase == Phase::Opening {
            self.timers.cancel(Timer::Open);
            self.opened(now);
        }
    }

    fn handle_closed(&mut self, socket: u32, code: u16) {
        if self.is_current(socket) {
            self.closed(code);
        }
    }

    fn handle_frame(&mut self, now: Now, socket: u32, body: Result<J, String>) {
        if self.is_current(socket) {
            self.hear(now);
            match body {
                Ok(body) => self.take_envelope(now, body),
                Err(got) => self.emit(Event::Malformed(got)),
            }
        }
    }

    fn handle_reply(&mut self, now: Now, request: u32, answer: HttpAnswer<J>) {
        self.take_reply(now, request, answer);
    }

    fn handle_timeout(&mut self, now: Now) {
        self.take_timeout(now);
    }

    fn next_timeout(&self) -> Option<u64> {
        let answers = self.pending.iter().map(|(_, deadline)| *deadline).min();
        earliest(&[self.timers.next(), answers])
    }

    fn wake(&mut self, now: Now) {
        self.look_up(now);
    }

    fn poll_output(&mut self) -> Option<Output<J>> {
        self.out.pop_front()
    }

    fn is_paused(&self) -> bool {
        self.polling.is_paused()
    }

    fn advised_interval(&self) -> u64 {
        self.advice.interval
    }

    fn stale_inputs(&self) -> u32 {
        self.stale
    }
}

/// The Bayeux endpoint of a base URL.
fn endpoint(base: &str) -> String {
    let (path, query) = text::cut(base, b"?#");
    let path = text::without_slashes(path);
    text::join(&[path.strip_suffix("/cometd").unwrap_or(path), "/cometd", query])
}
