//! Everything in Redis, which many servers share: each serves every chat.
//!
//! `address` is where it is, `link` the connection, `keys` the names of things; `chats`, `data`, `outgoing` and
//! `presence` are what is kept, each change of it one script (`lua`), which Redis does as a whole or not at all. What
//! was acknowledged is there as long as Redis keeps it: whether that is so after a loss of power is Redis's configuration
//! (the manual says which), and [`RedisStore::look`] warns when it is not so. While Redis is away everything is refused at once.

mod address;
mod chats;
mod data;
mod keys;
mod link;
mod outgoing;
mod presence;

use super::{Created, Presence, Store, StoreError, Stored};
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::config::Config;
use crate::data::{Changed, DataChange, Delta, Owner};
use crate::webhook::outgoing::Outgoing;
use futures_util::future::try_join_all;
use keys::{Keys, Shard};
pub(crate) use link::{Call, Link, Lua};
use redis::cmd;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::AtomicUsize;

pub use address::{Address, AddressError, SCHEMES};

/// For how many seconds Redis keeps what is over beyond the time when a server forgets it.
const SLACK: u64 = 3600;
/// How many chats one call is about.
const PAGE: usize = 500;

/// A store in Redis.
pub struct RedisStore {
    link: Link,
    keys: Keys,
    /// For how many seconds ended chats are kept, by service.
    retention: HashMap<String, u64>,
    slack: u64,
    /// With which shard it is begun next.
    turn: AtomicUsize,
}

impl RedisStore {
    /// A store at this address, which need not answer yet.
    #[must_use]
    pub fn new(address: Address, config: &Config) -> Self {
        let retention = config.channels.iter().map(|channel| (channel.name.clone(), channel.ended_retention)).collect();
        let keys = Keys::new(address.prefix.clone());
        Self { link: Link::new(address), keys, retention, slack: SLACK, turn: AtomicUsize::new(0) }
    }

    /// Looks whether Redis is there, and whether it keeps what it is told.
    ///
    /// # Errors
    /// When it does not answer, or is too old.
    pub async fn look(&self) -> Result<(), StoreError> {
        let info: String = self.link.info().await?;
        let value = |name: &str| {
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim()
        };
        let version = value("redis_version");
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        if (major, minor) < (6, 2) {
            return Err(StoreError::Failed(format!("Redis 6.2 or later is needed, and this is {version}")));
        }
        if value("aof_enabled") == "0" {
            tracing::warn!("this Redis has no append-only file: what it was told last is lost when it stops");
        } else if self.link.flushes_late().await {
            tracing::warn!("this Redis has no appendfsync always: what it was told last is lost when it crashes");
        }
        if !matches!(value("maxmemory"), "0" | "") && value("maxmemory_policy") != "noeviction" {
            tracing::warn!("this Redis forgets keys when its memory is full: maxmemory-policy must be noeviction");
        }
        Ok(())
    }
}

/// Does something with each, all at the same time; the results are in their order.
async fn each<I: IntoIterator, T, F: Future<Output = Result<T, StoreError>>>(
    items: I,
    doing: impl FnMut(I::Item) -> F,
) -> Result<Vec<T>, StoreError> {
    try_join_all(items.into_iter().map(doing)).await
}

/// What is in each shard, in parts of which one call can be.
fn pages<T: Clone>(shards: BTreeMap<Shard, Vec<T>>) -> Vec<(Shard, Vec<T>)> {
    let mut pages = Vec::new();
    for (shard, items) in shards {
        pages.extend(items.chunks(PAGE).map(|page| (shard, page.to_vec())));
    }
    pages
}

/// A value from its JSON text.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Failed("a record in Redis cannot be read".to_owned()))
}

impl Store for RedisStore {
    fn create<'a>(&'a self, draft: &'a Draft) -> Stored<'a, Created> {
        Box::pin(self.make(draft))
    }

    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>> {
        Box::pin(async move {
            let found = self.link.run(cmd("HGET").arg(self.request_key(service, request)).arg("chat")).await?;
            self.pointed(found).await
        })
    }

    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>> {
        Box::pin(async move {
            let found = self.link.run(cmd("GET").arg(self.keys.global(&format!("handle:{handle}")))).await?;
            self.pointed(found).await
        })
    }

