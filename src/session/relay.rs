//! What the tab that holds the connection does for the other tabs of the session: it sends their operations as its own,
//! and passes on to them what comes. Each tab keeps a session of its own, whose link leads here.

use super::{Attached, Session, State, Timer};
use crate::chat::{Operation, Relayed, Reply};
use crate::direct;
use crate::fault::Fault;
use crate::io::Io;
use crate::json::{Json, Name};
use crate::transport::Link;

use super::event::Output;

/// What is known of the other tabs.
#[derive(Debug, Default)]
pub struct Relay {
    /// Another tab has been heard of.
    has_others: bool,
    /// Operations of theirs that were sent.
    asked: Vec<Asked>,
    /// One of the tabs has asked the server to end the session, and it has.
    left: bool,
}

#[derive(Debug)]
struct Asked {
    /// The operation, as the server answers it.
    operation: String,
    tab: u32,
    /// The operation, as the tab knows it.
    id: String,
    /// It asks to end the session.
    leaves: bool,
}

impl Relay {
    /// Whether the session is over because a tab wanted it.
    pub fn is_left(&self) -> bool {
        self.left
    }

    /// How many operations of other tabs are not answered.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Nobody is answered any more.
    pub fn clear(&mut self) {
        self.asked.clear();
    }

    /// A tab has ended the session.
    pub fn leave(&mut self) {
        self.left = true;
    }

    fn take(&mut self, operation: &str) -> Option<Asked> {
        let place = self.asked.iter().position(|asked| asked.operation == operation)?;
        Some(self.asked.swap_remove(place))
    }

    fn has_asked_to_leave(&self) -> bool {
        self.asked.iter().any(|asked| asked.leaves)
    }
}

impl<J: Json> Session<J> {
    /// Another tab says something: that it is there, or what it wants to be sent.
    pub(super) fn take_tab(&mut self, tab: u32, frame: &J) {
        if !self.link.as_ref().is_some_and(|link| link.is_held()) || matches!(self.state, State::Over) {
            return;
        }
        self.relay.has_others = true;
        let attached = self.attached == Attached::Yes;
        let Some(relayed) = Relayed::read(&frame.get(Name::Data)) else {
            if attached {
                self.tell_link(Some(tab), direct::UP);
            }
            return;
        };
        let (Some(mut operation), Some(id)) = (relayed.operation(), frame.string_of(Name::Id)) else { return };
        let leaves = matches!(operation, Operation::Disconnect);
        if let Operation::RequestNotifications { from, .. } = &mut operation {
            *from = self.position_for_all(*from);
        }
        // A tab that does not know of a renewal yet asks with the key of before.
        let mut keys = self.keys.clone();
        if let Some(key) = frame.get(Name::Data).string_of(Name::SecureKey).filter(|_| self.answers_by_id) {
            keys.secure_key = key;
            keys.chat_id = frame.string_of(Name::ChatId).unwrap_or(keys.chat_id);
        }
        let link = self.link.as_mut().filter(|_| attached);
        match link.and_then(|link| link.send(self.now, &operation, &keys)) {
            Some(operation) => self.relay.asked.push(Asked { operation, tab, id, leaves }),
            None if matches!(self.state, State::Interrupted) => self.tell_link(Some(tab), direct::DOWN),
            None => self.tell_link(Some(tab), direct::RENEWED),
        }
    }

    /// Whether no other tab has a part in the session, as far as is known.
    pub(super) fn is_alone(&self) -> bool {
        !self.relay.has_others && self.link.as_ref().is_none_or(Link::is_held)
    }

    /// The position to ask for what comes after the last that is known.
    pub(super) fn next_position(&self) -> u32 {
        self.position_for_all(self.transcript.last() + 1)
    }

    /// A server that does not name what it answers is asked for everything when there are several tabs: whichever tab
    /// asked, the answer is then one to all.
    fn position_for_all(&self, position: u32) -> u32 {
        if self.relay.has_others && !self.answers_by_id { 1 } else { position }
    }

