//! A chat, its parties and the entries of its transcript; and what they look like on the wire.

use crate::json::Raw;
use crate::secret::SecureKey;
use serde::{Deserialize, Serialize};
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
    /// Who made it.
    pub from: From,
}

impl Entry {
    /// What passes by and is not kept.
    #[must_use]
    pub fn passing(kind: Kind, from: From, text: Option<Raw>, now: u64) -> Self {
        Self { index: None, kind, utc_time: now, text, message_type: None, message_id: None, from }
    }
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
    /// When it is made, in milliseconds since the epoch.
    now: u64,
}

impl Draft {
    /// A change of this chat at this time.
    #[must_use]
    pub fn of(chat: &Chat, now: u64) -> Self {
        let mut chat = chat.clone();
        chat.version += 1;
        Self { chat, entries: Vec::new(), now }
    }

    /// Adds an entry, to which details may be added.
    pub fn add(&mut self, kind: Kind, from: From, text: Option<Raw>) -> &mut Self {
        let index = Some(self.chat.next_index);
        self.chat.next_index += 1;
        self.entries.push(Entry { index, kind, utc_time: self.now, text, message_type: None, message_id: None, from });
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
        self.chat.ended = Some(self.now);
    }
}
