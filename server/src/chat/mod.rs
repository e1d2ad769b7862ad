//! The chats: what is live of them here, who is attached, and how a change reaches everybody.
//!
//! `model` is what the store keeps, `draft` a change of it, `operation` reads what clients ask, `reply` and `notice` are what
//! they get, `asker` is who asks, `begin` begins chats, `visitor` does what else visitors ask, `submit` takes their forms,
//! `sweep` ends what has had its time. What agents ask is in the `desk`. A chat is changed under its own lock: the change is drafted, committed
//! to the store, and only then shown to anybody. Answers and pushes are queued under the same lock, so that every
//! session sees the entries in their order.

pub mod asker;
pub mod begin;
pub mod draft;
pub mod model;
pub mod notice;
pub mod operation;
pub mod reply;
pub mod submit;
pub mod sweep;
pub mod visitor;

use crate::clock::Clock;
use crate::config::{Channel, Config, Limits};
use crate::desk::Desk;
use crate::faq::Faq;
use crate::json::{Raw, write};
use crate::limits::{Bucket, PerAddress};
use crate::session::{Session, locked};
use crate::status::{Cause, Status};
use crate::store::{Store, StoreError};
use draft::{Draft, Rules};
use model::{Chat, Entry, Kind};
use reply::VisitorData;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// How often an operation is tried again when another server was faster.
pub(crate) const TRIES: usize = 5;

/// All chats, their store, and the desk.
pub struct Floor {
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) desk: Desk,
    /// By service.
    faqs: HashMap<String, Faq>,
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
    pub(crate) seats: Vec<Seat>,
    /// When anybody last said anything.
    pub(crate) active: Instant,
    /// Since when no session of the visitor is there.
    pub(crate) alone: Option<Instant>,
    pub(crate) sends: Bucket,
    pub(crate) typing: Bucket,
    pub(crate) reads: Bucket,
    /// The latest typing of each agent, for visitors who are not pushed to.
    pub(crate) typed: Vec<(Entry, Instant)>,
}

