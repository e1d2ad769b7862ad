//! What leaves the chats, in Redis: for each session and receiver a list of what webhooks are to be told, and when its first is due;
//! offline requests, by their numbers.

use super::keys::{SHARDS, Shard};
use super::link::{Call, Lua};
use super::{RedisStore, each, parse};
use crate::chat::model::OfflineRequest;
use crate::store::StoreError;
use crate::webhook::outgoing::Outgoing;
use redis::cmd;
use std::sync::LazyLock;

static CLAIM: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/claim_outgoing.lua")));
static SETTLE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/settle_outgoing.lua")));

/// Number in the shard, receiver, session, since when, body, tries.
type Found = (u64, String, String, u64, String, u32);

impl RedisStore {
    pub(super) async fn claim(
        &self,
        now: u64,
        until: u64,
        limit: usize,
        except: &[String],
    ) -> Result<Vec<Outgoing>, StoreError> {
        let mut claimed = Vec::new();
        for shard in self.due("due", &now.to_string()).await? {
            let mut call = Call::of(&CLAIM, vec![self.keys.shared(shard, "due")]);
            call.arg(self.keys.base(shard)).arg(now).arg(until).arg(limit.saturating_sub(claimed.len()));
            except.iter().for_each(|hook| {
                call.arg(hook);
            });
            for (number, hook, chat, since, body, tries) in self.link.call::<Vec<Found>>(&call).await? {
                let id = number.saturating_mul(SHARDS.into()).saturating_add(shard.number());
                claimed.push(Outgoing { id, hook, chat, body, tries, since });
            }
            if claimed.len() >= limit {
                break;
            }
        }
        Ok(claimed)
    }

    /// The shards in whose sorted set of this name something is due, from a different one on each time.
    pub(super) async fn due(&self, name: &str, until: &str) -> Result<Vec<Shard>, StoreError> {
        let counted = each(Shard::all(), |shard| async move {
            let count = cmd("ZCOUNT").arg(self.keys.shared(shard, name)).arg("-inf").arg(until).to_owned();
            Ok((shard, self.link.run::<u64>(&count).await?))
        });
        let mut due: Vec<_> =
            counted.await?.into_iter().filter(|(_, count)| *count > 0).map(|(shard, _)| shard).collect();
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if !due.is_empty() {
            let first = turn % due.len();
            due.rotate_left(first);
        }
        Ok(due)
    }

    pub(super) async fn settle(&self, id: u64, due: Option<u64>) -> Result<(), StoreError> {
        let shard = Shard::of_number(id);
        let mut call = Call::of(&SETTLE, vec![self.keys.shared(shard, "due")]);
        call.arg(self.keys.base(shard)).arg(id / u64::from(SHARDS));
        call.arg(due.map(|due| due.to_string()).unwrap_or_default());
        self.link.call::<u64>(&call).await?;
        Ok(())
    }

    pub(super) async fn list_requests(&self, after: u64, limit: usize) -> Result<Vec<OfflineRequest>, StoreError> {
        let listed = each(Shard::all(), |shard| async move {
            let mut list = cmd("ZRANGE");
            list.arg(self.keys.shared(shard, "requests")).arg(format!("({after}")).arg("+inf");
            list.arg("BYSCORE").arg("LIMIT").arg(0).arg(i64::try_from(limit).unwrap_or(i64::MAX));
            self.link.run::<Vec<String>>(&list).await
        });
        let requests: Result<Vec<OfflineRequest>, _> =
            listed.await?.iter().flatten().map(|request| parse(request)).collect();
        let mut requests = requests?;
        requests.sort_by_key(|request| request.id);
        requests.truncate(limit);
        Ok(requests)
    }

    pub(super) async fn forget_request(&self, id: u64) -> Result<bool, StoreError> {
        let removed = each(Shard::all(), |shard| async move {
            let mut remove = cmd("ZREMRANGEBYSCORE");
            remove.arg(self.keys.shared(shard, "requests")).arg(id).arg(id);
            self.link.run::<u64>(&remove).await
        });
        Ok(removed.await?.iter().any(|removed| *removed > 0))
    }
}
