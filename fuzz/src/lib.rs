//! What the fuzzers do with their bytes: one function for each target. The programs that libFuzzer drives are in
//! `fuzz_targets`; the tests of the SDK and of the server replay `corpus` through the same functions, without libFuzzer.

pub mod sdk;
#[cfg(feature = "server")]
pub mod server;
