//! The store: the one seam between a server on one machine and one on many.
//!
//! A change of a chat and the entries it makes are one [`Store::commit`]; what it returned `Ok` for may be acknowledged.
//! Its futures may take their time: a file or a network can be behind them. Commits of one chat never overlap within a
//! server; between servers of one store, [`Chat::version`] tells whether somebody else was faster: then the change is
//! refused as a [`StoreError::Conflict`], with the places in the transcript that it had taken.
//!
//! `memory` keeps everything in memory, `sqlite` in one file, `redis` in a Redis that many servers
//! share; `attendance` is what the first two know of who looks after which chat.

mod attendance;
pub mod memory;
pub mod redis;
pub mod sqlite;

use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::data::{Changed, DataChange, Delta, Owner};
use crate::webhook::outgoing::Outgoing;
use std::future::Future;
use std::pin::Pin;

pub use memory::MemoryStore;
pub use redis::RedisStore;
pub use sqlite::SqliteStore;

/// A future of the store.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The chat is not there, or no longer.
    #[error("no such chat")]
    Unknown,
    /// Somebody else changed the chat meanwhile.
    #[error("the chat was changed meanwhile")]
    Conflict,
    /// What is behind the store failed.
    #[error("{0}")]
    Failed(String),
}

/// What became of a new chat.
#[derive(Debug, PartialEq, Eq)]
pub enum Created {
    /// It is in the store.
    New,
    /// The same request had made this chat before.
    Known(String),
}

/// For how long a chat that was begun or changed is looked after without another word, in milliseconds.
pub const LEASE: u64 = 15_000;

/// Nothing that is to be told is put off for so long, in milliseconds: what is due later was put there before the clock was set back.
const FAR: u64 = 7_200_000;

/// What the servers of one store tell each other of a chat beside its record; in milliseconds since the epoch, 0: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presence {
    /// When a session of the visitor was last there.
    pub seen: u64,
    /// When anybody last did anything.
    pub active: u64,
}

/// Where chats and their transcripts are kept.
pub trait Store: Send + Sync + 'static {
    /// Keeps a new chat and its first entries; not when [`Chat::request`] is known of its service.
    fn create<'a>(&'a self, draft: &'a Draft) -> Stored<'a, Created>;
    /// The chat that this request made.
    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>>;
    /// The chat whose key has this handle.
    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>>;
    /// The chat as it was last committed.
    fn load<'a>(&'a self, chat: &'a str) -> Stored<'a, Option<Chat>>;
    /// All chats, ended ones among them, in no order.
    fn chats(&self) -> Stored<'_, Vec<Chat>>;
    /// The versions of chats, in the order asked; none of one that is not there.
    fn versions<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Option<u64>>>;
    /// The chats that are people's: those in the queue, and those with agents; in no order.
    fn at_desk(&self) -> Stored<'_, Vec<Chat>>;
    /// Says that a server looks after these chats until then (milliseconds since the epoch), and what it knows of them. Of what
    /// several say, the latest counts; chats that are not there are passed over.
    fn attend<'a>(&'a self, chats: &'a [(String, Presence)], until: u64) -> Stored<'a, ()>;
    /// What all servers know of chats, in the order asked. A commit is something that was done.
    fn presence<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Presence>>;
    /// Takes chats that nobody looks after any more, ended ones too, at most so many. Who takes them looks after them until
    /// then: nobody else gets them.
    fn claim_unattended(&self, now: u64, until: u64, limit: usize) -> Stored<'_, Vec<String>>;
    /// Keeps all that a change makes, or nothing: the chat as it is after it, its entries, the
    /// offline request, what others are to be told.
    fn commit<'a>(&'a self, draft: &'a Draft) -> Stored<'a, ()>;
    /// Closes a chat and keeps the new one that takes its place: both or nothing.
    fn renew<'a>(&'a self, old: &'a Draft, new: &'a Draft) -> Stored<'a, ()>;
    /// The entries of a chat from this index on.
    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>>;
    /// The entry that this message made. `who` is the participant that sent it.
    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>>;
    /// Forgets a chat, and everything of it but its offline request.
    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()>;
    /// Begins the session data of a visitor, if there is none yet, and keeps it until then (milliseconds since the epoch).
    /// Returns whose it is, with the key that it has.
    fn open_data<'a>(&'a self, owner: &'a Owner, expires: u64) -> Stored<'a, Owner>;
    /// Whose session data the key with this handle opens.
    fn find_data<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<Owner>>;
    /// Changes session data that was begun.
    fn change_data<'a>(&'a self, user: &'a str, change: &'a DataChange) -> Stored<'a, Changed>;
    /// What has changed in session data since a version; everything since version 0.
    fn read_data<'a>(&'a self, user: &'a str, since: u64) -> Stored<'a, Delta>;
    /// Forgets the session data of a visitor.
    fn remove_data<'a>(&'a self, user: &'a str) -> Stored<'a, ()>;
    /// How many bytes of session data all visitors are charged with.
    fn data_held(&self) -> Stored<'_, u64>;
    /// Forgets all session data that was kept until before this time.
    fn expire_data(&self, now: u64) -> Stored<'_, usize>;
    /// Takes what is due to be told, at most so many, the first of each session and receiver only, and nothing for the receivers
    /// in `except`; nobody else gets it before `until` (both in milliseconds since the epoch).
    fn claim_outgoing<'a>(
        &'a self,
        now: u64,
        until: u64,
        limit: usize,
        except: &'a [String],
    ) -> Stored<'a, Vec<Outgoing>>;
    /// Forgets what was told; or, with a time, has it told again then.
    fn settle_outgoing(&self, id: u64, due: Option<u64>) -> Stored<'_, ()>;
    /// Offline requests with ids above this one, the oldest first, at most so many.
    fn requests(&self, after: u64, limit: usize) -> Stored<'_, Vec<OfflineRequest>>;
    /// Forgets an offline request; says whether there was one.
    fn remove_request(&self, id: u64) -> Stored<'_, bool>;
}
