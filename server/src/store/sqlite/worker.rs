//! The two threads that speak with SQLite, so that no async task ever waits for a disk.
//!
//! One writes, one reads. The writer takes all that waits, does it in one transaction, and only when that is on the disk
//! tells anybody that it is done: many commits, one flush. Each task has a savepoint of its own, so that one that fails
//! undoes nothing but itself.

use crate::store::StoreError;
use rusqlite::{CachedStatement, Connection, Error};
use std::io;
use std::thread::{Builder, JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// How many tasks wait before those who bring more wait too.
const QUEUE: usize = 4096;
/// How many tasks one transaction holds at most.
const GROUP: usize = 512;

/// Tells whoever waits for a task what became of it; with an error if what it did is not on the disk.
type Tell = Box<dyn FnOnce(Option<&str>) + Send>;
/// Does a task, unless there is nothing to do it with; says whether it is done, and how to tell.
type Task = Box<dyn FnOnce(Option<&Connection>) -> (bool, Tell) + Send>;

/// A thread with a connection.
pub(super) struct Worker {
    tasks: Option<mpsc::Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl From<Error> for StoreError {
    /// The message of an SQLite error names tables and codes, never values.
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A statement, prepared once.
pub(super) fn prepared<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>, Error> {
    connection.prepare_cached(sql)
}

impl Worker {
    /// Starts a thread that writes, or one that reads.
    pub(super) fn start(name: &str, connection: Connection, writes: bool) -> io::Result<Self> {
        let (tasks, queue) = mpsc::channel(QUEUE);
        let work = move || if writes { write(&connection, queue) } else { read(&connection, queue) };
        let thread = Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Has a task done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Failed("the store is closed".to_owned());
        let (tell, told) = oneshot::channel();
        let task: Task = Box::new(move |connection| {
            let result = connection.map_or_else(|| Err(closed()), task);
            let done = result.is_ok();
            let tell: Tell = Box::new(move |error| {
                // Whoever asked may have gone.
                let _ = tell.send(match error {
                    None => result,
                    Some(error) => Err(StoreError::Failed(error.to_owned())),
                });
            });
            (done, tell)
        });
        self.tasks.as_ref().ok_or_else(closed)?.send(task).await.map_err(|_| closed())?;
        told.await.map_err(|_| closed())?
    }
}

impl Drop for Worker {
    /// What was brought is still done; then the connection is closed.
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(connection: &Connection, mut queue: mpsc::Receiver<Task>) {
    while let Some(task) = queue.blocking_recv() {
        let (_, tell) = task(Some(connection));
        tell(None);
    }
}

fn write(connection: &Connection, mut queue: mpsc::Receiver<Task>) {
    while let Some(first) = queue.blocking_recv() {
        let mut tells = Vec::new();
        let outcome = group(connection, first, &mut queue, &mut tells);
        if let Err(error) = &outcome {
            tracing::error!(%error, "the store could not write");
            // The transaction may be over already.
            let _ = connection.execute_batch("ROLLBACK");
        }
        let error = outcome.err().map(|error| error.to_string());
        for tell in tells {
            tell(error.as_deref());
        }
    }
}

/// Does what waits in one transaction.
fn group(
    connection: &Connection,
    first: Task,
    queue: &mut mpsc::Receiver<Task>,
    tells: &mut Vec<Tell>,
) -> Result<(), Error> {
    let mut next = Some(first);
    let run = |sql: &str| prepared(connection, sql)?.execute([]).map(drop);
    let mut sound = run("BEGIN IMMEDIATE");
    while let Some(task) = next {
        if sound.is_ok() {
            sound = run("SAVEPOINT task");
        }
        // Once something is wrong with the transaction, nothing more is done in it, or outside of it.
        let (done, tell) = task(sound.is_ok().then_some(connection));
        tells.push(tell);
        if sound.is_ok() {
            if !done {
                sound = run("ROLLBACK TO task");
            }
            sound = sound.and_then(|()| run("RELEASE task"));
        }
        next = if tells.len() < GROUP { queue.try_recv().ok() } else { None };
    }
    sound?;
    run("COMMIT")
}
