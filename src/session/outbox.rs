//! The visitor's messages on their way: in order, each settled once, none sent twice where that can be known.

use super::event::CommandId;
use crate::chat::{Content, Entry};
use crate::json::{Json, Name, Text};

/// What the ids of this SDK's messages start with, so that another's are not taken for them.
pub const ID_PREFIX: &str = "causerie";
/// How many messages may wait; more are refused.
const CAPACITY: usize = 1_000;
/// How often a message is sent before it is given up: one that breaks the link must not do so for ever.
const MOST_TRIES: u8 = 4;
/// What a stored message takes beside its text, in characters.
const OVERHEAD: usize = 100;

/// The command that a message settles; `None` when an earlier page gave it, whose promises are gone.
pub type Sender = Option<CommandId>;

/// The messages that are not settled, oldest first.
#[derive(Debug)]
pub struct Outbox<J: Json> {
    sends: Vec<Send<J>>,
    /// What is to be stored of it has changed.
    changed: bool,
    /// The server asked to be sent less: until all is settled, one message at a time is on its way.
    paced: bool,
}

/// A message on its way.
#[derive(Debug)]
pub struct Send<J: Json> {
    /// The command that it settles.
    pub command: Sender,
    /// What is sent.
    pub content: Content<J>,
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
        Self { sends: Vec::new(), changed: false, paced: false }
    }

    /// Adds a message; `false` when the outbox is full.
    pub fn push(&mut self, command: CommandId, content: Content<J>, id: String) -> bool {
        if self.sends.len() >= CAPACITY {
            return false;
        }
        self.changed = true;
        self.sends.push(Send { command: Some(command), content, id, state: SendState::Waiting, tries: 0 });
        true
    }

    /// How many messages are not settled.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.sends.len()
    }

    /// Whether every message is settled.
    pub fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// Takes over what an earlier page left: what it has sent is to be looked up first. That page may have been asked to send less.
    pub fn restore(&mut self, left: &J) {
        for place in 0..left.len().unwrap_or(0) {
            if let Some(send) = Send::read(&left.at(place)) {
                self.sends.push(send);
                self.paced = true;
            }
        }
    }

    /// Whether what is to be stored has changed since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What a later page needs, as far as there is room for that many characters of it; and whether that is all.
    pub fn unsent(&self, mut room: usize) -> (J, bool) {
        let mut unsent = J::array();
        let mut all = true;
        for Send { content, id, tries, .. } in &self.sends {
            let size = content.size() + OVERHEAD;
            match content.said() {
                Some((text, url)) if size <= room => {
                    room -= size;
                    let mut send = J::object();
                    send.put_str(Name::Id, id);
                    send.put_text(Name::TextMember, text);
                    send.put(Name::Url, J::of_bool(url));
                    send.put_number(Name::Tries, (*tries).into());
                    unsent.push(send);
                }
                Some(_) => all = false,
                // Answers to forms and session data are for the page that gave them.
                None => {}
            }
        }
        (unsent, all)
    }

    /// The first message that waits and may be sent, unless one before it is unsettled: order comes first.
    pub fn next_waiting(&self) -> Option<&Send<J>> {
        let first = self.sends.iter().find(|send| self.paced || !matches!(send.state, SendState::InFlight { .. }))?;
        (first.state == SendState::Waiting).then_some(first)
    }

    /// The first message that waited was sent as this operation.
    pub fn sent(&mut self, operation: String) {
        if let Some(send) = self.sends.iter_mut().find(|send| send.state == SendState::Waiting) {
            self.changed = true;
            send.tries = send.tries.saturating_add(1);
            send.state = SendState::InFlight { operation, acknowledged: None };
        }
    }

    /// The link broke: what was in flight is unsettled.
    pub fn unsettle(&mut self) {
        for send in &mut self.sends {
            if matches!(send.state, SendState::InFlight { .. }) {
                send.state = SendState::Unsettled;
            }
        }
    }

    /// The transcript was looked through: what is still unsettled is not in it. Takes out the first of it that was tried too
    /// often; when there is none, all is to be sent again.
    pub fn resend(&mut self) -> Option<Sender> {
        let unsettled = |send: &Send<J>| send.state == SendState::Unsettled;
        if let Some(place) = self.sends.iter().position(|send| unsettled(send) && send.tries >= MOST_TRIES) {
            return self.take_out(place).map(|send| send.command);
        }
        for send in self.sends.iter_mut().filter(|send| unsettled(send)) {
            send.state = SendState::Waiting;
        }
        None
    }

    /// Whether the order does not yet allow to leave: something is still to be sent, or may have to be.
    pub fn is_open(&self) -> bool {
        self.sends.iter().any(|send| self.paced || !matches!(send.state, SendState::InFlight { .. }))
    }

    /// Whether it is to be seen first what became of messages that were on their way behind one that the server put off: what
    /// it took of them stays before that one.
    pub fn is_unclear(&self) -> bool {
        self.paced && self.is_in_flight()
    }

    /// Whether a message is unsettled.
    pub fn is_unsettled(&self) -> bool {
        self.sends.iter().any(|send| send.state == SendState::Unsettled)
    }

    /// A message of the visitor's stands in the transcript: the send that it is, if it is one. By the client's id where
    /// the server keeps it, else the oldest sent one with the same text, unless the entry was searched before.
    pub fn echo(&mut self, entry: &Entry<J>, url: bool, searched: bool) -> Option<Sender> {
        // Most of the time there is nothing to settle, and nothing of the entry to be read for it.
        if self.sends.is_empty() {
            return None;
        }
        let id = entry.message_id().filter(|id| id.starts_with(ID_PREFIX));
        let text = entry.text();
        let place = self.sends.iter().position(|send| match &id {
            Some(id) => send.id == *id,
            None => {
                let same = |(sent, is_url): (&J::Text, bool)| is_url == url && sent.same(&text);
                !searched && send.state != SendState::Waiting && send.content.said().is_some_and(same)
            }
        })?;
        self.arrived(place).map(|send| send.command)
    }

    /// What has this id stands in the transcript: its send, if it is one.
    pub fn echo_of(&mut self, entry: &Entry<J>) -> Option<Sender> {
        let id = entry.message_id()?;
        let place = self.sends.iter().position(|send| send.id == id)?;
        self.arrived(place).map(|send| send.command)
    }

    /// An operation was answered, well or not: takes out its send.
    pub fn answered(&mut self, operation: &str, well: bool) -> Option<Send<J>> {
        let place = self.place(operation)?;
        if well { self.arrived(place) } else { self.take_out(place) }
    }

    /// The server did not take an operation, and asks for it later: its send is unsettled until then, and that was no try.
    /// Whether it is one.
    pub fn postpone(&mut self, operation: &str) -> bool {
        let Some(send) = self.place(operation).and_then(|place| self.sends.get_mut(place)) else { return false };
        send.state = SendState::Unsettled;
        send.tries = send.tries.saturating_sub(1).max(1);
        self.paced = true;
        true
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
        self.take_out(place)
    }

    /// The server refused the size of something in flight: takes out the largest.
    pub fn largest_in_flight(&mut self) -> Option<Send<J>> {
        let mut largest = (usize::MAX, 0);
        for (place, send) in self.sends.iter().enumerate() {
            let size = send.content.size();
            if size >= largest.1 && send.state != SendState::Waiting {
                largest = (place, size);
            }
        }
        self.take_out(largest.0)
    }

    /// When the first acknowledged message counts as arrived.
    pub fn next_deadline(&self) -> Option<u64> {
        self.sends.iter().filter_map(Send::deadline).min()
    }

    /// Takes out a message that the server acknowledged a while ago: it has it, and does not tell.
    pub fn overdue(&mut self, now: u64) -> Option<Sender> {
        let place = self.sends.iter().position(|send| send.deadline().is_some_and(|at| at <= now))?;
        self.arrived(place).map(|send| send.command)
    }

    /// Takes out the first, for the session is over: the command, and whether the server acknowledged the message.
    pub fn pop(&mut self) -> Option<(Sender, bool)> {
        self.take_out(0).map(|send| (send.command, send.deadline().is_some()))
    }

    /// Whether a message is in flight.
    pub fn is_in_flight(&self) -> bool {
        self.sends.iter().any(|send| matches!(send.state, SendState::InFlight { .. }))
    }

    /// A message has arrived: takes it out. What was sent before it and is not settled was refused, and the refusal lost,
    /// unless the transcript has it: sent again, it would come after this one.
    fn arrived(&mut self, place: usize) -> Option<Send<J>> {
        for send in self.sends.iter_mut().take(place).filter(|send| send.state != SendState::Waiting) {
            send.tries = MOST_TRIES;
        }
        self.take_out(place)
    }

    fn take_out(&mut self, place: usize) -> Option<Send<J>> {
        self.changed = true;
        self.paced &= self.sends.len() > 1;
        (place < self.sends.len()).then(|| self.sends.remove(place))
    }

    fn place(&self, operation: &str) -> Option<usize> {
        self.sends
            .iter()
            .position(|send| matches!(&send.state, SendState::InFlight { operation: sent, .. } if sent == operation))
    }
}

impl<J: Json> Send<J> {
    /// What an earlier page left; `None` when it is nothing of that kind.
    fn read(left: &J) -> Option<Self> {
        let is_url = left.get(Name::Url).bool()?;
        let tries = left.count_of(Name::Tries)?.min(u8::MAX.into()) as u8;
        let state = if tries > 0 { SendState::Unsettled } else { SendState::Waiting };
        let text = left.get(Name::TextMember).text()?;
        let content = if is_url { Content::Url(text) } else { Content::Text(text) };
        Some(Send { command: None, content, id: left.string_of(Name::Id)?, state, tries })
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
