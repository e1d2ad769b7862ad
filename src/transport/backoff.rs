//! How long to wait between tries: full jitter under a ceiling that doubles. The count goes back to zero only after a
//! link has held a while, so that a flapping server is not hammered.

use crate::time::{Dice, Now};

/// The first ceiling, in milliseconds.
const FIRST: u64 = 500;
/// The last ceiling, in milliseconds.
const LAST: u64 = 10_000;
/// How long a link has to hold before its loss counts as a first one again, in milliseconds.
const MIN_UPTIME: u64 = 5_000;

/// The waits of one link.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
    up_since: Option<u64>,
}

impl Backoff {
    /// The link is up.
    pub fn up(&mut self, now: Now) {
        self.up_since.get_or_insert(now.mono);
    }

    /// The link is lost: how long to wait, in milliseconds, but at least what the server asked for.
    pub fn lost(&mut self, now: Now, dice: &mut Dice, server: u64) -> u64 {
        if self.up_since.take().is_some_and(|since| now.mono.saturating_sub(since) >= MIN_UPTIME) {
            self.tries = 0;
        }
        let ceiling = FIRST.saturating_mul(1 << self.tries.min(10)).min(LAST);
        self.tries += 1;
        dice.up_to(ceiling).max(server)
    }
}
