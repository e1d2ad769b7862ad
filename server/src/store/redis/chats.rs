//! Chats in Redis: a hash with the record and its version, a stream of entries whose ids are their places, a hash of the
//! messages. What leads to a chat from outside of its shard is pointed there first, and a pointer to a chat that is not there is none.

use super::keys::Shard;
use super::link::{Call, Lua};
use super::{RedisStore, each, pages, parse};
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::json::write;
use crate::secret::random_hex;
use crate::store::{Created, LEASE, StoreError};
use redis::cmd;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

static WRITE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/write.lua")));
static POINT: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/point.lua")));
static UNPOINT: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/unpoint.lua")));
static REMOVE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/remove.lua")));
static RECORDS: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/records.lua")));

/// Bytes of what tells a call that changes chats from others.
const CALL_BYTES: usize = 8;
/// For how many seconds a request may point to a chat that is not there yet: longer than anybody tries to make it.
const MAKING: u64 = 6;
/// How often it is looked whether it is there now.
const LOOK: Duration = Duration::from_millis(100);

impl RedisStore {
    pub(super) async fn make(&self, draft: &Draft) -> Result<Created, StoreError> {
        let chat = &draft.chat;
        if let Some(request) = &chat.request
            && let Some(known) = self.point(&self.request_key(&chat.service, request), &chat.id).await?
        {
            return Ok(Created::Known(known));
        }
        self.point_handle(chat).await?;
        self.change(&[("create", draft)]).await?;
        Ok(Created::New)
    }

    /// Lets a request point to a chat that is about to be made; or says which one it has made.
    async fn point(&self, key: &str, chat: &str) -> Result<Option<String>, StoreError> {
        let mut replaced = String::new();
        loop {
            let mut call = Call::of(&POINT, vec![key.to_owned()]);
            call.arg(chat).arg(&replaced);
            let Some((known, since)) = self.link.call::<Option<(String, u64)>>(&call).await? else { return Ok(None) };
            if self.is_there(&known).await? {
                return Ok(Some(known));
            }
            // Somebody may be making it at this moment.
            if since < MAKING {
                tokio::time::sleep(LOOK).await;
            } else {
                replaced = known;
            }
        }
    }

    /// Lets the handle of a chat's key lead to it.
    pub(super) async fn point_handle(&self, chat: &Chat) -> Result<(), StoreError> {
        self.link.run(cmd("SET").arg(self.handle_key(chat)).arg(&chat.id)).await
    }

    /// Commits changes of one shard, together.
    pub(super) async fn change(&self, changes: &[(&str, &Draft)]) -> Result<(), StoreError> {
        let Some((_, first)) = changes.first() else { return Ok(()) };
        let shard = Shard::of(&first.chat.id);
        if changes.iter().any(|(_, draft)| Shard::of(&draft.chat.id) != shard) {
            return Err(StoreError::Failed("two chats that change together are not in the same shard".to_owned()));
        }
        let mut call = Call::of(&WRITE, vec![self.keys.of("chat", &first.chat.id)]);
        call.arg(self.keys.base(shard));
        call.arg(random_hex(CALL_BYTES).map_err(|error| StoreError::Failed(error.to_string()))?);
        let mut gone = Vec::new();
        for (kind, draft) in changes {
            let kept = self.kept(&draft.chat);
            self.describe(&mut call, kind, draft, kept).await?;
            gone.extend(kept.map(|kept| (&draft.chat, kept)));
        }
        match self.link.call::<String>(&call).await?.as_str() {
            "ok" => {}
            "conflict" => return Err(StoreError::Conflict),
            _ => return Err(StoreError::Unknown),
        }
        for (chat, kept) in gone {
            self.expire_pointers(chat, kept).await;
        }
        Ok(())
    }

    async fn describe(
        &self,
        call: &mut Call<'_>,
        kind: &str,
        draft: &Draft,
        kept: Option<u64>,
    ) -> Result<(), StoreError> {
        let chat: &Chat = &draft.chat;
        call.arg(&chat.id).arg(kind).arg(chat.version).arg(write(chat)).arg(chat.previous.as_deref().unwrap_or(""));
        call.arg(u8::from(chat.is_at_desk())).arg(draft.time()).arg(draft.time().saturating_add(LEASE));
        call.arg(kept.map(|kept| kept.to_string()).unwrap_or_default());
        let entries: Vec<_> = draft.entries.iter().filter_map(|entry| Some((entry.index?, entry))).collect();
        call.arg(entries.len());
        for (index, entry) in entries {
            let said = entry.message_id.as_ref().map(|message| said(entry.from.participant_id, message));
            call.arg(index).arg(said.unwrap_or_default()).arg(write(entry));
        }
        call.arg(usize::from(draft.request.is_some()));
        if let Some(request) = &draft.request {
            let id: u64 = self.link.run(cmd("INCR").arg(self.keys.global("requests"))).await?;
            call.arg(id).arg(write(&OfflineRequest { id, ..request.clone() }));
        }
        call.arg(draft.outgoing.len());
        for item in &draft.outgoing {
            call.arg(&item.hook).arg(item.since).arg(&item.body);
        }
        Ok(())
    }

