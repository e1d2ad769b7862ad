//! What waits for a promise and then goes on. There is one way for all, so that the machinery under it exists once.

use futures::FutureExt;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// What a promise came to.
pub type Settled = Result<JsValue, JsValue>;

/// Goes on when a promise is settled, in a microtask of its own.
pub fn after(promise: &Promise, next: impl FnOnce(Settled) + 'static) {
    run(JsFuture::from(promise.clone()), Box::new(next));
}

/// Goes on in a microtask of its own.
pub fn soon(next: impl FnOnce() + 'static) {
    after(&Promise::resolve(&JsValue::UNDEFINED), move |_| next());
}

fn run(settled: JsFuture, next: Box<dyn FnOnce(Settled)>) {
    spawn_local(settled.map(next));
}
