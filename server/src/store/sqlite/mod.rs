//! Everything in one SQLite file, which outlives the server: what was acknowledged is there after a crash.
//!
//! `schema` is the tables, `worker` the threads, `chats` how chats are written, `data` session data, `outgoing` what
//! webhooks are to be told, `requests` what visitors left. One server at a time has the file, which a lock beside it sees to; the
//! next one finds all that the last one acknowledged.

mod chats;
mod data;
mod outgoing;
mod requests;
mod schema;
mod worker;

use super::attendance::Attendance;
use super::{Created, Presence, Store, StoreError, Stored};
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::data::{Changed, DataChange, Delta, Owner};
use crate::lock::locked;
use crate::webhook::outgoing::Outgoing;
use chats::{Beginning, Written};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use schema::{SchemaError, migrate};
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use worker::{Worker, prepared};

/// All statements that a connection ever runs stay prepared.
const STATEMENTS: usize = 64;

/// How much of the file the writer keeps at hand, in kB. It takes as much as is used.
const CACHE: i64 = 32 * 1024;

/// Why a file cannot be opened, with the file's name.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct OpenError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("another server uses it")]
    InUse,
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(StoreError),
}

impl OpenError {
    /// Whether the file is another server's at the moment, so that it may be tried again.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.reason, Reason::InUse)
    }
}

/// A store in a file. Dropping it waits until what was brought is done.
pub struct SqliteStore {
    writer: Worker,
    reader: Worker,
    attendance: Mutex<Attendance>,
    /// Given back last.
    _lock: File,
}

impl SqliteStore {
    /// Opens a file, or makes it; its folder must be there.
    ///
    /// # Errors
    /// When it cannot be used: another server has it, another program made it, or a newer one.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::try_open(path).map_err(|reason| OpenError { path: path.to_owned(), reason })
    }

    fn try_open(path: &Path) -> Result<Self, Reason> {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-lock");
        let lock = private(&PathBuf::from(beside))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Reason::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // SQLite gives the files beside it the same permissions.
        drop(private(path)?);
        let mut writer = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // First of all: a database of another program is left as it is.
        migrate(&mut writer)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // A commit is on the disk when it returns.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        // The pages of what is changed again and again: none of them has to be read anew for each change.
        writer.pragma_update(None, "cache_size", -CACHE)?;
        // What is deleted is overwritten.
        writer.pragma_update(None, "secure_delete", true)?;
        writer.set_prepared_statement_cache_capacity(STATEMENTS);
        let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        reader.set_prepared_statement_cache_capacity(STATEMENTS);
        reader.pragma_update(None, "query_only", true)?;
        reader.busy_timeout(std::time::Duration::from_secs(5))?;
        let chats: Vec<String> =
            reader.prepare("SELECT id FROM chats")?.query_map([], text)?.collect::<Result<_, _>>()?;
        Ok(Self {
            attendance: Mutex::new(Attendance::of(chats)),
            writer: Worker::start("store-writer", writer, true)?,
            reader: Worker::start("store-reader", reader, false)?,
            _lock: lock,
        })
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        task: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<'a, T> {
        Box::pin(self.reader.run(task))
    }

    fn write<'a, T: Send + 'static>(
        &'a self,
        task: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<'a, T> {
        Box::pin(self.writer.run(task))
    }

    /// Does what changes chats, and notes that it was done.
    fn change<'a, T: Send + 'static>(
        &'a self,
        drafts: impl IntoIterator<Item = &'a Draft>,
        task: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<'a, T> {
        let changed: Vec<_> = drafts.into_iter().map(|draft| (draft.chat.id.clone(), draft.time())).collect();
        Box::pin(async move {
            let done = self.writer.run(task).await?;
            let mut attendance = locked(&self.attendance);
            for (chat, now) in &changed {
                attendance.changed(chat, *now);
            }
            Ok(done)
        })
    }
}

/// A file that only this user can read; made if it is not there.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A value from its JSON text.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Failed("a record in the file cannot be read".to_owned()))
}

