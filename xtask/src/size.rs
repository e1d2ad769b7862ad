//! What a page downloads to chat: the size of every file that `import { chat } from "causerie"` loads, and the budget.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::place::Place;
use crate::{files, imports, package};

/// The most that the whole may be, compressed by brotli: 48 kB.
const BUDGET: usize = 48_000;

/// The most that the widget may add to it: 25 kB.
const WIDGET_BUDGET: usize = 25_000;

/// The parts of it that single files are meant to keep to; what remains is for all the others together.
const SHARES: &[(&str, usize)] = &[("wasm/causerie_bg.wasm", 37_000)];

struct Row {
    name: String,
    raw: usize,
    gzip: usize,
    brotli: usize,
}

pub fn verb(place: &Place) -> Result<()> {
    package::build(place)?;
    check(place)
}

/// Prints the table of the package that is built, and fails when it is over the budget.
pub fn check(place: &Place) -> Result<()> {
    let package = place.package();
    let loads = imports::loads(&package.join("index.js"))?;
    let measured = |files: &[PathBuf]| -> Result<Vec<Row>> {
        let name = |file: &Path| file.strip_prefix(&package).unwrap_or(file).to_string_lossy().replace('\\', "/");
        files.iter().map(|file| measure(name(file), file)).collect()
    };
    let rows = measured(&loads.at_once)?;
    if !rows.iter().any(|row| Path::new(&row.name).extension().is_some_and(|extension| extension == "wasm")) {
        bail!("importing pkg/index.js loads no wasm: the table would say nothing");
    }
    println!(
        "\n{:32} {:>9} {:>9} {:>9}  {:>9}",
        "import { chat } from \"causerie\"", "raw", "gzip -9", "brotli 11", "headroom"
    );
    for row in &rows {
        let headroom = match SHARES.iter().find(|(name, _)| *name == row.name) {
            Some((_, share)) => difference(*share, row.brotli),
            None => String::new(),
        };
        println!("{:32} {:>9} {:>9} {:>9}  {headroom:>9}", row.name, row.raw, row.gzip, row.brotli);
    }
    let shared = |row: &&Row| !SHARES.iter().any(|(name, _)| *name == row.name);
    let others = BUDGET - SHARES.iter().map(|(_, share)| share).sum::<usize>();
    let others_used = rows.iter().filter(shared).map(|row| row.brotli).sum();
    println!(
        "{:32} {:>9} {:>9} {others_used:>9}  {:>9}",
        "  (JavaScript, together)",
        "",
        "",
        difference(others, others_used)
    );
    let total = |column: fn(&Row) -> usize| rows.iter().map(column).sum::<usize>();
    let brotli = total(|row| row.brotli);
    let headroom = difference(BUDGET, brotli);
    println!("{:32} {:>9} {:>9} {brotli:>9}  {headroom:>9}", "total", total(|row| row.raw), total(|row| row.gzip));
    for row in measured(&loads.on_demand)? {
        println!("{:32} {:>9} {:>9} {:>9}", format!("  (on demand) {}", row.name), row.raw, row.gzip, row.brotli);
    }
    if brotli > BUDGET {
        bail!("the package is over its size budget: {brotli} bytes by brotli, of {BUDGET} (48 kB) allowed");
    }
    println!("within the budget of {BUDGET} bytes (48 kB) by brotli");
    let widget = imports::loads(&package.join("widget.js"))?.at_once;
    let own: Vec<PathBuf> = widget.into_iter().filter(|file| !loads.at_once.contains(file)).collect();
    let rows = measured(&own)?;
    let brotli: usize = rows.iter().map(|row| row.brotli).sum();
    for row in &rows {
        let name = format!("  (the widget) {}", row.name);
        println!(
            "{name:32} {:>9} {:>9} {:>9}  {:>9}",
            row.raw,
            row.gzip,
            row.brotli,
            difference(WIDGET_BUDGET, brotli)
        );
    }
    if brotli > WIDGET_BUDGET {
        bail!("the widget is over its size budget: {brotli} bytes by brotli, of {WIDGET_BUDGET} (25 kB) allowed");
    }
    Ok(())
}

fn measure(name: String, file: &Path) -> Result<Row> {
    let bytes = files::read(file)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&bytes)?;
    Ok(Row { name, raw: bytes.len(), gzip: gzip.finish()?.len(), brotli: brotli(&bytes)? })
}

/// The size after compression by brotli, at its best.
pub fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed.len())
}

/// What is left of a budget; negative, with its sign, when it is overrun.
fn difference(budget: usize, used: usize) -> String {
    if used <= budget { (budget - used).to_string() } else { format!("-{}", used - budget) }
}
