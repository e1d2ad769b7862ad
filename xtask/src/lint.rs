//! Formatting, clippy and rustdoc; a warning is an error. The SDK crate is checked natively and for wasm, since each
//! sees code that the other does not.

use anyhow::{Context, Result};

use crate::place::Place;
use crate::{run, setup};

pub fn verb(place: &Place) -> Result<()> {
    setup::rust_components(place)?;
    run::step("format", || {
        run::live(place.cargo().args(["fmt", "--all", "--check"]))?;
        run::live(place.cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
            .context("not all is formatted: run `cargo fmt --all`")
    })?;
    // They are a workspace of their own, of which nothing else here reads the lock file.
    run::step("the fuzzers' lock file", || {
        let fuzzers = ["--workspace", "--locked", "--manifest-path", "fuzz/Cargo.toml"];
        run::quiet(place.cargo().arg("update").args(fuzzers)).map(drop).context(
            "fuzz/Cargo.lock is not that of its crates: run `cargo update --workspace --manifest-path fuzz/Cargo.toml`",
        )
    })?;
    let wasm = setup::wasm(place)?;
    run::step("clippy: the workspace", || {
        let scope = ["--locked", "--workspace", "--all-targets"];
        run::live(place.cargo().arg("clippy").args(scope).args(["--", "-D", "warnings"]))
    })?;
    run::step("clippy: the bindings generator", || {
        let scope = ["--locked", "--package", "xtask", "--features", "bindgen", "--all-targets"];
        run::live(place.cargo().arg("clippy").args(scope).args(["--", "-D", "warnings"]))
    })?;
    let sdk = ["--locked", "--package", "causerie", "--lib"];
    if wasm == setup::Wasm::Rustup {
        run::step("clippy: the SDK for wasm", || {
            run::live(wasm.cargo(place, "clippy").args(sdk).args(["--", "-D", "warnings"]))
        })?;
        run::step("clippy: the SDK for wasm, without REST", || {
            run::live(wasm.cargo(place, "clippy").args(sdk).args(["--no-default-features", "--", "-D", "warnings"]))
        })?;
    } else {
        eprintln!("\n── clippy: the SDK for wasm: NOT checked, for Debian's compiler for wasm has no clippy");
    }
    run::step("rustdoc: the workspace", || {
        let mut command = place.cargo();
        command.args(["doc", "--locked", "--workspace", "--no-deps"]);
        run::live(command.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    run::step("rustdoc: the SDK for wasm", || {
        let mut command = wasm.cargo(place, "doc");
        run::live(command.args(sdk).arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings"))
    })
}
