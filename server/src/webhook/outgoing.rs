//! What is to be told to a webhook's receiver, as a store keeps it.

/// An event on its way to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number, which the store gives it: what happened later in the same session has a greater one.
    pub id: u64,
    /// The receiver.
    pub hook: String,
    /// The session.
    pub chat: String,
    /// The JSON text.
    pub body: String,
    /// How often it was tried.
    pub tries: u32,
    /// Since when, in milliseconds since the epoch.
    pub since: u64,
}
