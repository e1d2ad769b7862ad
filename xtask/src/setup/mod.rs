//! What the verbs need on the machine, brought there the first time it is needed. It takes rustup, Node with npm and a
//! C compiler; everything else comes from here.

mod browser;
mod redis;
mod wasm;

pub use browser::{chromium, other_engines};
pub use redis::redis;
pub use wasm::{Wasm, wasm};

use std::path::Path;

use anyhow::{Result, bail};

use crate::files::{self, Stamp};
use crate::place::Place;
use crate::run;

/// The oldest Node that the tools run on.
const NODE: u32 = 20;

/// Installs the development tools from npm, when they are not the ones of the lock file.
pub fn npm(place: &Place) -> Result<()> {
    npm_packages(place, Path::new(""), "npm packages of the build and the tests")
}

/// Installs what the packed package is tried with: bundlers, React, a newer Node.
pub fn package_tools(place: &Place) -> Result<()> {
    let folder = Path::new("tests").join("package").join("tools");
    npm_packages(place, &folder, "npm packages that ours is tried with")
}

/// Installs what the package is measured beside.
pub fn bench_tools(place: &Place) -> Result<()> {
    let folder = Path::new("tests").join("bench").join("tools");
    npm_packages(place, &folder, "npm packages that ours is measured beside")
}

fn npm_packages(place: &Place, folder: &Path, title: &str) -> Result<()> {
    let version = node(place)?;
    let folder = place.root.join(folder);
    let mut key = files::read(&folder.join("package-lock.json"))?;
    key.extend_from_slice(format!("{version} {} {}", std::env::consts::OS, std::env::consts::ARCH).as_bytes());
    let stamp = Stamp::new(folder.join("node_modules").join(".xtask-stamp"), key);
    if stamp.holds() {
        return Ok(());
    }
    run::step(title, || {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        run::quiet(place.command(npm).current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
        stamp.set()
    })
}

/// The version of Node, where it is new enough.
fn node(place: &Place) -> Result<String> {
    let remedy = format!("install Node.js {NODE} or newer, with npm, from your system's packages or nodejs.org");
    let Some(version) = run::first_line(place.command("node").arg("--version")) else {
        return Err(run::wanting("`node` is not on PATH", &remedy));
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|number| number.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        return Err(run::wanting(&format!("Node.js {version} is too old"), &remedy));
    }
    Ok(version)
}

/// rustfmt and clippy: a minimal Rust has neither.
pub fn rust_components(place: &Place) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if run::first_line(place.cargo().args([subcommand, "--version"])).is_some() {
            continue;
        }
        run::step(&format!("the Rust component {component}"), || {
            run::live(place.command("rustup").args(["component", "add", component]))
        })?;
    }
    Ok(())
}

/// Installs Debian packages, where that can be done: `apt-get` is there and we are root.
fn debian_packages(place: &Place, packages: &[&str]) -> Result<()> {
    let root = run::first_line(place.command("id").arg("-u")).is_some_and(|id| id == "0");
    if !root || crate::place::on_path("apt-get").is_none() {
        bail!("Debian packages can be installed only by root on a Debian system");
    }
    let apt = || {
        let mut command = place.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        command
    };
    // A list that could not be fetched is no reason to stop: another may have what is wanted.
    run::live(apt().arg("update")).ok();
    run::live(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}
