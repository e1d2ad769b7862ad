//! The command line: what may be said, and what is wrong with what was said.

use crate::store::redis::{Address, SCHEMES};
use axum::http::Uri;
use std::ffi::OsString;
use std::path::PathBuf;

/// How the server is called.
pub const USAGE: &str = "\
usage: causerie-server [options]
  --listen ADDRESS:PORT   where to listen; port 0 picks one (default 127.0.0.1:8080)
  --config FILE           the configuration (default: the built-in demo)
  --store STORE           where chats are kept: sqlite:FILE; redis://HOST:PORT/DB, which many servers share; or memory,
                          which forgets everything when the server stops (default: what CAUSERIE_STORE says, else a file
                          in the user's folder for states; the log says which)
  --advertise URL         where other servers on the same Redis reach this one (default: the address it listens on)
  --metrics ADDRESS:PORT  where /metrics is, and /healthz and /readyz too, for monitoring (default: nowhere)
  --log FORM              how the log is written, to stderr: text, or json (default: text; CAUSERIE_LOG says how much)
  --www DIR               a folder of static files to serve; what begins with a dot is not served
  --export-requests KIND  print the offline requests in the store, as csv or json, and be done
  --help                  this text
  --version               the version";

/// What the operator asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print a text and be done.
    Print(String),
    /// Serve.
    Serve(Options),
    /// Print the offline requests.
    Export(StoreChoice, Form),
}

/// How offline requests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table, as spreadsheets read it.
    Csv,
    /// A JSON array.
    Json,
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen.
    pub listen: String,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Where chats are kept.
    pub store: StoreChoice,
    /// The folder of static files.
    pub www: Option<PathBuf>,
    /// Where other nodes reach this one.
    pub advertise: Option<String>,
    /// Where metrics are told.
    pub metrics: Option<String>,
    /// Whether the log is JSON.
    pub json_log: bool,
}

/// Where chats are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// In the default file.
    Default,
    /// In memory.
    Memory,
    /// In this file.
    Sqlite(PathBuf),
    /// In this Redis.
    Redis(Box<Address>),
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
    let mut options = Options {
        listen: "127.0.0.1:8080".to_owned(),
        config: None,
        store: StoreChoice::Default,
        www: None,
        advertise: None,
        metrics: None,
        json_log: false,
    };
    let mut export = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Print(USAGE.to_owned())),
            "--version" | "-V" => return Ok(Command::Print(format!("causerie-server {}", env!("CARGO_PKG_VERSION")))),
            "--listen" | "--config" | "--store" | "--www" | "--advertise" | "--metrics" | "--log"
            | "--export-requests" => {}
            _ => return Err(UsageError(format!("unknown argument {name}; --help lists what there is"))),
        }
        let value = given.or_else(|| arguments.next()).filter(|value| !value.is_empty());
        let Some(value) = value else { return Err(UsageError(format!("{name} needs a value"))) };
        match name.as_str() {
            "--listen" => options.listen = value,
            "--config" => options.config = Some(PathBuf::from(value)),
            "--metrics" => options.metrics = Some(value),
            "--log" => options.json_log = json_log(&value)?,
            "--www" => options.www = Some(PathBuf::from(value)),
            "--advertise" => options.advertise = Some(advertise(value)?),
            "--export-requests" => export = Some(form(&value)?),
            _ => options.store = store(&value)?,
        }
    }
    Ok(match export {
        Some(form) => Command::Export(options.store, form),
        None => Command::Serve(options),
    })
}

fn advertise(value: String) -> Result<String, UsageError> {
    let host = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    let fits = host.is_some_and(|host| !host.is_empty() && !host.trim_end_matches('/').contains(['/', '?', '#', '@']));
    match value.parse::<Uri>() {
        Ok(_) if fits => Ok(value),
        _ => Err(UsageError("--advertise: http:// or https:// and a host are expected, without a path".to_owned())),
    }
}

fn json_log(value: &str) -> Result<bool, UsageError> {
    match value {
        "text" => Ok(false),
        "json" => Ok(true),
        _ => Err(UsageError("--log: text or json is expected".to_owned())),
    }
}

fn form(value: &str) -> Result<Form, UsageError> {
    match value {
        "csv" => Ok(Form::Csv),
        "json" => Ok(Form::Json),
        _ => Err(UsageError("--export-requests: csv or json is expected".to_owned())),
    }
}

/// Reads what follows `--store`.
///
/// # Errors
/// When it is no store.
pub fn store(value: &str) -> Result<StoreChoice, UsageError> {
    // An address may hold a password: only what comes before the first colon is repeated.
    let (kind, rest) = value.split_once(':').unwrap_or((value, ""));
    match (kind, rest) {
        ("memory", "") => Ok(StoreChoice::Memory),
        ("sqlite", "") => {
            Err(UsageError("--store sqlite: a file is expected, as in --store sqlite:chat.db".to_owned()))
        }
        ("sqlite", file) => Ok(StoreChoice::Sqlite(PathBuf::from(file))),
        (kind, _) if SCHEMES.contains(&kind) => value
            .parse()
            .map(|address| StoreChoice::Redis(Box::new(address)))
            .map_err(|error| UsageError(format!("--store {kind}: {error}"))),
        (kind, _) => {
            Err(UsageError(format!("--store {kind}: is not a store; sqlite:FILE, redis://HOST:PORT/DB and memory are")))
        }
    }
}

/// The file where chats are kept when nothing else is said, from the environment's variables: in systemd's folder for the
/// service's state, else in the user's, else right here.
pub fn default_file(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let folder = |name: &str, below: &str| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        let path = PathBuf::from(value);
        path.is_absolute().then(|| path.join(below))
    };
    folder("STATE_DIRECTORY", "")
        .or_else(|| folder("XDG_STATE_HOME", "causerie"))
        .or_else(|| folder("LOCALAPPDATA", "causerie"))
        .or_else(|| folder("HOME", ".local/state/causerie"))
        .unwrap_or_default()
        .join("chat.db")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_is_in_the_folder_for_states() {
        let from = |variables: &'static [(&'static str, &'static str)]| {
            let find =
                move |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into());
            default_file(find).display().to_string()
        };
        assert_eq!(from(&[("HOME", "/home/ann"), ("STATE_DIRECTORY", "/var/lib/chat")]), "/var/lib/chat/chat.db");
        assert_eq!(from(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "/state")]), "/state/causerie/chat.db");
        assert_eq!(from(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "")]), "/home/ann/.local/state/causerie/chat.db");
        assert_eq!(from(&[("HOME", "relative")]), "chat.db");
        assert_eq!(from(&[]), "chat.db");
    }
}
