//! What the server's fuzzers begin with, and what they have found: `fuzz/corpus`, through the same functions, without
//! libFuzzer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../fuzz/src/server/mod.rs"]
mod server;

#[test]
fn each_input_of_each_target_is_taken() {
    replay::all(server::TARGETS, |name| name.starts_with("server_"));
}
