//! The configuration file: what may stand in it, what holds when it does not, and what is wrong with it. `channel` is what
//! may stand in a channel.

mod channel;

use crate::faq::FaqConfig;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use channel::{BotConfig, BotLimits, Channel, First, Webhook, Webhooks};

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
    pub connections_per_address: usize,
    pub max_connections: usize,
    pub queue_events: usize,
    pub session_data_bytes: usize,
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
            connections_per_address: 200,
            max_connections: 20_000,
            queue_events: 5_000,
            session_data_bytes: 10_485_760,
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
            let reason = error.message().replace('\n', ", ");
            let line =
                error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
            ConfigError(
                line.map_or_else(|| format!("{name}: {reason}"), |line| format!("{name}, line {line}: {reason}")),
            )
        })?;
        config.check(text).map_err(|(line, reason)| ConfigError(format!("{name}, line {line}: {reason}")))?;
        Ok(config)
    }

    /// What the types cannot say. The line is that of the first place where the wrong value stands.
    fn check(&self, text: &str) -> Result<(), (usize, String)> {
        let find = |what: &str| {
            text.lines()
                .position(|line| !line.trim_start().starts_with('#') && line.contains(what))
                .map_or(1, |line| line + 1)
        };
        let wrong = |what: &str, reason: String| Err((find(what), reason));
        if self.channels.is_empty() {
            return wrong("channels", "at least one [[channels]] is needed".to_owned());
        }
        for (n, channel) in self.channels.iter().enumerate() {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if channel.name.is_empty() || channel.name.len() > 64 || !channel.name.chars().all(fits) {
                return wrong(
                    &channel.name,
                    "a channel's name is 1 to 64 letters, digits, '-', '_' and '.'".to_owned(),
                );
            }
            if self.channels.iter().take(n).any(|other| other.name == channel.name) {
                return wrong(&channel.name, format!("the channel \"{}\" is there twice", channel.name));
            }
            for hook in &channel.webhooks {
                if let Err((place, reason)) = hook.check() {
                    return wrong(&place, reason);
                }
            }
            if channel.data_retention == 0 {
                return wrong("data_retention", "data_retention must be more than 0 days".to_owned());
            }
            if let Some(Err((place, reason))) = channel.faq.as_ref().map(FaqConfig::check) {
                return wrong(&place, reason);
            }
            for form in [&channel.pre_chat, &channel.post_chat, &channel.offline].into_iter().flatten() {
                if let Err((field, reason)) = form.check() {
                    return wrong(&field, reason);
                }
            }
        }
        for (n, agent) in self.agents.iter().enumerate() {
            if agent.name.trim().is_empty() || agent.key.is_empty() {
                return wrong("agents", "an agent needs a name and a key".to_owned());
            }
            if self.agents.iter().take(n).any(|other| other.name == agent.name) {
                return wrong(&agent.name, format!("the agent \"{}\" is there twice", agent.name));
            }
        }
        for origin in &self.allowed_origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if origin != "*" && origin != "null" && host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                return wrong(
                    origin,
                    format!(
                        "\"{origin}\" is no origin: scheme://host or scheme://host:port is expected, without a path"
                    ),
                );
            }
        }
        let limits = &self.limits;
        if !limits.send_rate.is_finite() || limits.send_rate <= 0.0 {
            return wrong("send_rate", "send_rate must be more than 0".to_owned());
        }
        let positive = [
            ("send_burst", u64::from(limits.send_burst)),
            ("message_length", limits.message_length as u64),
            ("frame_bytes", limits.frame_bytes as u64),
            ("queue_events", limits.queue_events as u64),
            ("sign_in_burst", u64::from(self.desk.sign_in_burst)),
            ("max_interval_ms", self.bayeux.max_interval_ms),
            ("timeout_ms", self.webhooks.timeout_ms),
            ("retry_ms", self.webhooks.retry_ms),
            ("time_ms", self.bots.time_ms),
            ("memory_bytes", self.bots.memory_bytes as u64),
            ("messages", self.bots.messages as u64),
        ];
        for (name, value) in positive {
            if value == 0 {
                return wrong(name, format!("{name} must be more than 0"));
            }
        }
        Ok(())
    }

    /// The channel of this name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }
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
