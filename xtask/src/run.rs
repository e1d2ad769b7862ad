//! Running other programs, and telling the person who waits what is going on.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// Prints what is done, does it, prints how long it took.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("\n── {title}");
    let start = Instant::now();
    let result = work()?;
    eprintln!("── {title}: done in {}", seconds(start.elapsed()));
    Ok(result)
}

/// Runs a command whose output is shown as it comes.
pub fn live(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| missing(&name))?;
    if !status.success() {
        bail!("`{}` failed ({status}); its output is above", line(command));
    }
    Ok(())
}

/// Runs a command whose output is of interest only when it fails; dots show that time passes. Returns its stdout.
pub fn quiet(command: &mut Command) -> Result<String> {
    let name = name(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| missing(&name))?;
    let stdout = child.stdout.take().map(|pipe| thread::spawn(move || read(pipe)));
    let stderr = child.stderr.take().map(|pipe| thread::spawn(move || read(pipe)));
    let start = Instant::now();
    let mut dots = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > Duration::from_secs(2 * (dots + 1)) {
            dots += 1;
            eprint!(".");
        }
        thread::sleep(Duration::from_millis(20));
    };
    if dots > 0 {
        eprintln!(" {}", seconds(start.elapsed()));
    }
    let collect = |reader: Option<thread::JoinHandle<String>>| reader.and_then(|it| it.join().ok()).unwrap_or_default();
    let (stdout, stderr) = (collect(stdout), collect(stderr));
    if !status.success() {
        eprint!("{stdout}{stderr}");
        std::io::stderr().flush().ok();
        bail!("`{}` failed ({status}); its output is above", line(command));
    }
    Ok(stdout)
}

/// The first line that a command prints, or nothing where it is missing or fails.
pub fn first_line(command: &mut Command) -> Option<String> {
    Some(lines(command)?.into_iter().next().unwrap_or_default())
}

/// The lines that a command prints, or nothing where it is missing or fails.
pub fn lines(command: &mut Command) -> Option<Vec<String>> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().map(|line| line.trim().to_owned()).collect())
}

/// A duration as people read it.
pub fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths < 600 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} min {} s", tenths / 600, tenths % 600 / 10)
    }
}

/// An error that says what is missing and what to do about it.
pub fn wanting(what: &str, remedy: &str) -> anyhow::Error {
    anyhow!("{what}: {remedy}")
}

fn read(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn missing(name: &str) -> String {
    format!("`{name}` could not be started")
}

fn line(command: &Command) -> String {
    let name =
        std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy();
    let mut line = name.into_owned();
    for argument in command.get_args().take(8) {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    if command.get_args().len() > 8 {
        line.push_str(" …");
    }
    line
}
