//! What holds for every page, whatever the server says: API rules 1, 2 and 5, alternation, one end, each command settled
//! once, and a log that tells nothing.

use std::collections::BTreeMap;

use causerie::chat::PartyId;
use causerie::json::native::NativeJson;
use causerie::session::{CommandId, Error, Event, Place};

use super::MARK;

/// One page.
#[derive(Debug, Default)]
pub struct Rules {
    /// The next index that no earlier page was told of.
    pub fresh_from: u32,
    given: BTreeMap<CommandId, bool>,
    last: Option<u32>,
    is_interrupted: bool,
    has_ended: bool,
    has_seen_new: bool,
    agents: Vec<PartyId>,
}

impl Rules {
    /// A command was given.
    pub fn give(&mut self, command: CommandId) {
        assert!(self.given.insert(command, false).is_none(), "command {command} has an id of its own");
    }

    /// A command is settled.
    pub fn settle(&mut self, command: CommandId, result: &Result<(), Error>) {
        match self.given.get_mut(&command) {
            Some(settled) => assert!(!std::mem::replace(settled, true), "command {command} is settled twice"),
            None => panic!("command {command} was never given, and came to {result:?}"),
        }
    }

    /// Whether every command is settled.
    pub fn assert_settled(&self) {
        let open: Vec<&CommandId> = self.given.iter().filter(|(_, settled)| !**settled).map(|(id, _)| id).collect();
        assert!(open.is_empty(), "commands are left open: {open:?}");
    }

    /// Notes an event; returns its index when it has one.
    pub fn note(&mut self, event: &Event<NativeJson>) -> Option<u32> {
        assert!(!self.has_ended, "nothing comes after the end: {event:?}");
        match event {
            Event::Message { place, .. } => return self.place(place, false),
            Event::Messages { .. } => {
                return event.clone().singly().iter().fold(None, |told, one| self.note(one).or(told));
            }
            Event::AgentConnected { place, party } => {
                self.agents.retain(|agent| *agent != party.id());
                self.agents.push(party.id());
                return self.place(place, false);
            }
            Event::AgentDisconnected { place, party } => {
                self.agents.retain(|agent| *agent != party.id());
                return self.place(place, true);
            }
            Event::Notice { place: Some(place), .. } => return self.place(place, false),
            Event::Notice { place: None, .. } | Event::AgentTyping { .. } | Event::Error(_) => {}
            Event::Renewed { .. } => {
                assert!(self.agents.is_empty(), "agents are disconnected before a renewal: {:?}", self.agents);
                self.last = None;
                self.fresh_from = 0;
                self.has_seen_new = false;
            }
            Event::Interrupted => {
                assert!(
                    !std::mem::replace(&mut self.is_interrupted, true),
                    "interruptions and continuations alternate"
                );
            }
            Event::Continued => {
                assert!(std::mem::take(&mut self.is_interrupted), "interruptions and continuations alternate");
            }
            Event::Ended { .. } => {
                self.has_ended = true;
                assert!(self.agents.is_empty(), "agents are disconnected before the end: {:?}", self.agents);
            }
        }
        None
    }

    /// What an agent's going is told by at the end is new, wherever it stands: no server has an entry of it.
    fn place(&mut self, place: &Place, may_be_ours: bool) -> Option<u32> {
        assert!(self.last.is_none_or(|last| last < place.index), "indexes go up: {place:?} after {:?}", self.last);
        let was_told = place.index < self.fresh_from;
        assert!(place.restored == was_told || (was_told && may_be_ours), "restored is what was told before: {place:?}");
        assert!(!(place.restored && self.has_seen_new), "restored comes before new: {place:?}");
        self.has_seen_new |= !place.restored;
        assert!(place.time.is_finite(), "a time is a time: {place:?}");
        self.last = Some(place.index);
        Some(place.index)
    }

    /// A line of the log.
    pub fn log(line: &str) {
        assert!(!line.contains(MARK), "what came from outside, or is a secret, is in the log: {line}");
    }
}
