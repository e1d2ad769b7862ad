//! Everything in memory; nothing outlives the server.

use super::attendance::Attendance;
use super::{Created, FAR, Presence, Store, StoreError, Stored};
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::chat::record::Record;
use crate::data::{Changed, DataChange, Delta, GONE, Owner, RECENT, RECORD, size};
use crate::json::Raw;
use crate::lock::locked;
use crate::webhook::outgoing::Outgoing;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Mutex;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    chats: HashMap<String, Kept>,
    attendance: Attendance,
    requests: HashMap<(String, String), String>,
    handles: HashMap<String, String>,
    data: HashMap<String, Data>,
    /// By number; with the time when it is due.
    outgoing: BTreeMap<u64, (u64, Outgoing)>,
    last_outgoing: u64,
    offline: BTreeMap<u64, OfflineRequest>,
    last_request: u64,
}

#[derive(Debug)]
struct Kept {
    chat: Record,
    /// In the order of their places.
    entries: Vec<Entry>,
    messages: HashMap<(u64, String), u64>,
}

impl Kept {
    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(index) = entry.index else { continue };
            if let Some(message) = &entry.message_id {
                self.messages.insert((entry.from.participant_id, message.clone()), index);
            }
            self.entries.push(entry.clone());
        }
    }

    /// The entries from a place on.
    fn from(&self, place: u64) -> &[Entry] {
        let before = self.entries.partition_point(|entry| entry.index < Some(place));
        self.entries.get(before..).unwrap_or_default()
    }
}

/// The session data of a visitor.
#[derive(Debug)]
struct Data {
    owner: Owner,
    /// What it is charged to; empty before anything was kept, and where that is no address.
    address: String,
    version: u64,
    floor: u64,
    expires: u64,
    /// None: deleted.
    members: BTreeMap<String, (u64, Option<Raw>)>,
    recent: VecDeque<(String, u64)>,
}

impl Data {
    /// What it is charged with.
    fn held(&self) -> u64 {
        if self.version == 0 { 0 } else { charge(&self.members) }
    }

    /// `others` is what all others of its address hold, and all others.
    fn change(&mut self, change: &DataChange, others: (u64, u64)) -> Changed {
        let known = change.message.as_ref().and_then(|id| self.recent.iter().find(|(other, _)| other == id));
        if let Some((_, version)) = known {
            return Changed::Done(*version);
        }
        if change.only.is_some_and(|only| only != self.version) {
            return Changed::Stale;
        }
        let mut after = self.members.clone();
        let version = self.version + 1;
        for (name, value) in &change.set {
            after.insert(name.clone(), (version, Some(value.clone())));
        }
        for name in change.deleted.iter().filter(|name| !change.set.contains_key(*name)) {
            if let Some(member) = after.get_mut(name) {
                *member = (version, None);
            }
        }
        let total: usize =
            after.iter().filter_map(|(name, (_, value))| value.as_ref().map(|value| size(name, value))).sum();
        if total > change.limit {
            return Changed::TooLarge;
        }
        let (before, held) = (self.held(), charge(&after));
        let more = held.saturating_sub(before);
        if let Err(room) = change.budget.admit(more, others.0.saturating_add(before), others.1.saturating_add(before)) {
            return Changed::NoRoom(room);
        }
        if self.address.is_empty() {
            self.address.clone_from(&change.budget.address);
        }
        (self.members, self.version, self.expires) = (after, version, change.expires);
        if self.members.values().filter(|(_, value)| value.is_none()).count() > GONE {
            self.members.retain(|_, (_, value)| value.is_some());
            self.floor = version;
        }
        if let Some(id) = &change.message {
            self.recent.push_back((id.clone(), version));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        Changed::Done(version)
    }

    fn since(&self, since: u64) -> Delta {
        let from = if since < self.floor || since > self.version { 0 } else { since };
        let mut delta = Delta { version: self.version, from, ..Delta::default() };
        for (name, (_, value)) in self.members.iter().filter(|(_, (version, _))| *version > from) {
            match value {
                Some(value) => {
                    delta.set.insert(name.clone(), value.clone());
                }
                None if from > 0 => delta.deleted.push(name.clone()),
                None => {}
            }
        }
        delta
    }
}

/// What a visitor with these members is charged with.
fn charge(members: &BTreeMap<String, (u64, Option<Raw>)>) -> u64 {
    let member = |(name, (_, value)): (&String, &(u64, Option<Raw>))| match value {
        Some(value) => size(name, value),
        None => name.len(),
    };
    RECORD.saturating_add(members.iter().map(member).sum::<usize>() as u64)
}

impl Memory {
    fn change_data(&mut self, user: &str, change: &DataChange) -> Result<Changed, StoreError> {
        let known = self.data.get(user).ok_or(StoreError::Unknown)?;
        let address = if known.address.is_empty() { &change.budget.address } else { &known.address };
        let (mut of_address, mut in_all) = (0_u64, 0_u64);
        for (_, other) in self.data.iter().filter(|(other, _)| *other != user) {
            in_all += other.held();
            if other.address == *address {
                of_address += other.held();
            }
        }
        self.data.get_mut(user).map(|data| data.change(change, (of_address, in_all))).ok_or(StoreError::Unknown)
    }

