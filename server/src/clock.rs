//! What time it is: milliseconds since the epoch, as entries tell it and as the store keeps it.
//!
//! The system's clock is corrected now and then, and sometimes it is wrong. Small corrections are followed as they come. A jump is
//! not believed before it has held for a while: until then the time goes on as it went. What waits within the process does
//! not ask this clock, but the runtime's, which nobody sets.

use crate::lock::locked;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A difference that is a correction, and no jump, in milliseconds.
const CORRECTION: i64 = 1000;
/// For how long a jump has to hold before it is believed, in milliseconds.
const CONFIRMATION: i64 = 60_000;
/// For how long after a jump nothing is deleted that is kept for days, in milliseconds.
const DOUBT: i64 = 86_400_000;

/// A clock.
#[derive(Debug, Clone)]
pub enum Clock {
    /// One that follows another, which may jump.
    Watched(Arc<Watched>),
    /// One that runs as the runtime's time does, from the system's time on; in tests that time may be virtual.
    Steady {
        /// The system's time when it was set.
        base: u64,
        /// The runtime's time when it was set.
        since: Instant,
    },
}

/// A clock that is watched for jumps.
pub struct Watched {
    /// The clock that is watched.
    wall: Box<dyn Fn() -> u64 + Send + Sync>,
    /// How long it has been, by a clock that nobody sets, in milliseconds.
    run: Box<dyn Fn() -> u64 + Send + Sync>,
    seen: Mutex<Seen>,
}

/// What was seen of it.
#[derive(Debug)]
struct Seen {
    /// How far it is believed to be ahead of the one that nobody sets.
    ahead: i64,
    /// How far it was believed to be ahead at most.
    most: i64,
    /// A jump that is not believed yet: since when, and how far.
    jump: Option<(i64, i64)>,
    /// When a jump was last believed.
    believed: Option<i64>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Watched {
    /// The time in milliseconds that the clock that nobody sets shows, and what is seen of the other one.
    fn look<T>(&self, then: impl FnOnce(i64, &Seen) -> T) -> T {
        let (run, wall) = (signed((self.run)()), signed((self.wall)()));
        let mut seen = locked(&self.seen);
        let ahead = wall.saturating_sub(run);
        let jump = ahead.saturating_sub(seen.ahead);
        let is_near = |a: i64, b: i64| a.abs_diff(b) <= CORRECTION.unsigned_abs();
        match seen.jump {
            _ if is_near(jump, 0) => (seen.ahead, seen.jump) = (ahead, None),
            Some((since, far)) if is_near(jump, far) => {
                if run.saturating_sub(since) >= CONFIRMATION {
                    tracing::warn!(milliseconds = jump, "the system's clock has jumped for good, and is followed");
                    (seen.ahead, seen.jump, seen.believed) = (ahead, None, Some(run));
                }
            }
            _ => {
                tracing::warn!(milliseconds = jump, "the system's clock has jumped; it is not followed yet");
                seen.jump = Some((run, jump));
            }
        }
        seen.most = seen.most.max(seen.ahead);
        then(run, &seen)
    }
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::watching(system, running())
    }

    /// A clock that follows `wall`, and goes on as `run` does while that has jumped; both in milliseconds.
    #[must_use]
    pub fn watching(
        wall: impl Fn() -> u64 + Send + Sync + 'static,
        run: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let ahead = signed(wall()).saturating_sub(signed(run()));
        let seen = Mutex::new(Seen { ahead, most: ahead, jump: None, believed: None });
        Self::Watched(Arc::new(Watched { wall: Box::new(wall), run: Box::new(run), seen }))
    }

    /// A clock that runs as the runtime's time does. It must be made where that runtime is entered.
    #[must_use]
    pub fn steady() -> Self {
        Self::Steady { base: system(), since: Instant::now() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self {
            Self::Watched(watched) => watched.look(|run, seen| unsigned(run.saturating_add(seen.ahead))),
            Self::Steady { base, since } => base + millis(since.elapsed()),
        }
    }

    /// Now, or later where the clock was set back: what was to be done at a time is not put off by that.
    #[must_use]
    pub fn latest(&self) -> u64 {
        match self {
            Self::Watched(watched) => watched.look(|run, seen| unsigned(run.saturating_add(seen.most))),
            Self::Steady { .. } => self.now(),
        }
    }

    /// Whether it has jumped lately: then nothing is to be deleted that was kept for days.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Watched(watched) => watched.look(|run, seen| {
                seen.jump.is_some() || seen.believed.is_some_and(|at| run.saturating_sub(at) < DOUBT)
            }),
            Self::Steady { .. } => false,
        }
    }
}

