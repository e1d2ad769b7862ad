//! The inspector: signed-in agents who may (`inspector = true`) watch what becomes of a session, live: its status and the ways
//! there, its data, the internal fields, and what its bot logs.
//!
//! Who inspects works on nothing and counts as nobody at the desk. What is shown is private: it goes nowhere else. The log of a
//! bot is in this server's memory only; the rest is read from the store when somebody begins to watch. `operations` is what they ask.

mod operations;

use crate::bayeux::message::event;
use crate::chat::model::{Chat, Entry, Kind};
use crate::chat::reply::WireError;
use crate::config::Config;
use crate::json::{Raw, raw};
use crate::lock::locked;
use crate::session::Session;
use crate::status::Status;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// The inspector's channel.
pub const CHANNEL: &str = "/service/inspector";
/// How many lines of a bot's log are kept with a session, and of how many bytes.
const LINES: usize = 200;
const BYTES: usize = 16 * 1024;

/// Who inspects.
pub(crate) struct Inspector {
    /// By Bayeux session.
    watchers: Mutex<HashMap<String, Watcher>>,
    /// Whether any agent may.
    allowed: bool,
}

struct Watcher {
    session: Arc<Session>,
    /// The chat that is watched.
    chat: Option<String>,
}

/// What a bot has logged with a session, the newest last.
#[derive(Debug, Default)]
pub(crate) struct BotLog {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct LogLine {
    time: u64,
    text: String,
    /// It is why the bot failed.
    failed: bool,
}

/// A session in the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    chat_id: &'a str,
    service: &'a str,
    nickname: &'a Raw,
    since: u64,
    status: Status,
    bot_active: bool,
    agents: Vec<&'a str>,
    ended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewed_id: Option<&'a str>,
}

/// What of a session is watched; in a push, what is new of it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Watched<'a> {
    chat_id: &'a str,
    transitions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal: Option<Value>,
    /// A change of the session data; one `from` 0 is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Raw>,
    log: Vec<LogLine>,
}

/// What an inspector gets: the answer to an operation, or a push.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    status_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WireError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<Raw>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forgotten: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<Watched<'a>>,
}

fn row(chat: &Chat) -> Raw {
    raw(&Row {
        chat_id: &chat.id,
        service: &chat.service,
        nickname: &chat.nickname,
        since: chat.since,
        status: chat.status,
        bot_active: chat.bot_active,
        agents: chat.agents.iter().map(|agent| agent.name.as_str()).collect(),
        ended: chat.ended.is_some(),
        previous_id: chat.previous.as_deref(),
        renewed_id: chat.renewed.as_ref().map(|renewed| renewed.id.as_str()),
    })
}

/// The ways from status to status that these entries tell.
fn transitions(entries: &[Entry]) -> Vec<Value> {
    let told = |entry: &Entry| {
        let is_status =
            entry.kind == Kind::Notice && entry.text.as_ref().is_some_and(|text| text.get() == "\"status\"");
        let mut way: Value =
            entry.user_data.as_ref().filter(|_| is_status).map(|way| serde_json::from_str(way.get()))?.ok()?;
        way.as_object_mut()?.insert("time".to_owned(), json!(entry.utc_time));
        Some(way)
    };
    entries.iter().filter_map(told).collect()
}

impl BotLog {
    /// Keeps these lines, and forgets the oldest.
    fn keep(&mut self, lines: &[LogLine]) {
        self.bytes += lines.iter().map(|line| line.text.len()).sum::<usize>();
        self.lines.extend(lines.iter().cloned());
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.text.len());
        }
    }
}

impl Inspector {
    pub(crate) fn new(config: &Config) -> Self {
        Self { watchers: Mutex::default(), allowed: config.agents.iter().any(|agent| agent.inspector) }
    }

    /// A Bayeux session has ended.
    pub(crate) fn session_gone(&self, session: &Session) {
        locked(&self.watchers).remove(&session.id);
    }

    /// Whether anybody inspects.
    pub(crate) fn is_watching(&self) -> bool {
        !locked(&self.watchers).is_empty()
    }

    pub(crate) fn is_watched(&self, chat: &str) -> bool {
        locked(&self.watchers).values().any(|watcher| watcher.chat.as_deref() == Some(chat))
    }

    fn is_in(&self, session: &Session) -> bool {
        locked(&self.watchers).contains_key(&session.id)
    }

    fn enter(&self, session: &Arc<Session>) {
        let watcher = Watcher { session: Arc::clone(session), chat: None };
        locked(&self.watchers).insert(session.id.clone(), watcher);
        // One that has ended meanwhile is not kept.
        if session.is_gone() {
            self.session_gone(session);
        }
    }

    fn watch(&self, session: &Session, chat: Option<&str>) {
        if let Some(watcher) = locked(&self.watchers).get_mut(&session.id) {
            watcher.chat = chat.map(str::to_owned);
        }
    }

    /// Tells all who inspect, or those who watch one chat.
    fn tell(&self, chat: Option<&str>, told: &Told<'_>) {
        let text = event(CHANNEL, None, told);
        for watcher in
            locked(&self.watchers).values().filter(|watcher| chat.is_none() || watcher.chat.as_deref() == chat)
        {
            watcher.session.deliver(Arc::clone(&text));
        }
    }

    /// A session begins, or is another now.
    pub(crate) fn listed(&self, chat: &Chat) {
        if !locked(&self.watchers).is_empty() {
            self.tell(None, &Told { session: Some(row(chat)), ..Told::default() });
        }
    }

    /// A session is forgotten.
    pub(crate) fn forgotten(&self, chat: &str) {
        if !locked(&self.watchers).is_empty() {
            self.tell(None, &Told { forgotten: Some(chat), ..Told::default() });
        }
    }

    /// Session data has changed like this.
    pub(crate) fn data(&self, chat: &str, change: Option<&Raw>) {
        let watched = Watched { chat_id: chat, data: change.cloned(), ..Watched::default() };
        if self.is_watched(chat) {
            self.tell(Some(chat), &Told { watched: Some(watched), ..Told::default() });
        }
    }

    /// A bot has logged this, or failed because of it.
    pub(crate) fn logged(&self, chat: &Chat, log: &mut BotLog, lines: &[String], failed: bool, now: u64) {
        if !self.allowed || lines.is_empty() {
            return;
        }
        let lines: Vec<_> = lines.iter().map(|text| LogLine { time: now, text: text.clone(), failed }).collect();
        log.keep(&lines);
        if self.is_watched(&chat.id) {
            let watched = Watched { chat_id: &chat.id, log: lines, ..Watched::default() };
            self.tell(Some(&chat.id), &Told { watched: Some(watched), ..Told::default() });
        }
    }
}
