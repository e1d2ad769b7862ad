//! The browser's clocks, its one timer, and what is random.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use crate::time::Now;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, delay: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// For how long after a reading of both clocks the wall clock alone will do, in milliseconds: one that is set meanwhile by
/// more than that is noticed, one that is set by less does no harm.
const NEAR: u64 = 50;

thread_local! {
    /// The last reading of both clocks.
    static READ: Cell<Now> = const { Cell::new(Now { mono: 0, wall: 0 }) };
}

/// The time.
pub fn now() -> Now {
    let now = Now { mono: performance_now() as u64, wall: js_sys::Date::now() as u64 };
    READ.set(now);
    now
}

/// The time, as near as a frame needs it. Where many come, `performance.now` is a twelfth of what each of them costs:
/// browsers blur it, which takes five times as long as to read the wall clock.
pub fn now_nearly() -> Now {
    let read = READ.get();
    let wall = js_sys::Date::now() as u64;
    let passed = wall.wrapping_sub(read.wall);
    if passed <= NEAR { Now { mono: read.mono.wrapping_add(passed), wall } } else { now() }
}

/// A random seed, made of 128 random bits.
pub fn seed(secret: &str) -> u64 {
    secret.bytes().fold(0, |seed: u64, byte| seed.rotate_left(5) ^ u64::from(byte))
}

/// One timer, set again and again. It is not set later when the deadline moves away: it then fires too early, which
/// costs less than to set it with every frame.
pub struct Alarm {
    callback: Closure<dyn FnMut(JsValue)>,
    set: RefCell<Option<(u64, JsValue)>>,
}

impl Alarm {
    /// A timer that calls back; it is not set.
    pub fn new(mut callback: impl FnMut() + 'static) -> Self {
        Self { callback: Closure::new(move |_| callback()), set: RefCell::new(None) }
    }

    /// The timer is to fire at this point of the monotonic clock, if not before.
    pub fn set(&self, at: Option<u64>) {
        let mut set = self.set.borrow_mut();
        if let (Some(at), Some((earlier, _))) = (at, &*set)
            && *earlier <= at
        {
            return;
        }
        if let Some((_, timer)) = set.take() {
            clear_timeout(&timer);
        }
        *set = at.map(|at| {
            let delay = at.saturating_sub(now().mono) + 1;
            // A longer delay than 31 bits of milliseconds would fire at once.
            let delay = delay.min(i32::MAX as u64) as f64;
            (at, set_timeout(self.callback.as_ref(), delay))
        });
    }

    /// The timer has fired.
    pub fn fired(&self) {
        self.set.borrow_mut().take();
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.set(None);
    }
}
