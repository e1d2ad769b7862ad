//! The protocol clients alone, each under a script: frames, HTTP answers, time, and what the layer above asks for.

use std::collections::BTreeSet;

use causerie::chat::{Content, Keys, Operation, Visitor};
use causerie::io::{HttpAnswer, Io};
use causerie::json::native::NativeJson;
use causerie::protocol::{Event, Output, Protocol, Target, Times, Wire};
use causerie::time::Now;
use causerie::{bayeux, direct, rest};
use serde_json::Value;

use super::peer::{Given, How, Peer};
use super::script::{Step, steps};
use super::{EPOCH, MARK};

/// More outputs to one input are no drain that ends.
const MOST_OUTPUTS: u32 = 20_000;
/// More timeouts at one point in time are a livelock.
const MOST_AT_ONCE: u32 = 100;
const MOST_TIMEOUTS: u32 = 500;

/// The target `bayeux`: a script; `polling` in its first line is for HTTP, `batches` for acknowledged ones.
pub fn bayeux(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let head = text.lines().next().unwrap_or_default();
    let wire = if head.contains("polling") { Wire::LongPolling } else { Wire::WebSocket };
    let client = bayeux::Client::new(Times::default(), "default", 7);
    Bench::new(Box::new(client), wire, head).run(&text);
}

/// The target `rest`: a script.
pub fn rest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let client = rest::Client::new(Times::default(), "default", 7);
    Bench::new(Box::new(client), Wire::Rest, "").run(&text);
}

/// The target `direct`: a script.
pub fn direct(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let head = text.lines().next().unwrap_or_default();
    let client = direct::Client::new(Times::default(), 7, 0);
    Bench::new(Box::new(client), Wire::Own, head).run(&text);
}

struct Bench {
    client: Box<dyn Protocol<NativeJson>>,
    wire: Wire,
    peer: Peer,
    mono: u64,
    /// The link was begun, and is neither lost nor closed.
    is_on: bool,
    /// Operations that were sent, until they are acknowledged.
    sent: BTreeSet<String>,
}

impl Bench {
    fn new(client: Box<dyn Protocol<NativeJson>>, wire: Wire, head: &str) -> Self {
        Self { client, wire, peer: Peer::new(head), mono: 1_000, is_on: false, sent: BTreeSet::new() }
    }

    fn run(mut self, script: &str) {
        for step in steps(script) {
            self.step(step);
            self.drain();
        }
        // Left alone, it stays or gives up; either way its timers come to rest or go on in time.
        self.wait(300_000);
        self.client.disconnect(self.now());
        self.drain();
        self.wait(60_000);
        assert!(!self.is_on, "a goodbye ends");
    }

    fn step(&mut self, step: Step<'_>) {
        let (now, socket) = (self.now(), self.peer.socket());
        match step.letter {
            'S' => {
                let base = if step.rest.is_empty() { "http://one.test" } else { step.rest }.to_owned();
                self.is_on = true;
                self.client.start(now, &Target { base, wire: self.wire });
            }
            'r' if !self.is_on => {
                self.is_on = true;
                self.client.retry(now);
            }
            'b' => {
                self.is_on = false;
                self.client.abandon();
                assert_eq!(self.client.next_timeout(), None, "a link that is no more waits for nothing");
            }
            'd' => self.client.disconnect(now),
            'm' => self.give(&Content::Text(step.rest.to_owned())),
            'u' => self.give(&Content::Url(step.rest.to_owned())),
            'g' => self.give(&Content::Notice(
                "notice".to_owned(),
                NativeJson::parse(step.rest).unwrap_or_else(|_| Value::Null.into()),
            )),
            'y' => self.send(&Operation::Typing { on: true, preview: Some(&step.rest.to_owned()) }),
            'n' => self.send(&Operation::Typing { on: false, preview: None }),
            'q' => {
                let from = step.up_to(u64::from(u32::MAX)) as u32;
                self.send(&Operation::RequestNotifications { from, data: 0 });
            }
            'v' => self.client.wake(now),
            'x' => self.send(&Operation::Disconnect),
            'o' => {
                self.client.handle_opened(now, socket);
                if self.wire == Wire::Own {
                    self.client.handle_frame(now, socket, Ok(serde_json::json!({ "link": 1 }).into()));
                }
            }
            'c' => {
                self.peer.closed(socket);
                self.client.handle_closed(socket, step.up_to(65_535) as u16);
            }
            'f' => self.client.handle_frame(now, socket, NativeJson::parse(&self.peer.fill(step.rest))),
            'z' => {
                let stale = self.client.stale_inputs();
                self.client.handle_frame(now, socket.wrapping_sub(1), NativeJson::parse(step.rest));
                assert_eq!(self.client.stale_inputs(), stale + 1, "what comes from another socket is dropped");
            }
            'p' => {
                let (place, rest) = step.number();
                let (status, rest) = Step { rest, ..step }.number();
                let (retry, rest) = Step { rest, ..step }.number();
                let body = NativeJson::parse(&self.peer.fill(rest));
                let retry_after = u32::try_from(retry).ok().filter(|seconds| *seconds > 0);
                self.reply(place, HttpAnswer { status: status as u16, retry_after, body });
            }
            '+' => self.answer(How::Well, false),
            '*' => self.answer(How::Well, true),
            'a' => self.answer(How::Acknowledged, false),
            'F' => self.answer(How::Forgotten, true),
            '-' => self.answer(How::Refused(step.up_to(9), 204), false),
            'w' => self.wait(step.up_to(300_000)),
            _ => {}
        }
    }

