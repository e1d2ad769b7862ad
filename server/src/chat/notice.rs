//! Notices: what chat v2 has no words for, inside chat v2. The manual's chapter on the wire has their shapes.

use super::model::{Chat, Entry, From, Kind};
use crate::config::Channel;
use crate::forms::Form;
use crate::json::{Raw, raw};
use crate::status::Status;
use serde::Serialize;
use std::collections::BTreeMap;

/// An object of strings.
pub(crate) fn strings(members: &[(&str, &str)]) -> Raw {
    raw(&members.iter().copied().collect::<BTreeMap<_, _>>())
}

/// A notice that passes by.
pub(crate) fn passing(name: &str, carries: &impl Serialize, now: u64) -> Entry {
    let mut entry = Entry::passing(Kind::Notice, From::system(), Some(Raw::string(name)), now);
    entry.user_data = Some(raw(carries));
    entry
}

#[derive(Serialize)]
struct Asked<'a> {
    kind: &'a str,
    fields: &'a [crate::forms::Field],
}

/// The form that the chat's status asks for, and its kind.
pub(crate) fn asked<'a>(channel: &'a Channel, chat: &Chat) -> Option<(&'static str, &'a Form)> {
    if !chat.notices || chat.ended.is_some() {
        return None;
    }
    let (kind, form) = match chat.status {
        Status::PreChatForm => ("pre-chat", &channel.pre_chat),
        Status::Finished => ("post-chat", &channel.post_chat),
        Status::OfflineForm => ("offline", &channel.offline),
        _ => return None,
    };
    form.as_ref().map(|form| (kind, form))
}

/// The form that is asked for, as a notice.
pub(crate) fn form(channel: &Channel, chat: &Chat, now: u64) -> Option<Entry> {
    asked(channel, chat).map(|(kind, form)| passing("form", &Asked { kind, fields: &form.fields }, now))
}
