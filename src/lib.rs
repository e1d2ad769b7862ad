//! Causerie: a browser chat-session SDK. A session core without IO ([`session`]), the protocols below it
//! ([`transport`], [`bayeux`], [`chat`]), and, for WebAssembly only, the browser driver (`web`).
//!
//! Data flows one way: a page's command goes down from `web` through [`session`] and [`transport`] to a socket; what the
//! socket brings goes up the same way and comes out as events. Only `web` knows that there is a browser.
//! The chapters of [`manual`] tell the rest.

pub mod bayeux;
pub mod chat;
pub mod direct;
pub mod fault;
pub mod io;
pub mod json;
pub mod manual;
pub mod protocol;
pub mod queue;
#[cfg(feature = "rest")]
pub mod rest;
pub mod session;
pub mod text;
pub mod time;
pub mod transport;
#[cfg(target_arch = "wasm32")]
mod web;
