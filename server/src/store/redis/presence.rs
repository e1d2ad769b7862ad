//! Who looks after which chat, in Redis: sorted sets of each shard.

use super::keys::Shard;
use super::link::{Call, Lua};
use super::{RedisStore, each, pages};
use crate::store::{Presence, StoreError};
use redis::cmd;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static ATTEND: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/attend.lua")));
static CLAIM: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("lua/claim_unattended.lua")));

impl RedisStore {
    pub(super) async fn say_attended(&self, chats: &[(String, Presence)], until: u64) -> Result<(), StoreError> {
        let mut shards: BTreeMap<Shard, Vec<&(String, Presence)>> = BTreeMap::new();
        for chat in chats {
            shards.entry(Shard::of(&chat.0)).or_default().push(chat);
        }
        let said = each(pages(shards), |(shard, page)| async move {
            let mut call = Call::of(&ATTEND, vec![self.keys.shared(shard, "attended")]);
            call.arg(self.keys.base(shard)).arg(until);
            for (chat, presence) in page {
                call.arg(chat).arg(presence.seen).arg(presence.active);
            }
            self.link.call::<String>(&call).await
        });
        said.await?;
        Ok(())
    }

    pub(super) async fn known_of(&self, chats: &[String]) -> Result<Vec<Presence>, StoreError> {
        let score = async |name: &str, chat: &str| {
            let key = self.keys.shared(Shard::of(chat), name);
            // A score is a floating point number that holds a whole one.
            let score: Option<f64> = self.link.run(cmd("ZSCORE").arg(key).arg(chat)).await?;
            Ok::<_, StoreError>(score.map_or(0, |score| score as u64))
        };
        each(chats, |chat| async move {
            let (seen, active) = tokio::try_join!(score("seen", chat), score("active", chat))?;
            Ok(Presence { seen, active })
        })
        .await
    }

    pub(super) async fn take_unattended(&self, now: u64, until: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut taken: Vec<String> = Vec::new();
        for shard in self.due("attended", &format!("({now}")).await? {
            let mut call = Call::of(&CLAIM, vec![self.keys.shared(shard, "attended")]);
            call.arg(self.keys.base(shard)).arg(now).arg(until).arg(limit.saturating_sub(taken.len()));
            taken.extend(self.link.call::<Vec<String>>(&call).await?);
            if taken.len() >= limit {
                break;
            }
        }
        Ok(taken)
    }
}
