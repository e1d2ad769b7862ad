//! HTTP exchanges, by gloo-net; one that is given up is aborted.

use gloo_net::http::{Headers, Request, Response};
use js_sys::JsString;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCredentials, RequestInit};

use super::json::{JsJson, parse_json};
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
    let headers = Headers::new();
    headers.set("Content-Type", kind);
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_credentials(RequestCredentials::Include);
    init.set_headers(&JsValue::from(headers.into_raw()));
    init.set_body(body);
    init.set_signal(signal.as_ref());
    let request = web_sys::Request::new_with_str_and_init(url, &init).map(Request::from);
    task::spawn(Box::pin(async move {
        let answer = match request {
            Ok(request) => exchange(request).await,
            // The browser refuses the URL.
            Err(_) => None,
        };
        // Aborted: nobody waits for the answer.
        if !signal.is_some_and(|signal| signal.aborted()) {
            sink(answer.unwrap_or_else(|| HttpAnswer {
                status: 0,
                retry_after: None,
                body: Err("nothing".to_owned()),
            }));
        }
    }));
    Exchange(controller)
}

async fn exchange(request: Request) -> Option<HttpAnswer<JsJson>> {
    let response: Response = request.send().await.ok()?;
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|value| seconds(&value));
    // The body stays a JavaScript string: it is parsed where it is.
    let text = JsFuture::from(web_sys::Response::from(response).text().ok()?).await.ok()?;
    Some(HttpAnswer { status, retry_after, body: parse_json(&text) })
}

/// `Retry-After`: seconds, or a date.
fn seconds(value: &str) -> Option<u32> {
    let value = value.trim();
    value.parse().ok().or_else(|| {
        let ms = js_sys::Date::parse(value) - js_sys::Date::now();
        (ms > 0.0).then_some((ms / 1000.0).ceil() as u32)
    })
}