    /// Tells the other tabs, or one of them, how the link is.
    pub(super) fn tell_link(&mut self, tab: Option<u32>, link: u32) {
        if tab.is_none() && link != direct::UP {
            self.relay.asked.clear();
        }
        let link = if link == direct::UP && self.answers_by_id { direct::UP_BY_ID } else { link };
        self.tell(tab, None, J::of(Name::Link, J::of_number(f64::from(link))));
    }

    /// Passes on what came. Returns whose it is: the id that it has for this tab's own session, or `None` when it is of no
    /// concern to it.
    pub(super) fn relay<'a>(&mut self, id: Option<&'a str>, data: &J, reply: &Reply<'_, J>) -> Option<Option<&'a str>> {
        if !self.relay.has_others {
            return Some(id);
        }
        let asked = id.and_then(|id| self.relay.take(id));
        let leaves = self.leaving.is_some()
            || asked.as_ref().is_some_and(|asked| asked.leaves)
            || id.is_none() && self.relay.has_asked_to_leave();
        if reply.ended() == Some(true) && leaves {
            self.tell_left();
        }
        let done = reply.status == 0;
        let Some(asked) = asked else {
            // A refusal of the opening operation is this tab's affair.
            if done || id.is_none() && self.attached == Attached::Yes {
                self.tell(None, None, J::of(Name::Data, data.clone()));
            }
            return Some(id);
        };
        if asked.leaves && !done && self.leaving.is_none() {
            self.timers.cancel(Timer::Leave);
        }
        let mut answer = J::of(Name::Data, data.clone());
        answer.put_str(Name::Id, &asked.id);
        self.tell(Some(asked.tab), None, answer);
        if done {
            self.tell(None, Some(asked.tab), J::of(Name::Data, data.clone()));
        }
        done.then_some(None)
    }

    /// Passes on what no session can read: each tab reports it.
    pub(super) fn relay_unreadable(&mut self, data: &J) {
        self.tell(None, None, J::of(Name::Data, data.clone()));
    }

    /// An operation was acknowledged or refused: whether it was another tab's.
    pub(super) fn relay_acknowledgement(&mut self, operation: &str, result: &Result<(), Fault>) -> bool {
        let Some(asked) = self.relay.take(operation) else { return false };
        let mut answer = J::of(Name::Id, J::of_str(&asked.id));
        match result {
            Ok(()) => answer.put(Name::Successful, J::of_bool(true)),
            Err(fault) => {
                answer.put_str(Name::Error, &fault.text());
                if *fault == Fault::TooLarge {
                    answer.put_number(Name::StatusCode, 413.0);
                }
            }
        }
        self.tell(Some(asked.tab), None, answer);
        if result.is_ok() {
            if asked.leaves {
                self.timers.set(Timer::Leave, self.now.after(super::settling::ECHO_TIME));
            }
            // Its result may follow; from a server that does not name what it answers, none does.
            if self.answers_by_id || asked.leaves {
                self.relay.asked.push(asked);
            }
        }
        true
    }

    /// The session has been left: the other tabs are to know that it was by the visitor's wish.
    pub(super) fn tell_left(&mut self) {
        self.relay.left = true;
        self.tell(None, None, J::of(Name::Left, J::of_bool(true)));
    }

    /// The session was left and the server has not said so to anybody: the other tabs hear it from this one.
    pub(super) fn tell_left_and_ended(&mut self) {
        self.tell_left();
        let mut data = J::of(Name::ChatEnded, J::of_bool(true));
        data.put_number(Name::StatusCode, 0.0);
        self.tell(None, None, J::of(Name::Data, data));
    }

    fn tell(&mut self, to: Option<u32>, except: Option<u32>, frame: J) {
        if self.relay.has_others && self.link.as_ref().is_some_and(|link| link.is_held()) {
            self.out.push_back(Output::Transmit(Io::Tell { to, except, frame }));
        }
    }
}
