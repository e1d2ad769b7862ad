//! A chat, its parties and the entries of its transcript; and what they look like on the wire.

use crate::chat::call::Call;
use crate::config::Limits;
use crate::json::Raw;
use crate::secret::{NoRandomness, SecureKey, random_hex};
use crate::status::{Cause, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One chat, as the store keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chat {
    /// How often it was changed. The store takes a change only if it is the next one.
    pub version: u64,
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
    /// The visitor's first name, a JSON string, where the client tells it beside the name that is shown.
    #[serde(default)]
    pub first_name: Option<Raw>,
    /// The same of the last name.
    #[serde(default)]
    pub last_name: Option<Raw>,
    /// What it is about, a JSON string.
    pub subject: Raw,
    /// The visitor's e-mail address, a JSON string.
    pub email: Option<Raw>,
    /// When it began, in milliseconds since the epoch.
    pub since: u64,
    /// The index of the next entry; the first is 1.
    pub next_index: u64,
    /// What its entries take, in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// The participant id of the next agent; the visitor's is 1.
    pub next_participant: u64,
    /// The agents that are in it now.
    pub agents: Vec<AgentParty>,
    /// When it ended, in milliseconds since the epoch.
    pub ended: Option<u64>,
    /// Why it is about to end, while it waits for its bot's last word.
    #[serde(default)]
    pub closes: Option<Cause>,
    /// The index of the first of the entries that ended it.
    #[serde(default)]
    pub closing: u64,
    /// Where it stands.
    #[serde(default = "in_queue")]
    pub status: Status,
    /// Whether its visitor reads notices: only then there are any, and forms and the FAQ.
    #[serde(default)]
    pub notices: bool,
    /// Whether a bot leads it.
    #[serde(default)]
    pub bot_active: bool,
    /// What its bot is still to be called for, the oldest first.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// Whether its bot was, or is about to be, told that it began.
    #[serde(default)]
    pub bot_called: bool,
    /// Whether its bot has answered that.
    #[serde(default)]
    pub bot_greeted: bool,
    /// What its bot keeps, a JSON object.
    #[serde(default)]
    pub bot_session: Option<Raw>,
    /// The participant id of its bot.
    #[serde(default)]
    pub bot_participant: Option<u64>,
    /// What the visitor filled in, by the kind of the form.
    #[serde(default)]
    pub forms: BTreeMap<String, Values>,
    /// What has become of the FAQ.
    #[serde(default)]
    pub faq: FaqState,
    /// Whether the visitor's client knows the key of the session data, which then outlives the session.
    #[serde(default)]
    pub data_key_told: bool,
    /// What the visitor said last, a JSON string.
    #[serde(default)]
    pub last_words: Option<Raw>,
    /// How it was said.
    #[serde(default)]
    pub last_kind: WordKind,
    /// What the FAQ made of it: the id of the entry that fits, and how well.
    #[serde(default)]
    pub intent: Option<(String, f64)>,
    /// The visitor's locale, as the client says.
    #[serde(default)]
    pub locale: Option<String>,
    /// The status before this one.
    #[serde(default)]
    pub status_before: Option<Status>,
    /// Since when its time is over, while its visitor may still open a new one by writing.
    #[serde(default)]
    pub lapsed: Option<u64>,
    /// Whether it was said that it will end if it stays silent, and it was silent since.
    #[serde(default)]
    pub warned: bool,
    /// The session whose place it took.
    #[serde(default)]
    pub previous: Option<String>,
    /// The session that took its place.
    #[serde(default)]
    pub renewed: Option<Renewed>,
}

/// How the visitor said something last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WordKind {
    /// Nothing was said yet.
    #[default]
    Intro,
    /// By filling in a form, or answering the FAQ.
    Postback,
    /// In words.
    Text,
}

/// The session that took a chat's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: Reason,
}

/// Why a session took another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The other's time was over.
    Timeout,
    /// A bot's script wanted it.
    Script,
}

/// What has become of the FAQ in a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaqState {
    /// It was not asked yet.
    #[default]
    Unasked,
    /// It suggested the entry of this id.
    Suggested(String),
    /// It is done with.
    Done,
}

/// What a form was filled in with, by the names of its fields.
pub type Values = BTreeMap<String, String>;

