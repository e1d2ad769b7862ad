//! Agents' typing on its way to the page: told when it begins and when it is over, which it is by itself when nothing more is
//! heard of it.

use super::Session;
use super::event::Event;
use crate::chat::{Entry, Party};
use crate::json::Json;

/// How long an agent types when nothing more is heard of it, in milliseconds.
const AGENT_TYPING: u64 = 30_000;

impl<J: Json> Session<J> {
    /// An agent types, or has stopped.
    pub(super) fn agent_types(&mut self, entry: &Entry<J>, on: bool) {
        let party = entry.party();
        if entry.index.is_none() && entry.time.is_some_and(|time| !self.roster.is_news(&party, time, on)) {
            return;
        }
        self.roster.type_off(&party);
        if on {
            self.roster.type_on(party.clone(), self.now.after(AGENT_TYPING));
        }
        self.emit(Event::AgentTyping { party, on });
    }

    /// Whoever has not been heard of for too long types no more.
    pub(super) fn expire_agent_typing(&mut self) {
        while let Some(party) = self.roster.pop_due(self.now.mono) {
            self.emit(Event::AgentTyping { party, on: false });
        }
    }

    /// A party that has typed does not any more.
    pub(super) fn stop_typing(&mut self, party: &Party<J>) {
        self.roster.forget_typing(party);
        if let Some(party) = self.roster.type_off(party) {
            self.emit(Event::AgentTyping { party, on: false });
        }
    }
}
