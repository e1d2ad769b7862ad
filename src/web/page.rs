//! The page's side of the boundary: the shim's object that builds events and errors. Each event crosses once, as one call.
//! None of these calls runs a callback of the page's: the shim queues.

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;

use super::json::JsJson;
use crate::chat::Role;
use crate::session::{Error, Event};

#[wasm_bindgen]
extern "C" {
    /// The shim's half of a session.
    pub type Page;

    /// A message; the text and the party are in the entry.
    #[wasm_bindgen(structural, method)]
    fn message(this: &Page, index: u32, time: f64, restored: bool, url: bool, role: u8, entry: &JsValue);
    /// Ordinary messages: so many of the entries of a reply, from a place on; an earlier page has been told of those up to a position.
    #[wasm_bindgen(structural, method)]
    fn messages(this: &Page, data: &JsValue, first: u32, count: u32, told_before: u32);
    #[wasm_bindgen(structural, method)]
    fn agent(this: &Page, joined: bool, index: u32, time: f64, restored: bool, party: &JsValue);
    #[wasm_bindgen(structural, method)]
    fn typing(this: &Page, on: bool, party: &JsValue);
    #[wasm_bindgen(structural, method)]
    fn notice(this: &Page, index: u32, time: f64, restored: bool, name: &str, data: &JsValue);
    /// A notice that is not in the transcript.
    #[wasm_bindgen(structural, method)]
    fn passing(this: &Page, name: &str, data: &JsValue);
    #[wasm_bindgen(structural, method)]
    fn renewed(this: &Page, previous: &str, id: &str, reason: &str);
    #[wasm_bindgen(structural, method)]
    fn link(this: &Page, up: bool);
    #[wasm_bindgen(structural, method)]
    fn ended(this: &Page, reason: u8, time: f64);
    #[wasm_bindgen(structural, method)]
    fn error(this: &Page, code: u16, description: &str);
    /// Makes the `ChatError` that a promise rejects with.
    #[wasm_bindgen(structural, method)]
    fn failure(this: &Page, code: u16, description: &str) -> JsValue;
    /// Opens a channel of messages: a WebSocket, or to the tab that holds the connection or the page's own transport. What it
    /// brings comes by [`Engine::input`](super::engine::Engine::input), never inside this call.
    #[wasm_bindgen(structural, method)]
    pub fn open(this: &Page, socket: u32, url: &str);
    /// Sends a frame on a channel.
    #[wasm_bindgen(structural, method)]
    pub fn send(this: &Page, socket: u32, frame: JsValue);
    /// Closes a channel; nothing happens when the socket is none.
    #[wasm_bindgen(structural, method)]
    pub fn close(this: &Page, socket: u32);
    /// Tells the other tabs something, or one of them, or all but one: 0 is none.
    #[wasm_bindgen(structural, method)]
    pub fn tell_tabs(this: &Page, to: u32, except: u32, frame: JsValue);
    /// The store of the states for a restore: `read`, `own`, `write` or `clear`.
    #[wasm_bindgen(structural, method, catch)]
    pub fn store(this: &Page, verb: &str, key: &str, state: &JsValue) -> Result<JsValue, JsValue>;
    /// How many characters of messages that are not settled the store has room for; -1 when it is denied.
    #[wasm_bindgen(structural, method, getter)]
    pub fn room(this: &Page) -> f64;
    /// An object as the body of a form.
    #[wasm_bindgen(structural, method)]
    pub fn form(this: &Page, fields: JsValue) -> JsString;
    /// The states of the sessions that other tabs have, an array.
    #[wasm_bindgen(structural, method)]
    pub fn shared(this: &Page) -> Promise;
    /// Takes part in a session: whether this tab is to hold its connection, and what the page kept of its transcript or
    /// undefined; an array.
    #[wasm_bindgen(structural, method)]
    pub fn join(this: &Page, id: &str) -> Promise;
    /// The session is over, and has nothing left to do.
    #[wasm_bindgen(structural, method)]
    pub fn done(this: &Page);
    /// 128 random bits in hexadecimal: an id that nobody can guess.
    #[wasm_bindgen(structural, method)]
    pub fn secret(this: &Page) -> String;
    /// A line for the page's logger.
    #[wasm_bindgen(structural, method)]
    pub fn log(this: &Page, line: &str);
}

impl Page {
    /// Queues an event.
    pub fn tell(&self, event: &Event<JsJson>) {
        match event {
            Event::Message { place, url, entry } => {
                let entry_json = entry.json().value();
                self.message(place.index, place.time, place.restored, *url, role_of(entry.role), entry_json);
            }
            Event::Messages { data, first, count, told_before } => {
                self.messages(data.value(), *first as u32, *count as u32, *told_before);
            }
            Event::AgentConnected { place, party } => {
                self.agent(true, place.index, place.time, place.restored, party.json().value());
            }
            Event::AgentDisconnected { place, party } => {
                self.agent(false, place.index, place.time, place.restored, party.json().value());
            }
            Event::AgentTyping { party, on } => self.typing(*on, party.json().value()),
            Event::Notice { place, name, data } => match place {
                Some(place) => self.notice(place.index, place.time, place.restored, name, data.value()),
                None => self.passing(name, data.value()),
            },
            Event::Renewed { previous, id, reason } => self.renewed(previous, id, reason),
            Event::Interrupted => self.link(false),
            Event::Continued => self.link(true),
            Event::Ended { reason, time } => self.ended(reason.code(), *time),
            Event::Error(error) => self.report(error),
        }
    }

    /// Queues an `onError` event.
    pub fn report(&self, error: &Error) {
        self.error(error.code.number(), &error.text());
    }

    /// Makes the `ChatError` that a promise rejects with.
    pub fn failed(&self, error: &Error) -> JsValue {
        self.failure(error.code.number(), &error.text())
    }
}

/// The place of the role in the shim's list: client, agent, supervisor, external.
fn role_of(role: Role) -> u8 {
    match role {
        Role::Client => 0,
        Role::Agent => 1,
        Role::Supervisor => 2,
        Role::External => 3,
    }
}
