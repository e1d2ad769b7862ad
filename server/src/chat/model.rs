//! A chat, its parties and the entries of its transcript; and what they look like on the wire.

use crate::json::Raw;
use crate::secret::SecureKey;
use serde::Serialize;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
#[must_use]
pub fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// One chat, as the store keeps it.
#[derive(Debug, Clone)]
pub struct Chat {
    /// Its id, which agents see too.
    pub id: String,
    /// The channel it was asked for on.
    pub service: String,
    /// What proves that a client is its visitor.
    pub key: SecureKey,
    /// The visitor's id on the wire; it proves nothing.
    pub user_id: String,
    /// The message id of the `requestChat` that made it.
    pub request: Option<String>,
    /// Where that came from.
    pub address: IpAddr,
    /// The visitor's name, a JSON string.
    pub nickname: Raw,
    /// What it is about, a JSON string.
    pub subject: Raw,
    /// The visitor's e-mail address, a JSON string.
    pub email: Option<Raw>,
    /// What the page attached, a JSON object.
    pub user_data: Option<Raw>,
    /// When it began, in milliseconds since the epoch.
    pub since: u64,
    /// The index of the next entry; the first is 1.
    pub next_index: u64,
    /// The participant id of the next agent; the visitor's is 1.
    pub next_participant: u64,
    /// The agents that are in it now.
    pub agents: Vec<AgentParty>,
    /// When it ended, in milliseconds since the epoch.
    pub ended: Option<u64>,
}

/// An agent in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentParty {
    /// The agent's name, which is the agent's identity.
    pub name: String,
    /// The agent's participant id in this chat.
    pub participant: u64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Kind {
    ParticipantJoined,
    ParticipantLeft,
    Message,
    PushUrl,
    NicknameUpdated,
    CustomNotice,
    TypingStarted,
    TypingStopped,
}

/// Who a party is to the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Role {
    Client,
    Agent,
    External,
}

/// Who made an entry.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct From {
    /// The name at that time.
    pub nickname: Raw,
    /// Unique in the chat; the visitor's is 1, the system's 0.
    pub participant_id: u64,
    /// Visitor, agent or system.
    #[serde(rename = "type")]
    pub role: Role,
}

/// One entry of a transcript; or, without an index, something that passes by and is not kept.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When, in milliseconds since the epoch.
    pub utc_time: u64,
    /// Its text, a JSON string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Raw>,
    /// The type the sender gave it, a JSON string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<Raw>,
    /// The client's id of the operation that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Who made it.
    pub from: From,
}

impl Chat {
    /// The visitor, as the maker of an entry.
    #[must_use]
    pub fn visitor(&self) -> From {
        From { nickname: self.nickname.clone(), participant_id: 1, role: Role::Client }
    }

    /// The agent's part in this chat.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&AgentParty> {
        self.agents.iter().find(|agent| agent.name == name)
    }
}

impl AgentParty {
    /// The agent, as the maker of an entry.
    #[must_use]
    pub fn from(&self) -> From {
        From { nickname: Raw::string(&self.name), participant_id: self.participant, role: Role::Agent }
    }
}

/// A change of a chat in the making: committed as a whole, or not at all.
#[derive(Debug)]
pub struct Draft {
    /// The chat as it will be.
    pub chat: Chat,
    /// The entries it will gain.
    pub entries: Vec<Entry>,
}

impl Draft {
    /// A change of this chat.
    #[must_use]
    pub fn of(chat: &Chat) -> Self {
        Self { chat: chat.clone(), entries: Vec::new() }
    }

    /// Adds an entry, to which details may be added.
    pub fn add(&mut self, kind: Kind, from: From, text: Option<Raw>) -> &mut Self {
        let index = Some(self.chat.next_index);
        self.chat.next_index += 1;
        self.entries.push(Entry {
            index,
            kind,
            utc_time: wall_clock(),
            text,
            message_type: None,
            message_id: None,
            from,
        });
        self
    }

