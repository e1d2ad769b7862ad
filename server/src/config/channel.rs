//! A channel in the configuration: its times, forms, FAQ, bot and webhooks.

use super::Wrong;
use crate::faq::FaqConfig;
use crate::forms::Form;
use crate::webhook::EVENTS;
use axum::http::Uri;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// A service that visitors can ask for; times in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Channel {
    pub name: String,
    #[serde(default = "idle_timeout")]
    pub idle_timeout: u64,
    /// Seconds before the end of a silent chat; 0: no warning.
    pub idle_warning: Option<u64>,
    #[serde(default = "idle_warning_text")]
    pub idle_warning_text: String,
    #[serde(default = "visitor_timeout")]
    pub visitor_timeout: u64,
    #[serde(default = "ended_retention")]
    pub ended_retention: u64,
    /// 0: for ever.
    #[serde(default)]
    pub lifetime: u64,
    #[serde(default = "renewal_timeout")]
    pub renewal_timeout: u64,
    /// Days.
    #[serde(default = "data_retention")]
    pub data_retention: u64,
    #[serde(default = "locale")]
    pub locale: String,
    pub welcome: Option<String>,
    pub pre_chat: Option<Form>,
    pub post_chat: Option<Form>,
    pub offline: Option<Form>,
    pub faq: Option<FaqConfig>,
    pub bot: Option<BotConfig>,
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
}

/// Somebody who is told what happens in a channel.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Webhook {
    pub url: String,
    pub secret: String,
    /// Empty: all.
    #[serde(default)]
    pub events: Vec<String>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

impl Webhook {
    /// What the types cannot say.
    ///
    /// # Errors
    /// Where it stands, and what is wrong. Never the address, which may hold a secret.
    pub fn check(&self) -> Result<(), Wrong> {
        let valid = |scheme: &str| self.url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        let host = self.url.parse::<Uri>().ok().and_then(|url| Some(url.authority()?.as_str().to_owned()));
        if !(valid("https://") || valid("http://")) || host.is_none() {
            return Err(Wrong::new("url", "a webhook's url: http:// or https:// and a host are expected"));
        }
        if host.is_some_and(|host| host.contains('@')) {
            // They would stand in the Host header, and authorise nothing.
            return Err(Wrong::new("url", "a webhook's url: no user and no password are expected; it is signed"));
        }
        if self.secret.len() < 16 {
            return Err(Wrong::new("secret", "a webhook's secret: 16 characters and more are expected, fewer came"));
        }
        match self.events.iter().position(|event| !EVENTS.contains(&event.as_str())) {
            Some(at) => {
                let reason = format!("a webhook's events: {} are expected, another came", EVENTS.join(", "));
                Err(Wrong::new("events", reason).at(at))
            }
            None => Ok(()),
        }
    }
}

/// How webhooks are told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Webhooks {
    pub timeout_ms: u64,
    pub retry_ms: u64,
    pub give_up: u64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { timeout_ms: 10_000, retry_ms: 1_000, give_up: 259_200 }
    }
}

/// The bot of a channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct BotConfig {
    pub file: PathBuf,
    #[serde(default = "bot_name")]
    pub name: String,
    #[serde(default)]
    pub first: First,
    /// Tell pages what the script logs.
    #[serde(default)]
    pub debug: bool,
}

/// Whether a bot is called as soon as a chat begins, or when forms and FAQ are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum First {
    #[default]
    Bot,
    Form,
}

fn bot_name() -> String {
    "Bot".to_owned()
}

/// What one call of a bot may take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct BotLimits {
    pub time_ms: u64,
    pub memory_bytes: usize,
    pub messages: usize,
    pub session_bytes: usize,
}

impl Default for BotLimits {
    fn default() -> Self {
        Self { time_ms: 250, memory_bytes: 33_554_432, messages: 10, session_bytes: 65_536 }
    }
}

fn idle_timeout() -> u64 {
    600
}
fn idle_warning_text() -> String {
    "Are you still there? This chat ends in {seconds} seconds if nobody writes.".to_owned()
}
fn visitor_timeout() -> u64 {
    300
}
fn data_retention() -> u64 {
    30
}
fn locale() -> String {
    "en-us".to_owned()
}
fn renewal_timeout() -> u64 {
    86_400
}
fn ended_retention() -> u64 {
    60
}

/// Whoever is given less time than this before a silent chat ends has chosen a pace, and is not warned of it by default.
const SLOW: u64 = 300;
/// Seconds before the end of a silent chat, by default.
const WARNING: u64 = 60;

impl Channel {
    /// Seconds before the end of a silent chat at which it is warned; 0: it is not.
    #[must_use]
    pub fn warning(&self) -> u64 {
        self.idle_warning.unwrap_or(if self.idle_timeout >= SLOW { WARNING } else { 0 })
    }

    /// The id of the channel's bot.
    #[must_use]
    pub fn bot_id(&self) -> &str {
        self.bot.as_ref().and_then(|bot| bot.file.file_name()?.to_str()).unwrap_or_default()
    }
}
