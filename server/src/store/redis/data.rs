//! Session data in Redis: a hash of the members and one of their versions, which remembers deleted ones.

use super::keys::Shard;
use super::link::{Call, Lua};
use super::{RedisStore, each};
use crate::data::{Budget, Changed, DataChange, Delta, GONE, Owner, RECENT, RECORD, Room};
use crate::json::Raw;
use crate::secret::{SecureKey, handle};
use crate::store::StoreError;
use redis::cmd;
use std::sync::LazyLock;

/// What stands for all addresses among the sums.
const ALL: &str = "*";

static OPEN: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/open_data.lua")));
static CHANGE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/change_data.lua")));
static READ: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/read_data.lua")));
static REMOVE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/remove_data.lua")));

impl RedisStore {
    fn data_keys(&self, user: &str) -> Vec<String> {
        let kinds = ["data", "members", "versions", "made", "order"];
        let own = kinds.iter().map(|kind| self.keys.of(kind, user));
        own.chain(["expiry", "held", "holders"].map(|kind| self.keys.shared(Shard::of(user), kind))).collect()
    }

    fn data_pointer(&self, handle: &str) -> String {
        self.keys.global(&format!("data:{handle}"))
    }

    /// Until when Redis keeps data that nobody forgets.
    fn backstop(&self, expires: u64) -> u64 {
        expires.saturating_add(self.slack.saturating_mul(1000))
    }

    pub(super) async fn begin_data(&self, owner: &Owner, expires: u64) -> Result<Owner, StoreError> {
        let pointer = self.data_pointer(owner.key.handle());
        let backstop = self.backstop(expires);
        self.link.run::<()>(cmd("SET").arg(pointer).arg(&owner.user).arg("PXAT").arg(backstop)).await?;
        let mut call = Call::of(&OPEN, self.data_keys(&owner.user));
        call.arg(&owner.user).arg(owner.key.reveal()).arg(expires).arg(backstop);
        let key: String = self.link.call(&call).await?;
        if handle(&key) != owner.key.handle() {
            // There was another, which stays.
            self.link.run::<()>(cmd("DEL").arg(self.data_pointer(owner.key.handle()))).await?;
            self.keep_pointer(&key, backstop).await?;
        }
        Ok(Owner { user: owner.user.clone(), key: key.into() })
    }

    async fn keep_pointer(&self, key: &str, until: u64) -> Result<(), StoreError> {
        self.link.run(cmd("PEXPIREAT").arg(self.data_pointer(handle(key))).arg(until)).await
    }

    pub(super) async fn data_of(&self, handle: &str) -> Result<Option<Owner>, StoreError> {
        let user: Option<String> = self.link.run(cmd("GET").arg(self.data_pointer(handle))).await?;
        let Some(user) = user else { return Ok(None) };
        let key: Option<String> = self.link.run(cmd("HGET").arg(self.keys.of("data", &user)).arg("key")).await?;
        let key = key.map(SecureKey::from).filter(|key| key.handle() == handle);
        Ok(key.map(|key| Owner { user, key }))
    }

    pub(super) async fn alter_data(&self, user: &str, change: &DataChange) -> Result<Changed, StoreError> {
        let mut call = Call::of(&CHANGE, self.data_keys(user));
        let backstop = self.backstop(change.expires);
        call.arg(user).arg(change.message.as_ref().map(|message| format!("m{message}")).unwrap_or_default());
        call.arg(change.only.map(|only| only.to_string()).unwrap_or_default()).arg(change.limit);
        let budget =
            if change.set.is_empty() { Budget::default() } else { self.budget_here(user, &change.budget).await? };
        call.arg(change.expires).arg(backstop).arg(GONE).arg(RECENT);
        call.arg(&budget.address).arg(budget.of_address).arg(budget.in_all).arg(RECORD).arg(change.set.len());
        for (name, value) in &change.set {
            call.arg(name).arg(value.get());
        }
        for name in &change.deleted {
            call.arg(name);
        }
        let answer: Vec<String> = self.link.call(&call).await?;
        let version = answer.get(1).and_then(|version| version.parse().ok());
        match (answer.first().map_or("", String::as_str), version, answer.get(2)) {
            ("done", Some(version), Some(key)) => {
                self.keep_pointer(key, backstop).await?;
                Ok(Changed::Done(version))
            }
            ("stale", ..) => Ok(Changed::Stale),
            ("large", ..) => Ok(Changed::TooLarge),
            ("address", ..) => Ok(Changed::NoRoom(Room::OfAddress)),
            ("all", ..) => Ok(Changed::NoRoom(Room::InAll)),
            _ => Err(StoreError::Unknown),
        }
    }

