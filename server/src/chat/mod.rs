//! The chats: what is live of them here, who is attached, and how a change reaches everybody.
//!
//! `model` is what the store keeps, `record` how several hold it, `draft` a change of it, `change` how that is made
//! and shown; `operation` reads what clients ask, `reply` and `notice` are what they get, `asker` is who asks; `lives`
//! is the table of them, `begin` begins chats, `renew` puts new ones in their place, `visitor` does what else visitors
//! ask, `submit` takes their forms, `data` is what is kept with them, `bot` has scripts lead chats, `call` is what for, `sweep` ends what
//! has had its time, `silence` warns before, `shared` is what other nodes have to do with them. What agents ask is in the `desk`. A chat is
//! changed under its own lock: the change is drafted, committed to the store, and only then shown to anybody. Answers
//! and pushes are queued under the same lock, so that every session sees the entries in their order.

pub mod asker;
pub mod begin;
pub mod bot;
pub mod call;
pub mod change;
pub mod data;
pub mod draft;
mod lives;
pub mod model;
pub mod notice;
pub mod operation;
pub mod record;
pub mod renew;
pub mod reply;
pub(crate) mod shared;
mod silence;
pub mod submit;
pub mod sweep;
pub mod visitor;

use crate::bot::Bots;
use crate::clock::Clock;
use crate::config::{Config, Limits};
use crate::desk::Desk;
use crate::faq::Faq;
use crate::inspect::{BotLog, Inspector};
use crate::limits::{Bucket, Turns, counted};
use crate::lock::locked;
use crate::node::Node;
use crate::session::Session;
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use draft::Draft;
use lives::Lives;
use model::{Chat, Entry};
use record::Record;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// How often an operation is tried again when another server was faster. Each time somebody got on; whoever is refused for it
/// comes back with the same.
pub(crate) const TRIES: usize = 40;

/// All chats, their store, and the desk.
pub struct Floor {
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) desk: Desk,
    pub(crate) inspector: Inspector,
    pub(crate) bots: Bots,
    pub(crate) vitals: Arc<Vitals>,
    /// This server as one of many; none where it is alone.
    node: Option<Arc<Node>>,
    /// Says that there may be something to tell to webhooks.
    pub(crate) told: Arc<Notify>,
    /// Chats whose bots are to be called.
    kicks: UnboundedSender<String>,
    /// By service.
    faqs: HashMap<String, Faq>,
    lives: Mutex<Lives>,
    /// When the store was last looked through for what is kept no longer.
    expired: Mutex<Option<Instant>>,
}

/// What this server holds of a chat beside its record: connections, and the time of things.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) chat: Record,
    /// The visitor's Bayeux sessions: each gets what is pushed.
    pub(crate) seats: Vec<Seat>,
    /// When anybody last said anything.
    pub(crate) active: Instant,
    /// When what its record has the time of was, by the runtime's time: its beginning, its lapse, its end.
    since: Vec<(u64, Instant)>,
    /// Since when no session of the visitor is there.
    pub(crate) alone: Option<Instant>,
    pub(crate) sends: Turns,
    pub(crate) typing: Bucket,
    pub(crate) reads: Bucket,
    /// The latest typing of each agent, for visitors who are not pushed to.
    pub(crate) typed: Vec<(Entry, Instant)>,
    /// What its bot logs, for who inspects.
    pub(crate) log: BotLog,
    /// Whether this server looks after it. One that is alone looks after all.
    pub(crate) mine: bool,
    /// Whether an agent here has been shown the transcript so far, since it is held.
    pub(crate) shown: bool,
    /// The marks of all messages in it, where all are known: of a chat that began here.
    said: Option<Vec<u64>>,
    /// Since when its bot is to be called, when somebody has looked.
    called: Option<Instant>,
    /// The version of the session data that its connections here have at least; 0: that is not known.
    told: u64,
}

/// A Bayeux session of the visitor's.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) session: Arc<Session>,
    pub(crate) reads: Reads,
}

/// What a client reads of what chat v2 does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reads {
    /// Notices: others get those with a place in the transcript only.
    pub(crate) notices: bool,
    /// Session data.
    pub(crate) data: bool,
}

pub(crate) type Locked = OwnedMutexGuard<Live>;

/// A refusal for want of room: of this address, or in all.
#[derive(Debug)]
pub(crate) struct NoRoom;

