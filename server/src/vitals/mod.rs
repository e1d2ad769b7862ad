//! How the server is: alive, ready, how much it does and how much waits; what operators and their monitoring ask.
//!
//! `metrics` is what is counted, `watched` counts at the store, `pages` is what is asked over HTTP. When too much waits for the
//! store, the newest work is shed: new connections and new chats are refused, and what runs goes on. Nothing here
//! knows a name, an address or a text.

pub mod metrics;
pub mod pages;
mod watched;

use crate::config::Overload;
use crate::lock::locked;
use metrics::{Metrics, Shed};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) use watched::Watched;

/// For how long a store that refused a change counts as one that cannot keep any.
const REFUSING: Duration = Duration::from_secs(5);

/// Where the server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It takes up what is in the store.
    Starting,
    /// It serves.
    Serving,
    /// It was told to stop.
    Stopping,
}

/// Too much waits: in so many seconds it may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded {
    /// The seconds.
    pub retry_after: u64,
}

/// How the server is.
pub struct Vitals {
    /// What is counted.
    pub metrics: Metrics,
    overload: Overload,
    stage: Mutex<Stage>,
    /// Changes that wait for the store.
    waiting: AtomicUsize,
    /// When the store last refused a change for no fault of the change; not if it has kept one since.
    refused: Mutex<Option<Instant>>,
}

impl fmt::Debug for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vitals").field("stage", &self.stage()).field("waiting", &self.waiting()).finish()
    }
}

impl Vitals {
    /// Of a server that serves from now on.
    #[must_use]
    pub fn new(overload: Overload) -> Self {
        Self {
            metrics: Metrics::new(),
            overload,
            stage: Mutex::new(Stage::Serving),
            waiting: AtomicUsize::new(0),
            refused: Mutex::default(),
        }
    }

    /// Where the server is in its life.
    #[must_use]
    pub fn stage(&self) -> Stage {
        *locked(&self.stage)
    }

    /// The server is there now. One that stops does nothing else any more.
    pub fn enter(&self, stage: Stage) {
        let mut now = locked(&self.stage);
        if *now != Stage::Stopping {
            *now = stage;
        }
    }

    /// How many changes wait for the store.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the store has refused to keep anything lately.
    #[must_use]
    pub fn store_refuses(&self) -> bool {
        locked(&self.refused).is_some_and(|since| since.elapsed() < REFUSING)
    }

    /// Whether there is room for new work of this kind.
    ///
    /// # Errors
    /// When too much waits already.
    pub fn admit(&self, shed: Shed) -> Result<(), Overloaded> {
        if self.overload.waiting == 0 || self.waiting() < self.overload.waiting {
            return Ok(());
        }
        self.metrics.shed(shed);
        Err(Overloaded { retry_after: self.overload.retry_after })
    }
}
