//! How messages go out: opening a wire, the handshake, one connect after the other, and the deadlines of all.

use super::client::{Client, Phase, Timer};
use super::message::{self, Kind, Message};
use crate::fault::Fault;
use crate::io::Io;
use crate::json::Json;
use crate::protocol::{Event, Protocol, Wire};
use crate::text;
use crate::time::Now;

/// The longest that the server is asked to hold a connect, in milliseconds.
const HOLD: u64 = 20_000;
/// How much later its answer may come, in milliseconds, before the link is probed.
const SLACK: u64 = 5_000;
/// How long the answer to a probe may take, in milliseconds.
const PROBE_TIME: u64 = 5_000;

impl<J: Json> Client<J> {
    /// Opens the wire, and then shakes hands or, with a client id, attaches at once.
    pub(super) fn open(&mut self, now: Now) {
        match self.wire {
            Wire::WebSocket => {
                let socket = self.next_serial();
                self.socket = Some(socket);
                self.phase = Phase::Opening;
                self.timers.set(Timer::Open, now.after(self.times.open_timeout));
                self.io(Io::Open { socket, url: socket_url(&self.url) });
            }
            _ => self.opened(now),
        }
    }

    /// The wire is there.
    pub(super) fn opened(&mut self, now: Now) {
        if self.client_id.is_some() {
            self.timers.cancel(Timer::Open);
            self.phase = Phase::Attaching;
            self.emit(Event::Attach);
        } else {
            self.shake_hands(now);
        }
    }

    pub(super) fn shake_hands(&mut self, now: Now) {
        self.phase = Phase::Handshaking;
        let id = self.next_id();
        self.send_envelope(now, vec![message::handshake(id, self.wire)]);
    }

    /// The server does not know us any more: a new handshake on the same wire, after the advised interval.
    pub(super) fn shake_hands_again(&mut self, now: Now) {
        if self.phase == Phase::Leaving {
            // It does not know us any more, and that is all that a goodbye is for.
            return self.close();
        }
        self.client_id = None;
        self.pending.clear();
        self.drop_requests();
        self.timers.clear();
        self.emit(Event::Forgotten);
        if self.handshakes >= 3 {
            return self.lose(Fault::peer("a server that knows its clients", "one that forgets them at once"));
        }
        self.phase = Phase::Handshaking;
        if self.advice.interval == 0 && self.handshakes == 0 {
            self.shake_hands(now);
        } else {
            let jitter = self.dice.up_to(500);
            self.timers.set(Timer::Handshake, now.after(self.advice.interval + jitter));
        }
    }

    pub(super) fn connect(&mut self, now: Now) {
        let hold = Some(HOLD).filter(|hold| self.advice.timeout > *hold);
        self.send_connect(now, hold);
        self.timers.set(Timer::Silence, now.after(self.advice.timeout.min(HOLD) + SLACK));
    }

    fn send_connect(&mut self, now: Now, hold: Option<u64>) {
        let id = self.next_id();
        let connect = message::connect(id, self.client_id.as_ref(), self.wire, hold, &self.advice, self.ack);
        self.send_envelope(now, vec![connect]);
    }

    /// Something came by the socket: the answer to a probe may be behind it.
    pub(super) fn hear(&mut self, now: Now) {
        let soon = now.after(PROBE_TIME);
        for (_, deadline) in self.pending.iter_mut().filter(|(waiting, _)| waiting.at_once) {
            *deadline = soon.max(*deadline);
        }
    }

    /// The page was not running, or is looked at again: what was due meanwhile has a little more time, and the link is probed.
    pub(super) fn look_up(&mut self, now: Now) {
        let soon = now.after(PROBE_TIME);
        for (_, deadline) in self.pending.iter_mut().filter(|(_, deadline)| *deadline <= now.mono) {
            *deadline = soon;
        }
        if self.timers.is_due(Timer::Open, now) {
            self.timers.set(Timer::Open, soon);
        }
        self.probe(now);
    }

    /// Finds out whether the link still works: in place of the connect that is held, one goes out that is answered at once.
    pub(super) fn probe(&mut self, now: Now) {
        let probing = self.pending.iter().any(|(waiting, _)| waiting.at_once);
        let held = self.pending.iter().position(|(waiting, _)| waiting.kind == Kind::Connect);
        let Some(held) = held.filter(|_| self.phase == Phase::Connected && !probing && !self.is_paused()) else {
            return;
        };
        self.timers.cancel(Timer::Silence);
        self.pending.remove(held);
        if self.drop_connect() {
            // What its answer may have held is lost with it.
            self.emit(Event::Doubtful);
        }
        self.send_connect(now, Some(0));
    }

    /// Sends an envelope: at once on a socket; over HTTP a connect alone at once, all else in turn.
    pub(super) fn send_envelope(&mut self, now: Now, envelope: Vec<Message<J>>) {
        match (self.wire, self.socket) {
            (Wire::WebSocket, Some(socket)) => {
                let body = message::envelope(&envelope);
                for message in envelope {
                    self.expect(now, message);
                }
                self.io(Io::Frame { socket, body });
            }
            (Wire::WebSocket, None) => {}
            _ => self.enqueue(now, envelope),
        }
    }

    /// An answer to the message is expected from now on.
    pub(super) fn expect(&mut self, now: Now, message: Message<J>) {
        let first = message.kind == Kind::Handshake && self.wire == Wire::WebSocket && !self.spoke;
        let delay = match message.kind {
            _ if first => self.times.open_timeout,
            _ if message.at_once && self.phase == Phase::Connected => PROBE_TIME,
            _ => self.times.max_network_delay,
        };
        // What is sent behind a large message waits for it.
        let behind =
            self.pending.iter().filter(|(waiting, _)| waiting.kind == Kind::Publish).map(|(_, deadline)| *deadline);
        let deadline = now.after(delay + message.held).max(behind.max().unwrap_or(0));
        self.pending.push((message, deadline));
    }

    /// The answer to a message is no more waited for: takes the message out.
    pub(super) fn unexpect(&mut self, id: &str) -> Option<Message<J>> {
        let place = self.pending.iter().position(|(waiting, _)| waiting.id == *id)?;
        Some(self.pending.remove(place).0)
    }

    /// Lets go of the wire and of all that waited on it.
    pub(super) fn drop_wire(&mut self) {
        if let Some(socket) = self.socket.take() {
            self.io(Io::Close { socket });
        }
        self.drop_requests();
        self.pending.clear();
        self.timers.clear();
        self.phase = Phase::Idle;
    }

    /// What is due is done, and what is not answered in time means that the link is broken.
    pub(super) fn take_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Open => return self.lose(Fault::Timeout("open WebSocket")),
                Timer::Handshake => self.shake_hands(now),
                Timer::Connect => self.connect(now),
                Timer::Resume => self.resume(now),
                Timer::Goodbye => return self.close(),
                Timer::Silence => self.probe(now),
            }
        }
        let late = self.pending.iter().find(|(_, deadline)| *deadline <= now.mono).map(|(message, _)| message.kind);
        if let Some(kind) = late {
            self.lose(Fault::Timeout(match kind {
                Kind::Handshake => "answer to the handshake",
                Kind::Connect => "answer to a connect",
                Kind::Subscribe => "answer to a subscribe",
                Kind::Publish => "answer to a publish",
                Kind::Disconnect => "answer to a disconnect",
            }));
        }
    }
}

/// `http:` becomes `ws:`, `https:` becomes `wss:`.
fn socket_url(url: &str) -> String {
    url.strip_prefix("http").map_or_else(|| url.to_owned(), |rest| text::join(&["ws", rest]))
}
