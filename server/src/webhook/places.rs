//! How many events are told at the same time: so many to each receiver, so that none waits for another that hangs.

use crate::lock::locked;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How many events are told to one receiver at the same time.
const EACH: usize = 16;

/// Who is being told how many.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, usize>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    hook: String,
}

impl Places {
    /// The receivers that have no place left, and how many places each of the others has at least.
    pub(super) fn left(&self) -> (Vec<String>, usize) {
        let taken = locked(&self.0);
        let (full, others): (Vec<_>, Vec<_>) = taken.iter().partition(|(_, count)| **count >= EACH);
        let most = others.iter().map(|(_, count)| **count).max().unwrap_or(0);
        (full.into_iter().map(|(hook, _)| hook.clone()).collect(), EACH - most)
    }

    /// Takes a place.
    pub(super) fn take(self: &Arc<Self>, hook: &str) -> Place {
        *locked(&self.0).entry(hook.to_owned()).or_default() += 1;
        Place { places: Arc::clone(self), hook: hook.to_owned() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.places.0);
        if let Some(count) = taken.get_mut(&self.hook) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.hook);
            }
        }
    }
}