/// What a visitor left when nobody was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfflineRequest {
    /// Its number, which the store gives it: later ones are greater.
    pub id: u64,
    /// The channel.
    pub service: String,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// What was filled in.
    pub values: Values,
}

/// Files of the first version do not say.
fn in_queue() -> Status {
    Status::InQueue
}

/// An agent in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentParty {
    /// The agent's name, which is the agent's identity.
    pub name: String,
    /// The agent's participant id in this chat.
    pub participant: u64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    Notice,
}

/// Who a party is to the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Role {
    Client,
    Agent,
    External,
}

/// Who made an entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What a notice carries, a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<Raw>,
    /// Who made it.
    pub from: From,
}

/// What an entry takes beside its text and what it carries: its time, its kind, its maker.
const FRAME: usize = 200;

impl Entry {
    /// How many bytes it takes, roughly.
    pub(super) fn size(&self) -> u64 {
        let parts = [&self.text, &self.user_data].map(|part| part.as_ref().map_or(0, |part| part.get().len()));
        (parts.iter().sum::<usize>() + FRAME) as u64
    }

    /// What passes by and is not kept.
    #[must_use]
    pub fn passing(kind: Kind, from: From, text: Option<Raw>, now: u64) -> Self {
        Self { index: None, kind, utc_time: now, text, message_type: None, message_id: None, user_data: None, from }
    }
}

impl From {
    /// The system.
    #[must_use]
    pub fn system() -> Self {
        Self { nickname: Raw::string("System"), participant_id: 0, role: Role::External }
    }
}

impl Chat {
    /// A chat that has not begun, with ids and a key of its own.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(service: &str, address: IpAddr, now: u64) -> Result<Self, NoRandomness> {
        Ok(Self {
            version: 0,
            id: random_hex(10)?,
            service: service.to_owned(),
            key: SecureKey::random()?,
            user_id: random_hex(8)?,
            request: None,
            address,
            nickname: Raw::string(""),
            first_name: None,
            last_name: None,
            subject: Raw::string(""),
            email: None,
            since: now,
            next_index: 1,
            bytes: 0,
            next_participant: 2,
            agents: Vec::new(),
            ended: None,
            closes: None,
            closing: 0,
            status: Status::Invalid,
            notices: false,
            bot_active: false,
            calls: Vec::new(),
            bot_called: false,
            bot_greeted: false,
            bot_session: None,
            bot_participant: None,
            forms: BTreeMap::new(),
            faq: FaqState::Unasked,
            data_key_told: false,
            last_words: None,
            last_kind: WordKind::Intro,
            intent: None,
            locale: None,
            status_before: None,
            lapsed: None,
            warned: false,
            previous: None,
            renewed: None,
        })
    }

    /// A chat that has not begun, which is to take the place of another. Its id begins as the other's does: a store that
    /// spreads chats over many machines by the first digit keeps both on one, and so can change both at once.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn in_place_of(old: &Self, now: u64) -> Result<Self, NoRandomness> {
        let mut chat = Self::new(&old.service, old.address, now)?;
        if let Some(first) = old.id.chars().next() {
            chat.id.remove(0);
            chat.id.insert(0, first);
        }
        Ok(chat)
    }

    /// Whether it waits for people. While a bot still makes up its mind whether to greet, it does not.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.status == Status::InQueue && self.ended.is_none() && (!self.bot_active || self.bot_greeted)
    }

    /// Whether it is people's: in the queue, or with agents.
    #[must_use]
    pub fn is_at_desk(&self) -> bool {
        self.ended.is_none() && (self.waits() || !self.agents.is_empty())
    }

    /// Whether nothing more can be said in it.
    #[must_use]
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.next_index > limits.transcript_entries || self.bytes >= limits.transcript_bytes
    }

    /// Whether its time is over, but not for a visitor who writes again.
    #[must_use]
    pub fn may_be_renewed(&self) -> bool {
        self.lapsed.is_some() && self.ended.is_none()
    }

    /// Whether its visitor may open a new session when its time is over, rather than just see it end.
    #[must_use]
    pub fn may_lapse(&self) -> bool {
        self.notices && self.status != Status::Finished
    }

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
