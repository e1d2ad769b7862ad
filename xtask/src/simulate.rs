//! The simulation of a chat under faults, one seed a run: as many as asked, or one again.

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::run;

/// How many seeds run when nobody says.
const SEEDS: &str = "20000";

pub fn verb(place: &Place, arguments: &[String]) -> Result<()> {
    let mut command = place.cargo();
    command.args(["test", "--quiet", "--locked", "--profile", "simulate", "--test", "simulation"]);
    command.args(["--", "--ignored", "--exact", "--nocapture", "simulate"]);
    command.env("CAUSERIE_SEEDS", SEEDS);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let variable = match name.as_str() {
            "--seeds" => "CAUSERIE_SEEDS",
            "--from" => "CAUSERIE_FROM",
            "--seed" => "CAUSERIE_SEED",
            _ => bail!("expected --seeds N, --from S or --seed S, got `{name}`"),
        };
        let number = rest.next().with_context(|| format!("{name} expects a number"))?;
        if number.parse::<u64>().is_err() {
            bail!("{name} expects a whole number from 0 on, got `{number}`");
        }
        command.env(variable, number);
    }
    run::live(&mut command)
}
