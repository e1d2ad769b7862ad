//! The command line: what may be said, and what is wrong with what was said.

use std::path::PathBuf;

/// How the server is called.
pub const USAGE: &str = "\
usage: causerie-server [options]
  --listen ADDRESS:PORT   where to listen; port 0 picks one (default 127.0.0.1:8080)
  --config FILE           the configuration (default: the built-in demo)
  --store STORE           memory (the default, and the only one in this release)
  --www DIR               a folder of static files to serve
  --help                  this text
  --version               the version";

/// What the operator asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print a text and be done.
    Print(String),
    /// Serve.
    Serve(Options),
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen.
    pub listen: String,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The folder of static files.
    pub www: Option<PathBuf>,
}

/// What is wrong with the command line, in one line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Reads the arguments, without the program's name. `--name value` and `--name=value` are the same.
///
/// # Errors
/// When they are wrong.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, UsageError> {
    let mut options = Options { listen: "127.0.0.1:8080".to_owned(), config: None, www: None };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Print(USAGE.to_owned())),
            "--version" | "-V" => return Ok(Command::Print(format!("causerie-server {}", env!("CARGO_PKG_VERSION")))),
            "--listen" | "--config" | "--store" | "--www" => {}
            _ => return Err(UsageError(format!("unknown argument {name}; --help lists what there is"))),
        }
        let value = given.or_else(|| arguments.next()).filter(|value| !value.is_empty());
        let Some(value) = value else { return Err(UsageError(format!("{name} needs a value"))) };
        match name.as_str() {
            "--listen" => options.listen = value,
            "--config" => options.config = Some(PathBuf::from(value)),
            "--www" => options.www = Some(PathBuf::from(value)),
            _ => store(&value)?,
        }
    }
    Ok(Command::Serve(options))
}

fn store(value: &str) -> Result<(), UsageError> {
    if value == "memory" {
        return Ok(());
    }
    let reason = if value.starts_with("sqlite:") || value.starts_with("redis:") {
        "is not in this release"
    } else {
        "is not a store"
    };
    // An address may hold a password: only what comes before the first colon is repeated.
    let asked = value.split(':').next().unwrap_or_default();
    Err(UsageError(format!(
        "--store {asked}: {reason}; --store memory is to be had, which forgets everything when the server stops"
    )))
}
