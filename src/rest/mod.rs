//! Chat v2 over plain HTTP: each operation is a request, and what the others say is asked for again and again, the less
//! often the less is said. Sans-IO.
//!
//! One request is under way at a time, so operations arrive in their order. Each says from which position on the answer
//! is to hold the transcript: the answer to a send brings what came meanwhile.
//!
//! Never here: what a reply means to the session, which server comes next.

use crate::chat::{Content, Keys, Operation, Reply};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::{Json, Name};
use crate::protocol::{self, Event, Output, Protocol, Target, Times};
use crate::queue::Queue;
use crate::text;
use crate::time::{Dice, Now, Timers, earliest};

/// The shortest time between two questions, in milliseconds: while people talk.
const SHORTEST: u64 = 1_500;
/// The longest, in milliseconds: while nobody does. It is what Genesys' own clients wait.
const LONGEST: u64 = 5_000;
/// So often in a row the server may ask for a pause before the link counts as down.
const MOST_PAUSES: u32 = 3;
/// How much longer the answer to a request may take that was under way when the page fell asleep, in milliseconds.
const WAKE_TIME: u64 = 5_000;
/// The slowest upload that is waited for, in characters a millisecond.
const SLOWEST_UPLOAD: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// [`Event::Attach`] is out.
    Attaching,
    /// The opening operation is out, or waits.
    Opening,
    Up,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// It is time to ask what is new.
    Poll,
    /// The server's `Retry-After` is over.
    Resume,
}

/// An operation on its way.
#[derive(Debug)]
struct Call<J: Json> {
    id: String,
    /// The last part of the URL.
    name: &'static str,
    body: J,
    /// About how many characters of the page's are in it.
    size: usize,
    /// It begins the transcript anew from here.
    from: Option<u32>,
    /// The session that a question is about; else empty.
    of: String,
}

impl<J: Json> Call<J> {
    /// Whether it is a question about another session than the newest that is known.
    fn is_of_another(&self, keys: &Keys) -> bool {
        !self.of.is_empty() && self.of != keys.chat_id
    }
}

/// A client of one chat service.
#[derive(Debug)]
pub struct Client<J: Json> {
    times: Times,
    service: String,
    base: String,
    phase: Phase,
    /// The keys as the session last gave them, for the questions that nobody but this client asks.
    keys: Keys,
    /// The version of the session data as the session last gave it.
    data: u32,
    /// The first position that no answer has held yet.
    position: u32,
    /// The request under way: its number, its deadline, what it is.
    in_flight: Option<(u32, u64, Call<J>)>,
    queue: Queue<Call<J>>,
    period: u64,
    pauses: u32,
    paused: bool,
    id_prefix: String,
    id_count: u32,
    serial: u32,
    timers: Timers<Timer>,
    out: Queue<Output<J>>,
    stale: u32,
}

impl<J: Json> Client<J> {
    /// A client of a chat service. Nothing happens before [`Protocol::start`].
    pub fn new(times: Times, service: &str, seed: u64) -> Self {
        Self {
            times,
            service: service.to_owned(),
            base: String::new(),
            phase: Phase::Idle,
            keys: Keys::default(),
            data: 0,
            position: 1,
            in_flight: None,
            queue: Queue::new(),
            period: SHORTEST,
            pauses: 0,
            paused: false,
            id_prefix: Dice::new(seed).word(5),
            id_count: 0,
            serial: 0,
            timers: Timers::new(),
            out: Queue::new(),
            stale: 0,
        }
    }

    fn begin(&mut self) {
        self.drop_requests();
        self.keys = Keys::default();
        self.phase = Phase::Attaching;
        self.emit(Event::Attach);
    }

    fn drop_requests(&mut self) {
        if let Some((request, ..)) = self.in_flight.take() {
            self.out.push_back(Output::Io(Io::Abort { request }));
        }
        self.queue.clear();
        self.timers.clear();
        self.paused = false;
        self.phase = Phase::Idle;
    }

    fn emit(&mut self, event: Event<J>) {
        self.out.push_back(Output::Event(event));
    }

    fn lose(&mut self, fault: Fault) {
        self.drop_requests();
        self.emit(Event::Lost(fault));
    }

