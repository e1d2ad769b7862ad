//! What a visitor gives to a session that is to be there once: a message, the address of a page, an answer to a form or to
//! the FAQ, session data.

use crate::json::{Json, Name, Text};

/// Something that is sent, and settled.
#[derive(Clone, Debug)]
pub enum Content<J: Json> {
    /// A message.
    Text(J::Text),
    /// The address of a page.
    Url(J::Text),
    /// A notice: a word that names it, and what it carries.
    Notice(J::Text, J),
    /// Changes of the session data.
    Data {
        /// Members to set, an object.
        set: Option<J>,
        /// Names of members to delete, an array.
        deleted: Option<J>,
        /// About how many characters that is.
        size: usize,
    },
}

impl<J: Json> Content<J> {
    /// The operation that sends it.
    pub fn operation(&self) -> &'static str {
        match self {
            Content::Text(_) => "sendMessage",
            Content::Url(_) => "pushUrl",
            Content::Notice(..) => "customNotice",
            Content::Data { .. } => "updateData",
        }
    }

    /// Sets the members of that operation, the client's id left out.
    pub(super) fn fill(&self, members: &mut J) {
        match self {
            Content::Text(text) => {
                members.put_text(Name::Message, text);
                members.put_str(Name::MessageType, "text");
            }
            Content::Url(url) => members.put_text(Name::PushUrl, url),
            Content::Notice(name, data) => {
                members.put_text(Name::Message, name);
                members.put(Name::UserData, data.clone());
            }
            Content::Data { set, deleted, .. } => {
                for (name, value) in [(Name::UserData, set), (Name::Deleted, deleted)] {
                    if let Some(value) = value {
                        members.put(name, value.clone());
                    }
                }
            }
        }
    }

    /// Reads it back from the data of an operation; `None` when that is another one.
    pub fn of_operation(data: &J) -> Option<Self> {
        let operation = data.string_of(Name::Operation)?;
        let object = |name| Some(data.get(name)).filter(|value| !value.is_null());
        Some(match operation.as_str() {
            "sendMessage" => Content::Text(data.get(Name::Message).text()?),
            "pushUrl" => Content::Url(data.get(Name::PushUrl).text()?),
            "customNotice" => Content::Notice(data.get(Name::Message).text()?, data.get(Name::UserData)),
            "updateData" => Content::Data {
                set: object(Name::UserData),
                deleted: object(Name::Deleted),
                size: data.count_of(Name::Size).unwrap_or(0) as usize,
            },
            _ => return None,
        })
    }

    /// The text of a message or of an address, and whether it is the latter.
    pub fn said(&self) -> Option<(&J::Text, bool)> {
        match self {
            Content::Text(text) => Some((text, false)),
            Content::Url(url) => Some((url, true)),
            Content::Notice(..) | Content::Data { .. } => None,
        }
    }

    /// About how many characters it takes.
    pub fn size(&self) -> usize {
        match self {
            Content::Text(text) | Content::Url(text) => text.size(),
            Content::Notice(..) => 0,
            Content::Data { size, .. } => *size,
        }
    }
}