    /// For how many seconds a chat is kept after this change without anybody who forgets it; none while it goes on, here or in the
    /// one that took its place.
    fn kept(&self, chat: &Chat) -> Option<u64> {
        chat.ended.filter(|_| chat.renewed.is_none())?;
        let retention = self.retention.get(&chat.service).copied().unwrap_or_default();
        Some(retention.saturating_add(self.slack))
    }

    /// What leads to a chat goes with it. Should this fail, a key of some hundred bytes stays that leads nowhere.
    async fn expire_pointers(&self, chat: &Chat, seconds: u64) {
        let _ = self.link.run::<()>(cmd("EXPIRE").arg(self.handle_key(chat)).arg(seconds)).await;
        if let Some(request) = &chat.request {
            let mut call = Call::of(&UNPOINT, vec![self.request_key(&chat.service, request)]);
            call.arg(&chat.id).arg(seconds);
            let _ = self.link.call::<u64>(&call).await;
        }
    }

    fn handle_key(&self, chat: &Chat) -> String {
        self.keys.global(&format!("handle:{}", chat.key.handle()))
    }

    pub(super) fn request_key(&self, service: &str, request: &str) -> String {
        self.keys.global(&format!("request:{service}:{request}"))
    }

    async fn is_there(&self, chat: &str) -> Result<bool, StoreError> {
        self.link.run(cmd("EXISTS").arg(self.keys.of("chat", chat))).await
    }

    /// The chat that a pointer leads to, if it is there.
    pub(super) async fn pointed(&self, found: Option<String>) -> Result<Option<String>, StoreError> {
        let Some(chat) = found else { return Ok(None) };
        Ok(self.is_there(&chat).await?.then_some(chat))
    }

    pub(super) async fn entries_from(&self, chat: &str, from: u64) -> Result<Vec<Entry>, StoreError> {
        let read = self.entries_between(chat, &from.to_string(), "+").await?;
        if read.is_empty() && !self.is_there(chat).await? {
            return Err(StoreError::Unknown);
        }
        Ok(read)
    }

    pub(super) async fn said(&self, chat: &str, who: u64, message: &str) -> Result<Option<Entry>, StoreError> {
        let place: Option<u64> =
            self.link.run(cmd("HGET").arg(self.keys.of("said", chat)).arg(said(who, message))).await?;
        let Some(place) = place.map(|place| place.to_string()) else { return Ok(None) };
        Ok(self.entries_between(chat, &place, &place).await?.pop())
    }

    async fn entries_between(&self, chat: &str, from: &str, to: &str) -> Result<Vec<Entry>, StoreError> {
        let read: Vec<(String, Vec<String>)> =
            self.link.run(cmd("XRANGE").arg(self.keys.of("log", chat)).arg(from).arg(to)).await?;
        read.iter().filter_map(|(_, fields)| fields.get(1)).map(|entry| parse(entry)).collect()
    }

    pub(super) async fn forget(&self, chat: &str) -> Result<(), StoreError> {
        let mut call = Call::of(&REMOVE, vec![self.keys.of("chat", chat)]);
        call.arg(self.keys.base(Shard::of(chat))).arg(chat);
        if let Some(record) = self.link.call::<Option<String>>(&call).await? {
            self.expire_pointers(&parse(&record)?, 0).await;
        }
        Ok(())
    }

    /// A field of the records of chats, in the order asked.
    pub(super) async fn fields<T: redis::FromRedisValue + Clone>(
        &self,
        chats: &[String],
        field: &str,
    ) -> Result<Vec<Option<T>>, StoreError> {
        let mut shards: BTreeMap<Shard, Vec<usize>> = BTreeMap::new();
        for (at, chat) in chats.iter().enumerate() {
            shards.entry(Shard::of(chat)).or_default().push(at);
        }
        let read = each(pages(shards), |(shard, page)| async move {
            let mut call = Call::of(&RECORDS, vec![self.keys.shared(shard, "attended")]);
            call.arg(self.keys.base(shard)).arg(field);
            for chat in page.iter().filter_map(|at| chats.get(*at)) {
                call.arg(chat);
            }
            let values: Vec<Option<T>> = self.link.call(&call).await?;
            Ok((page, values))
        });
        let mut found = vec![None; chats.len()];
        for (page, values) in read.await? {
            for (at, value) in page.iter().zip(values) {
                if let Some(place) = found.get_mut(*at) {
                    *place = value;
                }
            }
        }
        Ok(found)
    }

    /// The records of the chats in a set or a sorted set of each shard.
    pub(super) async fn all(&self, name: &str, list: fn(&str) -> redis::Cmd) -> Result<Vec<Chat>, StoreError> {
        let ids = each(Shard::all(), |shard| async move {
            self.link.run::<Vec<String>>(&list(&self.keys.shared(shard, name))).await
        });
        let records: Vec<Option<String>> = self.fields(&ids.await?.concat(), "record").await?;
        records.iter().flatten().map(|record| parse(record)).collect()
    }
}

/// What finds a message of a chat: its sender and its id.
fn said(who: u64, message: &str) -> String {
    format!("m{who}:{message}")
}
