//! After a panic nothing in the module can be trusted: it is noted, the shim is told, and every later call says so.

use std::cell::RefCell;
use std::sync::Once;

use wasm_bindgen::prelude::*;

use crate::session::{Code, Error};
use crate::text;

thread_local! {
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

#[wasm_bindgen]
extern "C" {
    /// `reportError`, where there is one: the page's own handlers get to know.
    #[wasm_bindgen(catch, js_name = reportError)]
    fn report_error(error: &JsValue) -> Result<(), JsValue>;
}

/// Watches for panics from now on.
pub fn watch() {
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info
                .location()
                .map_or_else(String::new, |at| text::join(&[at.file(), ":", &text::decimal(at.line().into())]));
            PANICKED.with(|panicked| {
                if let Ok(mut panicked) = panicked.try_borrow_mut() {
                    panicked.get_or_insert(place.clone());
                }
            });
            let error = js_sys::Error::new(&text::join(&["causerie: ", Code::Internal.cause(), " (", &place, ")"]));
            let _ = report_error(&error);
        }));
    });
}

/// The error of every call after a panic.
pub fn error() -> Option<Error> {
    PANICKED.with(|panicked| match panicked.try_borrow() {
        Ok(panicked) => panicked.as_ref().map(|place| Error::new(Code::Internal, place.clone())),
        Err(_) => Some(Code::Internal.into()),
    })
}
