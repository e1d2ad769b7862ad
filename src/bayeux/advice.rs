//! What the server advises about reconnecting.

use crate::json::{Json, Name};

/// `advice.reconnect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// Connect again with the same client id.
    Retry,
    /// Begin with a new handshake.
    Handshake,
    /// Stop.
    None,
}

/// The advice in force. A new advice replaces the old one whole; what it lacks takes the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What to do next; absent when the server did not say.
    pub reconnect: Option<Reconnect>,
    /// Milliseconds to wait before the next connect; 0 by default.
    pub interval: u64,
    /// Milliseconds that the server holds a connect; 60,000 by default.
    pub timeout: u64,
    /// Milliseconds after which the server forgets a client that does not connect; 10,000 by default.
    pub max_interval: u64,
}

impl Default for Advice {
    fn default() -> Self {
        Self { reconnect: None, interval: 0, timeout: 60_000, max_interval: 10_000 }
    }
}

/// No advice may hold a client back, or let it wait, longer than this (ten minutes).
const LONGEST: f64 = 600_000.0;

impl Advice {
    /// Reads the `advice` of a message; `None` when it has none.
    pub fn read<J: Json>(message: &J) -> Option<Self> {
        let advice = message.get(Name::Advice);
        if !advice.is_object() {
            return None;
        }
        let ms = |name, default| match advice.number_of(name) {
            Some(ms) if ms >= 0.0 => ms.min(LONGEST) as u64,
            _ => default,
        };
        let defaults = Self::default();
        let reconnect = match advice.string_of(Name::Reconnect).as_deref() {
            Some("retry") => Some(Reconnect::Retry),
            Some("handshake") => Some(Reconnect::Handshake),
            Some("none") => Some(Reconnect::None),
            _ => None,
        };
        Some(Self {
            reconnect,
            interval: ms(Name::Interval, defaults.interval),
            timeout: ms(Name::Timeout, defaults.timeout),
            max_interval: ms(Name::MaxInterval, defaults.max_interval),
        })
    }
}
