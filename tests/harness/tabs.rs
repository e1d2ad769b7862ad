//! Several tabs of one browser: each a session and a page of its own, one of them the holder of the connection, and
//! between them a channel that keeps the order of each sender.

use causerie::chat::Visitor;
use causerie::io::{HttpAnswer, Io};
use causerie::json::Json;
use causerie::json::native::NativeJson;
use causerie::protocol::Times;
use causerie::session::{Command, CommandId, Input, Output, Session, Setup, Snapshot};
use causerie::time::Now;
use serde_json::json;

use super::net::Packet;
use super::page::Page;
use super::world::World;
use super::{EPOCH, Options, Seeded};

/// One tab.
pub struct Tab {
    pub session: Session<NativeJson>,
    pub page: Page,
    pub launch: CommandId,
    wake: Option<u64>,
    /// Its channel to the holder, while it has one.
    channel: Option<u32>,
    /// Inputs wait: the browser has frozen the tab.
    frozen: bool,
    closed: bool,
}

impl Tab {
    pub fn is_frozen(&self) -> bool {
        self.frozen && !self.closed
    }
}

enum Word {
    ToHolder(usize, NativeJson),
    To(usize, NativeJson),
    Hold(usize, bool),
}

/// The tabs, and the world.
pub struct Tabs {
    pub options: Options,
    pub world: World,
    pub tabs: Vec<Tab>,
    pub holder: usize,
    words: Vec<(u64, u64, Word)>,
    serial: u64,
    dice: Seeded,
}

const MOST_STEPS: u64 = 200_000;

impl Tabs {
    /// One tab, whose session is on.
    pub fn started(options: Options) -> Self {
        let world = World::new(options.seed, options.flavour, &["one.test", "two.test"]);
        let dice = Seeded::new(options.seed);
        let mut tabs = Self { options, world, tabs: Vec::new(), holder: 0, words: Vec::new(), serial: 0, dice };
        let setup = tabs.setup(true);
        tabs.add(Page::default());
        let visitor = Visitor {
            nickname: "Ann".to_owned(),
            details: Vec::new(),
            user_data: None,
            request_id: format!("request{}", tabs.options.seed),
        };
        tabs.tabs[0].launch = tabs.command(0, Command::Start(setup, visitor));
        tabs.run_for(1_000);
        assert_eq!(tabs.tabs[0].page.results.get(&tabs.tabs[0].launch), Some(&Ok(())), "the session starts");
        tabs
    }

    /// Another tab is opened, and restores the session that the others share. It connects if no other does.
    pub fn open(&mut self) -> usize {
        let mut stored = self.tabs[self.holder].page.stored.clone().expect("a state to share");
        stored.outbox = NativeJson::array();
        let held = !self.can_hold(self.holder);
        let place = self.open_with(self.holder, stored, held);
        if held {
            self.holder = place;
        }
        place
    }

    fn open_with(&mut self, after: usize, stored: Snapshot<NativeJson>, held: bool) -> usize {
        let place = self.tabs.len();
        let mut page = self.tabs[after].page.next();
        page.stored = Some(stored.clone());
        self.add(page);
        let setup = self.setup(held);
        self.tabs[place].launch = self.command(place, Command::Restore(setup, stored, None));
        place
    }

    fn add(&mut self, page: Page) {
        let seed = self.options.seed + 31 * self.tabs.len() as u64;
        let session = Session::new(seed);
        self.tabs.push(Tab { session, page, launch: 0, wake: None, channel: None, frozen: false, closed: false });
    }

    fn setup(&self, held: bool) -> Setup {
        Setup {
            servers: self.options.servers.clone(),
            service: self.options.service.clone(),
            mode: self.options.mode,
            max_offline: self.options.max_offline,
            outbox_room: self.options.outbox_room,
            seed: self.options.seed + 1000 * self.tabs.len() as u64,
            held,
            link: Times::default(),
        }
    }

    /// A tab is closed; if it held the connection, another takes over.
    pub fn close(&mut self, tab: usize) {
        self.tabs[tab].closed = true;
        self.tabs[tab].channel = None;
        self.world.net.unload(self.world.now, tab as u32);
        if self.holder == tab {
            self.hand_over();
        }
    }

