//! What a page does and notes, and the rules that hold for every page: see [`Page::note`].

use std::collections::BTreeMap;

use causerie::json::Json;
use causerie::json::native::NativeJson;
use causerie::session::{CommandId, EndReason, Error, Event, Snapshot};

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Message,
    Url,
    Joined,
    Left,
    Notice,
    Renewed,
    Typing,
    NotTyping,
    Interrupted,
    Continued,
    Ended,
    Error,
}

/// An event as the page saw it; what the kind does not have is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub at: u64,
    pub kind: Kind,
    pub index: Option<u32>,
    pub restored: bool,
    pub text: String,
    pub name: String,
    pub code: u16,
}

/// How the browser's store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// As it should be.
    #[default]
    Well,
    /// Nothing is written or deleted; what is there stays.
    Denied,
    /// There is no room for messages.
    Full,
}

/// How far callbacks were told of a transcript: what rule 2 of the API is about. Nothing here comes from the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The next index that no callback was told of.
    pub next: u32,
    /// The same at the last time when a store took it down.
    kept: u32,
}

/// One page, from its load to its unload.
#[derive(Debug, Default)]
pub struct Page {
    pub seen: Vec<Seen>,
    pub results: BTreeMap<CommandId, Result<(), Error>>,
    /// When commands were settled, in order.
    pub settled: Vec<(u64, CommandId)>,
    pub ended: Option<EndReason>,
    /// The state of the store, which outlives the page.
    pub stored: Option<Snapshot<NativeJson>>,
    pub persists: u32,
    pub forgets: u32,
    pub logs: Vec<String>,
    /// What `onError` told.
    pub reported: Vec<String>,
    /// What callbacks of this page and the earlier ones were told of each session, by its id; that of a first page is `""`.
    told: BTreeMap<String, Told>,
    /// The session that the page began with; `""` for a new one.
    pub began: String,
    /// The session whose entries come.
    chat: String,
    /// What earlier pages were told of it.
    before: Told,
    /// The last entry that waits for its callbacks to have run.
    waiting: Option<u32>,
    /// How the store is.
    pub storage: Storage,
    /// The page does not tell what it has been told.
    pub is_busy: bool,
    is_interrupted: bool,
    agents: Vec<String>,
    has_seen_fresh: bool,
    /// The version of the session data that the page was brought to.
    pub data: u32,
    last_index: Option<u32>,
}

impl Page {
    /// The next page of the same browser.
    pub fn next(&self) -> Self {
        let mut next = Self { stored: self.stored.clone(), storage: self.storage, ..Self::default() };
        if let Some(stored) = &self.stored {
            next.told.clone_from(&self.told);
            next.chat.clone_from(&stored.keys.chat_id);
            next.began.clone_from(&next.chat);
            if let (true, Some(told)) = (self.chat.is_empty(), next.told.remove("")) {
                next.told.insert(next.chat.clone(), told);
            }
            next.before = next.told.get(&next.chat).copied().unwrap_or_default();
        }
        next
    }

    /// The callbacks have run for all that was noted; returns the last index of it.
    pub fn tell(&mut self) -> Option<u32> {
        let index = self.waiting.take()?;
        let told = self.told.entry(self.chat.clone()).or_default();
        told.next = told.next.max(index + 1);
        if self.storage != Storage::Denied {
            told.kept = told.next;
        }
        Some(index)
    }

    /// How far this page and the earlier ones were told of the session.
    pub fn told(&self) -> Told {
        self.told.get(&self.chat).copied().unwrap_or_default()
    }

    /// The texts of what is stored and not settled.
    pub fn unsent(&self) -> Vec<&str> {
        let outbox = self.stored.as_ref().and_then(|stored| stored.outbox.tree().as_array());
        outbox.into_iter().flatten().filter_map(|unsent| unsent["text"].as_str()).collect()
    }

    /// The state is to be stored.
    pub fn store(&mut self, mut snapshot: Snapshot<NativeJson>) {
        if self.storage == Storage::Full {
            snapshot.outbox = NativeJson::array();
        }
        if self.storage != Storage::Denied {
            self.stored = Some(snapshot);
        }
    }

    /// The stored state is to be deleted.
    pub fn forget(&mut self) {
        if self.storage != Storage::Denied {
            self.stored = None;
        }
    }

    /// A command is settled: once.
    pub fn settle(&mut self, at: u64, command: CommandId, result: Result<(), Error>) {
        self.settled.push((at, command));
        assert!(self.results.insert(command, result).is_none(), "command {command} is settled twice");
    }

