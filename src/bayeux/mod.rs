//! The client half of Bayeux 1.0, as CometD servers speak it: handshake, subscribe, connect, publish, disconnect and
//! advice, over a WebSocket or long-polling. Sans-IO: sockets, HTTP and time are the driver's.
//!
//! Never here: what a chat is, which server to try next, how long to wait between tries (that is `transport`).

mod advice;
mod client;
mod inbound;
mod message;
mod outbound;
mod polling;

pub use advice::{Advice, Reconnect};
pub use client::Client;
pub use message::names_unknown_client;
