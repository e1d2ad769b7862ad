//! The benchmarks: modules of `tests/bench/` that run in the browser, on the package as it is shipped, beside rivals.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::{package, run, setup, site};

/// The benchmarks that take the chat server, and the one that takes its load.
const WITH_SERVER: &[&str] = &["echo", "server", "start"];
const WITH_LOAD: &str = "server";

/// `bench [--quick] [--save] [name…]`.
pub fn verb(place: &Place, arguments: &[String]) -> Result<()> {
    let folder = place.root.join("tests").join("bench");
    for argument in arguments {
        match argument.as_str() {
            "--quick" | "--save" => {}
            option if option.starts_with("--") => bail!("there is no option `{option}`; there are --quick and --save"),
            name if folder.join(format!("{name}.js")).is_file() => {}
            name => bail!("there is no benchmark `{name}` (tests/bench/{name}.js)"),
        }
    }
    let chromium = setup::chromium(place)?;
    package::build(place)?;
    setup::bench_tools(place)?;
    let directory = place.target.join("bench-site");
    site::assemble(place, &directory, &[("tests/bench/pages", "bench/pages")])?;
    let names: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| !name.starts_with("--")).collect();
    let wanted = |some: &[&str]| names.is_empty() || names.iter().any(|name| some.contains(name));
    let mut command = place.command("node");
    if wanted(WITH_SERVER) {
        command.env("CAUSERIE_SERVER", built(place, "--bin", "causerie-server")?);
    }
    if wanted(&[WITH_LOAD]) {
        command.env("CAUSERIE_LOAD", built(place, "--bench", "load")?);
    }
    run::step("benchmarks", || {
        command.arg("tests/bench/support/run.js").args(arguments);
        run::live(command.env("CAUSERIE_CHROME", &chromium).env("CAUSERIE_SITE", &directory))
    })
}

/// Builds a program of the server's, optimised; where it is.
fn built(place: &Place, kind: &str, name: &str) -> Result<PathBuf> {
    let mut command = place.cargo();
    command.args(["build", "--release", "--locked", "--package", "causerie-server", kind, name]);
    let title = format!("chat server: compile {name}, optimised");
    let said = run::step(&title, || run::quiet(command.arg("--message-format=json-render-diagnostics")))?;
    // Others are named too: a benchmark brings the package's programs with it.
    let target = format!("\"name\":\"{name}\"");
    let ours = said.lines().filter(|line| line.contains(&target));
    let (_, path) =
        ours.filter_map(|line| line.split_once("\"executable\":\"")).next_back().context("cargo named no program")?;
    Ok(path.split('"').next().unwrap_or_default().into())
}
