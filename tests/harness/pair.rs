//! The pair: a session and its page on one side, the world on the other, and the steps of virtual time.

use std::collections::BTreeSet;

use causerie::io::{HttpAnswer, Io};
use causerie::json::Json;
use causerie::json::native::NativeJson;
use causerie::session::{Command, CommandId, Input, Output, Session, Snapshot};
use causerie::time::Now;
use causerie::transport::Mode;

use super::EPOCH;
use super::bayeux::Conn;
use super::chat::Flavour;
use super::net::Packet;
use super::page::Page;
use super::world::World;

/// How a pair is set up.
#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    pub flavour: Flavour,
    pub mode: Mode,
    pub servers: Vec<String>,
    pub service: String,
    pub max_offline: u64,
    pub outbox_room: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            flavour: Flavour::Ours,
            mode: Mode::Auto,
            servers: vec!["http://one.test".to_owned()],
            service: "default".to_owned(),
            max_offline: 60_000,
            outbox_room: 10_000,
        }
    }
}

impl Options {
    /// A flavour over a kind of wire.
    pub fn of(flavour: Flavour, mode: Mode) -> Self {
        Self { flavour, mode, ..Self::default() }
    }

    /// With a second server.
    pub fn with_two_servers(self) -> Self {
        Self { servers: vec!["http://one.test".to_owned(), "http://two.test".to_owned()], ..self }
    }

    /// Both flavours over both kinds of wire.
    pub fn all() -> Vec<Self> {
        let flavours = [Flavour::Ours, Flavour::Plain];
        flavours.into_iter().flat_map(|f| [Mode::WebSocket, Mode::LongPolling].map(|mode| Self::of(f, mode))).collect()
    }
}

/// A session, its page, and the world.
pub struct Pair {
    pub options: Options,
    pub session: Session<NativeJson>,
    pub page: Page,
    /// The pages before.
    pub earlier: Vec<Page>,
    pub world: World,
    pub launch: CommandId,
    pub(super) wake: Option<u64>,
    /// The page's monotonic clock stood still for so long.
    lag: u64,
    /// The wall clock was set forward by so much.
    clock_set: u64,
    /// When the page did not run, or its timers did not: from, to.
    slept: Vec<(u64, u64)>,
    /// Sockets and requests that the page has, as it knows.
    pub open: BTreeSet<u32>,
    /// Inputs that were given to the session, however late they were.
    pub steps: u64,
}

/// More steps than that at one point in time, or in one wait, are a livelock.
const MOST_STEPS: u64 = 100_000;

impl Pair {
    /// Everything is there, and nothing asked for.
    pub fn new(options: Options) -> Self {
        let world = World::new(options.seed, options.flavour, &["one.test", "two.test"]);
        let session = Session::new(options.seed);
        let page = Page::default();
        Self {
            options,
            session,
            page,
            earlier: Vec::new(),
            world,
            launch: 0,
            wake: None,
            lag: 0,
            clock_set: 0,
            slept: Vec::new(),
            open: BTreeSet::new(),
            steps: 0,
        }
    }

    /// A session that is on.
    pub fn started(options: Options) -> Self {
        let mut pair = Self::new(options);
        pair.start();
        pair.run_for(1_000);
        assert_eq!(pair.page.results.get(&pair.launch), Some(&Ok(())), "the session starts");
        pair
    }

    /// A session that is on, with an agent in it.
    pub fn chatting(options: Options) -> Self {
        let mut pair = Self::started(options);
        pair.agent_joins("Jane");
        pair.run_for(200);
        pair
    }

    // Time.

    pub fn now(&self) -> Now {
        Now { mono: self.world.now - self.lag, wall: EPOCH + self.world.now + self.clock_set }
    }

    /// Somebody sets the wall clock forward.
    pub fn set_clock(&mut self, ms: u64) {
        self.clock_set += ms;
    }

    /// By how much the wall clock was set forward.
    pub fn clock_set(&self) -> u64 {
        self.clock_set
    }

    /// For how long the page ran in a time that ends with its running.
    pub fn awake(&self, from: u64, to: u64) -> u64 {
        let slept = self.slept.iter().map(|(begin, end)| end.min(&to).saturating_sub(*begin.max(&from)));
        (to - from).saturating_sub(slept.sum())
    }

