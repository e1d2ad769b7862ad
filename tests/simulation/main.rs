//! The simulation: a chat under a storm of faults that a seed chooses, then calm, then an end, all in virtual time. One seed
//! is one run, and runs the same each time. After each run the rules that hold for every page are checked, in `judge`.
//!
//! `cargo test --test simulation` runs some thousand seeds. `cargo xtask simulate --seeds N` runs as many as asked, on all
//! cores, and prints a seed that fails; `--seed S` runs that one again and tells its story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

#[path = "../harness/mod.rs"]
mod harness;

mod browser;
mod judge;
mod run;
mod setting;
mod story;
mod tabs;
mod totals;
mod weather;

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 3_000;

#[test]
fn whatever_happens_the_rules_hold() {
    run::seeds(0..SEEDS, false);
}

/// What `cargo xtask simulate` runs; it says how much in the environment.
#[test]
#[ignore = "cargo xtask simulate runs it"]
fn simulate() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("CAUSERIE_SEED") {
        return run::one(seed);
    }
    let from = number("CAUSERIE_FROM").unwrap_or(0);
    run::seeds(from..from + number("CAUSERIE_SEEDS").unwrap_or(SEEDS), true);
}
