//! Session data: what a visitor's page and bots keep with the visitor, over one session and the next.
//!
//! Each member has the version of the change that set it; so what has changed since a version is known without a log. A
//! deleted member leaves its name behind, until there are too many of those: whoever has an older version than
//! that gets everything.

use crate::json::Raw;
use crate::secret::SecureKey;
use serde::Serialize;
use std::collections::BTreeMap;

/// Names of deleted members that are remembered.
pub const GONE: usize = 1000;
/// Messages that are known again.
pub const RECENT: usize = 32;
/// Bytes of a member's name.
pub const NAME: usize = 256;

/// Whose data it is, and how to prove it.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The visitor.
    pub user: String,
    /// Opens the data to a later session of the visitor.
    pub key: SecureKey,
}

/// A change of session data, done as a whole or not at all.
#[derive(Debug, Clone, Default)]
pub struct DataChange {
    /// The members that are set.
    pub set: BTreeMap<String, Raw>,
    /// The members that are deleted.
    pub deleted: Vec<String>,
    /// Only if this is the version.
    pub only: Option<u64>,
    /// The client's id of it: a change that is repeated is done once.
    pub message: Option<String>,
    /// Bytes that there may be in all.
    pub limit: usize,
    /// Until when it is kept, in milliseconds since the epoch.
    pub expires: u64,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done, now or before, and made this version.
    Done(u64),
    /// The version was another.
    Stale,
    /// There would be too much.
    TooLarge,
}

/// What has changed from one version to another.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Delta {
    /// The version now.
    pub version: u64,
    /// The version before; with 0 this is everything.
    pub from: u64,
    /// What was set since.
    pub set: BTreeMap<String, Raw>,
    /// What was deleted since.
    pub deleted: Vec<String>,
}

/// How much of the limit a member takes.
#[must_use]
pub fn size(name: &str, value: &Raw) -> usize {
    name.len() + value.get().len()
}
