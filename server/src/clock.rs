//! What time it is: milliseconds since the epoch, as entries tell it and as the store keeps it.

use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A clock.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's, with its corrections.
    System,
    /// One that runs as the runtime's time does, from the system's time on; in tests that time may be virtual.
    Steady {
        /// The system's time when it was set.
        base: u64,
        /// The runtime's time when it was set.
        since: Instant,
    },
}

impl Clock {
    /// A clock that runs as the runtime's time does. It must be made where that runtime is entered.
    #[must_use]
    pub fn steady() -> Self {
        Self::Steady { base: system(), since: Instant::now() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self {
            Self::System => system(),
            Self::Steady { base, since } => base + millis(since.elapsed()),
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn system() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}
