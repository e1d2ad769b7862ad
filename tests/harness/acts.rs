//! What the page and the world do in a test, and what a test asks of them afterwards.

use causerie::chat::Visitor;
use causerie::json::Name;
use causerie::json::native::NativeJson;
use causerie::protocol::Times;
use causerie::session::{Command, CommandId, Error, Session, Setup};

use super::chat::Chat;
use super::host::{Action, Host};
use super::page::{Kind, Seen};
use super::pair::Pair;

/// The page.
impl Pair {
    pub fn setup(&self) -> Setup {
        Setup {
            servers: self.options.servers.clone(),
            service: self.options.service.clone(),
            mode: self.options.mode,
            max_offline: self.options.max_offline,
            outbox_room: self.options.outbox_room,
            seed: self.options.seed + 1000 * self.earlier.len() as u64,
            held: true,
            link: Times::default(),
        }
    }

    pub fn start(&mut self) -> CommandId {
        let visitor = Visitor {
            nickname: "Ann".to_owned(),
            details: vec![(Name::Subject, "A question".to_owned())],
            user_data: Some(NativeJson::from(serde_json::json!({ "plan": "gold" }))),
            request_id: format!("request{}", self.options.seed),
        };
        self.launch = self.command(Command::Start(self.setup(), visitor));
        self.launch
    }

    /// The page goes, without a word: this moment's snapshot is what is left.
    pub fn unload(&mut self) {
        let page = self.earlier.len() as u32;
        self.world.net.unload(self.world.now, page);
        let next = self.page.next();
        self.earlier.push(std::mem::replace(&mut self.page, next));
        self.session = Session::new(self.options.seed + 7 * self.earlier.len() as u64);
        self.wake = None;
        self.open.clear();
    }

    /// The page comes again: a new session from the stored state.
    pub fn restore(&mut self) -> CommandId {
        let snapshot = self.page.stored.clone().expect("something to restore");
        self.launch = self.command(Command::Restore(self.setup(), snapshot, None));
        self.launch
    }

    pub fn reload(&mut self) -> CommandId {
        self.unload();
        self.restore()
    }

    pub fn send(&mut self, text: &str) -> CommandId {
        self.command(Command::Send { text: text.to_owned(), url: false })
    }

    pub fn leave(&mut self) -> CommandId {
        self.command(Command::Leave)
    }

    pub fn type_on(&mut self, on: bool) -> CommandId {
        self.command(Command::Typing { on, preview: None })
    }

    /// What a command came to.
    pub fn result(&self, command: CommandId) -> Option<&Result<(), Error>> {
        self.page.results.get(&command)
    }

    /// The number of the error that a command came to.
    pub fn code(&self, command: CommandId) -> Option<u16> {
        self.result(command)?.as_ref().err().map(|error| error.code.number())
    }

    pub fn is_done(&self, command: CommandId) -> bool {
        self.result(command) == Some(&Ok(()))
    }
}

/// The world.
impl Pair {
    pub fn host(&mut self) -> &mut Host {
        &mut self.world.hosts[0]
    }

    pub fn chat(&mut self) -> &mut Chat {
        self.world.chats.last()
    }

    /// The next envelope with this operation, or meta channel, in it meets that.
    pub fn rule(&mut self, about: &str, action: Action) {
        self.host().rules.push((about.to_owned(), action));
    }

    /// The network breaks, and is there again at once.
    pub fn cut(&mut self) {
        self.world.net.cut(self.world.now, None);
    }

    pub fn agent_joins(&mut self, name: &str) {
        self.world.push(|chat, now| chat.agent_joins(now, name));
    }

    pub fn agent_says(&mut self, text: &str) {
        self.world.push(|chat, now| chat.agent_says(now, "Jane", text));
    }

    pub fn agent_types(&mut self, on: bool) {
        let flavour = self.options.flavour;
        self.world.push(|chat, now| chat.agent_types(now, flavour, "Jane", on));
    }

    pub fn agent_leaves(&mut self, name: &str) {
        self.world.push(|chat, now| chat.agent_leaves(now, name));
    }

    pub fn agent_ends(&mut self) {
        self.world.push(Chat::close);
    }

    /// Pushes data as it is.
    pub fn push(&mut self, data: serde_json::Value) {
        self.world.push(|_, _| data);
    }

    /// Every envelope that the first host has got, summed up.
    pub fn envelopes(&self) -> Vec<Vec<String>> {
        self.world.hosts[0].log.iter().map(|(_, _, envelope)| Host::summary(envelope)).collect()
    }

    /// The page has seen the transcript: each entry that it knows, once, with its index.
    pub fn assert_complete(&mut self) {
        let kind = |entry: &serde_json::Value| match (entry["type"].as_str(), entry["from"]["type"].as_str()) {
            (Some("Message"), _) => Some(Kind::Message),
            (Some("PushUrl"), _) => Some(Kind::Url),
            (Some("ParticipantJoined"), Some("Agent")) => Some(Kind::Joined),
            (Some("ParticipantLeft"), Some("Agent")) => Some(Kind::Left),
            _ => None,
        };
        let index = |entry: &serde_json::Value| entry["index"].as_u64().expect("an index") as u32 - 1;
        let text = |entry: &serde_json::Value| entry["text"].as_str().unwrap_or_default().to_owned();
        let entries = &self.world.chats.last().entries;
        let expected: Vec<(Kind, u32, String)> =
            entries.iter().filter_map(|entry| Some((kind(entry)?, index(entry), text(entry)))).collect();
        let placed = |seen: &Seen| Some((seen.kind, seen.index?, seen.text.clone()));
        let seen: Vec<(Kind, u32, String)> = self.page.seen.iter().filter_map(placed).collect();
        assert_eq!(seen, expected, "the page has seen the transcript");
    }
}

impl Pair {
    /// Prints what happened, for whoever looks into a failure: what the page saw, what the first host got, what was logged.
    pub fn explain(&self) {
        for seen in &self.page.seen {
            eprintln!("{seen:?}");
        }
        for (at, path, envelope) in &self.world.hosts[0].log {
            eprintln!("{at} {path} {:?}", Host::summary(envelope));
        }
        for line in &self.page.logs {
            eprintln!("{line}");
        }
        for entry in self.world.chats.chats.iter().flat_map(|chat| &chat.entries) {
            eprintln!("{entry}");
        }
        eprintln!("{:?}", self.session);
    }
}