    fn call(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> String {
        self.id_count += 1;
        let id = text::numbered(&self.id_prefix, self.id_count);
        let mut of = String::new();
        if let Operation::RequestNotifications { data, .. } = operation {
            self.data = *data;
            of.clone_from(&keys.chat_id);
        }
        let (name, from) = match operation {
            Operation::RequestChat(_) => ("", Some(1)),
            Operation::RequestNotifications { from, .. } => ("refresh", Some(*from).filter(|from| *from > 0)),
            Operation::Send { content: Content::Text(_), .. } => ("send", None),
            Operation::Send { content, .. } => (content.operation(), None),
            Operation::Typing { on: true, .. } => ("startTyping", None),
            Operation::Typing { on: false, .. } => ("stopTyping", None),
            Operation::Disconnect => ("disconnect", None),
        };
        self.queue.push_back(Call {
            id: id.clone(),
            name,
            body: operation.members(keys),
            size: operation.size(),
            from,
            of,
        });
        self.flush(now);
        id
    }

    /// Sends what is first in turn, when nothing is under way.
    fn flush(&mut self, now: Now) {
        if self.in_flight.is_some() || self.paused {
            return;
        }
        let Some(mut call) = self.queue.pop_front() else { return };
        self.timers.cancel(Timer::Poll);
        // Who asks of a session that was renewed meanwhile, perhaps another tab, asks all the same: the answer tells of it.
        if !call.is_of_another(&self.keys) {
            call.of.clone_from(&self.keys.chat_id);
            self.position = call.from.unwrap_or(self.position);
            // What waited while the session was renewed goes to the new one.
            if !call.name.is_empty() {
                call.body.put_str(Name::SecureKey, &self.keys.secure_key);
                call.body.put_number(Name::TranscriptPosition, f64::from(self.position));
            }
        }
        self.serial += 1;
        let body = call.body.clone();
        let deadline = now.after(self.times.max_network_delay + call.size as u64 / SLOWEST_UPLOAD);
        let url = self.url(call.name, &call.of);
        self.in_flight = Some((self.serial, deadline, call));
        self.out.push_back(Output::Io(Io::PostForm { request: self.serial, url, body }));
    }

    fn url(&self, operation: &str, chat: &str) -> String {
        let (path, query) = text::cut(&self.base, b"?#");
        let path = text::without_slashes(path);
        let path = path.strip_suffix("/cometd").unwrap_or(path);
        let service = escape(&self.service);
        if operation.is_empty() {
            return text::join(&[path, "/2/chat/", &service, query]);
        }
        text::join(&[path, "/2/chat/", &service, "/", &escape(chat), "/", operation, query])
    }

    /// The chat server has answered.
    fn answered(&mut self, now: Now, call: Call<J>, data: J) {
        self.pauses = 0;
        if self.phase == Phase::Opening {
            self.phase = Phase::Up;
            self.emit(Event::Up);
        }
        let reply = Reply::read(&data).ok();
        let mut ended = false;
        let mut news = false;
        if let Some(reply) = reply.filter(|reply| reply.status == 0 && !call.is_of_another(&self.keys)) {
            ended = reply.ended() == Some(true);
            news = !reply.is_empty();
            let mut last = None;
            for entry in (0..reply.len()).filter_map(|place| reply.entry(place).ok()) {
                last = last.max(entry.index);
                // Of what passes by only the session data has a version. Without it every question is answered with all data.
                if entry.index.is_none() {
                    self.data = entry.json().get(Name::UserData).count_of(Name::Version).unwrap_or(self.data);
                }
            }
            let next = reply.next_position().or(last.map(|last| last + 1)).unwrap_or(0);
            let given = |name| reply.member(name).string().filter(|word| !word.is_empty());
            if let Some(key) = given(Name::SecureKey) {
                self.keys.secure_key = key;
            }
            if let Some(id) = given(Name::ChatId).filter(|id| *id != self.keys.chat_id) {
                // Another session: it counts from 1 again.
                self.keys.chat_id = id;
                self.position = 0;
            }
            self.position = self.position.max(next).max(1);
        }
        self.period = if news || call.name != "refresh" { SHORTEST } else { (self.period * 3 / 2).min(LONGEST) };
        self.emit(Event::Data { id: Some(call.id), data });
        if !ended && self.queue.is_empty() {
            self.timers.set(Timer::Poll, now.after(self.period));
        }
        self.flush(now);
    }

    /// 429: the server did not take it; all rests until it may be sent again.
    fn pause(&mut self, now: Now, call: Call<J>, retry_after: Option<u32>) {
        self.pauses += 1;
        if self.phase == Phase::Opening || self.pauses > MOST_PAUSES {
            self.pauses = 0;
            return self.lose(Fault::Http { status: 429, retry_after });
        }
        self.queue.push_front(call);
        self.paused = true;
        let wait = retry_after.map_or(1_000, |seconds| u64::from(seconds.min(120)) * 1000);
        self.timers.set(Timer::Resume, now.after(wait));
    }
}

impl<J: Json> Protocol<J> for Client<J> {
    fn start(&mut self, _now: Now, target: &Target) {
        self.base.clone_from(&target.base);
        self.begin();
    }

