//! What the fuzzers begin with, and what they have found: `fuzz/corpus`, through the same functions, without libFuzzer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.

#[path = "../fuzz/src/replay.rs"]
mod replay;
#[path = "../fuzz/src/sdk/mod.rs"]
mod sdk;

#[test]
fn each_input_of_each_target_is_taken() {
    replay::all(sdk::TARGETS, |name| !name.starts_with("server_"));
}
