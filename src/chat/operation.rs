//! The operations of chat v2, as the data of a publish or the members of a form.

use super::content::Content;
use crate::json::{Json, Name, Text};

/// What identifies the session to the server; renewed as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The server's id of the session; constant.
    pub chat_id: String,
    /// The secret of the session.
    pub secure_key: String,
    /// The server's instance; empty when the server does not say.
    pub alias: String,
    /// The visitor's id; empty when the server gives none.
    pub user_id: String,
}

impl Keys {
    /// As they are stored, under their names on the wire.
    pub fn json<J: Json>(&self) -> J {
        let mut keys = J::object();
        keys.put_str(Name::ChatId, &self.chat_id);
        keys.put_str(Name::SecureKey, &self.secure_key);
        self.fill(&mut keys);
        keys
    }

    /// Sets what not every server gives.
    fn fill<J: Json>(&self, members: &mut J) {
        for (name, value) in [(Name::UserId, &self.user_id), (Name::Alias, &self.alias)] {
            if !value.is_empty() {
                members.put_str(name, value);
            }
        }
    }
}

/// Who asks for a session.
#[derive(Clone, Debug)]
pub struct Visitor<J: Json> {
    /// The name that is shown.
    pub nickname: J::Text,
    /// First name, last name, e-mail address and subject, where given, under their names on the wire.
    pub details: Vec<(Name, J::Text)>,
    /// The attached data, an object, passed on as it is.
    pub user_data: Option<J>,
    /// An id of this request that nobody can guess: repeated, it finds the session that it made.
    pub request_id: String,
}

/// An operation.
#[derive(Debug)]
pub enum Operation<'a, J: Json> {
    /// Asks for a session.
    RequestChat(&'a Visitor<J>),
    /// Takes up a session: asks for its entries from a position (1 = all), and for what comes after.
    RequestNotifications {
        /// The first entry, counted from 1; 0 for none.
        from: u32,
        /// The version of the session data that is known, 0 for none.
        data: u32,
    },
    /// Sends something.
    Send {
        /// What.
        content: &'a Content<J>,
        /// The client's id of it.
        id: &'a str,
    },
    /// The visitor types, or has stopped.
    Typing {
        /// Whether the visitor types.
        on: bool,
        /// The text so far.
        preview: Option<&'a J::Text>,
    },
    /// Ends the session.
    Disconnect,
}

impl<J: Json> Operation<'_, J> {
    /// The operation as data, with the keys of the session.
    pub fn data(&self, keys: &Keys) -> J {
        let mut data = self.members(keys);
        data.put_str(Name::Operation, self.name());
        data
    }

    /// The same without the operation's name.
    pub fn members(&self, keys: &Keys) -> J {
        let mut members = J::object();
        if !matches!(self, Operation::RequestChat(_)) {
            members.put_str(Name::SecureKey, &keys.secure_key);
            keys.fill(&mut members);
        }
        match self {
            Operation::RequestChat(visitor) => {
                members.put_text(Name::Nickname, &visitor.nickname);
                for (name, text) in &visitor.details {
                    members.put_text(*name, text);
                }
                if let Some(data) = &visitor.user_data {
                    members.put(Name::UserData, data.clone());
                }
                members.put_str(Name::MessageId, &visitor.request_id);
                reads_notices(&mut members, 0);
            }
            Operation::RequestNotifications { from, data } => {
                members.put_number(Name::TranscriptPosition, f64::from(*from));
                reads_notices(&mut members, *data);
            }
            Operation::Send { content, id } => {
                content.fill(&mut members);
                members.put_str(Name::MessageId, id);
            }
            Operation::Typing { preview, .. } => {
                if let Some(text) = preview {
                    members.put_text(Name::Message, text);
                }
            }
            Operation::Disconnect => {}
        }
        members
    }

    /// About how many characters of the page's are in it, as far as is known.
    pub fn size(&self) -> usize {
        match self {
            Operation::Send { content, .. } => content.size(),
            Operation::Typing { preview: Some(text), .. } => text.size(),
            _ => 0,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Operation::RequestChat(_) => "requestChat",
            Operation::RequestNotifications { .. } => "requestNotifications",
            Operation::Send { content, .. } => content.operation(),
            Operation::Typing { on: true, .. } => "startTyping",
            Operation::Typing { on: false, .. } => "stopTyping",
            Operation::Disconnect => "disconnect",
        }
    }
}

/// This client reads notices, and has this version of the session data.
fn reads_notices<J: Json>(members: &mut J, data: u32) {
    members.put_number(Name::Notices, 1.0);
    members.put_number(Name::DataVersion, f64::from(data));
}
