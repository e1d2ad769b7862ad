//! The compiler for `wasm32-unknown-unknown`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::run;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

/// Which compiler makes wasm here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wasm {
    /// The Rust that runs us, with the target's standard library beside it.
    Rustup,
    /// Debian's, which builds the standard library from its source.
    Debian,
}

/// Finds or brings a compiler for wasm.
pub fn wasm(place: &Place) -> Result<Wasm> {
    if std::env::var_os("CAUSERIE_DEBIAN_RUST").is_none() {
        if has_target(place) {
            return Ok(Wasm::Rustup);
        }
        let added = run::step(&format!("the Rust target {TARGET}"), || {
            run::live(place.command("rustup").args(["target", "add", TARGET]))
        });
        match added {
            Ok(()) if has_target(place) => return Ok(Wasm::Rustup),
            Ok(()) => eprintln!("rustup added the target to another toolchain than the one in use"),
            Err(error) => eprintln!("{error:#}"),
        }
    }
    if !Path::new("/usr/bin/rustc").is_file() || !Path::new("/usr/bin/wasm-ld-19").is_file() {
        let title = format!("Debian's Rust for wasm ({})", PACKAGES.join(", "));
        run::step(&title, || super::debian_packages(place, PACKAGES))
            .with_context(|| format!("no compiler for {TARGET}: make `rustup target add {TARGET}` work"))?;
    }
    Ok(Wasm::Debian)
}

/// The build whose standard library is compiled along with us, for size: without the words that a panic would say (it traps
/// all the same, and the shim sees that), and without the code that puts them together. It takes options that stable Rust
/// has only for itself.
const SMALL: &[&str] = &["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];
const SMALL_FLAGS: &[&str] = &[
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    // What both ways of a branch begin with is there once.
    "-Cllvm-args=-enable-gvn-hoist",
    // Loops count as they are written, not by addresses of their own.
    "-Cllvm-args=-disable-lsr",
];

impl Wasm {
    /// A `cargo build` of the smallest kind that this compiler can do.
    pub fn smallest(self, place: &Place) -> Command {
        let mut command = self.cargo(place, "build");
        let mut flags = self.remap(place);
        if self == Self::Rustup && has_source(place) {
            command.env("RUSTC_BOOTSTRAP", "1").args(SMALL);
            for flag in SMALL_FLAGS {
                flags.push('\x1f');
                flags.push_str(flag);
            }
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", flags);
        command
    }

    /// A `cargo <subcommand>` for the target. `remap` are paths that must not show in what is built.
    pub fn cargo(self, place: &Place, subcommand: &str) -> Command {
        let mut command = match self {
            Self::Rustup => place.cargo(),
            Self::Debian => place.command("/usr/bin/cargo"),
        };
        command.args([subcommand, "--target", TARGET]);
        if self == Self::Debian {
            command
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
                .arg("-Zbuild-std=std,panic_abort");
        }
        command
    }

    /// Flags that keep this machine's paths out of the panic messages, so that every machine builds the same bytes.
    fn remap(self, place: &Place) -> String {
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_default();
        let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(|| Path::new(&home).join(".cargo"), Into::into);
        let mut prefixes =
            vec![(place.root.display().to_string(), "/causerie"), (cargo_home.display().to_string(), "/cargo")];
        let sysroot = match self {
            Self::Rustup => run::first_line(place.command(rustc()).args(["--print", "sysroot"])),
            Self::Debian => None,
        };
        prefixes.extend(sysroot.map(|path| (path, "/rust")));
        let flags: Vec<String> = prefixes.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
        // The form of `CARGO_ENCODED_RUSTFLAGS`, in which a path may hold spaces.
        flags.join("\x1f")
    }
}

/// Whether the source of the standard library is there, or could be brought.
fn has_source(place: &Place) -> bool {
    let sysroot = run::first_line(place.command(rustc()).args(["--print", "sysroot"])).unwrap_or_default();
    let source = Path::new(&sysroot).join("lib").join("rustlib").join("src").join("rust").join("library");
    if !source.join("Cargo.lock").is_file() {
        let added = run::step("the source of Rust's standard library", || {
            run::live(place.command("rustup").args(["component", "add", "rust-src"]))
        });
        if let Err(error) = added {
            eprintln!("{error:#}\nbuilding with the ready-made standard library: some 4 kB more");
        }
    }
    source.join("Cargo.lock").is_file()
}

fn rustc() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn has_target(place: &Place) -> bool {
    run::first_line(place.command(rustc()).args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|directory| Path::new(&directory).is_dir())
}
