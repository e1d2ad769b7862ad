//! A session, its page and the rest of the world under a script: commands, what the network and other tabs bring, time that
//! passes or jumps, reloads.

use causerie::chat::{Content, Visitor};
use causerie::io::{HttpAnswer, Io};
use causerie::json::Name;
use causerie::json::native::NativeJson;
use causerie::protocol::Times;
use causerie::session::{Command, Input, Output, Session, Setup, Snapshot};
use causerie::time::Now;
use causerie::transport::Mode;
use serde_json::{Value, json};

use super::peer::{Given, How, Peer};
use super::rules::Rules;
use super::script::{Step, steps};
use super::{EPOCH, MARK};

/// More outputs to one input are no drain that ends.
const MOST_OUTPUTS: u32 = 20_000;
/// More timeouts at one point in time are a livelock.
const MOST_AT_ONCE: u32 = 200;
/// More timeouts are not waited for in one step.
const MOST_TIMEOUTS: u32 = 1_000;

/// A session and all that is around it.
pub struct World {
    session: Session<NativeJson>,
    setup: Setup,
    rules: Rules,
    peer: Peer,
    stored: Option<Snapshot<NativeJson>>,
    kept: Option<NativeJson>,
    mono: u64,
    /// Milliseconds since the epoch.
    pub wall: u64,
    wake: Option<u64>,
    pages: u64,
    /// The page has launched a session, or tried to.
    is_launched: bool,
    /// The page does not tell what it has been told.
    is_busy: bool,
    /// Nothing is answered any more, and nobody is there.
    is_over: bool,
    /// What the dead network says to what was asked last.
    refusals: Vec<Io<NativeJson>>,
}

impl World {
    /// What the first line of a script says, by words.
    pub fn new(head: &str) -> Self {
        let says = |word: &str| head.split(' ').any(|said| said == word);
        let mode = match head {
            _ if says("polling") => Mode::LongPolling,
            _ if says("websocket") => Mode::WebSocket,
            _ if says("rest") => Mode::Rest,
            _ if says("own") => Mode::Own,
            _ => Mode::Auto,
        };
        let mut servers = vec![if mode == Mode::Own { "own:" } else { "http://one.test" }.to_owned()];
        if says("two") {
            servers.push("https://two.test/base/?x=1".to_owned());
        }
        let setup = Setup {
            servers,
            service: "default".to_owned(),
            mode,
            max_offline: if says("short") { 2_000 } else { 60_000 },
            outbox_room: if says("narrow") { 300 } else { 10_000 },
            seed: 7,
            held: !says("tab"),
            link: Times::default(),
        };
        Self {
            session: Session::new(7),
            setup,
            rules: Rules::default(),
            peer: Peer::new(head),
            stored: None,
            kept: None,
            mono: 1_000,
            wall: EPOCH,
            wake: None,
            pages: 0,
            is_launched: false,
            is_busy: false,
            is_over: false,
            refusals: Vec::new(),
        }
    }

    /// Does what a script says.
    pub fn visit(&mut self, script: &str) {
        for step in steps(script) {
            self.step(step);
        }
    }

    fn step(&mut self, step: Step<'_>) {
        match step.letter {
            'S' => self.start(step.rest),
            'R' => self.restore_text(step.rest),
            'K' => self.kept = NativeJson::parse(step.rest).ok(),
            'r' => self.reload(),
            'm' => self.command(Command::Send { text: step.rest.to_owned(), url: false }),
            'u' => self.command(Command::Send { text: step.rest.to_owned(), url: true }),
            'g' => {
                let (name, data) = step.rest.split_once(' ').unwrap_or((step.rest, "{}"));
                let Ok(json) = NativeJson::parse(data) else { return };
                let content = match name {
                    "data" => Content::Data { set: Some(json), deleted: None, size: data.len() },
                    "delete" => Content::Data { set: None, deleted: Some(json), size: 0 },
                    name => Content::Notice(name.to_owned(), json),
                };
                self.command(Command::Give(content));
            }
            'y' => {
                let preview = (!step.rest.is_empty()).then(|| step.rest.to_owned());
                self.command(Command::Typing { on: true, preview });
            }
            'n' => self.command(Command::Typing { on: false, preview: None }),
            'L' => self.command(Command::Leave),
            'G' => self.command(Command::GiveUp),
            't' => self.input(Input::Told { index: step.up_to(u64::from(u32::MAX)) as u32 }),
            'q' => self.is_busy = !self.is_busy,
            'h' => self.input(Input::Hidden),
            'v' => self.input(Input::Wake),
            'H' => {
                self.setup.held = step.up_to(1) == 1;
                self.input(Input::Hold(self.setup.held));
            }
            'i' => {
                let (tab, frame) = step.number();
                if let Ok(frame) = NativeJson::parse(&self.peer.fill(frame)) {
                    self.input(Input::Tab { tab: tab as u32, frame });
                }
            }
            'w' => self.wait(step.up_to(120_000)),
            's' => self.jump(step.up_to(10_000_000)),
            'b' => self.wall = self.wall.saturating_sub(step.up_to(10_000_000)),
            _ => self.network(step),
        }
    }

