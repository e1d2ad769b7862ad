//! HTTP exchanges, by gloo-net; one that is given up is aborted.

use futures::future::{AbortHandle, abortable};
use gloo_net::http::Request;
use js_sys::JsString;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, RequestCredentials, Response};

use super::json::{JsJson, parse_json};
use crate::io::HttpAnswer;

/// An exchange under way; dropping it aborts it.
pub struct Exchange(AbortHandle);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Aborts the request when the task that waits for it is dropped.
struct Guard(Option<AbortController>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

/// Posts JSON, with credentials; the answer goes to `sink`, unless the exchange is dropped before.
pub fn post(url: String, body: JsString, sink: impl FnOnce(HttpAnswer<JsJson>) + 'static) -> Exchange {
    let (task, handle) = abortable(async move {
        let answer = exchange(&url, body).await.unwrap_or_else(|_| no_answer());
        sink(answer);
    });
    spawn_local(async move {
        // Aborted: nobody waits for the answer.
        let _ = task.await;
    });
    Exchange(handle)
}

fn no_answer() -> HttpAnswer<JsJson> {
    HttpAnswer { status: 0, retry_after: None, body: Err("nothing".to_owned()) }
}

async fn exchange(url: &str, body: JsString) -> Result<HttpAnswer<JsJson>, JsValue> {
    let mut guard = Guard(AbortController::new().ok());
    let signal = guard.0.as_ref().map(AbortController::signal);
    let failed = |_| JsValue::UNDEFINED;
    let response = Request::post(url)
        .credentials(RequestCredentials::Include)
        .abort_signal(signal.as_ref())
        .header("Content-Type", "application/json")
        .body(JsValue::from(body))
        .map_err(failed)?
        .send()
        .await
        .map_err(failed)?;
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|value| seconds(&value));
    // The body stays a JavaScript string: it is parsed where it is.
    let text = JsFuture::from(Response::from(response).text()?).await?;
    guard.0 = None;
    Ok(HttpAnswer { status, retry_after, body: parse_json(&text) })
}

/// `Retry-After`: seconds, or a date.
fn seconds(value: &str) -> Option<u32> {
    let value = value.trim();
    value.parse().ok().or_else(|| {
        let ms = js_sys::Date::parse(value) - js_sys::Date::now();
        (ms > 0.0).then_some((ms / 1000.0).ceil() as u32)
    })
}
