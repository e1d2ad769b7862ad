//! The fuzzers. Their programs are built and run as they are: stable Rust and a C++ compiler are enough, and nothing is
//! installed. The instrumentation is what cargo-fuzz asks of the compiler, without a sanitizer: `unsafe` is forbidden in
//! what they test, so that all there is to find is a panic, a broken rule, a hang, or memory without end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::run;

const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// How long each target runs when nothing is said, in seconds.
const SECONDS: u32 = 60;
/// Inputs are at most so long, in bytes.
const LONGEST: u32 = 8192;
/// How many lines of a fuzzer's output are kept for whoever looks into a finding.
const KEPT: usize = 60;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    targets: Vec<String>,
    seconds: u32,
    /// Inputs to be run once, in place of a search for new ones.
    inputs: Vec<PathBuf>,
}

/// `fuzz [target…] [--seconds N]`, or `fuzz target file…` to run inputs again.
pub fn verb(place: &Place, arguments: &[String]) -> Result<()> {
    let known = targets(place)?;
    let wish = wish(&known, arguments)?;
    let programs = build(place, &wish.targets)?;
    let mut harmful = Vec::new();
    for target in &wish.targets {
        let program = programs.join(format!("{target}{}", std::env::consts::EXE_SUFFIX));
        if wish.inputs.is_empty() {
            if !search(place, &program, target, wish.seconds)? {
                harmful.push(target.as_str());
            }
        } else {
            run::live(place.command(&program).args(&wish.inputs))?;
        }
    }
    if !harmful.is_empty() {
        bail!("something was found by {}; what and where is above", harmful.join(", "));
    }
    Ok(())
}

/// Each target has a corpus.
fn targets(place: &Place) -> Result<Vec<String>> {
    let corpora = place.root.join("fuzz/corpus");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&corpora).with_context(|| format!("{} cannot be read", place.shown(&corpora)))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn wish(known: &[String], arguments: &[String]) -> Result<Wish> {
    let mut wish = Wish { targets: Vec::new(), seconds: SECONDS, inputs: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            wish.seconds = number.context("`--seconds` needs a whole number from 1 on")?;
        } else if known.contains(argument) {
            wish.targets.push(argument.clone());
        } else if Path::new(argument).is_file() {
            wish.inputs.push(std::path::absolute(argument)?);
        } else {
            bail!("there is neither a target nor a file `{argument}`; the targets are {}", known.join(", "));
        }
    }
    if !wish.inputs.is_empty() && wish.targets.len() != 1 {
        bail!("inputs are run again by one target: name it before them");
    }
    if wish.targets.is_empty() {
        wish.targets = known.to_vec();
    }
    Ok(wish)
}

/// Builds the programs; returns the folder where they are.
fn build(place: &Place, targets: &[String]) -> Result<PathBuf> {
    let version = run::lines(place.command(rustc()).arg("-vV")).unwrap_or_default();
    let host = version.iter().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say its host")?;
    let folder = place.target.join("fuzz");
    let mut command = place.cargo();
    // With `--target` the flags are for the programs alone, and not for what builds them.
    command.args(["build", "--locked", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    command.arg("--target-dir").arg(&folder);
    if !targets.iter().any(|target| target.starts_with("server_")) {
        command.arg("--no-default-features");
    }
    for target in targets {
        command.args(["--bin", target]);
    }
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    run::step("the fuzzers", || run::live(&mut command).context("libFuzzer itself is built with a C++ compiler"))?;
    Ok(folder.join(host).join("release"))
}

/// Searches for harmful inputs; `false` when one was found. What is of use to the next search stays below the target
/// directory.
fn search(place: &Place, program: &Path, target: &str, seconds: u32) -> Result<bool> {
    let folder = |name: &str| -> Result<PathBuf> {
        let folder = place.target.join("fuzz").join(name).join(target);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let found = folder("findings")?;
    let dictionary = if target.starts_with("server_") { "server.dict" } else { "sdk.dict" };
    let mut command = place.command(program);
    command.arg(folder("corpus")?).arg(place.root.join("fuzz/corpus").join(target));
    command.arg(format!("-dict={}", place.root.join("fuzz/dictionaries").join(dictionary).display()));
    command.arg(format!("-artifact_prefix={}/", found.display()));
    command.args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}")]);
    command.args(["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    eprintln!("\n── {target}, for {seconds} s");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut last = VecDeque::new();
    let mut shown = Instant::now();
    let mut state = String::new();
    for line in BufReader::new(child.stderr.take().context("the fuzzer's output")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if let Some(at) = line.find("cov: ") {
            state = line.get(at..).unwrap_or_default().split(" corp:").next().unwrap_or_default().to_owned();
        }
        if shown.elapsed() > Duration::from_secs(10) {
            shown = Instant::now();
            eprintln!("   {state}");
        }
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(line);
    }
    let clean = child.wait()?.success();
    let runs = last.iter().find_map(|line| line.strip_prefix("stat::number_of_executed_units: "));
    let runs = runs.unwrap_or("an unknown number of").trim();
    if clean {
        eprintln!("── {target}: {runs} runs, {state}, nothing found");
        return Ok(true);
    }
    for line in &last {
        eprintln!("{line}");
    }
    eprintln!(
        "── {target}: after {runs} runs, FOUND what is in {0}; `cargo xtask fuzz {target} {0}/…` runs it again",
        place.shown(&found)
    );
    Ok(false)
}

fn rustc() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

#[cfg(test)]
mod tests {
    use super::{SECONDS, wish};

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn without_a_target_all_run() {
        let known = strings(&["chat", "rest"]);
        let all = wish(&known, &[]).unwrap();
        assert_eq!((all.targets, all.seconds), (known.clone(), SECONDS));
        let one = wish(&known, &strings(&["rest", "--seconds", "5"])).unwrap();
        assert_eq!((one.targets, one.seconds), (strings(&["rest"]), 5));
    }

    #[test]
    fn what_is_no_target_is_named() {
        let known = strings(&["chat", "rest"]);
        for (arguments, error) in [
            (&["chats"][..], "there is neither a target nor a file `chats`; the targets are chat, rest"),
            (&["--seconds"], "`--seconds` needs a whole number from 1 on"),
            (&["--seconds", "0"], "`--seconds` needs a whole number from 1 on"),
            (&["Cargo.toml"], "inputs are run again by one target: name it before them"),
        ] {
            assert_eq!(wish(&known, &strings(arguments)).unwrap_err().to_string(), error);
        }
    }
}
