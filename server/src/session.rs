//! Bayeux sessions: who is connected, and the events that wait for them.
//!
//! A session outlives its sockets and requests: it ends when the client says so, when no connect has come for a while,
//! or when its client leaves so many events unfetched that keeping them would cost too much. Events are queued here and
//! taken by whatever carries them: the response to a request, a held connect, a WebSocket. `hub` is all of them,
//! `polls` what browsers have held.

mod hub;
mod polls;

use crate::limits::Bucket;
use crate::lock::locked;
use prometheus_client::metrics::counter::Counter;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use hub::{Hub, Refused};
pub use polls::Polls;

/// One Bayeux session.
#[derive(Debug)]
pub struct Session {
    /// The client id: 160 random bits, which are all that a WebSocket needs to show.
    pub id: String,
    /// The value of the cookie that HTTP requests must carry; none when the handshake came over a WebSocket.
    pub browser: Option<String>,
    /// Where the handshake came from.
    pub address: IpAddr,
    /// The language that its browser asked for.
    pub language: Option<Box<str>>,
    /// One envelope at a time: what it answers leaves before its acknowledgements, and nothing comes between.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    wake: Notify,
    queue_events: usize,
    delivered: Counter,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    events: VecDeque<Event>,
    /// Answers to operations, when the ack extension keeps `events` for the connects.
    answers: Vec<Arc<str>>,
    ack: bool,
    batch: u64,
    /// The number of the newest connect, and of the newest WebSocket (0: none); older ones yield.
    connect: u64,
    link: u64,
    links: u64,
    /// Envelopes being worked on: events wait for their response and do not wake the held connect.
    busy: usize,
    /// Not while a connect is held.
    expires: Option<Instant>,
    gone: bool,
    /// It is gone because its client left too many events.
    overrun: bool,
    /// The chats whose visitor this is: few, each once.
    chats: Vec<String>,
    starts: Bucket,
}

#[derive(Debug)]
struct Event {
    /// The batch it was last sent in; 0 when never.
    batch: u64,
    text: Arc<str>,
}

/// What a held connect has to do.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Hold {
    /// Wait on.
    Wait,
    /// Answer: there are events.
    Events,
    /// Answer: a newer connect has taken its place.
    Superseded,
    /// Answer: the session has ended.
    Gone,
    /// Answer: the session has ended because its client left too many events: it is to begin anew.
    Overrun,
}

