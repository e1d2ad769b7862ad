//! Keys and ids from the system's random source, and their comparison in constant time.

use serde::{Deserialize, Serialize};
use std::fmt;
use subtle::ConstantTimeEq;

/// The system has no randomness to give: nothing that needs a key can be done.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandomness;

/// A random id of so many bytes, in hexadecimal.
///
/// # Errors
/// When the system's random source fails.
pub fn random_hex(bytes: usize) -> Result<String, NoRandomness> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|_| NoRandomness)?;
    Ok(buffer.iter().fold(String::with_capacity(bytes * 2), |mut hex, byte| {
        for digit in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        hex
    }))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
#[must_use]
pub fn same(ours: &str, theirs: &str) -> bool {
    ours.as_bytes().ct_eq(theirs.as_bytes()).into()
}

/// The key of a chat: a handle by which it is found, and 192 bits that are compared in constant time.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecureKey(String);

impl From<String> for SecureKey {
    /// A key that was kept.
    fn from(key: String) -> Self {
        Self(key)
    }
}

/// How many characters of a key find its chat; the rest prove it.
const HANDLE: usize = 16;

impl SecureKey {
    /// A new key.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub fn random() -> Result<Self, NoRandomness> {
        random_hex(HANDLE / 2 + 24).map(Self)
    }

    /// The part by which the chat is found. It proves nothing.
    #[must_use]
    pub fn handle(&self) -> &str {
        handle(&self.0)
    }

    /// The whole key, for its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether what a client sent is this key.
    #[must_use]
    pub fn is(&self, theirs: &str) -> bool {
        same(&self.0, theirs)
    }
}

/// The handle in a key as a client sent it.
#[must_use]
pub fn handle(key: &str) -> &str {
    key.get(..HANDLE).unwrap_or_default()
}

impl fmt::Debug for SecureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecureKey")
    }
}
