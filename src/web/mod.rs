//! The browser driver: the only place that names web-sys, js-sys or wasm-bindgen.
//!
//! [`engine`] is what the shim sees: one object per chat session, whose methods settle promises and keep no borrow.
//! [`driver`] runs the session: it does what the session's outputs say, with [`http`], [`clock`] and [`storage`], and
//! tells the [`page`], which has the sockets, too. [`json`] reads JavaScript objects in place. What a page gives, the
//! shim has validated (`lib/options.js`). Never here: a decision about the session.

mod clock;
mod driver;
mod engine;
mod http;
mod json;
mod page;
mod storage;
mod task;

/// Talc: a third of the standard allocator's size, and faster.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
