//! Tasks: what waits for a promise and then goes on. All have one type, so that the machinery under them exists once.

use futures::future::LocalBoxFuture;

/// A task, boxed.
pub type Task = LocalBoxFuture<'static, ()>;

/// Runs a task, beginning in a microtask of its own.
pub fn spawn(task: Task) {
    wasm_bindgen_futures::spawn_local(task);
}
