//! The reading of what a chat v2 server sends: the reply around it, the transcript entries in it. Tolerant: what is
//! unknown is skipped, what is absent takes a default, and what is wrong is named without its content.

use crate::json::{Json, Name, Text, whole};

/// A reply, or a push: all have one shape. Most members are read when they are asked for: of most replies few are.
#[derive(Debug)]
pub struct Reply<'a, J: Json> {
    /// 0 done, 1 not done, 2 not done and no use to try again.
    pub status: u32,
    data: &'a J,
    /// Read when one is asked for, where it has the same keys as the one before, and ends or renews nothing.
    entries: Option<J>,
    count: usize,
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

/// An entry of the transcript, or typing. It has been looked through: what is asked of it is there, or has a default.
#[derive(Clone, Debug)]
pub struct Entry<J: Json> {
    /// Counted from 1; absent on what is not in the transcript.
    pub index: Option<u32>,
    /// Milliseconds since the epoch, when given.
    pub time: Option<f64>,
    /// What it is.
    pub kind: EntryKind,
    /// What the party is whose it is.
    pub role: Role,
    json: J,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A message.
    Message,
    /// The address of a page.
    PushUrl,
    /// The party joined.
    Joined,
    /// The party left.
    Left,
    /// The party types, or has stopped.
    Typing(bool),
    /// A notice: the word that names it, and what it carries.
    Notice,
    /// Anything else: it has its place in the transcript and no meaning here.
    Other,
}

/// A party of the session.
#[derive(Clone, Debug)]
pub struct Party<J: Json> {
    /// What it is.
    pub role: Role,
    json: J,
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

impl<'a, J: Json> Reply<'a, J> {
    /// Reads the data of an event that follows another; [`Reply::is_plain`] says that it has the same keys.
    pub fn read_after(known: Option<&J>, data: &'a J) -> Result<Self, Malformed> {
        match known.and_then(|known| data.ordinary_reply(known)) {
            Some(count) => Ok(Self { status: 0, data, entries: None, count }),
            None => Self::read(data),
        }
    }

    /// Reads the data of an event.
    pub fn read(data: &'a J) -> Result<Self, Malformed> {
        if !data.is_object() {
            return Err(Malformed { expected: "an object as data", got: data.kind(), index: None });
        }
        let entries = data.get(Name::Messages);
        let count = entries.len();
        if count.is_none() && !entries.is_null() {
            return Err(Malformed { expected: "an array as messages", got: entries.kind(), index: None });
        }
        let status = data.count_of(Name::StatusCode);
        let status = status.unwrap_or_else(|| u32::from(data.get(Name::Errors).len().is_some_and(|count| count > 0)));
        Ok(Self { status, data, entries: Some(entries), count: count.unwrap_or(0) })
    }

    /// A member of it: the session's id, the visitor's, the server's instance, the session's secret.
    pub fn member(&self, name: Name) -> J {
        self.data.get(name)
    }

    /// Whether the session is over; `None` when the server does not say.
    pub fn ended(&self) -> Option<bool> {
        if self.is_plain() {
            return None;
        }
        self.member(Name::ChatEnded).bool()
    }

    /// The position after the last entry that there is, when given.
    pub fn next_position(&self) -> Option<u32> {
        self.data.count_of(Name::NextPosition)
    }

    /// The server's error at a place, when there are as many.
    pub fn error(&self, place: usize) -> Option<ServerError> {
        let errors = self.member(Name::Errors);
        (place < errors.len()?).then(|| ServerError::read(&errors.at(place)))
    }

    /// In how many seconds the server may take what it refused, when it says so.
    pub fn retry_after(&self) -> Option<u32> {
        self.member(Name::Errors).at(0).count_of(Name::RetryAfter)
    }

