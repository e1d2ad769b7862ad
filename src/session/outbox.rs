//! The visitor's messages on their way: in order, each settled once, none sent twice where that can be known.

use std::collections::VecDeque;

use super::event::CommandId;
use crate::json::{Json, Text};

/// What the ids of this SDK's messages start with, so that another's are not taken for them.
pub const ID_PREFIX: &str = "causerie";
/// How many messages may wait; more are refused.
const CAPACITY: usize = 1_000;
/// How often a message is sent before it is given up: one that breaks the link must not do so for ever.
const MOST_TRIES: u8 = 4;

/// The messages that are not settled, oldest first.
#[derive(Debug)]
pub struct Outbox<J: Json> {
    sends: VecDeque<Send<J>>,
}

/// A message on its way.
#[derive(Debug)]
pub struct Send<J: Json> {
    /// The command that it settles.
    pub command: CommandId,
    /// The text.
    pub text: J::Text,
    /// Whether it is the address of a page.
    pub url: bool,
    /// The client's id of the message.
    pub id: String,
    /// Where it stands.
    pub state: SendState,
    tries: u8,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// It is to be sent when the link is up.
    Waiting,
    /// It was sent as this operation. That something comes back, or that the link breaks, is the link's care.
    InFlight {
        /// The operation.
        operation: String,
        /// The server acknowledged the publish: until when more is waited for, on the monotonic clock.
        acknowledged: Option<u64>,
    },
    /// The link broke before it was answered: the server may have it or not.
    Unsettled,
}

impl<J: Json> Outbox<J> {
    /// An empty outbox.
    pub fn new() -> Self {
        Self { sends: VecDeque::new() }
    }

    /// Adds a message; `false` when the outbox is full.
    pub fn push(&mut self, command: CommandId, text: J::Text, url: bool, id: String) -> bool {
        if self.sends.len() >= CAPACITY {
            return false;
        }
        self.sends.push_back(Send { command, text, url, id, state: SendState::Waiting, tries: 0 });
        true
    }

    /// The first message that waits, unless one before it is unsettled: order comes first.
    pub fn next_waiting(&mut self) -> Option<&mut Send<J>> {
        let first = self.sends.iter_mut().find(|send| !matches!(send.state, SendState::InFlight { .. }))?;
        (first.state == SendState::Waiting).then_some(first)
    }

    /// The link broke: what was in flight is unsettled.
    pub fn unsettle(&mut self) {
        for send in &mut self.sends {
            if matches!(send.state, SendState::InFlight { .. }) {
                send.state = SendState::Unsettled;
            }
        }
    }

    /// The transcript was looked through: what is still unsettled is not in it, and is to be sent again. Returns the
    /// commands of those that were tried too often.
    pub fn resend(&mut self) -> Vec<CommandId> {
        let mut given_up = Vec::new();
        self.sends.retain_mut(|send| {
            if send.state != SendState::Unsettled {
                return true;
            }
            send.state = SendState::Waiting;
            if send.tries >= MOST_TRIES {
                given_up.push(send.command);
            }
            send.tries < MOST_TRIES
        });
        given_up
    }

    /// Whether a message is unsettled.
    pub fn is_unsettled(&self) -> bool {
        self.sends.iter().any(|send| send.state == SendState::Unsettled)
    }

    /// A message of the visitor's stands in the transcript: the send that it is, if it is one. By the client's id where
    /// the server keeps it, else the oldest sent one with the same text.
    pub fn echo(&mut self, id: Option<&str>, text: &J::Text, url: bool) -> Option<CommandId> {
        let place = self.sends.iter().position(|send| match id.filter(|id| id.starts_with(ID_PREFIX)) {
            Some(id) => send.id == id,
            None => send.state != SendState::Waiting && send.url == url && send.text.same(text),
        })?;
        self.sends.remove(place).map(|send| send.command)
    }

    /// An operation was answered: takes out its send.
    pub fn answered(&mut self, operation: &str) -> Option<Send<J>> {
        let place = self.place(operation)?;
        self.sends.remove(place)
    }

    /// The server acknowledged the publish of an operation; more is waited for until `deadline`.
    pub fn acknowledged(&mut self, operation: &str, at: u64) -> bool {
        let Some(send) = self.place(operation).and_then(|place| self.sends.get_mut(place)) else { return false };
        if let SendState::InFlight { acknowledged, .. } = &mut send.state {
            *acknowledged = Some(at);
        }
        true
    }

    /// The oldest message in flight: the one that an error without an address is about.
    pub fn oldest_in_flight(&mut self) -> Option<Send<J>> {
        let place = self.sends.iter().position(|send| matches!(send.state, SendState::InFlight { .. }))?;
        self.sends.remove(place)
    }

    /// The server refused the size of something in flight: takes out the largest.
    pub fn largest_in_flight(&mut self) -> Option<Send<J>> {
        let sent = |send: &Send<J>| matches!(send.state, SendState::InFlight { .. } | SendState::Unsettled);
        let place = (0..self.sends.len())
            .filter(|place| self.sends.get(*place).is_some_and(sent))
            .max_by_key(|place| self.sends.get(*place).map_or(0, |send| send.text.size()))?;
        self.sends.remove(place)
    }

    /// When the first acknowledged message counts as arrived.
    pub fn next_deadline(&self) -> Option<u64> {
        self.sends.iter().filter_map(Send::deadline).min()
    }

    /// Takes out a message that the server acknowledged a while ago: it has it, and does not tell.
    pub fn overdue(&mut self, now: u64) -> Option<CommandId> {
        let place = self.sends.iter().position(|send| send.deadline().is_some_and(|at| at <= now))?;
        self.sends.remove(place).map(|send| send.command)
    }

    /// Takes out everything, for the session is over: the commands, and whether the server acknowledged the message.
    pub fn drain(&mut self) -> impl Iterator<Item = (CommandId, bool)> {
        std::mem::take(&mut self.sends).into_iter().map(|send| (send.command, send.deadline().is_some()))
    }

    /// Whether a message is in flight.
    pub fn is_in_flight(&self) -> bool {
        self.sends.iter().any(|send| matches!(send.state, SendState::InFlight { .. }))
    }

    fn place(&self, operation: &str) -> Option<usize> {
        self.sends
            .iter()
            .position(|send| matches!(&send.state, SendState::InFlight { operation: sent, .. } if sent == operation))
    }
}

impl<J: Json> Send<J> {
    /// It was sent as this operation.
    pub fn sent(&mut self, operation: String) {
        self.tries += 1;
        self.state = SendState::InFlight { operation, acknowledged: None };
    }

    fn deadline(&self) -> Option<u64> {
        match self.state {
            SendState::InFlight { acknowledged, .. } => acknowledged,
            _ => None,
        }
    }
}

impl<J: Json> Default for Outbox<J> {
    fn default() -> Self {
        Self::new()
    }
}
