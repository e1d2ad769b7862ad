//! What Bayeux messages and replies look like, and how an envelope is taken apart.

use crate::json::write;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A message as it came: each member is looked at only when it is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) channel: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) client_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) version: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) supported_connection_types: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) connection_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) subscription: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) advice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) ext: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// A reply on the wire.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<&'a str>,
    pub(super) successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supported_connection_types: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscription: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Advice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ext: Option<Ext>,
}

/// What the client is advised to do.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Advice {
    pub(super) reconnect: &'static str,
    pub(super) interval: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<u64>,
    #[serde(rename = "multiple-clients", skip_serializing_if = "std::ops::Not::not")]
    pub(super) multiple_clients: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Ext {
    Enabled { ack: bool },
    Batch { ack: u64 },
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AskedAdvice {
    pub(super) timeout: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AskedExt<'a> {
    #[serde(borrow)]
    pub(super) ack: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Event<'a, T: Serialize> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    data: &'a T,
}

/// An event as its JSON text.
pub(crate) fn event<T: Serialize>(channel: &str, id: Option<&RawValue>, data: &T) -> Arc<str> {
    write(&Event { channel, id, data }).into()
}

/// A failure that concerns a whole envelope.
#[must_use]
pub fn failure(error: &str) -> String {
    format!("[{}]", write(&Reply { error: Some(error), ..Reply::default() }))
}

/// Splits an envelope into its messages; a bare object is read as an array of one.
///
/// # Errors
/// When it is no JSON, or nothing that could be an envelope: the text of the error.
pub fn split(text: &str) -> Result<Vec<&RawValue>, &'static str> {
    if crate::json::too_deep(text) {
        return Err("400::json_too_deep");
    }
    let messages: Vec<&RawValue> = match text.trim_start().as_bytes().first() {
        Some(b'[') => serde_json::from_str(text).map_err(|_| "400::json_malformed")?,
        Some(b'{') => vec![serde_json::from_str(text).map_err(|_| "400::json_malformed")?],
        _ => return Err("400::json_malformed"),
    };
    if messages.len() > 1000 {
        return Err("400::too_many_messages");
    }
    Ok(messages)
}

pub(super) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

pub(super) fn valid_channel(channel: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " !#$()*+-./@_{}~".contains(c);
    channel.len() >= 2 && channel.len() <= 256 && channel.starts_with('/') && channel.chars().all(fits)
}