impl Session {
    /// Waits until something has changed. Create it before the state is looked at.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.wake.notified()
    }

    /// Queues an event. A queue that is full ends the session: its client begins anew and asks for what it missed.
    pub fn deliver(&self, text: Arc<str>) {
        {
            let mut state = locked(&self.state);
            if state.gone {
                return;
            }
            if state.events.len() >= self.queue_events {
                (state.gone, state.overrun) = (true, true);
                state.events.clear();
            } else {
                state.events.push_back(Event { batch: 0, text });
                self.delivered.inc();
            }
        }
        self.wake.notify_waiters();
    }

    /// Queues the answer to an operation: it leaves with the response to the envelope that asked.
    pub fn answer(&self, text: Arc<str>) {
        let mut state = locked(&self.state);
        if state.ack {
            state.answers.push(text);
        } else {
            state.events.push_back(Event { batch: 0, text });
        }
    }

    /// An envelope begins.
    pub fn begin(&self) {
        locked(&self.state).busy += 1;
    }

    /// An envelope ends. Nobody is woken where nothing has waited for that: most often its own socket would be.
    pub fn end(&self) {
        let waits = {
            let mut state = locked(&self.state);
            state.busy = state.busy.saturating_sub(1);
            !state.events.is_empty()
        };
        if waits {
            self.wake.notify_waiters();
        }
    }

    /// Takes what may leave with any response or frame. With the ack extension that is answers only.
    pub fn drain(&self) -> Vec<Arc<str>> {
        let mut state = locked(&self.state);
        let mut texts = std::mem::take(&mut state.answers);
        if !state.ack {
            texts.extend(state.events.drain(..).map(|event| event.text));
        }
        texts
    }

    /// Takes what leaves with the answer to a connect, and the number of the batch when the ack extension is on.
    pub fn take_for_connect(&self) -> (Vec<Arc<str>>, Option<u64>) {
        let mut state = locked(&self.state);
        if !state.ack {
            let texts =
                if state.busy == 0 { state.events.drain(..).map(|event| event.text).collect() } else { Vec::new() };
            return (texts, None);
        }
        state.batch += 1;
        let batch = state.batch;
        for event in &mut state.events {
            event.batch = batch;
        }
        (state.events.iter().map(|event| Arc::clone(&event.text)).collect(), Some(batch))
    }

    /// A connect has come; `acknowledged` is the last batch the client has. Returns its number.
    pub fn connect(&self, acknowledged: Option<u64>) -> u64 {
        let number = {
            let mut state = locked(&self.state);
            if let Some(batch) = acknowledged.filter(|_| state.ack) {
                while state.events.front().is_some_and(|event| event.batch != 0 && event.batch <= batch) {
                    state.events.pop_front();
                }
            }
            state.connect += 1;
            state.expires = None;
            state.connect
        };
        self.wake.notify_waiters();
        number
    }

    /// The connect of this number has been answered, or its client has gone: the session's time runs again.
    pub fn connect_over(&self, number: u64, lives: Duration) {
        let mut state = locked(&self.state);
        if state.connect == number {
            state.expires = Some(Instant::now() + lives);
        }
    }

    /// What the held connect of this number has to do. A WebSocket is told of events only with the ack extension.
    pub fn hold(&self, number: u64, websocket: bool) -> Hold {
        let state = locked(&self.state);
        if state.gone {
            if state.overrun { Hold::Overrun } else { Hold::Gone }
        } else if state.connect != number {
            Hold::Superseded
        } else if !state.events.is_empty() && state.busy == 0 && (!websocket || state.ack) {
            Hold::Events
        } else {
            Hold::Wait
        }
    }

    /// A message other than a connect has come: the session lives on for a while.
    pub fn touch(&self, lives: Duration) {
        let mut state = locked(&self.state);
        if let Some(expires) = state.expires {
            state.expires = Some(expires.max(Instant::now() + lives));
        }
    }

    /// Events go to this WebSocket from now on. Returns its number.
    pub fn link(&self) -> u64 {
        let mut state = locked(&self.state);
        state.links += 1;
        state.link = state.links;
        state.link
    }

    /// Events no longer go to a WebSocket: to the one of this number, or to any.
    pub fn unlink(&self, number: Option<u64>) {
        let mut state = locked(&self.state);
        if number.is_none_or(|number| state.link == number) {
            state.link = 0;
        }
    }

    /// Whether a connect is held.
    pub fn is_held(&self) -> bool {
        locked(&self.state).expires.is_none()
    }

    /// Whether events go to the WebSocket of this number.
    pub fn is_linked(&self, number: u64) -> bool {
        locked(&self.state).link == number
    }

    /// Takes the events for the WebSocket of this number.
    pub fn drain_link(&self, number: u64) -> Vec<Arc<str>> {
        if locked(&self.state).link == number { self.drain() } else { Vec::new() }
    }

    /// Puts events back that a WebSocket could not send.
    pub fn restore(&self, texts: Vec<Arc<str>>) {
        let mut state = locked(&self.state);
        for text in texts.into_iter().rev() {
            state.events.push_front(Event { batch: 0, text });
        }
    }

    /// Whether the session has ended.
    pub fn is_gone(&self) -> bool {
        locked(&self.state).gone
    }

    /// The chat of this id is this session's too; not when the session has ended.
    pub fn attach(&self, chat: &str) -> bool {
        let mut state = locked(&self.state);
        if !state.gone && !state.chats.iter().any(|known| known == chat) {
            state.chats.push(chat.to_owned());
        }
        !state.gone
    }

    /// The chat of this id is no longer.
    pub fn detach(&self, chat: &str) {
        locked(&self.state).chats.retain(|known| known != chat);
    }

    /// The chats whose visitor this is.
    pub fn attachments(&self) -> Vec<String> {
        locked(&self.state).chats.clone()
    }

    /// Takes a token for the start of a chat.
    ///
    /// # Errors
    /// When there were too many: in how many seconds the next may be.
    pub fn take_start(&self) -> Result<(), u64> {
        locked(&self.state).starts.take()
    }

    /// Takes tokens for the bytes that the start of a chat was answered with.
    pub fn charge_start(&self, bytes: usize) {
        locked(&self.state).starts.charge(bytes);
    }
}