    /// Notes an event. What must hold for every page is checked here.
    pub fn note(&mut self, at: u64, event: &Event<NativeJson>) {
        let mut seen = Seen {
            at,
            kind: Kind::Error,
            index: None,
            restored: false,
            text: String::new(),
            name: String::new(),
            code: 0,
        };
        assert!(self.ended.is_none(), "nothing comes after the end: {event:?}");
        match event {
            Event::Message { place, url, entry } => {
                seen.kind = if *url { Kind::Url } else { Kind::Message };
                seen.text = entry.text();
                self.place(&mut seen, place, &entry.party().name());
            }
            Event::Messages { .. } => return event.clone().singly().iter().for_each(|one| self.note(at, one)),
            Event::AgentConnected { place, party } => {
                seen.kind = Kind::Joined;
                self.place(&mut seen, place, &party.name());
                self.agents.push(party.name());
            }
            Event::AgentDisconnected { place, party } => {
                seen.kind = Kind::Left;
                self.place(&mut seen, place, &party.name());
                let agent = self.agents.iter().position(|name| *name == party.name());
                self.agents.remove(agent.expect("an agent who is disconnected was connected"));
            }
            Event::AgentTyping { party, on } => {
                seen.kind = if *on { Kind::Typing } else { Kind::NotTyping };
                seen.name = party.name();
            }
            Event::Notice { place, name, data } => {
                seen.kind = Kind::Notice;
                seen.text = format!("{name} {}", data.tree());
                if name == "session-data" {
                    let [from, version] =
                        ["from", "version"].map(|name| data.tree()[name].as_u64().unwrap_or(0) as u32);
                    assert!(from == 0 || from == self.data, "a change of what the page does not have: {seen:?}");
                    self.data = version;
                }
                if let Some(place) = place {
                    self.place(&mut seen, place, "System");
                }
            }
            Event::Renewed { previous, id, reason } => {
                seen.kind = Kind::Renewed;
                seen.text = format!("{previous} {id} {reason}");
                assert!(self.agents.is_empty(), "agents are disconnected before a renewal: {:?}", self.agents);
                self.last_index = None;
                self.renewed(previous, id);
            }
            Event::Interrupted => {
                seen.kind = Kind::Interrupted;
                assert!(!self.is_interrupted, "interruptions and continuations alternate");
                self.is_interrupted = true;
            }
            Event::Continued => {
                seen.kind = Kind::Continued;
                assert!(self.is_interrupted, "interruptions and continuations alternate");
                self.is_interrupted = false;
            }
            Event::Ended { reason, .. } => {
                seen.kind = Kind::Ended;
                seen.code = reason.code().into();
                self.ended = Some(*reason);
                assert!(self.agents.is_empty(), "agents are disconnected before the end: {:?}", self.agents);
            }
            Event::Error(error) => {
                seen.code = error.code.number();
                seen.text = error.to_string();
                self.reported.push(seen.text.clone());
            }
        }
        self.waiting = seen.index.or(self.waiting);
        self.seen.push(seen);
    }

    /// Positions count from the beginning again; those of before mean nothing any more, whether they were told or not.
    fn renewed(&mut self, previous: &str, id: &str) {
        if let Some(told) = self.told.remove("") {
            self.told.insert(previous.to_owned(), told);
        }
        assert!(self.chat.is_empty() || self.chat == previous, "{previous} is renewed, and {} is on", self.chat);
        id.clone_into(&mut self.chat);
        self.before = self.told();
        self.waiting = None;
    }

    fn place(&mut self, seen: &mut Seen, place: &causerie::session::Place, name: &str) {
        assert!(
            self.last_index.is_none_or(|last| last < place.index),
            "indexes go up: {place:?} after {:?}",
            self.last_index
        );
        let Told { next, kept } = self.before;
        assert!(
            !place.restored || place.index < next,
            "no earlier page was told of this, and it is restored: {place:?}"
        );
        assert!(
            place.restored || place.index >= kept,
            "an earlier page was told of this, and it is not restored: {place:?}"
        );
        assert!(!(place.restored && self.has_seen_fresh), "restored comes before new");
        self.has_seen_fresh |= !place.restored;
        self.last_index = Some(place.index);
        seen.index = Some(place.index);
        seen.restored = place.restored;
        seen.name = name.to_owned();
    }

    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }

    /// The kinds of events in order, errors left out.
    pub fn kinds(&self) -> Vec<Kind> {
        self.seen.iter().map(|seen| seen.kind).filter(|kind| *kind != Kind::Error).collect()
    }

    /// The codes of the errors.
    pub fn errors(&self) -> Vec<u16> {
        self.seen.iter().filter(|seen| seen.kind == Kind::Error).map(|seen| seen.code).collect()
    }

    /// The texts of messages and addresses, in order.
    pub fn texts(&self) -> Vec<&str> {
        let said = |seen: &&Seen| matches!(seen.kind, Kind::Message | Kind::Url);
        self.seen.iter().filter(said).map(|seen| seen.text.as_str()).collect()
    }

    /// The first event of a kind.
    pub fn first(&self, kind: Kind) -> Option<&Seen> {
        self.seen.iter().find(|seen| seen.kind == kind)
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.seen.iter().filter(|seen| seen.kind == kind).count()
    }
}
