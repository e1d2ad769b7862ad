//! The two threads that speak with SQLite, so that no async task ever waits for a disk.
//!
//! One writes, one reads. The writer takes all that waits, does it in one transaction, and only when that is on the disk
//! tells anybody that it is done: many commits, one flush. A task that fails undoes nothing but itself: most fail before they have changed
//! anything; where one has, all are done again, each with a savepoint of its own, which takes more time.

use crate::store::StoreError;
use rusqlite::{CachedStatement, Connection, Error};
use std::io;
use std::thread::{Builder, JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// How many tasks wait before those who bring more wait too.
const QUEUE: usize = 4096;
/// How many tasks one transaction holds at most.
const GROUP: usize = 512;

/// A task, and who waits for it.
trait Task: Send {
    /// Does it, unless there is nothing to do it with; says whether it is done. What an earlier try came to is forgotten.
    fn run(&mut self, connection: Option<&Connection>) -> bool;
    /// Tells what became of it; with an error if what it did is not on the disk.
    fn tell(self: Box<Self>, error: Option<&str>);
}

struct Asked<T, F> {
    task: F,
    result: Result<T, StoreError>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Task for Asked<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: Option<&Connection>) -> bool {
        self.result = connection.map_or_else(|| Err(closed()), &mut self.task);
        self.result.is_ok()
    }

    fn tell(self: Box<Self>, error: Option<&str>) {
        // Whoever asked may have gone.
        let _ = self.tell.send(match error {
            None => self.result,
            Some(error) => Err(StoreError::Failed(error.to_owned())),
        });
    }
}

fn closed() -> StoreError {
    StoreError::Failed("the store is closed".to_owned())
}

/// A thread with a connection.
pub(super) struct Worker {
    tasks: Option<mpsc::Sender<Box<dyn Task>>>,
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
        task: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let task = Box::new(Asked { task, result: Err(closed()), tell });
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

type Queue = mpsc::Receiver<Box<dyn Task>>;

fn read(connection: &Connection, mut queue: Queue) {
    while let Some(mut task) = queue.blocking_recv() {
        task.run(Some(connection));
        task.tell(None);
    }
}

fn write(connection: &Connection, mut queue: Queue) {
    while let Some(first) = queue.blocking_recv() {
        let mut tasks = vec![first];
        let outcome = match together(connection, &mut tasks, &mut queue) {
            Ok(true) => Ok(()),
            Ok(false) => one_by_one(connection, &mut tasks),
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, "the store could not write");
            // The transaction may be over already.
            let _ = connection.execute_batch("ROLLBACK");
        }
        let error = outcome.err().map(|error| error.to_string());
        for task in tasks {
            task.tell(error.as_deref());
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    prepared(connection, sql)?.execute([]).map(drop)
}

/// Does what waits in one transaction. False: one of the tasks failed after it had changed something, so that nothing is kept.
fn together(connection: &Connection, tasks: &mut Vec<Box<dyn Task>>, queue: &mut Queue) -> Result<bool, Error> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut next = 0;
    while let Some(task) = tasks.get_mut(next) {
        let before = connection.total_changes();
        let done = task.run(Some(connection));
        if !done && (connection.is_autocommit() || connection.total_changes() != before) {
            if !connection.is_autocommit() {
                execute(connection, "ROLLBACK")?;
            }
            return Ok(false);
        }
        next += 1;
        if next == tasks.len() && next < GROUP {
            tasks.extend(queue.try_recv());
        }
    }
    execute(connection, "COMMIT")?;
    Ok(true)
}

/// The same, where each task can be undone alone.
fn one_by_one(connection: &Connection, tasks: &mut [Box<dyn Task>]) -> Result<(), Error> {
    let mut sound = execute(connection, "BEGIN IMMEDIATE");
    for task in tasks {
        if sound.is_ok() {
            sound = execute(connection, "SAVEPOINT task");
        }
        // Once something is wrong with the transaction, nothing more is done in it, or outside of it.
        let done = task.run(sound.is_ok().then_some(connection));
        if sound.is_ok() {
            if !done {
                sound = execute(connection, "ROLLBACK TO task");
            }
            sound = sound.and_then(|()| execute(connection, "RELEASE task"));
        }
    }
    sound?;
    execute(connection, "COMMIT")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn a_task_that_fails_after_it_changed_something_undoes_nothing_but_itself() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT").unwrap();
        let worker = Worker::start("test", connection, true).unwrap();
        // All are in one transaction: the first is done only when the others have come.
        let (go, wait) = channel::<()>();
        let first = worker.run(move |_| {
            let _ = wait.recv();
            Ok(())
        });
        let insert = |number: i64, fails: bool| {
            worker.run(move |connection| {
                connection.execute("INSERT INTO numbers VALUES (?)", [number])?;
                if fails { Err(StoreError::Conflict) } else { Ok(number) }
            })
        };
        let done = tokio::join!(first, insert(1, false), insert(2, true), insert(3, false), async { drop(go) });
        assert!(matches!(done, (Ok(()), Ok(1), Err(StoreError::Conflict), Ok(3), ())), "{done:?}");
        let sum = worker.run(|connection| {
            Ok(connection.query_row("SELECT sum(number) FROM numbers", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(sum.await.unwrap(), 4);
    }
}
