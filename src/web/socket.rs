//! A WebSocket that lets go of its handlers when it is dropped.

use js_sys::JsString;
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use super::json::{JsJson, parse_event, parse_json};
use crate::json::{Json, Name};
use crate::session::Input;

#[wasm_bindgen]
extern "C" {
    /// A socket that sends JavaScript strings as they are.
    type Sender;
    #[wasm_bindgen(structural, method, catch)]
    fn send(this: &Sender, text: &JsString) -> Result<(), JsValue>;
}

/// An open, or opening, WebSocket.
pub struct Socket {
    socket: WebSocket,
    _handler: Closure<dyn FnMut(JsValue)>,
}

impl Socket {
    /// Opens a socket; what it brings goes to `sink`. `None` when the browser refuses to.
    pub fn open(id: u32, url: &str, sink: impl Fn(Input<JsJson>) + 'static) -> Option<Self> {
        let socket = WebSocket::new(url).ok()?;
        // One handler for all events, told apart by what only they have: each type of closure has its own glue.
        let handler = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            if let Some(body) = parse_event(&event) {
                return sink(Input::Frame { socket: id, body: Ok(body) });
            }
            let event = JsJson::from(event);
            let data = event.get(Name::Data).into_js();
            sink(if data.is_string() {
                Input::Frame { socket: id, body: parse_json(&data) }
            } else if !data.is_undefined() {
                Input::Frame { socket: id, body: Err("a binary frame".to_owned()) }
            } else if let Some(code) = event.get(Name::Code).number() {
                Input::Closed { socket: id, code: code as u16 }
            } else {
                Input::Opened { socket: id }
            });
        });
        let function = Some(handler.as_ref().unchecked_ref());
        socket.set_onopen(function);
        socket.set_onmessage(function);
        socket.set_onclose(function);
        Some(Self { socket, _handler: handler })
    }

    /// Sends a text frame. What can not be sent is lost with the socket, which tells of its end itself.
    pub fn send(&self, text: &JsString) {
        let _ = self.socket.unchecked_ref::<Sender>().send(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // 1000 is always allowed.
        let _ = self.socket.close_with_code(1000);
    }
}