    /// A tab is reloaded: its next page takes up what it left. Returns its new number.
    pub fn reload(&mut self, tab: usize) -> usize {
        let stored = self.tabs[tab].page.stored.clone().expect("a state to take up");
        let was_holder = self.holder == tab;
        self.close(tab);
        let held = was_holder && self.holder == tab;
        let place = self.open_with(tab, stored, held);
        if held {
            self.holder = place;
        }
        place
    }

    /// The browser freezes a tab: nothing reaches it. The others notice that the holder is silent and take over.
    pub fn freeze(&mut self, tab: usize) {
        self.tabs[tab].frozen = true;
        if self.holder == tab {
            self.hand_over();
        }
    }

    /// The tab goes on. It hears first that it is not the holder any more, and that it may have missed something.
    pub fn thaw(&mut self, tab: usize) {
        self.tabs[tab].frozen = false;
        if self.holder != tab && !self.can_hold(self.holder) {
            self.hand_over();
        } else if self.holder != tab {
            self.input(tab, Input::Hold(false));
            self.say(Word::To(tab, json!({ "link": 2 }).into()));
        }
        self.input(tab, Input::Timeout);
    }

    /// A tab that runs and is in the session. One whose session is over lets go of the connection.
    fn can_hold(&self, tab: usize) -> bool {
        let place = &self.tabs[tab];
        !place.closed && !place.frozen && !place.session.is_over()
    }

    fn hand_over(&mut self) {
        let Some(next) = (0..self.tabs.len()).find(|tab| self.can_hold(*tab)) else { return };
        self.holder = next;
        self.say(Word::Hold(next, true));
    }

    pub fn alive(&self) -> Vec<usize> {
        (0..self.tabs.len()).filter(|tab| !self.tabs[*tab].closed && !self.tabs[*tab].frozen).collect()
    }

    pub fn send(&mut self, tab: usize, text: &str) -> CommandId {
        self.command(tab, Command::Send { text: text.to_owned(), url: false })
    }

    pub fn page(&self, tab: usize) -> &Page {
        &self.tabs[tab].page
    }

    pub fn command(&mut self, tab: usize, command: Command<NativeJson>) -> CommandId {
        let now = self.now();
        let id = self.tabs[tab].session.command(now, command);
        self.drain(tab);
        id
    }

    /// A holder whose session is over, or never came about, lets another tab have the connection.
    fn let_go(&mut self) {
        if self.tabs[self.holder].session.is_over() && (0..self.tabs.len()).any(|tab| self.can_hold(tab)) {
            self.hand_over();
        }
    }

    pub fn input(&mut self, tab: usize, input: Input<NativeJson>) {
        let now = self.now();
        self.tabs[tab].session.handle_input(now, input);
        self.drain(tab);
    }

    fn now(&self) -> Now {
        Now { mono: self.world.now, wall: EPOCH + self.world.now }
    }

    fn say(&mut self, word: Word) {
        self.serial += 1;
        let late = self.words.iter().map(|(at, ..)| *at).max().unwrap_or(0);
        let at = (self.world.now + self.dice.between(1, 4)).max(late);
        self.words.push((at, self.serial, word));
    }

    pub fn run_for(&mut self, ms: u64) {
        let until = self.world.now + ms;
        for _ in 0..MOST_STEPS {
            let wakes = self.tabs.iter().filter(|tab| !tab.closed && !tab.frozen).filter_map(|tab| tab.wake);
            let words = self.words.iter().map(|(at, ..)| *at);
            let Some(next) = wakes.chain(words).chain(self.world.next()).min().filter(|at| *at <= until) else {
                self.world.now = until;
                return;
            };
            self.world.now = self.world.now.max(next);
            self.step();
            self.let_go();
        }
        panic!("a livelock at {} ms", self.world.now);
    }

    fn step(&mut self) {
        for packet in self.world.step() {
            self.deliver(packet);
        }
        self.words.sort_by_key(|(at, serial, _)| (*at, *serial));
        while self.words.first().is_some_and(|(at, ..)| *at <= self.world.now) {
            let (_, _, word) = self.words.remove(0);
            self.hear(word);
        }
        for tab in self.alive() {
            if self.tabs[tab].wake.is_some_and(|at| at <= self.world.now) {
                self.input(tab, Input::Timeout);
            }
        }
    }

