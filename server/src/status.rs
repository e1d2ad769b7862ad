//! The twelve states of a chat, and the one table of what leads from which to which.
//!
//! The table is in the manual too (the chapter on states); a test compares the two.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A state of a chat, with its published code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Status {
    Invalid = 0,
    PreChatForm = 1,
    Faq = 2,
    OfflineForm = 3,
    InQueue = 4,
    CustomerLast = 5,
    UserLast = 6,
    Finished = 7,
    Deleted = 8,
    Closed = 9,
    RequestPosted = 10,
    ClosedFromQueue = 11,
}

use Status::{
    Closed, ClosedFromQueue, CustomerLast, Deleted, Faq, Finished, InQueue, Invalid, OfflineForm, PreChatForm,
    RequestPosted, UserLast,
};

/// All of them, by their codes.
pub const ALL: [Status; 12] = [
    Invalid,
    PreChatForm,
    Faq,
    OfflineForm,
    InQueue,
    CustomerLast,
    UserLast,
    Finished,
    Deleted,
    Closed,
    RequestPosted,
    ClosedFromQueue,
];

/// Why a state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The chat begins.
    Begin,
    /// The pre-chat form is filled in.
    PreChatSubmitted,
    /// Nothing in the FAQ fits what the visitor asks.
    FaqMissed,
    /// The visitor does not take the FAQ's answer.
    FaqRefused,
    /// The visitor takes the FAQ's answer.
    FaqAccepted,
    /// The visitor says something.
    VisitorMessage,
    /// An agent takes the chat.
    AgentAccepted,
    /// An agent says something.
    AgentMessage,
    /// A bot says something.
    BotMessage,
    /// The last agent leaves.
    AgentsGone,
    /// An agent is there again.
    AgentsThere,
    /// The bot hands the chat to people, or fails.
    HandOff,
    /// An agent or a bot finishes the chat.
    Finish,
    /// The post-chat form is filled in.
    PostChatSubmitted,
    /// The offline form is filled in.
    OfflineSubmitted,
    /// A bot closes the chat.
    Close,
    /// The visitor leaves, or stays away.
    Leave,
    /// The chat's time is over.
    Timeout,
    /// A new session takes the chat's place.
    Renew,
    /// The chat is forgotten.
    Delete,
}

/// From each of these states the cause leads to the first of those that applies.
#[derive(Debug)]
pub struct Row {
    /// The cause.
    pub cause: Cause,
    /// The states it leads from.
    pub from: &'static [Status],
    /// The states it leads to: the first that applies.
    pub to: &'static [Status],
}

const fn row(cause: Cause, from: &'static [Status], to: &'static [Status]) -> Row {
    Row { cause, from, to }
}

const OPEN: &[Status] = &[PreChatForm, Faq, OfflineForm, CustomerLast, UserLast, Finished];
const OVER: &[Status] = &[Finished, Closed, RequestPosted, ClosedFromQueue];

/// The table. What is not in it does not change the state.
pub const TABLE: [Row; 24] = [
    row(Cause::Begin, &[Invalid], &[PreChatForm, Faq, InQueue, OfflineForm]),
    row(Cause::PreChatSubmitted, &[PreChatForm], &[Faq, InQueue, OfflineForm]),
    row(Cause::FaqMissed, &[Faq], &[InQueue, OfflineForm]),
    row(Cause::FaqRefused, &[Faq], &[InQueue, OfflineForm]),
    row(Cause::FaqAccepted, &[Faq], &[Finished]),
    row(Cause::VisitorMessage, &[UserLast], &[CustomerLast]),
    row(Cause::VisitorMessage, &[Finished], &[CustomerLast, InQueue, OfflineForm]),
    row(Cause::AgentAccepted, &[InQueue], &[CustomerLast]),
    row(Cause::AgentMessage, &[InQueue, CustomerLast], &[UserLast]),
    row(Cause::BotMessage, &[PreChatForm, Faq, InQueue, CustomerLast], &[UserLast]),
    row(Cause::AgentsGone, &[CustomerLast, UserLast], &[InQueue, OfflineForm]),
    row(Cause::AgentsThere, &[OfflineForm], &[InQueue]),
    row(Cause::HandOff, &[PreChatForm, Faq, InQueue, CustomerLast, UserLast], &[PreChatForm, InQueue, OfflineForm]),
    row(Cause::Finish, &[PreChatForm, Faq, OfflineForm, InQueue, CustomerLast, UserLast], &[Finished]),
    row(Cause::PostChatSubmitted, &[Finished], &[Closed]),
    row(Cause::OfflineSubmitted, &[OfflineForm], &[RequestPosted]),
    row(Cause::Close, &[PreChatForm, Faq, OfflineForm, InQueue, CustomerLast, UserLast, Finished], &[Closed]),
    row(Cause::Leave, OPEN, &[Closed]),
    row(Cause::Leave, &[InQueue], &[ClosedFromQueue]),
    row(Cause::Timeout, OPEN, &[Closed]),
    row(Cause::Timeout, &[InQueue], &[ClosedFromQueue]),
    row(Cause::Renew, OPEN, &[Closed]),
    row(Cause::Renew, &[InQueue], &[ClosedFromQueue]),
    row(Cause::Delete, OVER, &[Deleted]),
];

/// What decides where there is a choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// There is a pre-chat form, and it is not filled in yet.
    pub pre_chat: bool,
    /// There is an FAQ, and it was not asked yet.
    pub faq: bool,
    /// There is an offline form.
    pub offline: bool,
    /// An agent is there.
    pub agents: bool,
    /// A bot leads the chat.
    pub bot: bool,
}

impl Facts {
    fn allow(self, to: Status) -> bool {
        match to {
            PreChatForm => self.pre_chat,
            Faq => self.faq,
            CustomerLast => self.bot,
            InQueue => self.agents || self.bot || !self.offline,
            _ => true,
        }
    }
}

impl Status {
    /// Where a cause leads; none when the table does not say.
    #[must_use]
    pub fn next(self, cause: Cause, facts: Facts) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.cause == cause && row.from.contains(&self))?;
        match row.to {
            [only] => Some(*only),
            several => several.iter().copied().find(|to| facts.allow(*to)),
        }
    }

    /// The published code.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The state of this code.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        ALL.into_iter().find(|status| status.code() == code)
    }

    /// The published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Invalid => "invalid",
            PreChatForm => "preChatForm",
            Faq => "faq",
            OfflineForm => "offlineForm",
            InQueue => "inQueue",
            CustomerLast => "customerLast",
            UserLast => "userLast",
            Finished => "finished",
            Deleted => "deleted",
            Closed => "closed",
            RequestPosted => "requestPosted",
            ClosedFromQueue => "closedFromQueue",
        }
    }

    /// Whether nothing more is said in it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Deleted | Closed | RequestPosted | ClosedFromQueue)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(deserializer)?;
        Self::of(code).ok_or_else(|| serde::de::Error::custom("a status from 0 to 11 is expected"))
    }
}

/// A cause as it is written on the wire.
#[must_use]
pub fn word(cause: Cause) -> String {
    crate::json::write(&cause).trim_matches('"').to_owned()
}
