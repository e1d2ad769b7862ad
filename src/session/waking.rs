//! When the page was not running: the computer slept, or the browser kept the page without running it. What was due
//! meanwhile is not held against the link, which nobody listened to; it is probed instead.

use super::gap::GAP_TIME;
use super::receiving::REATTACH_TIME;
use super::sending::RESEND_PATIENCE;
use super::{Session, State, Timer};
use crate::json::Json;
use crate::time::Now;
use crate::transport::Link;

/// A timer that fires so much too late, or a wall clock that is so much ahead of the other, in milliseconds, shows that
/// the page was not running.
const JUMP: u64 = 5_000;
/// How long a page that was away longer than a session may be has to find the server again, in milliseconds.
const RETURN_TIME: u64 = 15_000;
/// The shortest time between two probes because the page is looked at, in milliseconds.
const PAUSE: u64 = 1_000;

impl<J: Json> Session<J> {
    /// Takes in the time, and notices when the page has slept.
    pub(super) fn set_now(&mut self, now: Now) {
        let late = self.due.take().map_or(0, |due| now.mono.saturating_sub(due));
        let mono = now.mono.saturating_sub(self.now.mono);
        let wall = now.wall.saturating_sub(self.now.wall);
        self.now = now;
        if late > JUMP || wall > mono.saturating_add(JUMP) {
            self.wake(wall.max(mono), wall.saturating_sub(mono));
        }
    }

    /// The page is looked at again: the link is probed, not too often.
    pub(super) fn look_up(&mut self) {
        let next = self.looked_up.saturating_add(PAUSE);
        match &mut self.link {
            Some(_) if self.now.mono < next => self.timers.set(Timer::Look, next),
            Some(link) => {
                self.looked_up = self.now.mono;
                link.wake(self.now);
            }
            None => {}
        }
    }

    /// The page slept `away` milliseconds, `unseen` of which the monotonic clock has not seen.
    fn wake(&mut self, away: u64, unseen: u64) {
        let (Some(setup), Some(link)) = (&self.setup, &mut self.link) else { return };
        // A browser that delays the timers of a hidden page again and again does not put off what is due for ever.
        if matches!(self.state, State::Over) || !std::mem::take(&mut self.heard_awake) {
            return;
        }
        if away > setup.max_offline {
            self.overslept = self.now.after(RETURN_TIME);
        }
        link.wake(self.now);
        for (timer, patience) in [
            (Timer::Attach, REATTACH_TIME),
            (Timer::Detached, REATTACH_TIME),
            (Timer::Resend, RESEND_PATIENCE),
            (Timer::GapLost, GAP_TIME),
        ] {
            self.timers.put_off(timer, self.now.after(patience));
        }
        self.timers.bring_forward(Timer::Offline, unseen);
        if self.timers.is_due(Timer::Offline, self.now) && !std::mem::replace(&mut self.returning, true) {
            self.timers.set(Timer::Offline, self.now.after(RETURN_TIME));
        }
        // Who typed does not type any more.
        self.drop_next_typing();
    }

    /// How long the link, now that it is found dead, may be so: one that died in a long sleep has been for long enough.
    pub(super) fn time_to_return(&self) -> u64 {
        let limit = self.setup.as_ref().map_or(0, |setup| setup.max_offline);
        let overslept = self.now.mono < self.overslept && self.link.as_ref().is_some_and(Link::is_held);
        if overslept { limit.min(RETURN_TIME) } else { limit }
    }
}
