//! What the types of the configuration cannot say.

use super::place::{Step, Wrong};
use super::{Channel, Config};
use crate::origin::locale;

impl Config {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        if self.channels.is_empty() {
            return Err(Wrong::new("channels", "at least one [[channels]] is needed"));
        }
        for (n, channel) in self.channels.iter().enumerate() {
            let in_channel = |wrong: Wrong| wrong.of("channels", n);
            if self.channels.iter().take(n).any(|other| other.name == channel.name) {
                let reason = format!("the channel \"{}\" is there twice", channel.name);
                return Err(in_channel(Wrong::new("name", reason)));
            }
            channel.check().map_err(in_channel)?;
        }
        self.check_secrets()?;
        for (n, agent) in self.agents.iter().enumerate() {
            let wrong = |key, reason: String| Err(Wrong::new(key, reason).of("agents", n));
            if agent.name.trim().is_empty() {
                return wrong("name", "an agent needs a name and a key, an empty name came".to_owned());
            }
            if agent.key.is_empty() {
                return wrong("key", "an agent needs a name and a key, an empty key came".to_owned());
            }
            if self.agents.iter().take(n).any(|other| other.name == agent.name) {
                return wrong("name", format!("the agent \"{}\" is there twice", agent.name));
            }
        }
        for (n, origin) in self.allowed_origins.iter().enumerate() {
            if let Err(expected) = check_origin(origin) {
                let reason = format!("\"{origin}\" is no origin: {expected}");
                return Err(Wrong::new("allowed_origins", reason).at(n));
            }
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), Wrong> {
        let limits = &self.limits;
        if !limits.send_rate.is_finite() || limits.send_rate <= 0.0 {
            let reason = format!("send_rate must be more than 0, {} came", limits.send_rate);
            return Err(Wrong::new("send_rate", reason).within(Step::Key("limits")));
        }
        let least = [
            ("limits", "send_burst", u64::from(limits.send_burst), 1),
            ("limits", "message_length", limits.message_length as u64, 1),
            // A handshake needs that much.
            ("limits", "frame_bytes", limits.frame_bytes as u64, 512),
            ("limits", "queue_events", limits.queue_events as u64, 1),
            ("limits", "sessions_per_address", limits.sessions_per_address as u64, 1),
            ("limits", "max_sessions", limits.max_sessions as u64, 1),
            ("limits", "connections_per_address", limits.connections_per_address as u64, 1),
            ("limits", "max_connections", limits.max_connections as u64, 1),
            ("limits", "transcript_entries", limits.transcript_entries, 1),
            ("limits", "transcript_bytes", limits.transcript_bytes, 1),
            ("desk", "sign_in_burst", u64::from(self.desk.sign_in_burst), 1),
            ("bayeux", "max_interval_ms", self.bayeux.max_interval_ms, 1),
            ("webhooks", "timeout_ms", self.webhooks.timeout_ms, 1),
            ("webhooks", "retry_ms", self.webhooks.retry_ms, 1),
            ("bots", "time_ms", self.bots.time_ms, 1),
            ("bots", "memory_bytes", self.bots.memory_bytes as u64, 1),
            ("bots", "messages", self.bots.messages as u64, 1),
        ];
        for (table, name, value, least) in least {
            if value < least {
                let reason = match least {
                    1 => format!("{name} must be more than 0, {value} came"),
                    _ => format!("{name} must be {least} or more, {value} came"),
                };
                return Err(Wrong::new(name, reason).within(Step::Key(table)));
            }
        }
        Ok(())
    }

