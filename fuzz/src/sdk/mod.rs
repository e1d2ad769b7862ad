//! The SDK's targets: each reads bytes as a network, a page or a store may give them, and panics where a rule is broken.
//!
//! Most inputs are scripts (`script`): a letter and its argument in each line, so that a corpus can be read and written by
//! people, and mutations of it stay meaningful. `peer` is a server as far as the scripts need one; `world` runs a
//! session under one, `rules` is what holds for every page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is a finding.

mod links;
mod peer;
mod readers;
mod rules;
mod script;
mod session;
mod world;

/// A target, by its name.
type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("bayeux", links::bayeux),
    ("cache", session::cache),
    ("chat", readers::chat),
    ("direct", links::direct),
    ("rest", links::rest),
    ("session", session::session),
    ("snapshot", session::snapshot),
];

/// Milliseconds since the epoch at the beginning of virtual time.
const EPOCH: u64 = 1_800_000_000_000;

/// What begins like this in a corpus came from outside, or is a secret: it must not be in the log.
const MARK: &str = "zq9";

/// Runs a target; for the programs that libFuzzer drives.
#[allow(dead_code)] // The test that replays the corpora has no need of it.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(bytes);
}
