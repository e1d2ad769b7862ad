//! What a bot is called for: kept in the chat's record until it was.

use crate::json::{Raw, raw};
use crate::status::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Calls that a bot may still have to answer before it counts as not keeping up.
pub(crate) const CALLS: usize = 100;

/// Something that a bot is called for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// What has happened.
    pub hook: Hook,
    /// How many calls of the bot led to it, one by the other.
    #[serde(default)]
    pub depth: u8,
}

/// What has happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Hook {
    /// The chat began; with these words, and by the visitor or by a script.
    Created {
        /// What the visitor said with the request, a JSON string.
        words: Raw,
        /// Not by a script.
        started: bool,
    },
    /// The status changed.
    Changed {
        /// From this one.
        old: Status,
        /// To this one.
        new: Status,
    },
    /// The visitor sent something.
    Request(Request),
}

/// What a visitor sent, as scripts see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The words, a JSON string.
    pub query: Raw,
    /// The name of the event, if it is one.
    #[serde(default)]
    pub event: Option<Raw>,
    /// What it carries.
    #[serde(default)]
    pub data: Option<Raw>,
    /// What came, before a script changed it.
    #[serde(rename = "rawRequest", default)]
    pub raw: Option<Raw>,
    /// The client's id of the message.
    #[serde(rename = "messageId", default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

impl Request {
    /// Words or an event, as they came.
    #[must_use]
    pub fn new(query: &Raw, event: Option<&str>, data: Option<Raw>, message_id: Option<String>) -> Self {
        let mut came = BTreeMap::from([("messages", raw(&[BTreeMap::from([("text", query.clone())])]))]);
        if let Some(data) = &data {
            came.insert("data", data.clone());
        }
        Self { query: query.clone(), event: event.map(raw), data, raw: Some(raw(&came)), message_id }
    }
}