    fn give(&mut self, content: &Content<NativeJson>) {
        self.send(&Operation::Send { content, id: "causerie1" });
    }

    fn send(&mut self, operation: &Operation<'_, NativeJson>) {
        let sent = self.client.send(self.now(), operation, &keys());
        self.sent(sent);
    }

    fn sent(&mut self, operation: Option<String>) {
        if let Some(id) = operation {
            assert!(self.sent.insert(id), "each operation has an id of its own");
        }
    }

    fn answer(&mut self, how: How, held: bool) {
        for given in self.peer.answer(how, held) {
            match given {
                Given::Frame(socket, body) => self.client.handle_frame(self.now(), socket, Ok(body.into())),
                Given::Reply(request, body) => {
                    let answer = HttpAnswer { status: 200, retry_after: None, body: Ok(body.into()) };
                    self.client.handle_reply(self.now(), request, answer);
                }
            }
            self.drain();
        }
    }

    fn reply(&mut self, place: u64, answer: HttpAnswer<NativeJson>) {
        if let Some(request) = self.peer.request(place) {
            self.peer.replied(request);
            self.client.handle_reply(self.now(), request, answer);
        }
    }

    fn drain(&mut self) {
        for _ in 0..MOST_OUTPUTS {
            match self.client.poll_output() {
                Some(Output::Io(io)) => {
                    assert!(!matches!(io, Io::Tell { .. }), "a client knows of no tabs");
                    self.peer.note(&io);
                }
                Some(Output::Event(event)) => self.take(event),
                None => return self.look(),
            }
        }
        panic!("the drain of an input does not end");
    }

    fn take(&mut self, event: Event<NativeJson>) {
        match event {
            Event::Attach => {
                let visitor = Visitor {
                    nickname: MARK.to_owned(),
                    details: Vec::new(),
                    user_data: None,
                    request_id: format!("{MARK}request"),
                };
                let sent = self.client.attach(self.now(), &Operation::RequestChat(&visitor), &Keys::default());
                assert!(sent.is_some(), "who asks to be attached takes the operation");
                self.sent(sent);
            }
            Event::Acknowledged { id, .. } => {
                assert!(self.sent.remove(&id), "an operation is acknowledged once: {id}");
            }
            Event::Lost(_) | Event::Closed => {
                assert_eq!(self.client.next_timeout(), None, "a link that is no more waits for nothing");
                self.is_on = false;
            }
            Event::Forgotten | Event::Doubtful | Event::Up | Event::Data { .. } | Event::Malformed(_) | Event::Left => {
            }
        }
    }

    /// A Bayeux link that is on waits for something, always: else it would be deaf and nobody would know.
    fn look(&self) {
        let bayeux = matches!(self.wire, Wire::WebSocket | Wire::LongPolling);
        assert!(!bayeux || !self.is_on || self.client.next_timeout().is_some(), "nothing waits without a timer");
    }

    fn wait(&mut self, ms: u64) {
        let until = self.mono + ms;
        let mut at_once = 0;
        for _ in 0..MOST_TIMEOUTS {
            let Some(wake) = self.client.next_timeout().filter(|wake| *wake <= until) else { break };
            at_once = if wake > self.mono { 0 } else { at_once + 1 };
            assert!(at_once < MOST_AT_ONCE, "a livelock at {wake}");
            self.mono = self.mono.max(wake);
            self.client.handle_timeout(self.now());
            self.drain();
        }
        self.mono = until;
    }

    fn now(&self) -> Now {
        Now { mono: self.mono, wall: EPOCH + self.mono }
    }
}

fn keys() -> Keys {
    Keys {
        chat_id: format!("{MARK}chat"),
        secure_key: format!("{MARK}key0"),
        alias: "1".to_owned(),
        user_id: format!("{MARK}user"),
    }
}
