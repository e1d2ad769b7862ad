//! A WebSocket that lets go of its handlers when it is dropped.

use js_sys::JsString;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::json::{JsJson, parse_json};
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
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket; what it brings goes to `sink`. `None` when the browser refuses to.
    pub fn open(id: u32, url: &str, sink: impl Fn(Input<JsJson>) + Clone + 'static) -> Option<Self> {
        let socket = WebSocket::new(url).ok()?;
        let (on_open, on_message) = (sink.clone(), sink.clone());
        let on_open = Closure::<dyn FnMut()>::new(move || on_open(Input::Opened { socket: id }));
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let body = if data.is_string() { parse_json(&data) } else { Err("a binary frame".to_owned()) };
            on_message(Input::Frame { socket: id, body });
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            sink(Input::Closed { socket: id, code: event.code() });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
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
