//! What has had its time: Bayeux sessions without a connect, silent chats, visitors and agents who stay away, ended
//! chats that nobody needs to read any more. One pass every so often looks at all of them.

use super::Floor;
use super::draft::Draft;
use crate::status::Cause;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked.
pub const PERIOD: Duration = Duration::from_millis(500);

impl Floor {
    /// One pass over the chats.
    pub async fn sweep(&self) {
        for agent in self.desk.take_lost() {
            self.agent_lost(&agent).await;
        }
        for id in self.ids() {
            self.sweep_chat(&id).await;
        }
        self.forget_full_buckets();
    }

    async fn sweep_chat(&self, id: &str) {
        let Ok(Some(mut live)) = self.lock(id).await else { return };
        let Some(channel) = self.config.channel(&live.chat.service) else { return };
        let now = Instant::now();
        let over = |since: Instant, seconds: u64| now.duration_since(since) >= Duration::from_secs(seconds);
        if let Some(ended) = live.chat.ended {
            let mut kept = self.clock.now().saturating_sub(ended) < channel.ended_retention.saturating_mul(1000);
            if let Some(newer) = live.chat.renewed.as_ref().filter(|_| !kept) {
                // Its key leads to the newer one, and agents may read it, as long as that is there.
                kept = !matches!(self.store.load(&newer.id).await, Ok(None));
            }
            if !kept && self.store.remove(id).await.is_ok() {
                for seat in &live.seats {
                    seat.session.detach(id);
                }
                self.forget(id);
            }
            return;
        }
        let age = |since: u64, seconds: u64| {
            seconds != 0 && self.clock.now().saturating_sub(since) >= seconds.saturating_mul(1000)
        };
        let idle = channel.idle_timeout != 0 && over(live.active, channel.idle_timeout);
        let timeout = idle || age(live.chat.since, channel.lifetime);
        let alone =
            channel.visitor_timeout != 0 && live.alone.is_some_and(|since| over(since, channel.visitor_timeout));
        let ending: fn(&mut Draft) = match live.chat.lapsed {
            _ if alone => |draft| draft.end(Cause::Leave),
            Some(lapsed) if age(lapsed, channel.renewal_timeout) => |draft| draft.end(Cause::Timeout),
            None if timeout && live.chat.may_lapse() => Draft::lapse,
            None if timeout => |draft| draft.end(Cause::Timeout),
            _ => return,
        };
        let mut draft = self.draft(&live.chat);
        ending(&mut draft);
        if let Err(error) = self.commit(&mut live, draft, None).await {
            tracing::warn!(%error, "a chat could not be ended");
        }
    }

    /// An agent has been away for too long: the agent's chats return to the queue.
    async fn agent_lost(&self, agent: &str) {
        for id in self.desk.chats_of(agent) {
            let Ok(Some(mut live)) = self.lock(&id).await else { continue };
            if live.chat.agent(agent).is_none() || live.chat.ended.is_some() {
                continue;
            }
            let mut draft = self.draft(&live.chat);
            draft.leave(agent);
            if let Err(error) = self.commit(&mut live, draft, None).await {
                tracing::warn!(%error, "an agent could not be taken out of a chat");
            }
        }
    }
}
