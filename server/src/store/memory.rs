//! Everything in memory; nothing outlives the server.

use super::{Created, OfflineRequest, Store, StoreError, Stored};
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry};
use crate::session::locked;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    chats: HashMap<String, Kept>,
    requests: HashMap<(String, String), String>,
    handles: HashMap<String, String>,
    offline: BTreeMap<u64, OfflineRequest>,
    last_request: u64,
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

impl Memory {
    fn add(&mut self, draft: &Draft) {
        let chat = &draft.chat;
        if let Some(request) = &chat.request {
            self.requests.insert((chat.service.clone(), request.clone()), chat.id.clone());
        }
        self.handles.insert(chat.key.handle().to_owned(), chat.id.clone());
        let mut kept = Kept { chat: chat.clone(), entries: BTreeMap::new(), messages: HashMap::new() };
        kept.append(&draft.entries);
        self.chats.insert(chat.id.clone(), kept);
    }

    fn change(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let chat = &draft.chat;
        let kept = self.chats.get_mut(&chat.id).ok_or(StoreError::Unknown)?;
        if kept.chat.version + 1 != chat.version {
            return Err(StoreError::Conflict);
        }
        kept.append(&draft.entries);
        kept.chat = chat.clone();
        if let Some(request) = &draft.request {
            self.last_request += 1;
            let id = self.last_request;
            self.offline.insert(id, OfflineRequest { id, ..request.clone() });
        }
        Ok(())
    }
}

fn ready<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Stored<'a, T> {
    Box::pin(std::future::ready(result))
}

impl Store for MemoryStore {
    fn create<'a>(&'a self, draft: &'a Draft) -> Stored<'a, Created> {
        let chat = &draft.chat;
        let mut memory = locked(&self.0);
        if let Some(request) = &chat.request
            && let Some(known) = memory.requests.get(&(chat.service.clone(), request.clone()))
        {
            return ready(Ok(Created::Known(known.clone())));
        }
        memory.add(draft);
        ready(Ok(Created::New))
    }

    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>> {
        ready(Ok(locked(&self.0).requests.get(&(service.to_owned(), request.to_owned())).cloned()))
    }

    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>> {
        ready(Ok(locked(&self.0).handles.get(handle).cloned()))
    }

    fn load<'a>(&'a self, chat: &'a str) -> Stored<'a, Option<Chat>> {
        ready(Ok(locked(&self.0).chats.get(chat).map(|kept| kept.chat.clone())))
    }

    fn chats(&self) -> Stored<'_, Vec<Chat>> {
        ready(Ok(locked(&self.0).chats.values().map(|kept| kept.chat.clone()).collect()))
    }

    fn commit<'a>(&'a self, draft: &'a Draft) -> Stored<'a, ()> {
        ready(locked(&self.0).change(draft))
    }

    fn renew<'a>(&'a self, old: &'a Draft, new: &'a Draft) -> Stored<'a, ()> {
        let mut memory = locked(&self.0);
        let changed = memory.change(old);
        if changed.is_ok() {
            memory.add(new);
        }
        ready(changed)
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

    fn requests(&self, after: u64, limit: usize) -> Stored<'_, Vec<OfflineRequest>> {
        let memory = locked(&self.0);
        let later = memory.offline.range(after.saturating_add(1)..);
        ready(Ok(later.take(limit).map(|(_, request)| request.clone()).collect()))
    }

    fn remove_request(&self, id: u64) -> Stored<'_, bool> {
        ready(Ok(locked(&self.0).offline.remove(&id).is_some()))
    }
}
