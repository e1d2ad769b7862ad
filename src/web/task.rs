//! What waits for promises and then goes on: a task is polled again when a promise that it waits for is settled, and by nothing
//! else, so it needs neither a queue nor a waker of its own. The executor of wasm-bindgen-futures is 1,100 bytes more.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;
use futures::task::noop_waker_ref;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(js_namespace = reader)]
extern "C" {
    /// Calls `next` when the promise is settled: with its value, with undefined when it failed.
    fn after(promise: &JsValue, next: &JsValue);
}

/// What is left to do; nothing while it is being done.
type Task = Rc<Cell<Option<LocalBoxFuture<'static, ()>>>>;

thread_local! {
    /// The task that is being polled.
    static POLLED: RefCell<Option<Task>> = const { RefCell::new(None) };
}

/// Does something that waits for promises; the first part of it at once.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    go_on(&Rc::new(Cell::new(Some(Box::pin(task)))));
}

fn go_on(task: &Task) {
    let Some(mut future) = task.take() else { return };
    let outer = POLLED.replace(Some(Rc::clone(task)));
    let polled = future.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
    POLLED.set(outer);
    if polled.is_pending() {
        task.set(Some(future));
    }
}

/// A promise that is waited for.
pub struct Settled {
    promise: Option<JsValue>,
    value: Rc<Cell<Option<JsValue>>>,
}

/// The value of a promise, undefined when it fails. To be waited for by a task of [`spawn`].
pub fn settled(promise: impl Into<JsValue>) -> Settled {
    Settled { promise: Some(promise.into()), value: Rc::default() }
}

impl Future for Settled {
    type Output = JsValue;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<JsValue> {
        if let (Some(promise), Some(task)) = (self.promise.take(), POLLED.with_borrow(Clone::clone)) {
            let value = Rc::clone(&self.value);
            let next = Closure::once_into_js(move |settled: JsValue| {
                value.set(Some(settled));
                go_on(&task);
            });
            after(&promise, &next);
        }
        self.value.take().map_or(Poll::Pending, Poll::Ready)
    }
}
