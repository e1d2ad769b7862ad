//! Session data: what a visitor's page and bots keep with the visitor, over one session and the next.
//!
//! Each member has the version of the change that set it; so what has changed since a version is known without a log. A
//! deleted member leaves its name behind, until there are too many of those: whoever has an older version than
//! that gets everything.

//!
//! What all of it takes is bounded twice: for the visitors of one address, and in all. A visitor who keeps anything is charged for the
//! names and values, the names that are remembered, and a fixed share for the rest; to the address whose chat kept something first.
//! The store has the sums and changes them in the commit that changes the data, so that nothing is counted twice or left over.

use crate::json::Raw;
use crate::limits::counted;
use crate::secret::SecureKey;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Names of deleted members that are remembered.
pub const GONE: usize = 1000;
/// Messages that are known again.
pub const RECENT: usize = 32;
/// Bytes of a member's name.
pub const NAME: usize = 256;
/// Bytes that a visitor who keeps anything is charged beside names and values: the key, the ids of known changes.
pub const RECORD: u64 = 4096;

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
    /// What there may be of more than one visitor.
    pub budget: Budget,
}

/// How much may be kept for the visitors of an address, and in all.
#[derive(Debug, Clone)]
pub struct Budget {
    /// What visitors are charged to who keep something for the first time; empty: to no address.
    pub address: String,
    /// Bytes that one address may hold.
    pub of_address: u64,
    /// Bytes that all may hold.
    pub in_all: u64,
}

impl Default for Budget {
    /// No bound.
    fn default() -> Self {
        Self { address: String::new(), of_address: u64::MAX, in_all: u64::MAX }
    }
}

impl Budget {
    /// For a visitor of this address; 0 stands for no bound.
    #[must_use]
    pub fn new(address: IpAddr, of_address: u64, in_all: u64) -> Self {
        let bound = |bytes| if bytes == 0 { u64::MAX } else { bytes };
        Self { address: counted(address).to_string(), of_address: bound(of_address), in_all: bound(in_all) }
    }

    /// Whether there is room for so many bytes more, beside what the address and all hold.
    ///
    /// # Errors
    /// Whose room it is that does not suffice.
    pub fn admit(&self, more: u64, of_address: u64, in_all: u64) -> Result<(), Room> {
        if more != 0 && of_address.saturating_add(more) > self.of_address {
            return Err(Room::OfAddress);
        }
        if more != 0 && in_all.saturating_add(more) > self.in_all {
            return Err(Room::InAll);
        }
        Ok(())
    }
}

/// Whose room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// That of the visitors of one address.
    OfAddress,
    /// Everybody's.
    InAll,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done, now or before, and made this version.
    Done(u64),
    /// The version was another.
    Stale,
    /// There would be too much of this visitor's.
    TooLarge,
    /// There would be too much of several visitors'.
    NoRoom(Room),
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
