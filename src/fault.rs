//! What can go wrong below the session, sorted by blame. The session turns a fault into an error of the public table.

use std::fmt;

use crate::text;

/// A fault of a connection or of an exchange on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The network: nothing answered, or the connection broke.
    Network(&'static str),
    /// Nothing came in time; what was waited for.
    Timeout(&'static str),
    /// An HTTP answer that is no success.
    Http {
        /// The status.
        status: u16,
        /// The seconds of its `Retry-After`, when it has one.
        retry_after: Option<u32>,
    },
    /// The peer misbehaved: what was expected, what came.
    Peer {
        /// What the protocol asks for.
        expected: &'static str,
        /// What came instead; never content.
        got: String,
    },
    /// The peer answered with an error, and another try may help.
    Error {
        /// What the protocol asks for.
        expected: &'static str,
        /// The peer's own words.
        error: String,
    },
    /// The peer refused for good; its own words.
    Refused(String),
    /// The peer refused the size of what was sent.
    TooLarge,
}

impl Fault {
    /// A fault of the peer's.
    pub fn peer(expected: &'static str, got: impl Into<String>) -> Self {
        Fault::Peer { expected, got: got.into() }
    }

    /// Whether another try, here or elsewhere, is useless.
    pub fn is_final(&self) -> bool {
        matches!(self, Fault::Refused(_) | Fault::Http { status: 401 | 403, .. })
    }

    /// How long the peer asked to wait before another try, in milliseconds.
    pub fn wait(&self) -> Option<u64> {
        match self {
            Fault::Http { retry_after: Some(seconds), .. } => Some(u64::from(*seconds) * 1000),
            _ => None,
        }
    }
}

impl Fault {
    /// What went wrong, in words.
    pub fn text(&self) -> String {
        match self {
            Fault::Network(what) => (*what).to_owned(),
            Fault::Timeout(what) => text::join(&["no ", what, " in time"]),
            Fault::Http { status, .. } => text::numbered("HTTP status ", (*status).into()),
            Fault::Peer { expected, got } | Fault::Error { expected, error: got } => {
                text::join(&["expected ", expected, ", got ", got])
            }
            Fault::Refused(error) => text::join(&["refused: ", error]),
            Fault::TooLarge => "too large for the server".to_owned(),
        }
    }
}

impl Fault {
    /// The same for the log, without the peer's own words: they may hold anything. Of them only the code is taken.
    pub fn line(&self) -> String {
        match self {
            Fault::Error { expected, error } => text::join(&["expected ", expected, ", got the error ", code(error)]),
            Fault::Refused(error) => text::join(&["refused ", code(error)]),
            fault => fault.text(),
        }
    }
}

/// The code that an error of Bayeux begins with: three digits, before a colon.
fn code(error: &str) -> &str {
    let (code, _) = text::cut(error, b":");
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) { code } else { "" }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
