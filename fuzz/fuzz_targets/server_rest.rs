//! See `causerie_fuzz::server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| causerie_fuzz::server::run("server_rest", bytes));
