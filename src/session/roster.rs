//! The agents who are in the session, and which of them type.

use crate::chat::{Party, PartyId};
use crate::json::Json;

/// The agents in the session, in the order in which they came.
#[derive(Debug)]
pub struct Roster<J: Json> {
    agents: Vec<Party<J>>,
    typing: Vec<(Party<J>, u64)>,
    /// When each agent last began (true) or ceased to type, by the server's clock.
    typed_at: Vec<(PartyId, (f64, bool))>,
}

impl<J: Json> Roster<J> {
    /// Nobody is there.
    pub fn new() -> Self {
        Self { agents: Vec::new(), typing: Vec::new(), typed_at: Vec::new() }
    }

    /// An agent joined.
    pub fn join(&mut self, agent: Party<J>) {
        self.leave(&agent);
        self.agents.push(agent);
    }

    /// An agent left.
    pub fn leave(&mut self, agent: &Party<J>) {
        let id = agent.id();
        if let Some(place) = self.agents.iter().position(|party| party.id() == id) {
            self.agents.remove(place);
        }
    }

    /// How many agents are there or type.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.agents.len() + self.typing.len() + self.typed_at.len()
    }

    /// Whether an agent is there.
    pub fn has_agents(&self) -> bool {
        !self.agents.is_empty()
    }

    /// Takes out the agent who came first, for the session is over.
    pub fn pop_agent(&mut self) -> Option<Party<J>> {
        self.typed_at.clear();
        (!self.agents.is_empty()).then(|| self.agents.remove(0))
    }

    /// Whether it is news that an agent began or ceased to type at this time: a server that is polled tells the same several
    /// times, and one whose clock is coarse gives both the same time.
    pub fn is_news(&mut self, agent: &Party<J>, time: f64, on: bool) -> bool {
        let id = agent.id();
        let known = self.typed_at.iter_mut().find(|(of, _)| *of == id);
        match known {
            Some((_, last)) if *last == (time, on) => false,
            Some((_, last)) => {
                *last = (time, on);
                true
            }
            None => {
                self.typed_at.push((id, (time, on)));
                true
            }
        }
    }

    /// An agent has spoken or left: whatever is told of its typing next is news.
    pub fn forget_typing(&mut self, agent: &Party<J>) {
        let id = agent.id();
        self.typed_at.retain(|(of, _)| *of != id);
    }

    /// Whether any agent types.
    pub fn is_anyone_typing(&self) -> bool {
        !self.typing.is_empty()
    }

    /// An agent who did not types until told otherwise, or until `until` on the monotonic clock.
    pub fn type_on(&mut self, agent: Party<J>, until: u64) {
        self.typing.push((agent, until));
    }

    /// An agent does not type any more; the agent, if it did.
    pub fn type_off(&mut self, agent: &Party<J>) -> Option<Party<J>> {
        let place = self.typing.iter().position(|(party, _)| party.id() == agent.id())?;
        Some(self.typing.swap_remove(place).0)
    }

    /// When the first typing runs out.
    pub fn next_deadline(&self) -> Option<u64> {
        self.typing.iter().map(|(_, until)| *until).min()
    }

    /// Takes out an agent whose typing has run out.
    pub fn pop_due(&mut self, now: u64) -> Option<Party<J>> {
        let place = self.typing.iter().position(|(_, until)| *until <= now)?;
        Some(self.typing.swap_remove(place).0)
    }
}

impl<J: Json> Default for Roster<J> {
    fn default() -> Self {
        Self::new()
    }
}
