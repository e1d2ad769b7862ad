//! An operation of another tab's, as it came over the tabs' channel: read back from its data, to be sent with the keys of
//! the tab that holds the connection.

use super::content::Content;
use super::operation::Operation;
use crate::json::{Json, Name};

/// An operation that another tab wants to be sent.
#[derive(Debug)]
pub struct Relayed<J: Json> {
    name: String,
    from: u32,
    /// The version of the session data that the tab has.
    data: u32,
    id: String,
    content: Option<Content<J>>,
    preview: Option<J::Text>,
}

impl<J: Json> Relayed<J> {
    /// Reads the data of an operation.
    pub fn read(data: &J) -> Option<Self> {
        let name = data.string_of(Name::Operation)?;
        Some(Self {
            from: data.count_of(Name::TranscriptPosition).unwrap_or(1),
            data: data.count_of(Name::DataVersion).unwrap_or(0),
            id: data.string_of(Name::MessageId).unwrap_or_default(),
            content: Content::of_operation(data),
            preview: data.get(Name::Message).text(),
            name,
        })
    }

    /// The operation; `None` when no tab sends such a one.
    pub fn operation(&self) -> Option<Operation<'_, J>> {
        if let Some(content) = &self.content {
            return Some(Operation::Send { content, id: &self.id });
        }
        Some(match self.name.as_str() {
            "requestNotifications" => Operation::RequestNotifications { from: self.from, data: self.data },
            "startTyping" => Operation::Typing { on: true, preview: self.preview.as_ref() },
            "stopTyping" => Operation::Typing { on: false, preview: None },
            "disconnect" => Operation::Disconnect,
            _ => return None,
        })
    }
}
