//! What goes back to a visitor: the data of answers and pushes, and refusals.

use super::model::{Chat, Entry};
use crate::forms::Wrong;
use serde::Serialize;

/// What a visitor gets: the answer to an operation, or a push.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VisitorData<'a> {
    pub(crate) status_code: u8,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<Ids<'a>>,
    pub(crate) chat_ended: bool,
    pub(crate) messages: &'a [Entry],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<WireError<'a>>,
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
        Self { status_code: 0, ids: Some(ids), chat_ended: chat.ended.is_some(), messages, errors: Vec::new() }
    }

    /// In how many seconds the operation may be tried again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.errors.iter().find_map(|error| error.retry_after)
    }

    /// A refusal.
    #[must_use]
    pub fn refused(chat: Option<&'a Chat>, refusal: &'a Refusal) -> Self {
        let data = chat.map(|chat| Self::of(chat, &[]));
        let ids = data.and_then(|data| data.ids);
        // Without the chat nothing is known; a session that is unknown is over for whoever asks.
        let chat_ended = chat.map_or(refusal.status == 2, |chat| chat.ended.is_some());
        Self { status_code: refusal.status, ids, chat_ended, messages: &[], errors: refusal.wire() }
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
    /// Another server was faster: it may be tried again at once.
    pub conflict: bool,
    /// The fields of a form that are wrong: an error for each.
    pub fields: Vec<Wrong>,
}

/// A refusal on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError<'a> {
    code: u32,
    advice: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal after which the client may go on.
    #[must_use]
    pub fn new(code: u32, advice: impl Into<String>) -> Self {
        Self { status: 1, code, advice: advice.into(), retry_after: None, conflict: false, fields: Vec::new() }
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

    /// A form that is filled in wrong.
    #[must_use]
    pub fn form(fields: Vec<Wrong>) -> Self {
        Self { fields, ..Self::new(422, "a field is wrong") }
    }

    pub(crate) fn wire(&self) -> Vec<WireError<'_>> {
        let (code, retry_after) = (self.code, self.retry_after);
        if self.fields.is_empty() {
            return vec![WireError { code, advice: &self.advice, field: None, retry_after }];
        }
        self.fields
            .iter()
            .map(|wrong| WireError { code, advice: &wrong.advice, field: Some(&wrong.field), retry_after })
            .collect()
    }
}

impl std::convert::From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        // Held here still, but not in the store any more.
        if matches!(error, crate::store::StoreError::Unknown) {
            return Self::unknown_session();
        }
        let conflict = matches!(error, crate::store::StoreError::Conflict);
        if !conflict {
            tracing::warn!(%error, "the store could not do it");
        }
        Self { conflict, ..Self::new(249, "the server could not do it; try again") }
    }
}

impl std::convert::From<crate::secret::NoRandomness> for Refusal {
    fn from(_: crate::secret::NoRandomness) -> Self {
        Self::new(249, "the server could not do it; try again")
    }
}