    /// What the network does.
    fn network(&mut self, step: Step<'_>) {
        let socket = self.peer.socket();
        match step.letter {
            'o' => {
                let is_direct = self.setup.mode == Mode::Own || !self.setup.held;
                self.input(Input::Opened { socket });
                if is_direct {
                    self.frame(socket, Ok(json!({ "link": 1 }).into()));
                }
            }
            'c' => {
                self.peer.closed(socket);
                self.input(Input::Closed { socket, code: step.up_to(65_535) as u16 });
            }
            'f' => self.frame(socket, NativeJson::parse(&self.peer.fill(step.rest))),
            'z' => self.frame(socket.wrapping_sub(1), NativeJson::parse(step.rest)),
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
            '-' => {
                let (status, rest) = step.number();
                let (code, _) = Step { rest, ..step }.number();
                self.answer(How::Refused(status, code), false);
            }
            'k' => self.peer.renew(),
            'e' => {
                if let Ok(data) = serde_json::from_str(&self.peer.fill(step.rest)) {
                    self.push(&data);
                }
            }
            'J' => self.agent("ParticipantJoined", None, true),
            'A' => self.agent("Message", Some(step.rest), true),
            // It gets lost on the way.
            'D' => self.agent("Message", Some(step.rest), false),
            'X' => self.agent("ParticipantLeft", None, true),
            'T' => {
                let from = json!({ "nickname": format!("{MARK}Agent"), "participantId": 2, "type": "Agent" });
                let kind = if step.up_to(1) == 1 { "TypingStarted" } else { "TypingStopped" };
                let data = self.peer.reply(&[json!({ "type": kind, "from": from })]);
                self.push(&data);
            }
            'E' => {
                let closing = self.peer.end();
                let data = self.peer.reply(&closing);
                self.push(&data);
            }
            _ => {}
        }
    }

    fn agent(&mut self, kind: &str, text: Option<&str>, arrives: bool) {
        let text = text.map(Value::from);
        let entry = self.peer.add(kind, "Agent", text.as_ref(), &Value::Null);
        let data = self.peer.reply(&[entry]);
        if arrives {
            self.push(&data);
        }
    }

    fn push(&mut self, data: &Value) {
        let given = self.peer.push(data);
        self.give(given);
    }

    fn answer(&mut self, how: How, held: bool) {
        let given = self.peer.answer(how, held);
        self.give(given);
    }

    fn give(&mut self, given: impl IntoIterator<Item = Given>) {
        for given in given {
            match given {
                Given::Frame(socket, body) => self.frame(socket, Ok(body.into())),
                Given::Reply(request, body) => {
                    let answer = HttpAnswer { status: 200, retry_after: None, body: Ok(body.into()) };
                    self.input(Input::Reply { request, answer });
                }
            }
        }
    }

    fn frame(&mut self, socket: u32, body: Result<NativeJson, String>) {
        self.input(Input::Frame { socket, body });
    }

    fn reply(&mut self, place: u64, answer: HttpAnswer<NativeJson>) {
        if let Some(request) = self.peer.request(place) {
            self.peer.replied(request);
            self.input(Input::Reply { request, answer });
        }
    }

    fn start(&mut self, name: &str) {
        let visitor = Visitor {
            nickname: format!("{MARK}{name}"),
            details: vec![(Name::EmailAddress, format!("{MARK}@mail.test"))],
            user_data: Some(json!({ "plan": MARK }).into()),
            request_id: format!("{MARK}request"),
        };
        self.is_launched = true;
        self.command(Command::Start(self.setup.clone(), visitor));
    }

