//! The tests, in parts. Each part does its own set-up; all of them together run in an order that fails fast.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::place::Place;
use crate::{files, lint, package, run, setup, site, size};

struct Part {
    name: &'static str,
    title: &'static str,
    run: fn(&Place, &[String]) -> Result<()>,
}

const PARTS: &[Part] = &[
    Part { name: "lint", title: "formatting, clippy, rustdoc", run: |place, _| lint::verb(place) },
    Part { name: "rust", title: "the SDK's tests, and the build's own", run: rust },
    Part { name: "server", title: "the chat server's tests", run: server },
    Part { name: "size", title: "the size budget", run: |place, _| size::verb(place) },
    Part { name: "package", title: "the packed npm package, installed and loaded", run: packed },
    Part { name: "interop", title: "third-party clients and servers", run: interop },
    Part { name: "browser", title: "the SDK in a browser", run: browser },
];

/// How long one file of Node tests may take before it counts as hanging, in milliseconds.
const NODE_TIMEOUT: &str = "--test-timeout=600000";

pub fn part_names() -> Vec<&'static str> {
    PARTS.iter().map(|part| part.name).collect()
}

/// `test [part…] [-- filter…]`: a filter goes to `cargo test` as it is; of Node tests it picks files by name.
pub fn verb(place: &Place, arguments: &[String]) -> Result<()> {
    let split = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let (names, filter) = arguments.split_at(split);
    let filter = filter.get(1..).unwrap_or_default();
    let mut parts = Vec::new();
    for name in names {
        match PARTS.iter().find(|part| part.name == name) {
            Some(part) => parts.push(part),
            None => bail!("there is no part `{name}`; there are {}", part_names().join(", ")),
        }
    }
    if parts.is_empty() {
        parts = PARTS.iter().collect();
    }
    all(place, &parts, filter)
}

/// Every part, on what may be a new machine: says first what it runs on.
pub fn ci(place: &Place) -> Result<()> {
    for (program, argument) in
        [("rustc", "--version"), ("cargo", "--version"), ("node", "--version"), ("npm", "--version")]
    {
        let version = run::first_line(place.command(program).arg(argument));
        eprintln!("{program:8} {}", version.as_deref().unwrap_or("missing"));
    }
    verb(place, &[])
}

fn all(place: &Place, parts: &[&Part], filter: &[String]) -> Result<()> {
    let mut passed = Vec::new();
    for part in parts {
        eprintln!("\n━━ {}: {}", part.name, part.title);
        let start = Instant::now();
        (part.run)(place, filter).map_err(|error| {
            let again = format!("`cargo xtask test {}` runs this part alone", part.name);
            error.context(format!("the part `{}` failed ({again})", part.name))
        })?;
        passed.push(format!("{} {}", part.name, run::seconds(start.elapsed())));
    }
    eprintln!("\n━━ passed: {}", passed.join(", "));
    Ok(())
}

fn rust(place: &Place, filter: &[String]) -> Result<()> {
    cargo_test(place, &["--workspace", "--exclude", "causerie-server"], filter, |_| ())
}

fn server(place: &Place, filter: &[String]) -> Result<()> {
    let redis = redis(place);
    cargo_test(place, &["--package", "causerie-server"], filter, |command| {
        command.envs(redis.map(|redis| ("CAUSERIE_REDIS", redis)));
    })
}

/// The Redis of the tests; it is said aloud where there is none.
fn redis(place: &Place) -> Option<PathBuf> {
    let redis = setup::redis(place);
    if let Err(error) = &redis {
        eprintln!("\n── Redis: NOT tested, for it is not here and could not be installed: {error:#}");
    }
    redis.ok()
}

fn cargo_test(place: &Place, what: &[&str], filter: &[String], prepare: impl FnOnce(&mut Command)) -> Result<()> {
    let mut command = place.cargo();
    command.args(["test", "--locked"]).args(what);
    if !filter.is_empty() {
        command.arg("--").args(filter);
    }
    prepare(&mut command);
    run::live(&mut command)
}

fn packed(place: &Place, filter: &[String]) -> Result<()> {
    let tarball = package::dist(place)?;
    setup::package_tools(place)?;
    if filter.is_empty() {
        package::document(place)?;
    }
    site::server(place)?;
    node_tests(place, "tests/package", filter, |command| {
        command.env("CAUSERIE_TARBALL", &tarball);
    })
}

fn interop(place: &Place, filter: &[String]) -> Result<()> {
    package::build(place)?;
    site::server(place)?;
    let (nodes, redis) = (site::nodes(place)?, redis(place));
    node_tests(place, "tests/interop", filter, |command| {
        command.env("CAUSERIE_NODES", nodes).envs(redis.map(|redis| ("CAUSERIE_REDIS", redis)));
    })
}

fn browser(place: &Place, filter: &[String]) -> Result<()> {
    package::build(place)?;
    site::server(place)?;
    let directory = place.target.join("test-site");
    site::assemble(place, &directory, &[("tests/browser/pages", "t")])?;
    let wanted = filter.is_empty() || filter.iter().any(|part| "engines.test.js".contains(part.as_str()));
    let engines = if wanted { setup::other_engines(place) } else { Vec::new() };
    node_tests(place, "tests/browser", filter, |command| {
        command.env("CAUSERIE_SITE", &directory).envs(engines);
    })
}

/// Runs every `*.test.js` below a folder, or those whose name has a filter in it, with Node's test runner.
fn node_tests(place: &Place, folder: &str, filter: &[String], prepare: impl FnOnce(&mut Command)) -> Result<()> {
    setup::npm(place)?;
    let files = test_files(&place.root.join(folder), filter)?;
    if files.is_empty() {
        bail!("no file in {folder} is a test to run (named *.test.js, and by the filter, if any)");
    }
    let mut command = place.command("node");
    command.args(["--test", "--test-reporter=spec", NODE_TIMEOUT]);
    command.args(files.iter().map(|file| file.strip_prefix(&place.root).unwrap_or(file)));
    command.env("CAUSERIE_PKG", place.package()).env("CAUSERIE_SERVER", place.server());
    command.env("CAUSERIE_CHROME", setup::chromium(place)?);
    prepare(&mut command);
    run::live(&mut command)
}

fn test_files(folder: &Path, filter: &[String]) -> Result<Vec<PathBuf>> {
    files::list(folder, &|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let wanted = filter.is_empty() || filter.iter().any(|part| name.contains(part.as_str()));
        wanted && (name.ends_with(".test.js") || name.ends_with(".test.mjs"))
    })
}
