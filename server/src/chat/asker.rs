//! Who asks, and where the answer goes: a Bayeux session's queue, or the response to a REST request.
//!
//! Either way the answer is made under the chat's lock, so that it stands in its place among the pushes.

use super::Floor;
use crate::bayeux::message::event;
use crate::chat::reply::{Refusal, VisitorData};
use crate::json::write;
use crate::origin::Caller;
use crate::session::Session;
use serde::Serialize;
use serde_json::value::RawValue;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Where the answer to a publish goes.
pub struct Answer<'a> {
    /// Who asked.
    pub session: &'a Arc<Session>,
    /// On which channel.
    pub channel: &'a str,
    /// With which id, as it came.
    pub id: Option<&'a RawValue>,
}

impl Answer<'_> {
    /// Answers; returns with how many bytes.
    pub(crate) fn send<T: Serialize>(&self, data: &T) -> usize {
        let text = event(self.channel, self.id, data);
        let bytes = text.len();
        self.session.answer(text);
        bytes
    }
}

/// A REST request, until it is answered.
#[derive(Debug)]
pub struct Exchange {
    caller: Caller,
    answered: OnceLock<Answered>,
}

/// What a REST request is answered with.
#[derive(Debug)]
pub struct Answered {
    /// The JSON text.
    pub text: String,
    /// In how many seconds the operation may be tried again.
    pub retry_after: Option<u64>,
}

impl Exchange {
    /// A request of this client.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self { caller, answered: OnceLock::new() }
    }

    /// The answer; none if the operation never came to one.
    #[must_use]
    pub fn into_answer(self) -> Option<Answered> {
        self.answered.into_inner()
    }
}

/// A visitor who asks something.
pub enum Asker<'a> {
    /// By a publish.
    Bayeux(Answer<'a>),
    /// By a REST request.
    Rest(&'a Exchange),
}

impl Asker<'_> {
    /// The Bayeux session, where there is one.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Bayeux(answer) => Some(answer.session),
            Self::Rest(_) => None,
        }
    }

    /// The session that gets a change as an answer, so that it is not pushed there too.
    pub(crate) fn except(&self) -> Option<&Session> {
        self.session().map(AsRef::as_ref)
    }

    pub(crate) fn address(&self) -> IpAddr {
        match self {
            Self::Bayeux(answer) => answer.session.address,
            Self::Rest(exchange) => exchange.caller.address,
        }
    }

    /// The language that the visitor's browser asks for.
    pub(crate) fn language(&self) -> Option<String> {
        let language = match self {
            Self::Bayeux(answer) => &answer.session.language,
            Self::Rest(exchange) => &exchange.caller.language,
        };
        language.as_deref().map(ToOwned::to_owned)
    }

    pub(crate) fn is_rest(&self) -> bool {
        matches!(self, Self::Rest(_))
    }

    /// Answers; returns with how many bytes.
    pub(crate) fn send(&self, data: &VisitorData<'_>) -> usize {
        match self {
            Self::Bayeux(answer) => answer.send(data),
            Self::Rest(exchange) => {
                let text = write(data);
                let bytes = text.len();
                // An operation answers once: a second answer has nowhere to go.
                let _ = exchange.answered.set(Answered { text, retry_after: data.retry_after() });
                bytes
            }
        }
    }

    /// Takes from the starts of chats what the first answer of one costs: whoever shows the key of session data gets all of it.
    pub(crate) fn charge_start(&self, floor: &Floor, bytes: usize) {
        match self {
            Self::Bayeux(answer) => answer.session.charge_start(bytes),
            Self::Rest(exchange) => floor.charge_start(exchange.caller.address, bytes),
        }
    }

    /// Takes a token for the start of a chat: of the Bayeux session, or of the address.
    pub(crate) fn take_start(&self, floor: &Floor) -> Result<(), Refusal> {
        match self {
            Self::Bayeux(answer) => answer.session.take_start(),
            Self::Rest(exchange) => floor.take_start(exchange.caller.address),
        }
        .map_err(Refusal::too_many)
    }
}
