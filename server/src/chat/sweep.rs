//! What has had its time: Bayeux sessions without a connect, silent chats, visitors and agents who stay away, ended
//! chats that nobody needs to read any more. One pass every so often looks at all of them.

use super::draft::Draft;
use super::{Floor, Live};
use crate::lock::locked;
use crate::status::{Cause, Status};
use crate::store::StoreError;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked.
pub const PERIOD: Duration = Duration::from_millis(500);

/// How often the store is looked through for what is kept no longer.
const EXPIRY: Duration = Duration::from_secs(60);

impl Floor {
    /// One pass over the chats.
    pub async fn sweep(&self) {
        // Looked at often, so that a jump is seen when it happens.
        let in_doubt = self.clock.is_in_doubt();
        for agent in self.desk.take_lost() {
            self.agent_lost(&agent).await;
        }
        for id in self.ids() {
            self.sweep_chat(&id).await;
        }
        self.forget_full_buckets();
        if self.is_time_to_expire() {
            self.weigh_data().await;
            if in_doubt {
                return;
            }
            match self.store.expire_data(self.clock.now()).await {
                Ok(0) => {}
                Ok(visitors) => tracing::info!(visitors, "session data is forgotten"),
                Err(error) => tracing::warn!(%error, "session data could not be forgotten"),
            }
        }
    }

    /// Whether it was long ago that the store was looked through.
    fn is_time_to_expire(&self) -> bool {
        let mut last = locked(&self.expired);
        let due = last.is_none_or(|last| last.elapsed() >= EXPIRY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    async fn sweep_chat(&self, id: &str) {
        let Ok(Some(mut live)) = self.lock_as_is(id).await else { return };
        if live.mine {
            self.judge(&mut live).await;
        }
        self.lend(live).await;
    }

    /// Ends or forgets a chat that has had its time.
    async fn judge(&self, live: &mut Live) {
        let id = &live.chat.id.clone();
        let Some(channel) = self.config.channel(&live.chat.service) else { return };
        let now = Instant::now();
        let over = |since: Instant, seconds: u64| now.duration_since(since) >= Duration::from_secs(seconds);
        if let Some(ended) = live.chat.ended {
            let mut kept = !over(self.since(live, ended), channel.ended_retention);
            if let Some(newer) = live.chat.renewed.as_ref().filter(|_| !kept) {
                // Its key leads to the newer one, and agents may read it, as long as that is there.
                kept = !matches!(self.store.load(&newer.id).await, Ok(None));
            }
            if !kept && self.deleted(live).await && self.store.remove(id).await.is_ok() {
                // Session data that no client knows the key of ends with the last session that it belongs to.
                if !live.chat.data_key_told && live.chat.renewed.is_none() {
                    let _ = self.store.remove_data(&live.chat.user_id).await;
                }
                for seat in &live.seats {
                    seat.session.detach(id);
                }
                self.forget(&live.chat);
                self.inspector.forgotten(id);
                live.mine = self.node.is_none();
            }
            return;
        }
        if live.chat.status == Status::OfflineForm && self.desk.is_anyone_there() {
            return self.call_in(live).await;
        }
        let (began, lapsed) = (self.since(live, live.chat.since), live.chat.lapsed);
        let lapsed = lapsed.map(|lapsed| self.since(live, lapsed));
        let age = |since: Instant, seconds: u64| seconds != 0 && over(since, seconds);
        let idle = |live: &Live| {
            let patience = channel.patience(&live.chat);
            patience != 0 && over(live.active, patience)
        };
        let quiet = |live: &Live| {
            channel.warns_after(&live.chat).is_some_and(|seconds| over(live.active, seconds)) && live.is_visitor_there()
        };
        let alone = |live: &Live| {
            channel.visitor_timeout != 0 && live.alone.is_some_and(|since| over(since, channel.visitor_timeout))
        };
        if (idle(live) || alone(live) || quiet(live)) && !self.consult(live).await {
            return;
        }
        let (alone, timeout) = (alone(live), idle(live) || age(began, channel.lifetime));
        let ending: fn(&mut Draft) = match lapsed {
            _ if alone => |draft| draft.end(Cause::Leave),
            Some(lapsed) if age(lapsed, channel.renewal_timeout) => |draft| draft.end(Cause::Timeout),
            None if timeout && live.chat.may_lapse() => Draft::lapse,
            None if timeout => |draft| draft.end(Cause::Timeout),
            None if quiet(live) => return self.warn(live, channel).await,
            _ => return,
        };
        let mut draft = self.draft(&live.chat);
        ending(&mut draft);
        self.commit_in_time(live, draft, "a chat could not be ended").await;
    }

    /// Somebody is there again: a visitor who was told that nobody is has a place in the queue.
    async fn call_in(&self, live: &mut Live) {
        let mut draft = self.draft(&live.chat);
        draft.happened(Cause::AgentsThere);
        self.commit_in_time(live, draft, "a chat could not be put into the queue").await;
    }

    /// A chat is about to be forgotten: those who are told what happens are told that.
    async fn deleted(&self, live: &mut Live) -> bool {
        let told = self.config.channel(&live.chat.service).is_some_and(|channel| !channel.webhooks.is_empty());
        let mut draft = self.draft(&live.chat);
        if !told || !draft.happened(Cause::Delete) {
            return true;
        }
        self.commit(live, draft, None).await.is_ok()
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
            match self.commit(&mut live, draft, None).await {
                Ok(_) => {}
                // Another server did it first, or something else: then the agent is still lost.
                Err(StoreError::Conflict) if live.chat.agent(agent).is_none() => {}
                Err(error) => {
                    tracing::warn!(%error, "an agent could not be taken out of a chat yet");
                    self.desk.still_lost(agent);
                }
            }
        }
    }
}
