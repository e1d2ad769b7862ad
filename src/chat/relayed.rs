//! An operation of another tab's, as it came over the tabs' channel: read back from its data, to be sent with the keys of
//! the tab that holds the connection.

use super::operation::Operation;
use crate::json::{Json, Name};

/// An operation that another tab wants to be sent.
#[derive(Debug)]
pub struct Relayed<J: Json> {
    name: String,
    from: u32,
    id: String,
    text: Option<J::Text>,
}

impl<J: Json> Relayed<J> {
    /// Reads the data of an operation.
    pub fn read(data: &J) -> Option<Self> {
        let text = data.get(Name::Message).text().or_else(|| data.get(Name::PushUrl).text());
        Some(Self {
            name: data.string_of(Name::Operation)?,
            from: data.count_of(Name::TranscriptPosition).unwrap_or(1),
            id: data.string_of(Name::MessageId).unwrap_or_default(),
            text,
        })
    }

    /// The operation; `None` when no tab sends such a one.
    pub fn operation(&self) -> Option<Operation<'_, J>> {
        let id = &self.id;
        Some(match self.name.as_str() {
            "requestNotifications" => Operation::RequestNotifications { from: self.from },
            "sendMessage" => Operation::SendMessage { text: self.text.as_ref()?, id },
            "pushUrl" => Operation::PushUrl { url: self.text.as_ref()?, id },
            "startTyping" => Operation::Typing { on: true, preview: self.text.as_ref() },
            "stopTyping" => Operation::Typing { on: false, preview: None },
            "disconnect" => Operation::Disconnect,
            _ => return None,
        })
    }
}