    /// Gives the last entry the ids and types its sender gave it.
    pub fn marked(&mut self, message_id: Option<String>, message_type: Option<Raw>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.message_id = message_id;
            entry.message_type = message_type;
        }
    }

    /// An agent joins.
    pub fn join(&mut self, name: &str) {
        let party = AgentParty { name: name.to_owned(), participant: self.chat.next_participant };
        self.chat.next_participant += 1;
        self.add(Kind::ParticipantJoined, party.from(), None);
        self.chat.agents.push(party);
    }

    /// An agent leaves.
    pub fn leave(&mut self, name: &str) {
        if let Some(at) = self.chat.agents.iter().position(|agent| agent.name == name) {
            let party = self.chat.agents.remove(at);
            self.add(Kind::ParticipantLeft, party.from(), None);
        }
    }

    /// The chat ends: every agent leaves, then the visitor.
    pub fn end(&mut self) {
        for party in std::mem::take(&mut self.chat.agents) {
            self.add(Kind::ParticipantLeft, party.from(), None);
        }
        let visitor = self.chat.visitor();
        self.add(Kind::ParticipantLeft, visitor, None);
        self.chat.ended = Some(wall_clock());
    }
}

/// What a visitor gets: the answer to an operation, or a push.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VisitorData<'a> {
    pub(crate) status_code: u8,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<Ids<'a>>,
    pub(crate) chat_ended: bool,
    pub(crate) messages: &'a [Entry],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<[WireError<'a>; 1]>,
}

/// Which chat it is, for its visitor only.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ids<'a> {
    pub(crate) chat_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) alias: &'static str,
    pub(crate) secure_key: &'a str,
    pub(crate) next_position: u64,
}

impl<'a> VisitorData<'a> {
    /// Entries of a chat.
    #[must_use]
    pub fn of(chat: &'a Chat, messages: &'a [Entry]) -> Self {
        let ids = Ids {
            chat_id: &chat.id,
            user_id: &chat.user_id,
            alias: "1",
            secure_key: chat.key.reveal(),
            next_position: chat.next_index,
        };
        Self { status_code: 0, ids: Some(ids), chat_ended: chat.ended.is_some(), messages, errors: None }
    }

    /// In how many seconds the operation may be tried again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.errors.as_ref().and_then(|[error]| error.retry_after)
    }

    /// A refusal.
    #[must_use]
    pub fn refused(chat: Option<&'a Chat>, refusal: &'a Refusal) -> Self {
        let data = chat.map(|chat| Self::of(chat, &[]));
        let ids = data.and_then(|data| data.ids);
        // Without the chat nothing is known; a session that is unknown is over for whoever asks.
        let chat_ended = chat.map_or(refusal.status == 2, |chat| chat.ended.is_some());
        Self { status_code: refusal.status, ids, chat_ended, messages: &[], errors: Some([refusal.wire()]) }
    }
}

/// Why an operation was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 1: the client may go on; 2: it may not.
    pub status: u8,
    /// The code, from the wire's table.
    pub code: u32,
    /// What was expected, and what came; never its content.
    pub advice: String,
    /// In how many seconds it may be tried again.
    pub retry_after: Option<u64>,
}

/// A refusal on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError<'a> {
    code: u32,
    advice: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal after which the client may go on.
    #[must_use]
    pub fn new(code: u32, advice: impl Into<String>) -> Self {
        Self { status: 1, code, advice: advice.into(), retry_after: None }
    }

    /// The same, after which it may not.
    #[must_use]
    pub fn fatal(self) -> Self {
        Self { status: 2, ..self }
    }

    /// The operation is malformed.
    #[must_use]
    pub fn malformed(advice: impl Into<String>) -> Self {
        Self::new(400, advice)
    }

    /// Unknown session, or not its key.
    #[must_use]
    pub fn unknown_session() -> Self {
        Self::new(8210, "unknown session, or not its key").fatal()
    }

    /// Too many operations.
    #[must_use]
    pub fn too_many(seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(429, "too many operations") }
    }

    pub(crate) fn wire(&self) -> WireError<'_> {
        WireError { code: self.code, advice: &self.advice, retry_after: self.retry_after }
    }
}

impl std::convert::From<crate::store::StoreError> for Refusal {
    fn from(_: crate::store::StoreError) -> Self {
        Self::new(249, "the server could not do it; try again")
    }
}

impl std::convert::From<crate::secret::NoRandomness> for Refusal {
    fn from(_: crate::secret::NoRandomness) -> Self {
        Self::new(249, "the server could not do it; try again")
    }
}
