//! The order of the transcript: each entry once, none before the ones it follows. What comes too early is held until
//! the gap before it is filled, or known to be one that the server has nothing for.

use crate::chat::Entry;
use crate::json::Json;

/// Where the transcript stands. Positions count from 1, as on the wire.
#[derive(Debug)]
pub struct Transcript<J: Json> {
    /// The last position that has been passed on, or skipped.
    last: u32,
    /// Positions after `last` that need no entry, in order: of typing, which some servers number and keep no entry of,
    /// and of what was unreadable.
    void: Vec<u32>,
    /// Up to here no position needs an entry: the server counted them before it accepted the session.
    floor: u32,
    /// The server has not told where the transcript begins: the first entry that comes is the first there is.
    open: bool,
    /// Entries that came too early, in order.
    held: Vec<Entry<J>>,
}

impl<J: Json> Transcript<J> {
    /// An empty transcript.
    pub fn new() -> Self {
        Self { last: 0, void: Vec::new(), floor: 0, open: false, held: Vec::new() }
    }

    /// The server accepted a new session and gave no entries, but perhaps the position of the next one.
    pub fn open(&mut self, next: Option<u32>) {
        match next {
            Some(next) if next > 0 => self.floor = next - 1,
            _ => self.open = self.last == 0,
        }
    }

    /// The last position that has been passed on.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// Whether entries wait for a gap to be filled.
    pub fn has_gap(&self) -> bool {
        !self.held.is_empty()
    }

    /// Uses up the next position for an event that the server has no entry of, none that earlier pages know; returns it, counted
    /// from 0.
    pub fn take_place(&mut self, told_before: u32) -> u32 {
        let at = self.expected().max(told_before + 1);
        self.pass(at);
        at.saturating_sub(1)
    }

    /// The position that is next, where no other could be as well, and nothing waits for it.
    pub fn next_alone(&self) -> Option<u32> {
        let is_alone = self.held.is_empty() && self.void.is_empty() && self.floor <= self.last && !self.open;
        is_alone.then_some(self.last + 1)
    }

    /// So many entries from there on have been passed on.
    pub fn pass_run(&mut self, count: usize) {
        self.last += count as u32;
    }

    /// Takes in an entry; returns it when it is its turn. An entry without a position is taken as the next one.
    pub fn admit(&mut self, mut entry: Entry<J>) -> Option<Entry<J>> {
        let at = entry.index.unwrap_or_else(|| self.expected());
        entry.index = Some(at);
        if at <= self.last {
            return None;
        }
        if (at <= self.expected() || std::mem::take(&mut self.open)) && self.held.is_empty() {
            self.open = false;
            self.pass(at);
            return Some(entry);
        }
        let place = self.held.partition_point(|held| held.index < entry.index);
        if self.held.get(place).is_none_or(|held| held.index != entry.index) {
            self.held.insert(place, entry);
        }
        None
    }

    /// Whether typing with this position is news.
    pub fn admit_typing(&mut self, index: Option<u32>) -> bool {
        let Some(at) = index else { return true };
        if at <= self.last {
            return false;
        }
        self.leave_void(at);
        true
    }

    /// A position that will never have an entry: what stood there was unreadable.
    pub fn skip(&mut self, index: u32) {
        if index > self.last && index <= self.expected() {
            self.pass(index);
        } else if index > self.last {
            self.leave_void(index);
        }
    }

    /// Takes out the held entries whose turn it is; before the position `whole`, gaps are known to be real and do not count.
    pub fn release(&mut self, whole: u32) -> Vec<Entry<J>> {
        let mut count = 0;
        while let Some(at) = self.held.get(count).and_then(|entry| entry.index) {
            if at >= whole && at > self.expected() {
                break;
            }
            self.pass(self.last.max(at));
            count += 1;
        }
        let later = self.held.split_off(count);
        std::mem::replace(&mut self.held, later)
    }

    /// Lets go of the entries that wait.
    pub fn drop_held(&mut self) {
        self.held.clear();
    }

    /// The positions of the entries that wait.
    pub fn held(&self) -> impl Iterator<Item = u32> {
        self.held.iter().filter_map(|entry| entry.index)
    }

    /// The highest position that is next in turn.
    fn expected(&self) -> u32 {
        let mut next = self.last.max(self.floor).saturating_add(1);
        for at in &self.void {
            next = next.saturating_add(u32::from(*at == next));
        }
        next
    }

    fn pass(&mut self, at: u32) {
        self.last = at;
        while self.void.first().is_some_and(|void| *void <= at) {
            self.void.remove(0);
        }
    }

    fn leave_void(&mut self, at: u32) {
        let place = self.void.partition_point(|void| *void < at);
        if self.void.get(place) != Some(&at) {
            self.void.insert(place, at);
        }
    }
}

impl<J: Json> Default for Transcript<J> {
    fn default() -> Self {
        Self::new()
    }
}