    fn load<'a>(&'a self, chat: &'a str) -> Stored<'a, Option<Chat>> {
        Box::pin(async move {
            let record: Option<String> =
                self.link.run(cmd("HGET").arg(self.keys.of("chat", chat)).arg("record")).await?;
            record.map(|record| parse(&record)).transpose()
        })
    }

    fn chats(&self) -> Stored<'_, Vec<Chat>> {
        Box::pin(self.all("attended", |key| cmd("ZRANGE").arg(key).arg(0).arg(-1).to_owned()))
    }

    fn versions<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Option<u64>>> {
        Box::pin(async move {
            // This is asked before each operation.
            if let [chat] = chats {
                let key = self.keys.of("chat", chat);
                return Ok(vec![self.link.run(cmd("HGET").arg(key).arg("version")).await?]);
            }
            self.fields(chats, "version").await
        })
    }

    fn at_desk(&self) -> Stored<'_, Vec<Chat>> {
        Box::pin(self.all("desk", |key| cmd("SMEMBERS").arg(key).to_owned()))
    }

    fn attend<'a>(&'a self, chats: &'a [(String, Presence)], until: u64) -> Stored<'a, ()> {
        Box::pin(self.say_attended(chats, until))
    }

    fn presence<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Presence>> {
        Box::pin(self.known_of(chats))
    }

    fn claim_unattended(&self, now: u64, until: u64, limit: usize) -> Stored<'_, Vec<String>> {
        Box::pin(self.take_unattended(now, until, limit))
    }

    fn commit<'a>(&'a self, draft: &'a Draft) -> Stored<'a, ()> {
        Box::pin(async move { self.change(&[("change", draft)]).await })
    }

    fn renew<'a>(&'a self, old: &'a Draft, new: &'a Draft) -> Stored<'a, ()> {
        Box::pin(async move {
            self.point_handle(&new.chat).await?;
            self.change(&[("change", old), ("create", new)]).await
        })
    }

    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>> {
        Box::pin(self.entries_from(chat, from))
    }

    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>> {
        Box::pin(self.said(chat, who, message))
    }

    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()> {
        Box::pin(self.forget(chat))
    }

    fn open_data<'a>(&'a self, owner: &'a Owner, expires: u64) -> Stored<'a, Owner> {
        Box::pin(self.begin_data(owner, expires))
    }

    fn find_data<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<Owner>> {
        Box::pin(self.data_of(handle))
    }

    fn change_data<'a>(&'a self, user: &'a str, change: &'a DataChange) -> Stored<'a, Changed> {
        Box::pin(self.alter_data(user, change))
    }

    fn read_data<'a>(&'a self, user: &'a str, since: u64) -> Stored<'a, Delta> {
        Box::pin(self.data_since(user, since))
    }

    fn remove_data<'a>(&'a self, user: &'a str) -> Stored<'a, ()> {
        Box::pin(async move { self.forget_data(user, None).await.map(drop) })
    }

    fn data_held(&self) -> Stored<'_, u64> {
        Box::pin(self.all_data_held())
    }

    fn expire_data(&self, now: u64) -> Stored<'_, usize> {
        Box::pin(self.forget_old_data(now))
    }

    fn claim_outgoing<'a>(
        &'a self,
        now: u64,
        until: u64,
        limit: usize,
        except: &'a [String],
    ) -> Stored<'a, Vec<Outgoing>> {
        Box::pin(self.claim(now, until, limit, except))
    }

    fn settle_outgoing(&self, id: u64, due: Option<u64>) -> Stored<'_, ()> {
        Box::pin(self.settle(id, due))
    }

    fn requests(&self, after: u64, limit: usize) -> Stored<'_, Vec<OfflineRequest>> {
        Box::pin(self.list_requests(after, limit))
    }

    fn remove_request(&self, id: u64) -> Stored<'_, bool> {
        Box::pin(self.forget_request(id))
    }
}
