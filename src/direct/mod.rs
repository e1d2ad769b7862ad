//! Chat v2 with nothing around it, over a channel of messages that somebody else keeps: a page's own transport, or the tab
//! that holds the connection. Sans-IO.
//!
//! A frame to the channel is `{id, data, chatId}`, an operation and which session it is of. A frame from it is `{link}`, one
//! of [`UP`], [`UP_BY_ID`], [`DOWN`] and [`RENEWED`]; `{id?, data}`, a reply or a push; `{id, successful}` or `{id, error}`,
//! an operation's acknowledgement or refusal; or `{left}`: another tab has ended the session.
//!
//! Never here: what is at the other end, who is to hold the connection.

use crate::chat::{Keys, Operation};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::{Json, Name};
use crate::protocol::{self, Event, Output, Protocol, Target, Times};
use crate::queue::Queue;
use crate::text;
use crate::time::{Dice, Now, earliest};

/// `link`: the channel is there, or there again.
pub const UP: u32 = 1;
/// The same; and the server answers operations under their ids.
pub const UP_BY_ID: u32 = 3;
/// `link`: the channel is lost.
pub const DOWN: u32 = 0;
/// `link`: what was sent is unsettled, and the channel is to be opened anew; that is no loss.
pub const RENEWED: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Opening,
    /// [`Event::Attach`] is out.
    Attaching,
    /// Operations are sent, and nothing has come back yet.
    Opened,
    Up,
}

/// A client of a channel.
#[derive(Debug)]
pub struct Client<J: Json> {
    times: Times,
    phase: Phase,
    /// Where the channel leads, as the driver knows it.
    url: String,
    socket: u32,
    id_prefix: String,
    id_count: u32,
    /// The server behind the channel is known to answer operations under their ids.
    by_id: bool,
    /// Operations that wait for their answers, each with its deadline.
    pending: Vec<(String, u64)>,
    /// Until when the channel has to be there.
    opens_by: Option<u64>,
    out: Queue<Output<J>>,
    stale: u32,
}

impl<J: Json> Client<J> {
    /// A client whose channels are numbered from after `socket`. Nothing happens before [`Protocol::start`].
    pub fn new(times: Times, seed: u64, socket: u32) -> Self {
        Self {
            times,
            phase: Phase::Idle,
            url: String::new(),
            socket,
            id_prefix: Dice::new(seed).word(5),
            id_count: 0,
            by_id: false,
            pending: Vec::new(),
            opens_by: None,
            out: Queue::new(),
            stale: 0,
        }
    }

    /// Whether the server behind the channel is known to answer operations under their ids.
    pub fn answers_by_id(&self) -> bool {
        self.by_id
    }

    fn open(&mut self, now: Now) {
        self.drop_channel();
        self.socket += 1;
        self.phase = Phase::Opening;
        self.opens_by = Some(now.after(self.times.max_network_delay));
        self.out.push_back(Output::Io(Io::Open { socket: self.socket, url: self.url.clone() }));
    }

    fn drop_channel(&mut self) {
        if self.phase != Phase::Idle {
            self.out.push_back(Output::Io(Io::Close { socket: self.socket }));
        }
        self.phase = Phase::Idle;
        self.pending.clear();
        self.opens_by = None;
    }

    fn emit(&mut self, event: Event<J>) {
        self.out.push_back(Output::Event(event));
    }

    fn lose(&mut self, fault: Fault) {
        self.drop_channel();
        self.emit(Event::Lost(fault));
    }