/// Milliseconds by a clock that nobody sets. On Linux it goes on while the machine sleeps, so that a sleep is no jump.
#[cfg(target_os = "linux")]
fn running() -> impl Fn() -> u64 + Send + Sync {
    use rustix::time::{ClockId, clock_gettime};
    || Duration::try_from(clock_gettime(ClockId::Boottime)).map_or(0, millis)
}

/// Milliseconds by a clock that nobody sets.
#[cfg(not(target_os = "linux"))]
fn running() -> impl Fn() -> u64 + Send + Sync {
    let since = std::time::Instant::now();
    move || millis(since.elapsed())
}

fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn unsigned(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn system() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const START: u64 = 1_700_000_000_000;
    const HOUR: u64 = 3_600_000;

    /// A clock whose wall and running time are set here.
    struct Hands {
        wall: Arc<AtomicU64>,
        run: Arc<AtomicU64>,
        clock: Clock,
    }

    impl Hands {
        fn new() -> Self {
            let (wall, run) = (Arc::new(AtomicU64::new(START)), Arc::new(AtomicU64::new(5)));
            let (of_wall, of_run) = (Arc::clone(&wall), Arc::clone(&run));
            let read = |time: Arc<AtomicU64>| move || time.load(Ordering::Relaxed);
            Self { wall, run, clock: Clock::watching(read(of_wall), read(of_run)) }
        }

        fn pass(&self, millis: u64) {
            self.wall.fetch_add(millis, Ordering::Relaxed);
            self.run.fetch_add(millis, Ordering::Relaxed);
        }

        fn set_forward(&self, millis: u64) {
            self.wall.fetch_add(millis, Ordering::Relaxed);
        }

        fn set_back(&self, millis: u64) {
            self.wall.fetch_sub(millis, Ordering::Relaxed);
        }

        /// Since the start.
        fn now(&self) -> i64 {
            signed(self.clock.now()) - signed(START)
        }
    }

    #[test]
    fn time_passes_and_small_corrections_are_followed() {
        let hands = Hands::new();
        hands.pass(1000);
        hands.set_forward(900);
        assert_eq!(hands.now(), 1900);
        hands.set_back(700);
        assert_eq!((hands.now(), hands.clock.is_in_doubt()), (1200, false));
    }

    #[test]
    fn a_jump_that_is_taken_back_in_time_has_never_been() {
        let hands = Hands::new();
        for jump in [Hands::set_forward, Hands::set_back] {
            let before = hands.now();
            jump(&hands, HOUR);
            assert_eq!((hands.now(), hands.clock.is_in_doubt()), (before, true));
            hands.pass(59_000);
            assert_eq!(hands.now(), before + 59_000);
            let back = if hands.wall.load(Ordering::Relaxed) > START + HOUR / 2 {
                Hands::set_back
            } else {
                Hands::set_forward
            };
            back(&hands, HOUR);
            hands.pass(10_000);
            assert_eq!((hands.now(), hands.clock.is_in_doubt()), (before + 69_000, false));
        }
    }

    #[test]
    fn a_jump_that_holds_is_followed_and_doubted_for_a_day() {
        let hands = Hands::new();
        hands.set_forward(HOUR);
        assert_eq!(hands.now(), 0);
        hands.pass(30_000);
        hands.set_forward(HOUR);
        assert_eq!(hands.now(), 30_000, "another one is waited for anew");
        hands.pass(59_999);
        assert_eq!(hands.now(), 89_999);
        hands.pass(1);
        assert_eq!(hands.now(), signed(2 * HOUR) + 90_000);
        hands.pass(86_399_999);
        assert!(hands.clock.is_in_doubt());
        hands.pass(1);
        assert!(!hands.clock.is_in_doubt());
    }

    #[test]
    fn what_is_due_is_not_put_off_by_a_clock_that_is_set_back() {
        let hands = Hands::new();
        hands.set_back(HOUR);
        hands.now();
        hands.pass(60_000);
        assert_eq!(hands.now(), 60_000 - signed(HOUR));
        assert_eq!(hands.clock.latest(), START + 60_000);
        hands.pass(5000);
        assert_eq!(hands.clock.latest(), START + 65_000);
    }
}