    /// The page does not run for some time: what comes for it waits, and so do its timers. Its monotonic clock may stand
    /// still meanwhile, as it does on some systems.
    pub fn sleep(&mut self, ms: u64, clock_runs: bool) {
        let until = self.world.now + ms;
        self.slept.push((self.world.now, until));
        let mut waiting = Vec::new();
        while let Some(next) = self.world.next().filter(|at| *at <= until) {
            self.world.now = self.world.now.max(next);
            waiting.extend(self.world.step());
        }
        self.world.now = until;
        if !clock_runs {
            self.lag += ms;
            self.wake = self.wake.map(|at| at + ms);
        }
        for packet in waiting {
            self.deliver(packet);
        }
        if self.wake.is_some_and(|at| at <= self.world.now) {
            self.input(Input::Timeout);
        }
    }

    /// The page runs, but the browser holds back its timers until the end.
    pub fn throttle(&mut self, ms: u64) {
        let until = self.world.now + ms;
        self.slept.push((self.world.now, until));
        while let Some(next) = self.world.next().filter(|at| *at <= until) {
            self.world.now = self.world.now.max(next);
            for packet in self.world.step() {
                self.deliver(packet);
            }
        }
        self.world.now = until;
        if self.wake.is_some_and(|at| at <= self.world.now) {
            self.input(Input::Timeout);
        }
    }

    /// The browser puts the page aside, which closes its connections, and shows it again.
    pub fn put_aside(&mut self, ms: u64, clock_runs: bool) {
        let page = self.earlier.len() as u32;
        let of_page = |conn: &&Conn| conn.0 == page;
        let sockets: Vec<u32> = self.world.net.sockets.keys().filter(of_page).map(|conn| conn.1).collect();
        let requests: Vec<u32> = self.world.net.requests.keys().filter(of_page).map(|conn| conn.1).collect();
        self.world.net.unload(self.world.now, page);
        self.sleep(ms, clock_runs);
        for socket in sockets {
            self.input(Input::Closed { socket, code: 1006 });
        }
        for request in requests {
            let answer = HttpAnswer { status: 0, retry_after: None, body: Err("put aside".to_owned()) };
            self.input(Input::Reply { request, answer });
        }
        self.input(Input::Wake);
    }

    /// The same without a network: what was under way is lost, and nobody is told.
    pub fn sleep_offline(&mut self, ms: u64, clock_runs: bool) {
        self.world.net.silence(true);
        self.sleep(ms, clock_runs);
        self.world.net.silence(false);
    }

    /// Runs for some time.
    pub fn run_for(&mut self, ms: u64) {
        self.run_until(self.world.now + ms, |_| false);
    }

    /// Runs until something holds; it has to within the time.
    pub fn wait(&mut self, ms: u64, what: &str, holds: impl FnMut(&Self) -> bool) {
        assert!(self.run_until(self.world.now + ms, holds), "not within {ms} ms: {what}; {:#?}", self.page.seen);
    }

    fn run_until(&mut self, until: u64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        for _ in 0..MOST_STEPS {
            if holds(self) {
                return true;
            }
            let next = [self.wake, self.world.next()].into_iter().flatten().min().filter(|at| *at <= until);
            let Some(next) = next else {
                self.world.now = until;
                return false;
            };
            self.world.now = self.world.now.max(next);
            self.step();
        }
        panic!("a livelock at {} ms", self.world.now);
    }

    fn step(&mut self) {
        for packet in self.world.step() {
            self.deliver(packet);
        }
        if self.wake.is_some_and(|at| at <= self.world.now) {
            self.input(Input::Timeout);
        }
    }

    fn deliver(&mut self, packet: Packet) {
        let page = self.earlier.len() as u32;
        let json = |body: Result<serde_json::Value, String>| body.map(NativeJson::from);
        match packet {
            Packet::Opened(conn) if conn.0 == page => self.input(Input::Opened { socket: conn.1 }),
            Packet::Brought(conn, body) if conn.0 == page => {
                self.input(Input::Frame { socket: conn.1, body: json(body) });
            }
            Packet::Closed(conn, code) if conn.0 == page => {
                self.world.net.sockets.remove(&conn);
                self.input(Input::Closed { socket: conn.1, code });
            }
            Packet::Replied(conn, status, retry_after, body) if conn.0 == page => {
                self.world.net.requests.remove(&conn);
                self.input(Input::Reply {
                    request: conn.1,
                    answer: HttpAnswer { status, retry_after, body: json(body) },
                });
            }
            _ => {}
        }
    }

