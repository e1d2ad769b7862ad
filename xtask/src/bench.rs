//! The benchmarks: modules of `tests/bench/` that run in the browser, on the package as it is shipped.

use anyhow::{Result, bail};

use crate::place::Place;
use crate::{package, run, setup, site};

pub fn verb(place: &Place, names: &[String]) -> Result<()> {
    let folder = place.root.join("tests").join("bench");
    for name in names {
        if !folder.join(format!("{name}.js")).is_file() {
            bail!("there is no benchmark `{name}` (tests/bench/{name}.js)");
        }
    }
    let chromium = setup::chromium(place)?;
    package::build(place)?;
    let directory = place.target.join("bench-site");
    site::assemble(place, &directory, &[("tests/bench", "bench")])?;
    run::step("benchmarks", || {
        let mut command = place.command("node");
        command.arg("tests/bench/support/run.js").args(names);
        run::live(command.env("CAUSERIE_CHROME", &chromium).env("CAUSERIE_SITE", &directory))
    })
}