    fn add(&mut self, draft: &Draft) {
        let chat = &draft.chat;
        if let Some(request) = &chat.request {
            self.requests.insert((chat.service.clone(), request.clone()), chat.id.clone());
        }
        self.handles.insert(chat.key.handle().to_owned(), chat.id.clone());
        let mut kept = Kept { chat: chat.clone(), entries: Vec::new(), messages: HashMap::new() };
        kept.append(&draft.entries);
        self.chats.insert(chat.id.clone(), kept);
        self.attendance.changed(&chat.id, draft.time());
        self.tell(draft);
    }

    fn tell(&mut self, draft: &Draft) {
        for item in &draft.outgoing {
            self.last_outgoing += 1;
            let id = self.last_outgoing;
            self.outgoing.insert(id, (item.since, Outgoing { id, ..item.clone() }));
        }
    }

    fn change(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let chat = &draft.chat;
        let kept = self.chats.get_mut(&chat.id).ok_or(StoreError::Unknown)?;
        if kept.chat.version + 1 != chat.version {
            return Err(StoreError::Conflict);
        }
        kept.append(&draft.entries);
        kept.chat = chat.clone();
        self.attendance.changed(&chat.id, draft.time());
        if let Some(request) = &draft.request {
            self.last_request += 1;
            let id = self.last_request;
            self.offline.insert(id, OfflineRequest { id, ..request.clone() });
        }
        self.tell(draft);
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
        ready(Ok(locked(&self.0).chats.get(chat).map(|kept| Chat::clone(&kept.chat))))
    }

    fn chats(&self) -> Stored<'_, Vec<Chat>> {
        ready(Ok(locked(&self.0).chats.values().map(|kept| Chat::clone(&kept.chat)).collect()))
    }

    fn versions<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Option<u64>>> {
        let memory = locked(&self.0);
        ready(Ok(chats.iter().map(|chat| memory.chats.get(chat).map(|kept| kept.chat.version)).collect()))
    }