    fn hear(&mut self, word: Word) {
        match word {
            Word::ToHolder(from, frame) => {
                let holder = self.holder;
                if !self.tabs[holder].frozen && !self.tabs[holder].closed && holder != from {
                    self.input(holder, Input::Tab { tab: from as u32, frame });
                }
            }
            Word::To(tab, frame) => {
                if let (Some(socket), false) = (self.tabs[tab].channel, self.tabs[tab].frozen) {
                    self.input(tab, Input::Frame { socket, body: Ok(frame) });
                }
            }
            Word::Hold(tab, held) => {
                if self.tabs[tab].closed {
                    return;
                }
                self.input(tab, Input::Hold(held));
                for other in self.alive() {
                    if other != tab {
                        self.say(Word::To(other, json!({ "link": 2 }).into()));
                    }
                }
            }
        }
    }

    fn deliver(&mut self, packet: Packet) {
        let json = |body: Result<serde_json::Value, String>| body.map(NativeJson::from);
        let (tab, input) = match packet {
            Packet::Opened(conn) => (conn.0, Input::Opened { socket: conn.1 }),
            Packet::Brought(conn, body) => (conn.0, Input::Frame { socket: conn.1, body: json(body) }),
            Packet::Closed(conn, code) => {
                self.world.net.sockets.remove(&conn);
                (conn.0, Input::Closed { socket: conn.1, code })
            }
            Packet::Replied(conn, status, retry_after, body) => {
                self.world.net.requests.remove(&conn);
                let answer = HttpAnswer { status, retry_after, body: json(body) };
                (conn.0, Input::Reply { request: conn.1, answer })
            }
            _ => return,
        };
        let tab = tab as usize;
        if !self.tabs[tab].closed && !self.tabs[tab].frozen {
            self.input(tab, input);
        }
    }

    fn drain(&mut self, tab: usize) {
        let now = self.world.now;
        for _ in 0..MOST_STEPS {
            let place = &mut self.tabs[tab];
            match place.session.poll_output() {
                Output::Transmit(io) => self.transmit(tab, io),
                Output::Resolve(command, result) => place.page.settle(now, command, result),
                Output::Event(event) => place.page.note(now, &event),
                Output::Persist(snapshot) => place.page.stored = Some(*snapshot),
                Output::Forget => place.page.stored = None,
                Output::Log(line) => place.page.logs.push(line),
                Output::Wait(wake) => {
                    place.wake = wake;
                    if let Some(index) = place.page.tell() {
                        return self.input(tab, Input::Told { index });
                    }
                    return;
                }
            }
        }
        panic!("the drain of an input does not end");
    }

    fn transmit(&mut self, tab: usize, io: Io<NativeJson>) {
        let page = tab as u32;
        let world = &mut self.world;
        match io {
            Io::Open { socket, url } if url == "tab:" => {
                self.tabs[tab].channel = Some(socket);
                self.say(Word::ToHolder(tab, json!({ "link": 1 }).into()));
            }
            Io::Frame { socket, body } if self.tabs[tab].channel == Some(socket) => {
                self.say(Word::ToHolder(tab, body));
            }
            Io::Close { socket } if self.tabs[tab].channel == Some(socket) => self.tabs[tab].channel = None,
            Io::Tell { to, except, frame } => {
                assert_eq!(tab, self.holder, "only the holder tells");
                for other in 0..self.tabs.len() {
                    let meant =
                        to.is_none_or(|to| to as usize == other) && except.is_none_or(|it| it as usize != other);
                    if other != tab && meant {
                        self.say(Word::To(other, frame.clone()));
                    }
                }
            }
            Io::Open { socket, url } => {
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
            Io::Abort { request } => {
                if let Some(host) = world.net.requests.remove(&(page, request)) {
                    world.net.send(world.now, Packet::Abort((page, request), host));
                }
            }
        }
    }

    pub fn agent_joins(&mut self, name: &str) {
        self.world.push(|chat, now| chat.agent_joins(now, name));
    }

    pub fn agent_says(&mut self, text: &str) {
        self.world.push(|chat, now| chat.agent_says(now, "Jane", text));
    }

    /// How often a connection was begun with a handshake, on all hosts.
    pub fn handshakes(&self) -> usize {
        let messages = self.world.hosts.iter().flat_map(|host| &host.log).flat_map(|(_, _, envelope)| envelope);
        messages.filter(|message| message["channel"] == "/meta/handshake").count()
    }
}

/// Whatever a test is about, its pages have told nothing that is private.
impl Drop for Tabs {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.tabs.iter().for_each(|tab| self.world.net.secrets.check(&tab.page));
        }
    }
}
