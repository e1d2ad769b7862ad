//! See `causerie_fuzz::sdk`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| causerie_fuzz::sdk::run("direct", bytes));