    fn take(&mut self, now: Now, frame: &J) {
        if !frame.is_object() {
            return self.emit(Event::Malformed(text::join(&[frame.kind(), " in place of a message"])));
        }
        let id = frame.string_of(Name::Id);
        let data = frame.get(Name::Data);
        let error = frame.get(Name::Error);
        let link = frame.count_of(Name::Link);
        if link == Some(DOWN) {
            // A channel that says why it can not be opened again means it for good.
            self.lose(match error.string() {
                Some(error) => Fault::Refused(error),
                None => Fault::Network("the channel was closed"),
            });
        } else if link == Some(RENEWED) {
            self.emit(Event::Forgotten);
            self.open(now);
        } else if matches!(link, Some(UP | UP_BY_ID)) {
            self.by_id = link == Some(UP_BY_ID);
            if self.phase == Phase::Opening {
                self.opens_by = None;
                self.phase = Phase::Attaching;
                self.emit(Event::Attach);
            }
        } else if frame.get(Name::Left).bool() == Some(true) {
            self.emit(Event::Left);
        } else if !data.is_null() {
            self.answered(id.as_deref());
            self.emit(Event::Data { id, data });
        } else if let Some(id) = id {
            if self.answered(Some(&id)) {
                let result = if error.is_null() {
                    Ok(())
                } else if frame.count_of(Name::StatusCode) == Some(413) {
                    Err(Fault::TooLarge)
                } else {
                    Err(Fault::Refused(error.string().unwrap_or_default()))
                };
                self.emit(Event::Acknowledged { id, result });
            }
        } else {
            self.emit(Event::Malformed("a message without data".to_owned()));
        }
    }

    /// Something came back for an operation, or by itself: the channel works both ways. Whether an operation waited for it.
    fn answered(&mut self, id: Option<&str>) -> bool {
        if self.phase == Phase::Opened {
            self.phase = Phase::Up;
            self.emit(Event::Up);
        }
        let place = self.pending.iter().position(|(waiting, _)| Some(waiting.as_str()) == id);
        place.map(|place| self.pending.swap_remove(place)).is_some()
    }
}

impl<J: Json> Protocol<J> for Client<J> {
    fn start(&mut self, now: Now, target: &Target) {
        self.url.clone_from(&target.base);
        self.open(now);
    }

    fn retry(&mut self, now: Now) {
        self.open(now);
    }

    fn attach(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        if self.phase != Phase::Attaching {
            return None;
        }
        self.phase = Phase::Opened;
        self.send(now, operation, keys)
    }

    fn send(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        if !matches!(self.phase, Phase::Opened | Phase::Up) {
            return None;
        }
        self.id_count += 1;
        let id = text::numbered(&self.id_prefix, self.id_count);
        self.pending.push((id.clone(), now.after(self.times.max_network_delay)));
        let mut body = J::object();
        body.put_str(Name::Id, &id);
        body.put(Name::Data, operation.data(keys));
        body.put_str(Name::ChatId, &keys.chat_id);
        self.out.push_back(Output::Io(Io::Frame { socket: self.socket, body }));
        Some(id)
    }

    fn disconnect(&mut self, _now: Now) {
        self.drop_channel();
        self.emit(Event::Closed);
    }

    fn abandon(&mut self) {
        self.drop_channel();
        protocol::drop_events(&mut self.out);
    }

    /// That the channel is there is said by a frame.
    fn handle_opened(&mut self, _now: Now, _socket: u32) {}

    fn handle_closed(&mut self, socket: u32, _code: u16) {
        if socket == self.socket && self.phase != Phase::Idle {
            self.lose(Fault::Network("the channel was closed"));
        } else {
            self.stale += 1;
        }
    }

    fn handle_frame(&mut self, now: Now, socket: u32, body: Result<J, String>) {
        if socket != self.socket || self.phase == Phase::Idle {
            self.stale += 1;
            return;
        }
        match body {
            Ok(frame) => self.take(now, &frame),
            Err(got) => self.emit(Event::Malformed(got)),
        }
    }

    fn handle_reply(&mut self, _now: Now, _request: u32, _answer: HttpAnswer<J>) {
        self.stale += 1;
    }

    fn handle_timeout(&mut self, now: Now) {
        if self.opens_by.is_some_and(|at| at <= now.mono) {
            self.lose(Fault::Timeout("channel"));
        } else if self.pending.iter().any(|(_, deadline)| *deadline <= now.mono) {
            self.lose(Fault::Timeout("answer to an operation"));
        }
    }

    fn next_timeout(&self) -> Option<u64> {
        let answers = self.pending.iter().map(|(_, deadline)| *deadline).min();
        earliest(&[self.opens_by, answers])
    }

    fn poll_output(&mut self) -> Option<Output<J>> {
        self.out.pop_front()
    }

    fn is_paused(&self) -> bool {
        false
    }

    fn advised_interval(&self) -> u64 {
        0
    }

    fn stale_inputs(&self) -> u32 {
        self.stale
    }
}
