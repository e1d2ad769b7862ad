//! The proof of scale: servers that are killed under load, for as long as asked.

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::{run, setup};

pub fn verb(place: &Place, arguments: &[String]) -> Result<()> {
    let mut command = place.cargo();
    command.args(["test", "--locked", "--package", "causerie-server", "--test", "scale", "--", "--nocapture"]);
    command.env("CAUSERIE_REDIS", setup::redis(place)?);
    command.env("CAUSERIE_SCALE_SECONDS", "120").env("CAUSERIE_SCALE_VISITORS", "60");
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let variable = match name.as_str() {
            "--seconds" => "CAUSERIE_SCALE_SECONDS",
            "--visitors" => "CAUSERIE_SCALE_VISITORS",
            _ => bail!("expected --seconds N or --visitors N, got `{name}`"),
        };
        let number = rest.next().with_context(|| format!("{name} expects a number"))?;
        if number.parse::<u64>().is_ok_and(|number| number > 0) {
            command.env(variable, number);
        } else {
            bail!("{name} expects a whole number from 1 on, got `{number}`");
        }
    }
    run::live(&mut command)
}