impl Floor {
    /// An empty floor. The ids that are sent to `kicks` are those of chats for which [`Floor::run_bot`] is to be called.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        clock: Clock,
        store: Arc<dyn Store>,
        kicks: UnboundedSender<String>,
        node: Option<Arc<Node>>,
        vitals: Arc<Vitals>,
    ) -> Self {
        let bots = Bots::new(&config);
        let desk = Desk::new(Arc::clone(&config));
        let inspector = Inspector::new(&config);
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
        Self {
            config,
            clock,
            store,
            desk,
            inspector,
            bots,
            vitals,
            node,
            told: Arc::default(),
            kicks,
            faqs,
            lives: Mutex::default(),
            expired: Mutex::default(),
        }
    }

    /// Takes up the chats that are in the store. Visitors and agents are given the time to come back that they have when
    /// their connections break. One of many nodes takes up a chat when somebody needs it here.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn take_up(&self) -> Result<(), StoreError> {
        if self.node.is_some() {
            return Ok(());
        }
        let chats = self.store.chats().await?;
        if !chats.is_empty() {
            tracing::info!(chats = chats.len(), "chats of the store are taken up");
        }
        for chat in chats {
            self.adopt(chat, true);
        }
        Ok(())
    }

    /// The chat of this id as it is known here, locked. One that is not is taken up.
    pub(crate) async fn lock_as_is(&self, id: &str) -> Result<Option<Locked>, StoreError> {
        let known = locked(&self.lives).chats.get(id).cloned();
        let live = match known {
            Some(live) => live,
            None => match self.store.load(id).await? {
                Some(chat) => self.adopt(chat, true),
                None => return Ok(None),
            },
        };
        Ok(Some(live.lock_owned().await))
    }

    /// The chat of this id, locked, if it is known here.
    pub(crate) async fn lock_known(&self, id: &str) -> Option<Locked> {
        let known = locked(&self.lives).chats.get(id).cloned();
        Some(known?.lock_owned().await)
    }

    /// The id of the chat whose key has this handle.
    pub(crate) async fn find_handle(&self, handle: &str) -> Result<Option<String>, StoreError> {
        let held = locked(&self.lives).with_handle(handle);
        match held {
            Some(id) => Ok(Some(id)),
            None => self.store.find_handle(handle).await,
        }
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        locked(&self.lives).chats.keys().cloned().collect()
    }

    /// This server as one of many; none where it is alone.
    #[must_use]
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// How many chats are held, ended ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        locked(&self.lives).chats.len()
    }

    /// How many chats are held that have not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        locked(&self.lives).open
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
        lives.join(address);
        Ok(())
    }

    /// Takes a place for a new chat even where there is none.
    pub(crate) fn take_place(&self, address: IpAddr) {
        locked(&self.lives).join(address);
    }

    /// Gives the place of a chat back.
    pub(crate) fn release(&self, address: IpAddr) {
        locked(&self.lives).leave(address);
    }

    /// Makes a new chat live, already locked: nobody else gets at it before its first answer is queued.
    pub(crate) fn enter(&self, beginning: &Draft) -> Option<Locked> {
        let mut live = Live::new(beginning.chat.clone(), &self.config.limits, true);
        live.said = Some(Vec::new());
        live.note(&beginning.entries);
        let mut lives = locked(&self.lives);
        lives.hold(live).try_lock_owned().ok()
    }

    /// Makes a chat live that this server did not begin. Its place is taken even where there is none. `tell` says whether agents
    /// are told at once.
    fn adopt(&self, chat: Chat, tell: bool) -> Arc<tokio::sync::Mutex<Live>> {
        let mut lives = locked(&self.lives);
        if let Some(live) = lives.chats.get(&chat.id) {
            return Arc::clone(live);
        }
        if chat.ended.is_none() {
            lives.join(chat.address);
            self.desk.adopt(&chat, tell);
        }
        let alone = self.node.is_none();
        if alone {
            self.kick(&chat);
        }
        lives.hold(Live::new(chat.into(), &self.config.limits, alone))
    }

    /// Takes a token for a chat that is begun by REST.
    pub(crate) fn take_start(&self, address: IpAddr) -> Result<(), u64> {
        let limits = &self.config.limits;
        let bucket = || Bucket::new(limits.send_burst, limits.send_rate);
        locked(&self.lives).starts.entry(counted(address)).or_insert_with(bucket).take()
    }

    /// Takes tokens for the bytes that the start of a chat by REST was answered with.
    pub(crate) fn charge_start(&self, address: IpAddr, bytes: usize) {
        if let Some(bucket) = locked(&self.lives).starts.get_mut(&counted(address)) {
            bucket.charge(bytes);
        }
    }

    pub(crate) fn forget_full_buckets(&self) {
        locked(&self.lives).starts.retain(|_, bucket| !bucket.is_full());
        self.desk.forget_full_buckets();
    }

    pub(crate) fn forget(&self, chat: &Chat) {
        locked(&self.lives).remove(chat);
    }

    /// A Bayeux session has ended: its visitor is away, its agent too.
    pub async fn session_gone(&self, session: &Session) {
        if self.desk.session_gone(session)
            && let Some(node) = &self.node
        {
            node.news.notify_one();
        }
        self.inspector.session_gone(session);
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
    fn new(chat: Record, limits: &Limits, mine: bool) -> Self {
        let bucket = || Bucket::new(limits.send_burst, limits.send_rate);
        Self {
            chat,
            seats: Vec::new(),
            active: Instant::now(),
            since: Vec::new(),
            alone: Some(Instant::now()),
            sends: Turns::new(bucket()),
            typing: bucket(),
            reads: bucket(),
            typed: Vec::new(),
            log: BotLog::default(),
            mine,
            shown: false,
            said: None,
            called: None,
            told: 0,
        }
    }

    /// Notes the messages of entries that it has gained.
    fn note(&mut self, entries: &[Entry]) {
        let Some(said) = &mut self.said else { return };
        let kept = entries.iter().filter(|entry| entry.index.is_some());
        said.extend(kept.filter_map(|entry| Some(mark(entry.from.participant_id, entry.message_id.as_ref()?))));
    }

    /// Whether this message may be in it already: then the store knows. As long as its version is the store's, a no is certain;
    /// and if it is not, the store takes no change.
    fn may_have(&self, who: u64, message: &str) -> bool {
        self.said.as_ref().is_none_or(|said| said.contains(&mark(who, message)))
    }
}

/// What stands for a participant's message. Two may have the same.
fn mark(who: u64, message: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (who, message).hash(&mut hasher);
    hasher.finish()
}
