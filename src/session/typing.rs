//! The visitor's typing on its way out: coalesced, so that a keystroke is no message, and forgotten when the link is
//! down, for typing is only true now.

use super::event::CommandId;
use crate::json::Json;
use crate::time::Now;

/// At most one typing operation in this many milliseconds.
const INTERVAL: u64 = 1_000;
/// That the visitor goes on typing is told again after this many milliseconds.
const RENEWAL: u64 = 3_000;

/// What the server was told, and what it is yet to be told.
#[derive(Debug)]
pub struct Typing<J: Json> {
    told: bool,
    told_at: Option<u64>,
    next: Option<Next<J>>,
}

#[derive(Debug)]
struct Next<J: Json> {
    command: CommandId,
    on: bool,
    preview: Option<J::Text>,
}

/// What to do with a typing command.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tell the server now.
    Now,
    /// The server knows.
    Known,
    /// Tell the server at this point of the monotonic clock, unless something newer comes. The superseded command, if
    /// any, is settled.
    Later(u64, Option<CommandId>),
}

impl<J: Json> Typing<J> {
    /// Nobody types.
    pub fn new() -> Self {
        Self { told: false, told_at: None, next: None }
    }

    /// A command came.
    pub fn ask(&mut self, now: Now, command: CommandId, on: bool, preview: Option<&J::Text>) -> Verdict {
        let since = self.told_at.map_or(u64::MAX, |at| now.mono.saturating_sub(at));
        let known = on == self.told && self.next.is_none() && (!on || (preview.is_none() && since < RENEWAL));
        if known {
            return Verdict::Known;
        }
        if since >= INTERVAL && self.next.is_none() {
            return Verdict::Now;
        }
        let superseded = self.next.take().map(|next| next.command);
        self.next = Some(Next { command, on, preview: preview.cloned() });
        Verdict::Later(self.told_at.unwrap_or(now.mono) + INTERVAL, superseded)
    }

    /// The server was told.
    pub fn told(&mut self, now: Now, on: bool) {
        self.told = on;
        self.told_at = Some(now.mono);
    }

    /// Takes out what the server is yet to be told.
    pub fn take_next(&mut self) -> Option<(CommandId, bool, Option<J::Text>)> {
        self.next.take().map(|next| (next.command, next.on, next.preview))
    }

    /// A message was sent, or the link is down: nobody types any more.
    pub fn reset(&mut self) {
        self.told = false;
    }
}

impl<J: Json> Default for Typing<J> {
    fn default() -> Self {
        Self::new()
    }
}
