//! The store: the one seam between a server on one machine and one on many.
//!
//! A change of a chat and the entries it makes are one [`Store::commit`]; what it returned `Ok` for may be acknowledged.
//! Its futures may take their time: a file or a network can be behind them. Commits of one chat never overlap within a
//! server; between servers of one store, [`Chat::next_index`] tells whether somebody else was faster.

use crate::chat::model::{Chat, Entry};
use crate::session::locked;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

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
}

/// What became of a new chat.
#[derive(Debug)]
pub enum Created {
    /// It is in the store.
    New,
    /// The same request had made this chat before.
    Known(String),
}

/// Where chats and their transcripts are kept.
pub trait Store: Send + Sync + 'static {
    /// Keeps a new chat and its first entries; not when [`Chat::request`] is known of its service.
    fn create<'a>(&'a self, chat: &'a Chat, entries: &'a [Entry]) -> Stored<'a, Created>;
    /// The chat that this request made.
    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>>;
    /// The chat whose key has this handle.
    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>>;
    /// Appends entries, and keeps the chat as it is after them: both or nothing.
    fn commit<'a>(&'a self, chat: &'a Chat, entries: &'a [Entry]) -> Stored<'a, ()>;
    /// The entries of a chat from this index on.
    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>>;
    /// The entry that this message made. `who` is the participant that sent it.
    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>>;
    /// Forgets a chat, and everything of it.
    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()>;
}

/// Everything in memory; nothing outlives the server.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    chats: HashMap<String, Kept>,
    requests: HashMap<(String, String), String>,
    handles: HashMap<String, String>,
}

#[derive(Debug)]
struct Kept {
    chat: Chat,
    entries: BTreeMap<u64, Entry>,
    messages: HashMap<(u64, String), u64>,
}

impl Kept {
    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(index) = entry.index else { continue };
            if let Some(message) = &entry.message_id {
                self.messages.insert((entry.from.participant_id, message.clone()), index);
            }
            self.entries.insert(index, entry.clone());
        }
    }
}

fn ready<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Stored<'a, T> {
    Box::pin(std::future::ready(result))
}

impl Store for MemoryStore {
    fn create<'a>(&'a self, chat: &'a Chat, entries: &'a [Entry]) -> Stored<'a, Created> {
        let mut memory = locked(&self.0);
        if let Some(request) = &chat.request {
            let key = (chat.service.clone(), request.clone());
            if let Some(known) = memory.requests.get(&key) {
                return ready(Ok(Created::Known(known.clone())));
            }
            memory.requests.insert(key, chat.id.clone());
        }
        memory.handles.insert(chat.key.handle().to_owned(), chat.id.clone());
        let mut kept = Kept { chat: chat.clone(), entries: BTreeMap::new(), messages: HashMap::new() };
        kept.append(entries);
        memory.chats.insert(chat.id.clone(), kept);
        ready(Ok(Created::New))
    }

    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>> {
        ready(Ok(locked(&self.0).requests.get(&(service.to_owned(), request.to_owned())).cloned()))
    }

    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>> {
        ready(Ok(locked(&self.0).handles.get(handle).cloned()))
    }

    fn commit<'a>(&'a self, chat: &'a Chat, entries: &'a [Entry]) -> Stored<'a, ()> {
        let mut memory = locked(&self.0);
        let Some(kept) = memory.chats.get_mut(&chat.id) else { return ready(Err(StoreError::Unknown)) };
        if kept.chat.next_index + entries.len() as u64 != chat.next_index {
            return ready(Err(StoreError::Conflict));
        }
        kept.append(entries);
        kept.chat = chat.clone();
        ready(Ok(()))
    }

    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>> {
        let memory = locked(&self.0);
        ready(
            memory
                .chats
                .get(chat)
                .map(|kept| kept.entries.range(from..).map(|(_, entry)| entry.clone()).collect())
                .ok_or(StoreError::Unknown),
        )
    }

    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>> {
        let memory = locked(&self.0);
        let entry = memory
            .chats
            .get(chat)
            .and_then(|kept| kept.entries.get(kept.messages.get(&(who, message.to_owned()))?))
            .cloned();
        ready(Ok(entry))
    }

    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()> {
        let mut memory = locked(&self.0);
        if let Some(kept) = memory.chats.remove(chat) {
            memory.handles.remove(kept.chat.key.handle());
            if let Some(request) = kept.chat.request {
                memory.requests.remove(&(kept.chat.service, request));
            }
        }
        ready(Ok(()))
    }
}
