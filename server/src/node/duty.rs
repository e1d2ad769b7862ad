//! What a node does every few seconds: it says that it is there, says which chats it looks after, makes up for words that were
//! lost, and takes chats that nobody looks after.

use super::{BEAT, Node, Word};
use crate::App;
use crate::store::{LEASE, StoreError};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// The longest time between two rounds: a lease outlives two rounds that fail.
const ROUND: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_millis(500);
/// Chats that are compared, or said to be looked after, with one request to the store.
const BATCH: usize = 500;
/// Chats that are taken at a time.
const CLAIM: usize = 100;
/// Rounds after which all chats of the desk are looked through; at once when there is doubt.
const DESK: u32 = 3;

impl App {
    /// Says that this node is there, and learns who else is.
    pub async fn stand(&self) {
        let Some(node) = self.floor.node() else { return };
        let standing = node.standing(self.floor.desk.names());
        match node.announce(&standing).await {
            Ok(gone) => {
                self.floor.desk.set_elsewhere(node.agents());
                if gone {
                    tracing::warn!(others = node.peers(), "another node is gone");
                    node.doubt.notify_one();
                }
            }
            Err(error) => tracing::warn!(%error, "this node cannot say that it is there"),
        }
    }

    /// Says that this node is not there any more.
    pub async fn part(&self) {
        let Some(node) = self.floor.node() else { return };
        node.say(&Word::Gone);
        if let Err(error) = node.bus.leave(&node.id).await {
            tracing::warn!(%error, "this node cannot say that it stops");
        }
    }

    /// One round.
    ///
    /// # Errors
    /// When the store cannot do it: the next round makes up for it.
    async fn round(self: &Arc<Self>, desk: bool) -> Result<(), StoreError> {
        let floor = &self.floor;
        let now = floor.clock.now();
        for batch in floor.attended().chunks(BATCH) {
            floor.store.attend(batch, now.saturating_add(LEASE)).await?;
        }
        for batch in floor.ids().chunks(BATCH) {
            let versions = floor.store.versions(batch).await?;
            for (chat, version) in batch.iter().zip(versions) {
                // One that is not there any more is let go of by whoever comes for it.
                let version = version.unwrap_or(u64::MAX);
                if floor.is_behind(chat, version) {
                    self.take_in(Word::Changed { chat: chat.clone(), version, waits: false, agents: Vec::new() });
                }
            }
        }
        if desk {
            floor.take_up_desk(true).await?;
        }
        loop {
            let claimed = floor.store.claim_unattended(now, now.saturating_add(LEASE), CLAIM).await?;
            for chat in &claimed {
                floor.look_after(chat).await;
            }
            if claimed.len() < CLAIM {
                return Ok(());
            }
        }
    }

    /// The other connections of chats here may have changed session data.
    fn doubt_data(self: &Arc<Self>) {
        for chat in self.floor.ids() {
            self.take_in(Word::Data { chat, version: u64::MAX });
        }
    }

    /// How often there is a round: so often that nobody who is there counts as away.
    pub(super) fn period(&self) -> Duration {
        let seconds =
            self.config.channels.iter().map(|channel| channel.visitor_timeout).filter(|seconds| *seconds != 0);
        seconds.min().map_or(ROUND, |seconds| (Duration::from_secs(seconds) / 3).clamp(SHORTEST, ROUND))
    }
}

/// Says over and over that this node is there; at once when there are news of it.
pub(crate) async fn stand(app: Weak<App>, node: Arc<Node>, stop: CancellationToken) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_first = true;
    loop {
        let news = tokio::select! {
            _ = beats.tick() => false,
            () = node.news.notified() => true,
            () = stop.cancelled() => return,
        };
        let Some(app) = app.upgrade() else { return };
        // The others are to know a new node before its first client comes to them.
        if std::mem::take(&mut is_first) || news {
            node.say(&Word::Here(node.standing(app.floor.desk.names())));
        }
        app.stand().await;
    }
}

/// Makes its rounds, until the server stops.
pub(crate) async fn rounds(app: Weak<App>, node: Arc<Node>, stop: CancellationToken, period: Duration) {
    let mut count = 0_u32;
    loop {
        let doubt = tokio::select! {
            doubt = timeout(period, node.doubt.notified()) => doubt.is_ok(),
            () = stop.cancelled() => return,
        };
        let Some(app) = app.upgrade() else { return };
        if doubt {
            app.doubt_data();
        }
        count = count.wrapping_add(1);
        if let Err(error) = app.round(doubt || count.is_multiple_of(DESK)).await {
            tracing::warn!(%error, "a round of this node could not be made");
        }
    }
}
