//! The operations of chat v2, as the data of a publish or the members of a form.

use super::content::Content;
use crate::json::{Json, Value};

/// What identifies the session to the server; renewed as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The server's id of the session; constant.
    pub chat_id: String,
    /// The secret of the session.
    pub secure_key: String,
    /// The server's instance.
    pub alias: Option<String>,
    /// The visitor's id.
    pub user_id: Option<String>,
}

/// Who asks for a session.
#[derive(Clone, Debug)]
pub struct Visitor<J: Json> {
    /// The name that is shown.
    pub nickname: J::Text,
    /// First name, last name, e-mail address and subject, where given, under their names on the wire.
    pub details: Vec<(&'static str, J::Text)>,
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
    pub fn data(&self, keys: &Keys) -> Value<J> {
        let mut members = vec![("operation", Value::str(self.name()))];
        members.append(&mut self.members(keys));
        Value::Map(members)
    }

    /// The same without the operation's name.
    pub fn members(&self, keys: &Keys) -> Vec<(&'static str, Value<J>)> {
        let mut members = Vec::new();
        if !matches!(self, Operation::RequestChat(_)) {
            members.push(("secureKey", Value::str(&keys.secure_key)));
            members.extend(keys.user_id.iter().map(|id| ("userId", Value::str(id))));
            members.extend(keys.alias.iter().map(|alias| ("alias", Value::str(alias))));
        }
        match self {
            Operation::RequestChat(visitor) => {
                members.push(("nickname", Value::Text(visitor.nickname.clone())));
                members.extend(visitor.details.iter().map(|(name, text)| (*name, Value::Text(text.clone()))));
                members.extend(visitor.user_data.iter().map(|data| ("userData", Value::Json(data.clone(), 0))));
                members.push(("messageId", Value::str(&visitor.request_id)));
                members.extend(reads_notices(0));
            }
            Operation::RequestNotifications { from, data } => {
                members.push(("transcriptPosition", Value::Number(f64::from(*from))));
                members.extend(reads_notices(*data));
            }
            Operation::Send { content, id } => {
                members.append(&mut content.members());
                members.push(("messageId", Value::str(id)));
            }
            Operation::Typing { preview, .. } => {
                members.extend(preview.iter().map(|text| ("message", Value::Text((*text).clone()))));
            }
            Operation::Disconnect => {}
        }
        members
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
fn reads_notices<J: Json>(data: u32) -> [(&'static str, Value<J>); 2] {
    [("notices", Value::Number(1.0)), ("dataVersion", Value::Number(f64::from(data)))]
}