    /// Whether it is known that all is well, that it has the keys of an earlier reply, and that it ends or renews nothing.
    pub fn is_plain(&self) -> bool {
        self.entries.is_none()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries from a place on are messages, sound ones of the visitor's and of agents, that follow one another, the
    /// first of them in the `next` position, or in any where that is 0: as far as that can be told at once.
    pub fn run(&self, place: usize, next: u32) -> usize {
        self.data.ordinary_run(place, next)
    }

    /// The data as it came.
    pub fn data(&self) -> &J {
        self.data
    }

    /// Reads an entry.
    pub fn entry(&self, place: usize) -> Result<Entry<J>, Malformed> {
        Entry::read(match &self.entries {
            Some(entries) => entries.at(place),
            None => self.member(Name::Messages).at(place),
        })
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
    pub(crate) fn read(entry: J) -> Result<Self, Malformed> {
        let index = entry.get(Name::Index);
        let malformed = |expected, got: &J, index| Err(Malformed { expected, got: got.kind(), index });
        let at = match index.number() {
            // The upper half is left to what this side counts on.
            Some(number) => match whole(number).filter(|at| (1..1 << 31).contains(at)) {
                Some(at) => Some(at),
                None => return malformed("a whole number from 1 to 2147483647 as index", &index, None),
            },
            None if !entry.is_object() => return malformed("an object as an entry", &entry, None),
            None if index.is_null() => None,
            None => return malformed("a number as index", &index, None),
        };
        let kind = entry.get(Name::Type);
        let Some(word) = kind.string() else {
            return malformed("a string as type", &kind, at);
        };
        let kind = match word.as_str() {
            "Message" => EntryKind::Message,
            "PushUrl" => EntryKind::PushUrl,
            "ParticipantJoined" => EntryKind::Joined,
            "ParticipantLeft" => EntryKind::Left,
            "TypingStarted" => EntryKind::Typing(true),
            "TypingStopped" => EntryKind::Typing(false),
            "Notice" => EntryKind::Notice,
            _ => EntryKind::Other,
        };
        let text = entry.get(Name::TextMember);
        if matches!(kind, EntryKind::Message | EntryKind::PushUrl) && text.text().is_none() {
            return malformed("a string as text", &text, at);
        }
        let from = entry.get(Name::From);
        if !from.is_object() && !matches!(kind, EntryKind::Notice | EntryKind::Other) {
            return malformed("an object as from", &from, at);
        }
        let role = match from.string_of(Name::Type).as_deref() {
            Some("Client") => Role::Client,
            Some("Agent") => Role::Agent,
            Some("Supervisor") => Role::Supervisor,
            _ => Role::External,
        };
        let (given, name) = (entry.get(Name::UtcTime), from.get(Name::Nickname));
        let time = given.number();
        let is_timed = time.is_some() || given.is_null();
        if !is_timed || !name.is_null() && name.text().is_none() {
            let wrong = if is_timed { &name } else { &given };
            return malformed("a number as utcTime and a string as nickname", wrong, at);
        }
        Ok(Self { index: at, time: time.and_then(sound), kind, role, json: entry })
    }

    /// It as it came: the browser's shim takes the text and the party from it.
    pub fn json(&self) -> &J {
        &self.json
    }

    /// The text of a message, or an address.
    pub fn text(&self) -> J::Text {
        self.json.get(Name::TextMember).text().unwrap_or_else(|| J::Text::new(""))
    }

    /// The client's id of what it sent, where the server keeps it.
    pub fn message_id(&self) -> Option<String> {
        self.json.string_of(Name::MessageId)
    }

    /// Whose it is.
    pub fn party(&self) -> Party<J> {
        Party { role: self.role, json: self.json.get(Name::From) }
    }

    /// What a notice is and carries.
    pub fn notice(&self) -> (String, J) {
        (self.json.string_of(Name::TextMember).unwrap_or_default(), self.json.get(Name::UserData))
    }
}

fn sound(time: f64) -> Option<f64> {
    (time > 0.0 && time.is_finite()).then_some(time)
}

impl<J: Json> Party<J> {
    /// Unique in the session; 0 when the server gives none.
    pub fn id(&self) -> PartyId {
        let id = self.json.get(Name::ParticipantId);
        id.number().map(PartyId::Number).or_else(|| id.string().map(PartyId::Word)).unwrap_or(PartyId::Number(0.0))
    }

    /// The name that is shown.
    pub fn name(&self) -> J::Text {
        self.json.get(Name::Nickname).text().unwrap_or_else(|| J::Text::new(""))
    }

    /// It as it came: the browser's shim takes the id and the name from it.
    pub fn json(&self) -> &J {
        &self.json
    }
}
