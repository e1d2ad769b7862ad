//! The Redis of the tests and of the demo with several nodes.

use std::path::PathBuf;

use anyhow::Result;

use crate::place::{Place, on_path};
use crate::run;

const NAME: &str = "redis-server";

/// A Redis server: the one that `CAUSERIE_REDIS` names, else one that is installed, else, on Debian as root, one that is
/// installed now.
pub fn redis(place: &Place) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CAUSERIE_REDIS") {
        let given = PathBuf::from(given);
        if given.is_file() {
            return Ok(given);
        }
        let what = format!("CAUSERIE_REDIS names {}, which is not a file", given.display());
        return Err(run::wanting(&what, "set it to the program of a Redis server, 7.0 or later, or unset it"));
    }
    if let Some(found) = on_path(NAME) {
        return Ok(found);
    }
    let remedy = "install Redis 7.0 or later (Debian, Ubuntu: `apt install redis-server`; Fedora: `dnf install redis`; \
                  macOS: `brew install redis`), or set CAUSERIE_REDIS to its program";
    run::step("Redis (the Debian package redis-server)", || super::debian_packages(place, &["redis-server"]))
        .map_err(|error| error.context(run::wanting("several nodes need a Redis", remedy)))?;
    on_path(NAME).ok_or_else(|| run::wanting("Redis was installed but is not on PATH", remedy))
}