    fn at_desk(&self) -> Stored<'_, Vec<Chat>> {
        let memory = locked(&self.0);
        ready(Ok(memory
            .chats
            .values()
            .filter(|kept| kept.chat.is_at_desk())
            .map(|kept| Chat::clone(&kept.chat))
            .collect()))
    }

    fn attend<'a>(&'a self, chats: &'a [(String, Presence)], until: u64) -> Stored<'a, ()> {
        let mut memory = locked(&self.0);
        for (chat, presence) in chats {
            memory.attendance.attend(chat, *presence, until);
        }
        ready(Ok(()))
    }

    fn presence<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Presence>> {
        let memory = locked(&self.0);
        ready(Ok(chats.iter().map(|chat| memory.attendance.presence(chat)).collect()))
    }

    fn claim_unattended(&self, now: u64, until: u64, limit: usize) -> Stored<'_, Vec<String>> {
        ready(Ok(locked(&self.0).attendance.claim(now, until, limit)))
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
        ready(memory.chats.get(chat).map(|kept| kept.from(from).to_vec()).ok_or(StoreError::Unknown))
    }

    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>> {
        let memory = locked(&self.0);
        let entry = memory
            .chats
            .get(chat)
            .and_then(|kept| kept.from(*kept.messages.get(&(who, message.to_owned()))?).first())
            .cloned();
        ready(Ok(entry))
    }

    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()> {
        let mut memory = locked(&self.0);
        if let Some(kept) = memory.chats.remove(chat) {
            memory.attendance.forget(chat);
            memory.handles.remove(kept.chat.key.handle());
            if let Some(request) = &kept.chat.request {
                memory.requests.remove(&(kept.chat.service.clone(), request.clone()));
            }
        }
        ready(Ok(()))
    }

    fn open_data<'a>(&'a self, owner: &'a Owner, expires: u64) -> Stored<'a, Owner> {
        let mut memory = locked(&self.0);
        let data = memory.data.entry(owner.user.clone()).or_insert_with(|| Data {
            owner: owner.clone(),
            address: String::new(),
            version: 0,
            floor: 0,
            expires,
            members: BTreeMap::new(),
            recent: VecDeque::new(),
        });
        data.expires = expires;
        ready(Ok(data.owner.clone()))
    }

    fn find_data<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<Owner>> {
        let memory = locked(&self.0);
        ready(Ok(memory.data.values().find(|data| data.owner.key.handle() == handle).map(|data| data.owner.clone())))
    }

    fn change_data<'a>(&'a self, user: &'a str, change: &'a DataChange) -> Stored<'a, Changed> {
        ready(locked(&self.0).change_data(user, change))
    }

    fn read_data<'a>(&'a self, user: &'a str, since: u64) -> Stored<'a, Delta> {
        ready(Ok(locked(&self.0).data.get(user).map(|data| data.since(since)).unwrap_or_default()))
    }

    fn remove_data<'a>(&'a self, user: &'a str) -> Stored<'a, ()> {
        locked(&self.0).data.remove(user);
        ready(Ok(()))
    }

    fn data_held(&self) -> Stored<'_, u64> {
        ready(Ok(locked(&self.0).data.values().map(Data::held).sum()))
    }

    fn expire_data(&self, now: u64) -> Stored<'_, usize> {
        let mut memory = locked(&self.0);
        let before = memory.data.len();
        memory.data.retain(|_, data| data.expires >= now);
        ready(Ok(before - memory.data.len()))
    }

    fn claim_outgoing<'a>(
        &'a self,
        now: u64,
        until: u64,
        limit: usize,
        except: &'a [String],
    ) -> Stored<'a, Vec<Outgoing>> {
        let mut memory = locked(&self.0);
        let mut seen = HashSet::new();
        let mut claimed = Vec::new();
        for (due, item) in memory.outgoing.values_mut() {
            let first = seen.insert((item.hook.clone(), item.chat.clone()));
            if first && (*due <= now || *due > now + FAR) && claimed.len() < limit && !except.contains(&item.hook) {
                *due = until;
                claimed.push(item.clone());
            }
        }
        ready(Ok(claimed))
    }

    fn settle_outgoing(&self, id: u64, due: Option<u64>) -> Stored<'_, ()> {
        let mut memory = locked(&self.0);
        match due {
            None => {
                memory.outgoing.remove(&id);
            }
            Some(again) => {
                if let Some((due, item)) = memory.outgoing.get_mut(&id) {
                    *due = again;
                    item.tries += 1;
                }
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
