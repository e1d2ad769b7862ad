//! The benchmarks: modules of `tests/bench/` that run in the browser, on the package as it is shipped, beside rivals.

use anyhow::{Result, bail};

use crate::place::Place;
use crate::{package, run, setup, site};

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
    run::step("benchmarks", || {
        let mut command = place.command("node");
        command.arg("tests/bench/support/run.js").args(arguments);
        run::live(command.env("CAUSERIE_CHROME", &chromium).env("CAUSERIE_SITE", &directory))
    })
}