    /// The page tells what it has been told, after a while in which it did not.
    pub fn tell(&mut self) {
        if let Some(index) = self.page.tell() {
            self.input(Input::Told { index });
        }
    }

    /// Gives the session an input, and does all that it asks for.
    pub fn input(&mut self, input: Input<NativeJson>) {
        if let Input::Closed { socket: id, .. } | Input::Reply { request: id, .. } = &input {
            self.open.remove(id);
        }
        self.session.handle_input(self.now(), input);
        self.drain();
    }

    /// Gives the session a command, and does all that it asks for.
    pub fn command(&mut self, command: Command<NativeJson>) -> CommandId {
        if let Command::Send { text, .. } = &command {
            // It may never be sent.
            self.world.net.secrets.note(&serde_json::json!({ "message": text }));
        }
        let id = self.session.command(self.now(), command);
        self.drain();
        id
    }

    fn drain(&mut self) {
        let now = self.world.now;
        self.steps += 1;
        for _ in 0..MOST_STEPS {
            match self.session.poll_output() {
                Output::Transmit(io) => self.transmit(io),
                Output::Resolve(command, result) => self.page.settle(now, command, result),
                Output::Event(event) => self.page.note(now, &event),
                Output::Persist(snapshot) => {
                    if self.page.persists.is_multiple_of(8) && snapshot.outbox.len() < Some(50) {
                        let text = serde_json::to_string(&snapshot).expect("a snapshot is JSON");
                        let read = NativeJson::parse(&text).ok().and_then(|json| Snapshot::read(&json));
                        let again = serde_json::to_string(&read.expect("a state")).expect("a snapshot is JSON");
                        assert_eq!(again, text, "a stored state is read as it was written");
                    }
                    self.page.persists += 1;
                    self.page.store(*snapshot);
                }
                Output::Forget => {
                    self.page.forgets += 1;
                    self.page.forget();
                }
                Output::Log(line) => self.page.logs.push(line),
                Output::Wait(wake) => {
                    self.wake = wake.map(|at| at + self.lag);
                    if !self.page.is_busy {
                        self.tell();
                    }
                    return;
                }
            }
        }
        panic!("the drain of an input does not end");
    }

    fn note_open(&mut self, io: &Io<NativeJson>) {
        match io {
            Io::Open { socket: id, .. } | Io::Post { request: id, .. } | Io::PostForm { request: id, .. } => {
                assert!(self.open.insert(*id), "the number {id} is used twice");
            }
            Io::Close { socket: id } | Io::Abort { request: id } => drop(self.open.remove(id)),
            _ => {}
        }
    }

    fn transmit(&mut self, io: Io<NativeJson>) {
        self.note_open(&io);
        let page = self.earlier.len() as u32;
        let world = &mut self.world;
        match io {
            Io::Open { socket, url } => {
                assert!(url.starts_with("ws"), "a WebSocket URL: {url}");
                let (host, _) = world.host_of(&url);
                world.net.sockets.insert((page, socket), host);
                world.net.send(world.now, Packet::Open((page, socket), host));
            }
            Io::Frame { socket, body } => {
                if world.net.sockets.contains_key(&(page, socket)) {
                    world.net.send(world.now, Packet::Frame((page, socket), body.tree().clone()));
                }
            }
            Io::Close { socket } => {
                if world.net.sockets.contains_key(&(page, socket)) {
                    world.net.send(world.now, Packet::Close((page, socket)));
                }
            }
            Io::Post { request, url, body } | Io::PostForm { request, url, body } => {
                let (host, path) = world.host_of(&url);
                world.net.requests.insert((page, request), host);
                world.net.send(world.now, Packet::Post((page, request), host, path, body.tree().clone()));
            }
            Io::Tell { .. } => panic!("there is no other tab"),
            Io::Abort { request } => {
                if let Some(host) = world.net.requests.remove(&(page, request)) {
                    world.net.send(world.now, Packet::Abort((page, request), host));
                }
            }
        }
    }
}

/// Whatever a test is about, its pages have told nothing that is private.
impl Drop for Pair {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.earlier.iter().chain([&self.page]).for_each(|page| self.world.net.secrets.check(page));
        }
    }
}
