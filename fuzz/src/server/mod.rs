//! The server's targets: each reads bytes as a client, or the operator's file, may give them, and panics where a rule is
//! broken. Requests go to a whole server in memory, in virtual time (`bench`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is a finding.

mod bench;
mod readers;
mod requests;
#[path = "../sdk/script.rs"]
mod script;

/// A target, by its name.
type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("server_bayeux", requests::bayeux),
    ("server_config", readers::config),
    ("server_form", readers::form),
    ("server_operations", requests::operations),
    ("server_rest", requests::rest),
];

/// Runs a target; for the programs that libFuzzer drives.
#[allow(dead_code)] // The test that replays the corpora has no need of it.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(bytes);
}