fn text(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

/// A number for SQLite, whose numbers have a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn create<'a>(&'a self, draft: &'a Draft) -> Stored<'a, Created> {
        let kept = Beginning::of(draft);
        Box::pin(async move {
            let created = self.writer.run(move |connection| kept.create(connection)).await?;
            if created == Created::New {
                locked(&self.attendance).changed(&draft.chat.id, draft.time());
            }
            Ok(created)
        })
    }

    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>> {
        let (service, request) = (service.to_owned(), request.to_owned());
        self.read(move |connection| {
            let mut select = prepared(connection, "SELECT id FROM chats WHERE service = ? AND request = ?")?;
            Ok(select.query_row([&service, &request], text).optional()?)
        })
    }

    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>> {
        let handle = handle.to_owned();
        self.read(move |connection| {
            Ok(prepared(connection, "SELECT id FROM chats WHERE handle = ?")?.query_row([&handle], text).optional()?)
        })
    }

    fn load<'a>(&'a self, chat: &'a str) -> Stored<'a, Option<Chat>> {
        let chat = chat.to_owned();
        self.read(move |connection| {
            let mut select = prepared(connection, "SELECT record FROM chats WHERE id = ?")?;
            select.query_row([&chat], text).optional()?.map(|record| parse(&record)).transpose()
        })
    }

    fn chats(&self) -> Stored<'_, Vec<Chat>> {
        self.read(|connection| {
            let mut select = prepared(connection, "SELECT record FROM chats")?;
            select.query_map([], text)?.map(|record| parse(&record?)).collect()
        })
    }

    fn versions<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Option<u64>>> {
        let chats = chats.to_vec();
        self.read(move |connection| {
            let mut select = prepared(connection, "SELECT version FROM chats WHERE id = ?")?;
            let version = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::unsigned_abs);
            chats.iter().map(|chat| Ok(select.query_row([chat], version).optional()?)).collect()
        })
    }

    fn at_desk(&self) -> Stored<'_, Vec<Chat>> {
        Box::pin(async move { Ok(self.chats().await?.into_iter().filter(Chat::is_at_desk).collect()) })
    }

    fn attend<'a>(&'a self, chats: &'a [(String, Presence)], until: u64) -> Stored<'a, ()> {
        let mut attendance = locked(&self.attendance);
        for (chat, presence) in chats {
            attendance.attend(chat, *presence, until);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn presence<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Presence>> {
        let attendance = locked(&self.attendance);
        let known = chats.iter().map(|chat| attendance.presence(chat)).collect();
        Box::pin(std::future::ready(Ok(known)))
    }

    fn claim_unattended(&self, now: u64, until: u64, limit: usize) -> Stored<'_, Vec<String>> {
        Box::pin(std::future::ready(Ok(locked(&self.attendance).claim(now, until, limit))))
    }

    fn commit<'a>(&'a self, draft: &'a Draft) -> Stored<'a, ()> {
        let kept = Written::of(draft);
        self.change([draft], move |connection| kept.change(connection))
    }

    fn renew<'a>(&'a self, old: &'a Draft, new: &'a Draft) -> Stored<'a, ()> {
        let (closing, beginning) = (Written::of(old), Beginning::of(new));
        self.change([old, new], move |connection| {
            closing.change(connection)?;
            beginning.add(connection)
        })
    }

    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>> {
        let chat = chat.to_owned();
        self.read(move |connection| {
            if !prepared(connection, "SELECT id FROM chats WHERE id = ?")?.exists([&chat])? {
                return Err(StoreError::Unknown);
            }
            let mut select =
                prepared(connection, "SELECT entry FROM entries WHERE chat = ? AND place >= ? ORDER BY place")?;
            select.query_map(params![chat, signed(from)], text)?.map(|entry| parse(&entry?)).collect()
        })
    }

    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>> {
        let (chat, message) = (chat.to_owned(), message.to_owned());
        self.read(move |connection| {
            let mut select =
                prepared(connection, "SELECT entry FROM entries WHERE chat = ? AND who = ? AND message = ?")?;
            let entry = select.query_row(params![chat, signed(who), message], text).optional()?;
            entry.map(|entry| parse(&entry)).transpose()
        })
    }

    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()> {
        let id = chat.to_owned();
        Box::pin(async move {
            let delete = move |connection: &Connection| {
                prepared(connection, "DELETE FROM chats WHERE id = ?")?.execute([&id])?;
                Ok(())
            };
            self.writer.run(delete).await?;
            locked(&self.attendance).forget(chat);
            Ok(())
        })
    }

    fn open_data<'a>(&'a self, owner: &'a Owner, expires: u64) -> Stored<'a, Owner> {
        let owner = owner.clone();
        self.write(move |connection| data::open(connection, &owner, expires))
    }

    fn find_data<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<Owner>> {
        let handle = handle.to_owned();
        self.read(move |connection| data::find(connection, &handle))
    }

    fn change_data<'a>(&'a self, user: &'a str, change: &'a DataChange) -> Stored<'a, Changed> {
        let (user, change) = (user.to_owned(), change.clone());
        self.write(move |connection| data::change(connection, &user, &change))
    }

    fn read_data<'a>(&'a self, user: &'a str, since: u64) -> Stored<'a, Delta> {
        let user = user.to_owned();
        self.read(move |connection| data::read(connection, &user, since))
    }

    fn remove_data<'a>(&'a self, user: &'a str) -> Stored<'a, ()> {
        let user = user.to_owned();
        self.write(move |connection| data::remove(connection, &user))
    }

    fn data_held(&self) -> Stored<'_, u64> {
        self.read(data::held)
    }

    fn expire_data(&self, now: u64) -> Stored<'_, usize> {
        self.write(move |connection| data::expire(connection, now))
    }

    fn claim_outgoing<'a>(
        &'a self,
        now: u64,
        until: u64,
        limit: usize,
        except: &'a [String],
    ) -> Stored<'a, Vec<Outgoing>> {
        let except = crate::json::write(except);
        self.write(move |connection| outgoing::claim(connection, now, until, limit, &except))
    }

    fn settle_outgoing(&self, id: u64, due: Option<u64>) -> Stored<'_, ()> {
        self.write(move |connection| outgoing::settle(connection, id, due))
    }

    fn requests(&self, after: u64, limit: usize) -> Stored<'_, Vec<OfflineRequest>> {
        self.read(move |connection| requests::list(connection, after, limit))
    }

    fn remove_request(&self, id: u64) -> Stored<'_, bool> {
        self.write(move |connection| requests::remove(connection, id))
    }
}

/// All offline requests in a file, whoever uses it at the moment.
///
/// # Errors
/// When it cannot be read, or is not of this version.
pub fn all_requests(path: &Path) -> Result<Vec<OfflineRequest>, OpenError> {
    let read = || -> Result<_, Reason> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::expect(&connection)?;
        requests::list(&connection, 0, usize::MAX).map_err(Reason::Store)
    };
    read().map_err(|reason| OpenError { path: path.to_owned(), reason })
}
