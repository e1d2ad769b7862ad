//! Who looks after which chat, for stores that one process has: in memory, for with the process all who did are gone.

use super::{LEASE, Presence};
use std::collections::HashMap;

/// Chats by their ids, each with the time until when it is looked after.
#[derive(Debug, Default)]
pub(super) struct Attendance(HashMap<String, (u64, Presence)>);

impl Attendance {
    /// Chats of which nothing is known yet.
    pub(super) fn of(chats: impl IntoIterator<Item = String>) -> Self {
        Self(chats.into_iter().map(|chat| (chat, (0, Presence::default()))).collect())
    }

    /// A chat was begun or changed.
    pub(super) fn changed(&mut self, chat: &str, now: u64) {
        let (presence, until) = (Presence { seen: 0, active: now }, now.saturating_add(LEASE));
        match self.0.get_mut(chat) {
            Some(known) => raise(known, presence, until),
            None => drop(self.0.insert(chat.to_owned(), (until, presence))),
        }
    }

    pub(super) fn attend(&mut self, chat: &str, presence: Presence, until: u64) {
        if let Some(known) = self.0.get_mut(chat) {
            raise(known, presence, until);
        }
    }

    pub(super) fn presence(&self, chat: &str) -> Presence {
        self.0.get(chat).map_or_else(Presence::default, |(_, presence)| *presence)
    }

    pub(super) fn claim(&mut self, now: u64, until: u64, limit: usize) -> Vec<String> {
        let mut claimed = Vec::new();
        for (chat, (kept, _)) in self.0.iter_mut().filter(|(_, (kept, _))| *kept < now).take(limit) {
            *kept = until;
            claimed.push(chat.clone());
        }
        claimed
    }

    pub(super) fn forget(&mut self, chat: &str) {
        self.0.remove(chat);
    }
}

fn raise((kept, known): &mut (u64, Presence), presence: Presence, until: u64) {
    *kept = until.max(*kept);
    known.seen = presence.seen.max(known.seen);
    known.active = presence.active.max(known.active);
}
