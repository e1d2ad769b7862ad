//! Locks that no panic can leave unusable.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex; a poisoned one is taken as it is, for no code here panics while it holds one.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