    /// An event on its way names its receiver by the address alone, so that each address has one secret.
    fn check_secrets(&self) -> Result<(), Wrong> {
        let all = self
            .channels
            .iter()
            .enumerate()
            .flat_map(|(n, channel)| channel.webhooks.iter().enumerate().map(move |(m, hook)| ((n, m), hook)));
        let mut seen = Vec::new();
        for ((n, m), hook) in all {
            for ((other, _), earlier) in
                seen.iter().filter(|(_, earlier): &&(_, &super::Webhook)| earlier.url == hook.url)
            {
                let (key, reason) = if *other == n {
                    ("url", "a webhook's url: one not used before in the channel is expected, it is there twice")
                } else if earlier.secret != hook.secret {
                    (
                        "secret",
                        "a webhook's secret: the one that its url has in another channel is expected, another came",
                    )
                } else {
                    continue;
                };
                return Err(Wrong::new(key, reason).of("webhooks", m).of("channels", n));
            }
            seen.push(((n, m), hook));
        }
        Ok(())
    }
}

impl Channel {
    fn check(&self) -> Result<(), Wrong> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(fits) {
            let reason = format!(
                "a channel's name is 1 to 64 letters, digits, '-', '_' and '.', \"{}\" came",
                self.name.escape_debug()
            );
            return Err(Wrong::new("name", reason));
        }
        for (n, hook) in self.webhooks.iter().enumerate() {
            hook.check().map_err(|wrong| wrong.of("webhooks", n))?;
        }
        if let Some(warning) = self.idle_warning.filter(|warning| *warning != 0 && *warning >= self.idle_timeout) {
            let reason = format!("idle_warning must be less than idle_timeout ({}), {warning} came", self.idle_timeout);
            return Err(Wrong::new("idle_warning", reason));
        }
        if self.idle_warning_text.trim().is_empty() {
            let reason = "idle_warning_text: words are expected, none came; idle_warning = 0 for no warning";
            return Err(Wrong::new("idle_warning_text", reason));
        }
        if self.data_retention == 0 {
            return Err(Wrong::new("data_retention", "data_retention must be more than 0 days, 0 came"));
        }
        if locale(&self.locale).is_none() {
            let reason = format!("locale: such as \"en-us\" is expected, \"{}\" came", self.locale.escape_debug());
            return Err(Wrong::new("locale", reason));
        }
        if let Some(bot) = &self.bot {
            let empty = [("file", bot.file.as_os_str().is_empty()), ("name", bot.name.trim().is_empty())];
            if let Some((key, _)) = empty.into_iter().find(|(_, empty)| *empty) {
                let reason = format!("a bot's {key} is expected, an empty one came");
                return Err(Wrong::new(key, reason).within(Step::Key("bot")));
            }
        }
        if let Some(faq) = &self.faq {
            faq.check().map_err(|wrong| wrong.within(Step::Key("faq")))?;
        }
        for (key, form) in [("pre_chat", &self.pre_chat), ("post_chat", &self.post_chat), ("offline", &self.offline)] {
            if let Some(form) = form {
                form.check().map_err(|wrong| wrong.within(Step::Key(key)))?;
            }
        }
        Ok(())
    }
}

/// What is expected in the place of an origin that no browser would ever send.
fn check_origin(origin: &str) -> Result<(), &'static str> {
    const SHAPE: &str = "scheme://host or scheme://host:port is expected, without a path";
    if matches!(origin, "*" | "null") {
        return Ok(());
    }
    let (scheme, authority) = origin.split_once("://").ok_or(SHAPE)?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(in_scheme) {
        return Err(SHAPE);
    }
    if authority.contains('*') {
        return Err("each host by its name is expected, or \"*\" alone for any");
    }
    if !authority.is_ascii() {
        return Err("a host as browsers send it is expected, which begins with xn-- where it is not ASCII");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let in_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') || (bare.is_some() && c == ':');
    if host.is_empty() || !bare.unwrap_or(host).chars().all(in_host) {
        return Err(SHAPE);
    }
    let https = scheme.eq_ignore_ascii_case("https");
    match port {
        Some("443") if https => Err("browsers leave :443 out, and so is expected here"),
        Some("80") if scheme.eq_ignore_ascii_case("http") => Err("browsers leave :80 out, and so is expected here"),
        Some(port) if port.parse::<u16>().is_err() => Err(SHAPE),
        _ => Ok(()),
    }
}
