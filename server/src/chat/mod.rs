//! The chats: what is live of them here, who is attached, and how a change reaches everybody.
//!
//! `model` is what the store keeps, `operation` reads what clients ask, `asker` is who asks, `begin` begins chats, `visitor`
//! does what else visitors ask, `sweep` ends what has had its time. What agents ask is in the `desk`. A chat is changed under its own lock: the change is drafted, committed
//! to the store, and only then shown to anybody. Answers and pushes are queued under the same lock, so that every
//! session sees the entries in their order.

pub mod asker;
pub mod begin;
pub mod model;
pub mod operation;
pub mod sweep;
pub mod visitor;

use crate::config::Config;
use crate::desk::Desk;
use crate::json::write;
use crate::limits::{Bucket, PerAddress};
use crate::session::{Session, locked};
use crate::store::{Store, StoreError};
use model::{Chat, Draft, Entry, VisitorData};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// All chats, their store, and the desk.
pub struct Floor {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) desk: Desk,
    lives: Mutex<Lives>,
}

#[derive(Default)]
struct Lives {
    chats: HashMap<String, Arc<tokio::sync::Mutex<Live>>>,
    addresses: PerAddress,
    open: usize,
    /// Starts of chats by REST.
    starts: HashMap<IpAddr, Bucket>,
}

/// What this server holds of a chat beside its record: connections, and the time of things.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) chat: Chat,
    /// The visitor's Bayeux sessions: each gets what is pushed.
    pub(crate) sessions: Vec<Arc<Session>>,
    /// When anybody last said anything.
    pub(crate) active: Instant,
    /// Since when no session of the visitor is there.
    pub(crate) alone: Option<Instant>,
    /// When it ended.
    pub(crate) ended: Option<Instant>,
    pub(crate) sends: Bucket,
    pub(crate) typing: Bucket,
    pub(crate) reads: Bucket,
    /// The latest typing of each agent, for visitors who are not pushed to.
    pub(crate) typed: Vec<(Entry, Instant)>,
}

pub(crate) type Locked = OwnedMutexGuard<Live>;

#[derive(Serialize)]
struct Event<'a, T: Serialize> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    data: &'a T,
}

/// A Bayeux event as its JSON text.
pub(crate) fn event<T: Serialize>(channel: &str, id: Option<&RawValue>, data: &T) -> Arc<str> {
    write(&Event { channel, id, data }).into()
}

/// A refusal for want of room: of this address, or in all.
#[derive(Debug)]
pub(crate) struct NoRoom;

impl Floor {
    /// An empty floor.
    #[must_use]
    pub fn new(config: Arc<Config>, store: Arc<dyn Store>) -> Self {
        let desk = Desk::new(Arc::clone(&config));
        Self { config, store, desk, lives: Mutex::default() }
    }

    /// The chat of this id, locked.
    pub(crate) async fn lock(&self, id: &str) -> Option<Locked> {
        let live = locked(&self.lives).chats.get(id).cloned()?;
        Some(live.lock_owned().await)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        locked(&self.lives).chats.keys().cloned().collect()
    }

    /// How many chats are held, ended ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        locked(&self.lives).chats.len()
    }

    /// Whether no chat is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a place for a new chat.
    pub(crate) fn reserve(&self, address: IpAddr) -> Result<(), NoRoom> {
        let limits = &self.config.limits;
        let mut lives = locked(&self.lives);
        if lives.open >= limits.max_sessions || lives.addresses.count(address) >= limits.sessions_per_address {
            return Err(NoRoom);
        }
        lives.open += 1;
        lives.addresses.add(address);
        Ok(())
    }

    /// Gives the place of a chat back.
    pub(crate) fn release(&self, address: IpAddr) {
        let mut lives = locked(&self.lives);
        lives.open = lives.open.saturating_sub(1);
        lives.addresses.remove(address);
    }

    /// Makes a chat live, already locked: nobody else gets at it before its first answer is queued.
    pub(crate) fn enter(&self, chat: Chat) -> Option<Locked> {
        let limits = &self.config.limits;
        let id = chat.id.clone();
        let live = Arc::new(tokio::sync::Mutex::new(Live {
            chat,
            sessions: Vec::new(),
            active: Instant::now(),
            alone: Some(Instant::now()),
            ended: None,
            sends: Bucket::new(limits.send_burst, limits.send_rate),
            typing: Bucket::new(limits.send_burst, limits.send_rate),
            reads: Bucket::new(limits.send_burst, limits.send_rate),
            typed: Vec::new(),
        }));
        let guard = Arc::clone(&live).try_lock_owned().ok();
        locked(&self.lives).chats.insert(id, live);
        guard
    }

    /// Takes a token for a chat that is begun by REST.
    pub(crate) fn take_start(&self, address: IpAddr) -> Result<(), u64> {
        let limits = &self.config.limits;
        let bucket = || Bucket::new(limits.send_burst, limits.send_rate);
        locked(&self.lives).starts.entry(address).or_insert_with(bucket).take()
    }

    pub(crate) fn forget_full_buckets(&self) {
        locked(&self.lives).starts.retain(|_, bucket| !bucket.is_full());
        self.desk.forget_full_buckets();
    }

    pub(crate) fn forget(&self, id: &str) {
        locked(&self.lives).chats.remove(id);
    }

    /// Commits a change and shows it to everybody but `except`, who gets it as an answer.
    pub(crate) async fn commit(
        &self,
        live: &mut Live,
        draft: Draft,
        except: Option<&Session>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.commit(&draft.chat, &draft.entries).await?;
        let before = std::mem::replace(&mut live.chat, draft.chat);
        live.active = Instant::now();
        live.typed.retain(|(typed, _)| {
            !draft.entries.iter().any(|entry| entry.from.participant_id == typed.from.participant_id)
        });
        if live.chat.ended.is_some() && live.ended.is_none() {
            live.ended = Some(Instant::now());
            self.release(live.chat.address);
            tracing::info!(service = live.chat.service, entries = live.chat.next_index - 1, "a chat has ended");
        }
        if !draft.entries.is_empty() {
            self.push_to_visitor(live, &draft.entries, except);
        }
        self.desk.show(&before, &live.chat, &draft.entries, except);
        Ok(draft.entries)
    }

    /// Shows entries to the visitor's sessions.
    pub(crate) fn push_to_visitor(&self, live: &Live, entries: &[Entry], except: Option<&Session>) {
        let channel = visitor::channel_of(&live.chat.service);
        let mut text = None;
        for session in live.sessions.iter().filter(|session| except.is_none_or(|except| except.id != session.id)) {
            let text = text.get_or_insert_with(|| event(&channel, None, &VisitorData::of(&live.chat, entries)));
            session.deliver(Arc::clone(text));
        }
    }

    /// A Bayeux session has ended: its visitor is away, its agent too.
    pub async fn session_gone(&self, session: &Session) {
        self.desk.session_gone(session);
        for id in session.attachments() {
            if let Some(mut live) = self.lock(&id).await {
                live.sessions.retain(|other| other.id != session.id);
                if live.sessions.is_empty() && live.alone.is_none() {
                    live.alone = Some(Instant::now());
                }
            }
        }
    }
}
