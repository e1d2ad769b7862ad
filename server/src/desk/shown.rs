//! What agents are shown, as it is on the wire: the queue, their chats, and entries.

use crate::chat::model::{Chat, Entry, Kind, OfflineRequest, Role, Values};
use crate::chat::reply::WireError;
use crate::json::Raw;
use crate::status::Status;
use serde::Serialize;
use std::collections::BTreeMap;

/// A chat in the queue, or among an agent's.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    chat_id: String,
    nickname: Raw,
    subject: Raw,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    forms: BTreeMap<String, Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<String>,
}

impl Summary {
    pub(super) fn of(chat: &Chat) -> Self {
        Self {
            chat_id: chat.id.clone(),
            nickname: chat.nickname.clone(),
            subject: chat.subject.clone(),
            since: chat.since,
            status: chat.notices.then_some(chat.status),
            forms: chat.forms.clone(),
            previous_id: chat.previous.clone(),
        }
    }
}

/// What an agent gets: the answer to an operation, or a push.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeskData<'a> {
    pub(super) status_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<WireError<'a>>,
    /// Left out, as `chats` is, where it is as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) queue: Option<Vec<&'a Summary>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chats: Option<Vec<&'a Summary>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<DeskEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests: Option<Vec<OfflineRequest>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_id: Option<String>,
}

/// An entry, and of which chat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeskEntry<'a> {
    chat_id: &'a str,
    #[serde(flatten)]
    entry: Entry,
}

/// An entry as agents see it. The id of the visitor's first request stays with the visitor: it stands for the key.
pub(super) fn desk_entries<'a>(chat: &'a str, entries: &[Entry]) -> Vec<DeskEntry<'a>> {
    let seen = |entry: &Entry| {
        let mut entry = entry.clone();
        if entry.kind == Kind::ParticipantJoined && entry.from.role == Role::Client {
            entry.message_id = None;
        }
        DeskEntry { chat_id: chat, entry }
    };
    entries.iter().map(seen).collect()
}

impl<'a> DeskData<'a> {
    /// Messages alone.
    pub(super) fn of(messages: Vec<DeskEntry<'a>>) -> Self {
        let (errors, queue, chats) = (Vec::new(), None, None);
        Self { status_code: 0, errors, queue, chats, messages, requests: None, previous_id: None }
    }
}