    /// What of a budget the other shards leave to that of a visitor. Changes in several shards at the same time may each find the
    /// room that only one of them has; what they make is counted all the same.
    async fn budget_here(&self, user: &str, budget: &Budget) -> Result<Budget, StoreError> {
        let here = Shard::of(user);
        let holder: Option<String> =
            self.link.run(cmd("HGET").arg(self.keys.shared(here, "holders")).arg(user)).await?;
        let charged = holder.as_deref().and_then(|holder| holder.split_once(' ')).map_or("", |(_, address)| address);
        let address = if charged.is_empty() { &budget.address } else { charged };
        let held = each(Shard::all().filter(|shard| *shard != here), |shard| async move {
            let sums = cmd("HMGET").arg(self.keys.shared(shard, "held")).arg(address).arg(ALL).to_owned();
            self.link.run::<(Option<u64>, Option<u64>)>(&sums).await
        });
        let (mut of_address, mut in_all) = (budget.of_address, budget.in_all);
        for (ours, all) in held.await? {
            of_address = of_address.saturating_sub(ours.unwrap_or(0));
            in_all = in_all.saturating_sub(all.unwrap_or(0));
        }
        Ok(Budget { address: budget.address.clone(), of_address, in_all })
    }

    pub(super) async fn all_data_held(&self) -> Result<u64, StoreError> {
        let held = each(Shard::all(), |shard| async move {
            let sum = cmd("HGET").arg(self.keys.shared(shard, "held")).arg(ALL).to_owned();
            self.link.run::<Option<u64>>(&sum).await
        });
        Ok(held.await?.into_iter().flatten().sum())
    }

    pub(super) async fn data_since(&self, user: &str, since: u64) -> Result<Delta, StoreError> {
        let mut call = Call::of(&READ, self.data_keys(user));
        call.arg(since);
        let found: Vec<String> = self.link.call(&call).await?;
        let number = |at: usize| found.get(at).and_then(|number| number.parse().ok()).unwrap_or_default();
        let mut delta = Delta { version: number(0), from: number(1), ..Delta::default() };
        for pair in found.get(2..).unwrap_or_default().chunks_exact(2) {
            let [name, value] = pair else { continue };
            if value.is_empty() {
                delta.deleted.push(name.clone());
            } else {
                delta.set.insert(name.clone(), super::parse::<Raw>(value)?);
            }
        }
        delta.deleted.sort();
        Ok(delta)
    }

    pub(super) async fn forget_data(&self, user: &str, before: Option<u64>) -> Result<bool, StoreError> {
        let mut call = Call::of(&REMOVE, self.data_keys(user));
        call.arg(user).arg(before.map(|before| before.to_string()).unwrap_or_default());
        let Some(key) = self.link.call::<Option<String>>(&call).await? else { return Ok(false) };
        self.link.run::<()>(cmd("DEL").arg(self.data_pointer(handle(&key)))).await?;
        Ok(true)
    }

    pub(super) async fn forget_old_data(&self, now: u64) -> Result<usize, StoreError> {
        let before = format!("({now}");
        let mut forgotten = 0;
        for shard in self.due("expiry", &before).await? {
            let mut list = cmd("ZRANGE");
            list.arg(self.keys.shared(shard, "expiry")).arg("-inf").arg(&before).arg("BYSCORE");
            let users: Vec<String> = self.link.run(&list).await?;
            let done = each(&users, |user| self.forget_data(user, Some(now))).await?;
            forgotten += done.iter().filter(|done| **done).count();
        }
        Ok(forgotten)
    }
}