    fn retry(&mut self, _now: Now) {
        self.begin();
    }

    fn attach(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        if self.phase != Phase::Attaching {
            return None;
        }
        self.phase = Phase::Opening;
        self.keys.clone_from(keys);
        Some(self.call(now, operation, keys))
    }

    fn send(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        matches!(self.phase, Phase::Opening | Phase::Up).then(|| self.call(now, operation, keys))
    }

    fn disconnect(&mut self, _now: Now) {
        self.drop_requests();
        self.emit(Event::Closed);
    }

    fn abandon(&mut self) {
        self.drop_requests();
        protocol::drop_events(&mut self.out);
    }

    fn handle_opened(&mut self, _now: Now, _socket: u32) {}

    fn handle_closed(&mut self, _socket: u32, _code: u16) {
        self.stale += 1;
    }

    fn handle_frame(&mut self, _now: Now, _socket: u32, _body: Result<J, String>) {
        self.stale += 1;
    }

    fn handle_reply(&mut self, now: Now, request: u32, answer: HttpAnswer<J>) {
        let Some((_, _, call)) = self.in_flight.take_if(|(number, ..)| *number == request) else {
            self.stale += 1;
            return;
        };
        let fault = match (answer.status, answer.body) {
            (200, Ok(body)) if body.is_object() => return self.answered(now, call, body),
            (200, Ok(body)) => Fault::peer("a JSON object", body.kind()),
            (200, Err(got)) => Fault::peer("a JSON object", got),
            (0, _) => Fault::Network("no HTTP answer"),
            // In a question there is nothing of the page's: what finds it too large is not the chat server.
            (413, _) if self.phase == Phase::Up && call.name != "refresh" => {
                self.emit(Event::Acknowledged { id: call.id, result: Err(Fault::TooLarge) });
                self.timers.set(Timer::Poll, now.after(self.period));
                return self.flush(now);
            }
            (429, _) => return self.pause(now, call, answer.retry_after),
            (status, _) => Fault::Http { status, retry_after: answer.retry_after },
        };
        self.lose(fault);
    }

    fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Poll => {
                    let keys = self.keys.clone();
                    self.call(now, &Operation::RequestNotifications { from: self.position, data: self.data }, &keys);
                }
                Timer::Resume => {
                    self.paused = false;
                    self.flush(now);
                }
            }
        }
        if self.in_flight.as_ref().is_some_and(|(_, deadline, _)| *deadline <= now.mono) {
            self.lose(Fault::Timeout("answer to a request"));
        }
    }

    fn wake(&mut self, now: Now) {
        if let Some((_, deadline, _)) = self.in_flight.as_mut().filter(|(_, deadline, _)| *deadline <= now.mono) {
            *deadline = now.after(WAKE_TIME);
        }
        if self.timers.is_set(Timer::Poll) {
            self.timers.set(Timer::Poll, now.mono);
        }
    }

    fn next_timeout(&self) -> Option<u64> {
        earliest(&[self.timers.next(), self.in_flight.as_ref().map(|(_, deadline, _)| *deadline)])
    }

    fn poll_output(&mut self) -> Option<Output<J>> {
        self.out.pop_front()
    }

    fn is_paused(&self) -> bool {
        self.paused
    }

    fn advised_interval(&self) -> u64 {
        0
    }

    fn stale_inputs(&self) -> u32 {
        self.stale
    }
}

/// A part of a URL's path, escaped.
fn escape(part: &str) -> String {
    let mut escaped = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push_str(&text::hex(&[byte]));
        }
    }
    escaped
}
