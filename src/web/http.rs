//! HTTP exchanges: the platform's `fetch`, its answer read by gloo-net. One that is given up is aborted.

use gloo_net::http::Response;
use js_sys::JsString;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::json::{JsJson, parse_json, post as fetched};
use super::task;
use crate::io::HttpAnswer;

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
    let fetched = fetched(url, kind, body, signal.clone());
    task::spawn(async move {
        let answer = read(task::settled(fetched).await).await;
        // Aborted: nobody waits for the answer.
        if !signal.is_some_and(|signal| signal.aborted()) {
            let nothing = || HttpAnswer { status: 0, retry_after: None, body: Err("nothing".to_owned()) };
            sink(answer.unwrap_or_else(nothing));
        }
    });
    Exchange(controller)
}

/// Reads an answer, if one came; its body stays a JavaScript string, which is parsed where it is.
async fn read(response: JsValue) -> Option<HttpAnswer<JsJson>> {
    if response.is_undefined() {
        return None;
    }
    let response: web_sys::Response = response.unchecked_into();
    let text = response.text().ok()?;
    let response = Response::from(response);
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|value| seconds(&value));
    let text = task::settled(text).await;
    (!text.is_undefined()).then(|| HttpAnswer { status, retry_after, body: parse_json(&text) })
}

/// `Retry-After`: seconds, or a date.
fn seconds(value: &str) -> Option<u32> {
    let value = value.trim_ascii();
    value.parse().ok().or_else(|| {
        let ms = js_sys::Date::parse(value) - js_sys::Date::now();
        (ms > 0.0).then_some((ms / 1000.0).ceil() as u32)
    })
}
