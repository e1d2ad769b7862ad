//! The configuration file: what may stand in it, what holds when it does not, and what is wrong with it. `channel` is what
//! may stand in a channel, `check` what its types cannot say, `place` where in the file that is.

mod channel;
mod check;
mod place;

use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use channel::{BotConfig, BotLimits, Channel, First, Webhook, Webhooks};
use place::line_at;
pub use place::{Step, Wrong};

/// The demo configuration, which is also the commented example.
pub const DEMO: &str = include_str!("../../chat.toml");

/// Why a configuration is refused: one line, with the place in the file where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Origins of pages, beside the server's own, that may chat.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Whether a proxy in front tells the client's address and scheme.
    #[serde(default)]
    pub trust_forwarded: bool,
    /// The certificate, when the server speaks TLS.
    pub tls: Option<Tls>,
    /// What one client may do.
    #[serde(default)]
    pub limits: Limits,
    /// The times of the Bayeux protocol.
    #[serde(default)]
    pub bayeux: Bayeux,
    /// The agents' desk.
    #[serde(default)]
    pub desk: Desk,
    /// What bots may do.
    #[serde(default)]
    pub bots: BotLimits,
    /// How webhooks are told.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// When there is too much to do.
    #[serde(default)]
    pub overload: Overload,
    /// How the server stops.
    #[serde(default)]
    pub stop: Stop,
    /// The services that visitors can ask for.
    pub channels: Vec<Channel>,
    /// The agents.
    #[serde(default)]
    pub agents: Vec<Agent>,
}

/// The PEM files of TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What one client may do; the comments in `chat.toml` say what each is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Limits {
    pub message_length: usize,
    pub frame_bytes: usize,
    pub sessions_per_address: usize,
    pub max_sessions: usize,
    pub send_burst: u32,
    pub send_rate: f64,
    pub transcript_entries: u64,
    pub transcript_bytes: u64,
    pub connections_per_address: usize,
    pub max_connections: usize,
    pub queue_events: usize,
    pub session_data_bytes: usize,
    pub session_data_bytes_per_address: u64,
    pub session_data_bytes_in_all: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_length: 65_536,
            frame_bytes: 12_582_912,
            sessions_per_address: 100,
            max_sessions: 10_000,
            send_burst: 100,
            send_rate: 10.0,
            transcript_entries: 50_000,
            transcript_bytes: 16_777_216,
            connections_per_address: 200,
            max_connections: 20_000,
            queue_events: 5_000,
            session_data_bytes: 10_485_760,
            session_data_bytes_per_address: 104_857_600,
            session_data_bytes_in_all: 2_147_483_648,
        }
    }
}

/// The times of the Bayeux protocol, in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Bayeux {
    pub timeout_ms: u64,
    pub interval_ms: u64,
    pub max_interval_ms: u64,
    pub ping_ms: u64,
}

impl Default for Bayeux {
    fn default() -> Self {
        Self { timeout_ms: 30_000, interval_ms: 0, max_interval_ms: 10_000, ping_ms: 25_000 }
    }
}

/// The agents' desk.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Desk {
    pub grace: u64,
    pub sign_in_burst: u32,
}

impl Default for Desk {
    fn default() -> Self {
        Self { grace: 30, sign_in_burst: 10 }
    }
}

/// When there is too much to do, and new work is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Overload {
    pub waiting: usize,
    pub retry_after: u64,
}

impl Default for Overload {
    fn default() -> Self {
        Self { waiting: 1000, retry_after: 5 }
    }
}

/// How the server stops.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Stop {
    pub bound: u64,
    pub drain: u64,
}

impl Default for Stop {
    fn default() -> Self {
        Self { bound: 5, drain: 0 }
    }
}

/// An agent and their key.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Agent {
    pub name: String,
    pub key: String,
    #[serde(default)]
    pub inspector: bool,
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agent")
    }
}

impl Config {
    /// The built-in demo configuration.
    ///
    /// # Errors
    /// When the file it is built from is wrong, which a test rules out.
    pub fn demo() -> Result<Self, ConfigError> {
        Self::parse(DEMO, "the built-in configuration")
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it cannot be read or is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError(format!("{name}: {error}")))?;
        let mut config = Self::parse(&text, &name)?;
        // The certificate's files are named as seen from the configuration's folder.
        if let (Some(tls), Some(folder)) = (config.tls.as_mut(), path.parent()) {
            tls.cert = folder.join(&tls.cert);
            tls.key = folder.join(&tls.key);
        }
        for bot in config.channels.iter_mut().filter_map(|channel| channel.bot.as_mut()) {
            bot.file = path.parent().unwrap_or(Path::new("")).join(&bot.file);
        }
        Ok(config)
    }

    /// Reads a configuration from its text; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is wrong: with the line and the reason.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let reason = in_words(error.message());
            ConfigError(match error.span() {
                Some(span) => format!("{name}, line {}: {reason}", line_at(text, span.start)),
                None => format!("{name}: {reason}"),
            })
        })?;
        config.check().map_err(|wrong| ConfigError(format!("{name}, line {}: {wrong}", wrong.line(text))))?;
        Ok(config)
    }

    /// The channel of this name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}

/// What the reader of the file says, in the words of TOML rather than of Rust.
fn in_words(message: &str) -> String {
    let words = [
        ("\n", ", "),
        ("expected usize", "expected a whole number from 0 on"),
        ("expected u64", "expected a whole number from 0 on"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected f64", "expected a number"),
        (" as i128", ""),
        (" as u128", ""),
        (
            "invalid type: map, expected a sequence",
            "invalid type: a table, expected a list, as [[name]] or [ ] make it",
        ),
        ("expected a sequence", "expected a list in [ ]"),
    ];
    words.iter().fold(message.to_owned(), |message, (theirs, ours)| message.replace(theirs, ours))
}

impl Bayeux {
    /// How long a connect is held when the client does not say.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// How long a session lives without a connect.
    #[must_use]
    pub fn max_interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms.saturating_add(self.max_interval_ms))
    }
}