/// A Bayeux session of the visitor's.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) session: Arc<Session>,
    /// Whether it reads notices: others get those with a place in the transcript only.
    pub(crate) notices: bool,
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
    pub fn new(config: Arc<Config>, clock: Clock, store: Arc<dyn Store>) -> Self {
        let desk = Desk::new(Arc::clone(&config));
        let mut faqs = HashMap::new();
        for channel in &config.channels {
            match channel.faq.as_ref().map(Faq::new) {
                Some(Ok(faq)) if !faq.is_empty() => {
                    faqs.insert(channel.name.clone(), faq);
                }
                Some(Err(error)) => tracing::error!(%error, service = channel.name, "the FAQ cannot be indexed"),
                _ => {}
            }
        }
        Self { config, clock, store, desk, faqs, lives: Mutex::default() }
    }

    /// Takes up the chats that are in the store. Visitors and agents are given the time to come back that they have when
    /// their connections break.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn take_up(&self) -> Result<(), StoreError> {
        let chats = self.store.chats().await?;
        if !chats.is_empty() {
            tracing::info!(chats = chats.len(), "chats of the store are taken up");
        }
        for chat in chats {
            self.adopt(chat);
        }
        Ok(())
    }

    /// The chat of this id, locked. One that another server began is taken up.
    pub(crate) async fn lock(&self, id: &str) -> Result<Option<Locked>, StoreError> {
        let known = locked(&self.lives).chats.get(id).cloned();
        let live = match known {
            Some(live) => live,
            None => match self.store.load(id).await? {
                Some(chat) => self.adopt(chat),
                None => return Ok(None),
            },
        };
        Ok(Some(live.lock_owned().await))
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

    /// Makes a new chat live, already locked: nobody else gets at it before its first answer is queued.
    pub(crate) fn enter(&self, chat: Chat) -> Option<Locked> {
        let id = chat.id.clone();
        let live = Arc::new(tokio::sync::Mutex::new(Live::new(chat, &self.config.limits)));
        let guard = Arc::clone(&live).try_lock_owned().ok();
        locked(&self.lives).chats.insert(id, live);
        guard
    }

    /// Makes a chat live that this server did not begin. Its place is taken even where there is none.
    fn adopt(&self, chat: Chat) -> Arc<tokio::sync::Mutex<Live>> {
        let mut lives = locked(&self.lives);
        if let Some(live) = lives.chats.get(&chat.id) {
            return Arc::clone(live);
        }
        if chat.ended.is_none() {
            lives.open += 1;
            lives.addresses.add(chat.address);
            self.desk.adopt(&chat);
        }
        let id = chat.id.clone();
        let live = Arc::new(tokio::sync::Mutex::new(Live::new(chat, &self.config.limits)));
        lives.chats.insert(id, Arc::clone(&live));
        live
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

    /// Commits a change and shows it to everybody but `except`, who gets it as an answer. If another server was faster, its
    /// change is shown instead, and this one is refused as a conflict: it is to be made again of what is there now.
    pub(crate) async fn commit(
        &self,
        live: &mut Live,
        draft: Draft,
        except: Option<&Session>,
    ) -> Result<Vec<Entry>, StoreError> {
        match self.store.commit(&draft).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => {
                self.catch_up(live).await?;
                return Err(StoreError::Conflict);
            }
            Err(error) => return Err(error),
        }
        self.changed(live, draft.chat, &draft.entries, except);
        Ok(draft.entries)
    }

    /// Takes in what another server has done with a chat.
    async fn catch_up(&self, live: &mut Live) -> Result<(), StoreError> {
        let chat = self.store.load(&live.chat.id).await?.ok_or(StoreError::Unknown)?;
        let entries = self.store.entries(&live.chat.id, live.chat.next_index).await?;
        self.changed(live, chat, &entries, None);
        Ok(())
    }

    /// A chat is now as it is here.
    fn changed(&self, live: &mut Live, chat: Chat, entries: &[Entry], except: Option<&Session>) {
        let before = std::mem::replace(&mut live.chat, chat);
        live.active = Instant::now();
        live.typed
            .retain(|(typed, _)| !entries.iter().any(|entry| entry.from.participant_id == typed.from.participant_id));
        if live.chat.ended.is_some() && before.ended.is_none() {
            self.release(live.chat.address);
            tracing::info!(service = live.chat.service, entries = live.chat.next_index - 1, "a chat has ended");
        }
        if !entries.is_empty() {
            self.push_to_visitor(live, entries, except);
        }
        self.desk.show(&before, &live.chat, entries, except);
    }

    /// Shows entries to the visitor's sessions.
    pub(crate) fn push_to_visitor(&self, live: &Live, entries: &[Entry], except: Option<&Session>) {
        let channel = visitor::channel_of(&live.chat.service);
        let (mut plain, mut whole) = (None, None);
        for seat in live.seats.iter().filter(|seat| except.is_none_or(|except| except.id != seat.session.id)) {
            let text = if seat.notices {
                whole.get_or_insert_with(|| {
                    let entries = self.with_holding(&live.chat, entries.to_vec());
                    event(&channel, None, &VisitorData::of(&live.chat, &entries))
                })
            } else {
                plain.get_or_insert_with(|| event(&channel, None, &VisitorData::of(&live.chat, entries)))
            };
            seat.session.deliver(Arc::clone(text));
        }
    }

    /// The entries; and, when a notice among them may tell something new, what goes with it.
    pub(crate) fn with_holding(&self, chat: &Chat, mut entries: Vec<Entry>) -> Vec<Entry> {
        if entries.iter().any(|entry| entry.kind == Kind::Notice) {
            entries.extend(self.holding(chat));
        }
        entries
    }

    /// What passes by as long as it holds.
    pub(crate) fn holding(&self, chat: &Chat) -> Vec<Entry> {
        let channel = self.config.channel(&chat.service);
        channel.map(|channel| notice::holding(channel, chat, self.clock.now())).unwrap_or_default()
    }

    /// The visitor has said this: the chat's state goes on, and the FAQ is asked if it is its turn.
    pub(crate) fn heard(&self, draft: &mut Draft, said: &Raw) {
        if draft.chat.status == Status::Faq {
            let question = serde_json::from_str::<String>(said.get()).unwrap_or_default();
            draft.suggest(self.faqs.get(&draft.chat.service).and_then(|faq| faq.find(&question)).as_ref());
        } else {
            draft.happened(Cause::VisitorMessage);
        }
    }

    /// A change of a chat, to be made now.
    pub(crate) fn draft(&self, chat: &Chat) -> Draft {
        let channel = self.config.channel(&chat.service);
        let has = |form: fn(&Channel) -> bool| channel.is_some_and(form);
        let rules = Rules {
            pre_chat: has(|channel| channel.pre_chat.is_some()),
            post_chat: has(|channel| channel.post_chat.is_some()),
            faq: self.faqs.contains_key(&chat.service),
            offline: has(|channel| channel.offline.is_some()),
            agents: self.desk.is_anyone_there(),
        };
        Draft::of(chat, self.clock.now(), rules)
    }

    /// A Bayeux session has ended: its visitor is away, its agent too.
    pub async fn session_gone(&self, session: &Session) {
        self.desk.session_gone(session);
        for id in session.attachments() {
            let known = locked(&self.lives).chats.get(&id).cloned();
            if let Some(live) = known {
                let mut live = live.lock().await;
                live.seats.retain(|seat| seat.session.id != session.id);
                if live.seats.is_empty() && live.alone.is_none() {
                    live.alone = Some(Instant::now());
                }
            }
        }
    }
}

impl Live {
    fn new(chat: Chat, limits: &Limits) -> Self {
        let bucket = || Bucket::new(limits.send_burst, limits.send_rate);
        Self {
            chat,
            seats: Vec::new(),
            active: Instant::now(),
            alone: Some(Instant::now()),
            sends: bucket(),
            typing: bucket(),
            reads: bucket(),
            typed: Vec::new(),
        }
    }
}