    fn restore_text(&mut self, text: &str) {
        let read = NativeJson::parse(text).ok().and_then(|state| Snapshot::read(&state));
        if let Some(snapshot) = read.or_else(|| self.stored.clone()) {
            let kept = self.kept.take();
            self.restore(snapshot, kept);
        }
    }

    /// The page launches the session of a stored state, with what was kept of the transcript.
    pub fn restore(&mut self, snapshot: Snapshot<NativeJson>, kept: Option<NativeJson>) {
        if !std::mem::replace(&mut self.is_launched, true) {
            self.rules.fresh_from = snapshot.position;
        }
        self.command(Command::Restore(self.setup.clone(), snapshot, kept));
    }

    /// The page goes, and the next one takes up what is stored.
    fn reload(&mut self) {
        self.pages += 1;
        self.session = Session::new(7 + self.pages);
        self.setup.seed = 7 + self.pages;
        self.wake = None;
        self.is_launched = false;
        self.rules = Rules::default();
        self.peer.unload();
        self.restore_text("");
    }

    fn now(&self) -> Now {
        Now { mono: self.mono, wall: self.wall }
    }

    fn command(&mut self, command: Command<NativeJson>) {
        let id = self.session.command(self.now(), command);
        self.rules.give(id);
        self.drain();
    }

    fn input(&mut self, input: Input<NativeJson>) {
        self.session.handle_input(self.now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        let mut told = None;
        for _ in 0..MOST_OUTPUTS {
            match self.session.poll_output() {
                Output::Transmit(io) => {
                    self.peer.note(&io);
                    if self.is_over {
                        self.refusals.push(io);
                    }
                }
                Output::Resolve(command, result) => self.rules.settle(command, &result),
                Output::Event(event) => told = self.rules.note(&event).or(told),
                Output::Persist(snapshot) => self.stored = Some(*snapshot),
                Output::Forget => self.stored = None,
                Output::Log(line) => Rules::log(&line),
                Output::Wait(wake) => {
                    self.wake = wake;
                    match told.take().filter(|_| !self.is_busy) {
                        Some(index) => self.session.handle_input(self.now(), Input::Told { index }),
                        None => return,
                    }
                }
            }
        }
        panic!("the drain of an input does not end");
    }

    /// Time passes, and timers fire when they are due.
    fn wait(&mut self, ms: u64) {
        let until = self.mono + ms;
        let mut at_once = 0;
        for _ in 0..MOST_TIMEOUTS {
            let Some(wake) = self.wake.filter(|wake| *wake <= until) else { break };
            at_once = if wake > self.mono { 0 } else { at_once + 1 };
            assert!(at_once < MOST_AT_ONCE, "a livelock at {wake}");
            self.pass(wake);
            self.input(Input::Timeout);
            self.refuse();
        }
        self.pass(until);
    }

    /// Time passes, and nobody is there to see it.
    fn jump(&mut self, ms: u64) {
        self.pass(self.mono + ms);
        self.input(Input::Timeout);
    }

    fn pass(&mut self, until: u64) {
        self.wall = self.wall.saturating_add(until.saturating_sub(self.mono));
        self.mono = self.mono.max(until);
    }

    /// The dead network's word on what was asked.
    fn refuse(&mut self) {
        for _ in 0..MOST_OUTPUTS {
            let Some(io) = self.refusals.pop() else { return };
            match io {
                Io::Open { socket, .. } => {
                    self.peer.closed(socket);
                    self.input(Input::Closed { socket, code: 1006 });
                }
                Io::Post { request, .. } | Io::PostForm { request, .. } => {
                    let answer = HttpAnswer { status: 0, retry_after: None, body: Err("the network".to_owned()) };
                    self.input(Input::Reply { request, answer });
                }
                _ => {}
            }
        }
        panic!("a dead network is asked for ever without a pause");
    }

    /// The network is gone for good, and this tab is the only one: everything has to be settled then, and no timer is set.
    pub fn calm(&mut self) {
        self.is_over = true;
        self.input(Input::Hold(true));
        let socket = self.peer.socket();
        self.peer.closed(socket);
        self.input(Input::Closed { socket, code: 1006 });
        self.refuse();
        for _ in 0..40 {
            if self.wake.is_none() {
                break;
            }
            self.wait(600_000);
        }
        assert_eq!(self.wake, None, "every timer is off in the end");
        self.rules.assert_settled();
        self.command(Command::Send { text: "late".to_owned(), url: false });
        self.rules.assert_settled();
    }
}
