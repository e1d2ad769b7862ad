//! The reading of what a chat v2 server sends: the reply around it, the transcript entries in it. Tolerant: what is
//! unknown is skipped, what is absent takes a default, and what is wrong is named without its content.

use crate::json::{Json, Name, whole};

/// A reply, or a push: all have one shape.
#[derive(Debug)]
pub struct Reply<J: Json> {
    /// 0 done, 1 not done, 2 not done and no use to try again.
    pub status: u32,
    /// The session's id, when given.
    pub chat_id: Option<String>,
    /// The visitor's id, when given.
    pub user_id: Option<String>,
    /// The server's instance, when given.
    pub alias: Option<String>,
    /// The session's secret, when given.
    pub secure_key: Option<String>,
    /// Whether the session is over; `None` when the server does not say.
    pub ended: Option<bool>,
    /// The position after the last entry that there is, when given.
    pub next_position: Option<u32>,
    /// The server's errors.
    pub errors: Vec<ServerError>,
    entries: J,
}

/// An error of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// Its code.
    pub code: u32,
    /// Its words.
    pub advice: String,
    /// The field of a form that it is about.
    pub field: Option<String>,
}

/// Something in a reply that no client can read: what was expected, what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where, and what was expected there.
    pub expected: &'static str,
    /// The kind of what came.
    pub got: &'static str,
    /// The index of the entry, when that much was readable.
    pub index: Option<u32>,
}

/// An entry of the transcript, or typing.
#[derive(Clone, Debug)]
pub struct Entry<J: Json> {
    /// Counted from 1; absent on what is not in the transcript.
    pub index: Option<u32>,
    /// Milliseconds since the epoch, when given.
    pub time: Option<f64>,
    /// What it is.
    pub kind: EntryKind<J>,
    /// Whose it is.
    pub from: Party<J>,
    /// The client's id of the message, where the server keeps it.
    pub message_id: Option<String>,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum EntryKind<J: Json> {
    /// A message.
    Message(J::Text),
    /// The address of a page.
    PushUrl(J::Text),
    /// The party joined.
    Joined,
    /// The party left.
    Left,
    /// The party types, or has stopped.
    Typing(bool),
    /// A notice: the word that names it, and what it carries.
    Notice(String, J),
    /// Anything else: it has its place in the transcript and no meaning here.
    Other,
}

/// A party of the session.
#[derive(Clone, Debug)]
pub struct Party<J: Json> {
    /// Unique in the session.
    pub id: PartyId,
    /// The name that is shown.
    pub name: J::Text,
    /// What it is.
    pub role: Role,
}

/// The id of a party: a number from most servers, a string from some.
#[derive(Clone, Debug, PartialEq)]
pub enum PartyId {
    /// A number.
    Number(f64),
    /// A string.
    Word(String),
}

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The visitor.
    Client,
    /// An agent.
    Agent,
    /// A supervisor.
    Supervisor,
    /// The system, or a bot.
    External,
}

impl<J: Json> Reply<J> {
    /// Reads the data of an event.
    pub fn read(data: &J) -> Result<Self, Malformed> {
        if !data.is_object() {
            return Err(Malformed { expected: "an object as data", got: data.kind(), index: None });
        }
        let entries = data.get(Name::Messages);
        if entries.len().is_none() && !entries.is_null() {
            return Err(Malformed { expected: "an array as messages", got: entries.kind(), index: None });
        }
        let errors = data.get(Name::Errors);
        let errors: Vec<ServerError> =
            (0..errors.len().unwrap_or(0)).map(|place| ServerError::read(&errors.at(place))).collect();
        let status = data.count_of(Name::StatusCode).unwrap_or(u32::from(!errors.is_empty()));
        Ok(Self {
            status,
            chat_id: data.string_of(Name::ChatId),
            user_id: data.string_of(Name::UserId),
            alias: data.string_of(Name::Alias),
            secure_key: data.string_of(Name::SecureKey),
            ended: data.get(Name::ChatEnded).bool(),
            next_position: data.count_of(Name::NextPosition),
            errors,
            entries,
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len().unwrap_or(0)
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads an entry.
    pub fn entry(&self, place: usize) -> Result<Entry<J>, Malformed> {
        Entry::read(&self.entries.at(place))
    }
}

impl ServerError {
    fn read<J: Json>(error: &J) -> Self {
        Self {
            code: error.count_of(Name::Code).unwrap_or(0),
            advice: error.string_of(Name::Advice).unwrap_or_default(),
            field: error.string_of(Name::Field),
        }
    }
}

impl<J: Json> Entry<J> {
    fn read(entry: &J) -> Result<Self, Malformed> {
        let index = entry.get(Name::Index);
        let malformed = |expected, got: &J, index| Err(Malformed { expected, got: got.kind(), index });
        if !entry.is_object() {
            return malformed("an object as an entry", entry, None);
        }
        let at = match index.number() {
            // The upper half is left to what this side counts on.
            Some(number) => match whole(number).filter(|at| (1..1 << 31).contains(at)) {
                Some(at) => Some(at),
                None => return malformed("a whole number from 1 to 2147483647 as index", &index, None),
            },
            None if index.is_null() => None,
            None => return malformed("a number as index", &index, None),
        };
        let kind = entry.get(Name::Type);
        let Some(kind) = kind.string() else {
            return malformed("a string as type", &kind, at);
        };
        let text = || {
            let text = entry.get(Name::TextMember);
            text.text().ok_or(Malformed { expected: "a string as text", got: text.kind(), index: at })
        };
        let kind = match kind.as_str() {
            "Message" => EntryKind::Message(text()?),
            "PushUrl" => EntryKind::PushUrl(text()?),
            "ParticipantJoined" => EntryKind::Joined,
            "ParticipantLeft" => EntryKind::Left,
            "TypingStarted" => EntryKind::Typing(true),
            "TypingStopped" => EntryKind::Typing(false),
            "Notice" => {
                let name = entry.string_of(Name::TextMember).unwrap_or_default();
                EntryKind::Notice(name, entry.get(Name::UserData))
            }
            _ => EntryKind::Other,
        };
        let from = entry.get(Name::From);
        if !from.is_object() && !matches!(kind, EntryKind::Notice(..) | EntryKind::Other) {
            return malformed("an object as from", &from, at);
        }
        let message_id = match kind {
            EntryKind::Message(_) | EntryKind::PushUrl(_) | EntryKind::Notice(..) => entry.string_of(Name::MessageId),
            _ => None,
        };
        let time = entry.get(Name::UtcTime).number().filter(|time| *time > 0.0 && time.is_finite());
        Ok(Self { index: at, time, kind, from: Party::read(&from), message_id })
    }
}

impl<J: Json> Party<J> {
    fn read(party: &J) -> Self {
        let id = party.get(Name::ParticipantId);
        let role = match party.string_of(Name::Type).as_deref() {
            Some("Client") => Role::Client,
            Some("Agent") => Role::Agent,
            Some("Supervisor") => Role::Supervisor,
            _ => Role::External,
        };
        Self {
            id: id
                .number()
                .map(PartyId::Number)
                .or_else(|| id.string().map(PartyId::Word))
                .unwrap_or(PartyId::Number(0.0)),
            name: party.get(Name::Nickname).text().unwrap_or_else(|| crate::json::Text::new("")),
            role,
        }
    }
}
