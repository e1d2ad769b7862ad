//! HTTP exchanges: the platform's `fetch`, its answer read by gloo-net. One that is given up is aborted.

use gloo_net::http::Response;
use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::json::{JsJson, parse_json};
use super::task;
use crate::io::HttpAnswer;
use crate::json::Json;

#[wasm_bindgen]
extern "C" {
    /// Fails by its promise only.
    fn fetch(url: &str, init: &JsValue) -> Promise;
}

/// An exchange under way; dropping it aborts it.
pub struct Exchange(Option<AbortController>);

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// Posts something, with credentials; the answer goes to `sink`, unless the exchange is dropped before.
pub fn post(url: &str, body: &JsString, kind: &str, sink: impl FnOnce(HttpAnswer<JsJson>) + 'static) -> Exchange {
    let controller = AbortController::new().ok();
    let signal = controller.as_ref().map(AbortController::signal);
    let mut init = JsJson::object();
    init.put_str("method", "POST");
    init.put_str("credentials", "include");
    init.put("headers", JsJson::of("Content-Type", JsJson::of_str(kind)));
    init.put("body", JsValue::from(body).into());
    if let Some(signal) = &signal {
        init.put("signal", JsValue::from(signal).into());
    }
    let finish = move |answer: Option<HttpAnswer<JsJson>>| {
        // Aborted: nobody waits for the answer.
        if !signal.is_some_and(|signal| signal.aborted()) {
            let nothing = || HttpAnswer { status: 0, retry_after: None, body: Err("nothing".to_owned()) };
            sink(answer.unwrap_or_else(nothing));
        }
    };
    task::after(&fetch(url, init.value()), move |response| match response {
        Ok(response) => read(response.unchecked_into(), finish),
        Err(_) => finish(None),
    });
    Exchange(controller)
}

/// Reads an answer, whose body stays a JavaScript string: it is parsed where it is.
fn read(response: web_sys::Response, finish: impl FnOnce(Option<HttpAnswer<JsJson>>) + 'static) {
    let text = response.text();
    let response = Response::from(response);
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|value| seconds(&value));
    let Ok(text) = text else { return finish(None) };
    task::after(&text, move |text| {
        finish(text.ok().map(|text| HttpAnswer { status, retry_after, body: parse_json(&text) }));
    });
}

/// `Retry-After`: seconds, or a date.
fn seconds(value: &str) -> Option<u32> {
    let value = value.trim_ascii();
    value.parse().ok().or_else(|| {
        let ms = js_sys::Date::parse(value) - js_sys::Date::now();
        (ms > 0.0).then_some((ms / 1000.0).ceil() as u32)
    })
}
