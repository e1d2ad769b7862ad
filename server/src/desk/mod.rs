//! The agents' desk: who is signed in, what waits in the queue, whose chats are whose; and the pushes that tell.
//!
//! `operations` does what agents ask, `shown` is what they get. An agent is known by name and may have several pages open: each gets the pushes. What
//! is shown is kept in step with the chats by `Desk::show`, which every change of a chat goes through.

pub mod operations;
mod shown;

use crate::bayeux::message::event;
use crate::chat::model::{Chat, Entry};
use crate::chat::reply::Refusal;
use crate::config::{Agent, Config};
use crate::limits::{Bucket, counted};
use crate::lock::locked;
use crate::secret::same;
use crate::session::Session;
use shown::{DeskData, DeskEntry, Summary, desk_entries};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// The desk's channel.
pub const CHANNEL: &str = "/service/desk";

/// The desk.
pub struct Desk {
    config: Arc<Config>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The agents of Bayeux sessions, by the sessions' ids.
    signed_in: HashMap<String, String>,
    /// The sessions of each agent who has any: what happens in a chat concerns few of them.
    pages: HashMap<String, Vec<Arc<Session>>>,
    /// Agents without any session, and since when.
    away: HashMap<String, Instant>,
    /// Agents that have a page open on another node.
    elsewhere: BTreeSet<String>,
    queue: Summaries,
    /// By agent.
    chats: HashMap<String, Summaries>,
    /// Refused sign-ins by address.
    refused: HashMap<IpAddr, Bucket>,
}

/// The oldest first.
type Summaries = BTreeMap<(u64, String), Summary>;

impl State {
    /// Messages, with the queue and the agent's chats.
    fn data<'a>(&'a self, agent: Option<&str>, messages: Vec<DeskEntry<'a>>) -> DeskData<'a> {
        let queue = agent.map_or_else(Vec::new, |_| self.queue.values().collect());
        let chats = agent.and_then(|agent| self.chats.get(agent));
        let chats = chats.map_or_else(Vec::new, |chats| chats.values().collect());
        DeskData { queue: Some(queue), chats: Some(chats), ..DeskData::of(messages) }
    }

    /// The queue is another one now.
    fn tell_queue(&self) {
        let data = DeskData { queue: Some(self.queue.values().collect()), ..DeskData::of(Vec::new()) };
        let told = event(CHANNEL, None, &data);
        for session in self.pages.values().flatten() {
            session.deliver(Arc::clone(&told));
        }
    }

    /// Queue and chats are others now.
    fn tell_all(&self) {
        for (name, pages) in &self.pages {
            let told = event(CHANNEL, None, &self.data(Some(name), Vec::new()));
            for session in pages {
                session.deliver(Arc::clone(&told));
            }
        }
    }

    fn pages_of(&self, agent: &str) -> &[Arc<Session>] {
        self.pages.get(agent).map_or(&[], Vec::as_slice)
    }

    fn has_session(&self, agent: &str) -> bool {
        self.pages.contains_key(agent)
    }

    fn is_there(&self, agent: &str) -> bool {
        self.elsewhere.contains(agent) || self.has_session(agent)
    }

    /// Takes a session's sign-in back. Says whether there was one.
    fn sign_out(&mut self, session: &str) -> bool {
        let Some(name) = self.signed_in.remove(session) else { return false };
        if let Some(pages) = self.pages.get_mut(&name) {
            pages.retain(|page| page.id != session);
            if pages.is_empty() {
                self.pages.remove(&name);
            }
        }
        if !self.is_there(&name) {
            self.away.insert(name, Instant::now());
        }
        true
    }

    /// Puts a chat where it belongs: in the queue, among its agents' chats, or, if it is in nobody's hands, nowhere.
    fn place(&mut self, chat: &Chat) -> bool {
        let key = (chat.since, chat.id.clone());
        let summary = Summary::of(chat);
        if chat.agents.is_empty() {
            if chat.waits() {
                self.queue.insert(key, summary);
            }
            return chat.waits();
        }
        for agent in &chat.agents {
            self.chats.entry(agent.name.clone()).or_default().insert(key.clone(), summary.clone());
        }
        true
    }

    fn take(&mut self, chat: &Chat) {
        let key = (chat.since, chat.id.clone());
        self.queue.remove(&key);
        for agent in &chat.agents {
            if let Some(chats) = self.chats.get_mut(&agent.name) {
                chats.remove(&key);
                if chats.is_empty() {
                    self.chats.remove(&agent.name);
                }
            }
        }
    }
}

impl Desk {
    /// A desk where nobody sits.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, state: Mutex::default() }
    }

    /// A chat that this server did not begin. Its agents count as away until they sign in.
    pub(crate) fn adopt(&self, chat: &Chat, tell: bool) {
        let mut state = locked(&self.state);
        for agent in &chat.agents {
            if !state.is_there(&agent.name) {
                state.away.entry(agent.name.clone()).or_insert_with(Instant::now);
            }
        }
        state.place(chat);
        if tell {
            state.tell_all();
        }
    }

    /// A chat that is not held here any more.
    pub(crate) fn let_go(&self, chat: &Chat) {
        locked(&self.state).take(chat);
    }

    /// Shows queue and chats to everybody here.
    pub(crate) fn tell(&self) {
        locked(&self.state).tell_all();
    }

    /// The agents here.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        locked(&self.state).pages.keys().cloned().collect()
    }

    /// These agents have a page open on other nodes, and no others.
    pub(crate) fn set_elsewhere(&self, agents: BTreeSet<String>) {
        let mut state = locked(&self.state);
        if state.elsewhere == agents {
            return;
        }
        let before = std::mem::replace(&mut state.elsewhere, agents);
        state.away = std::mem::take(&mut state.away).into_iter().filter(|(name, _)| !state.is_there(name)).collect();
        for name in before {
            if !state.is_there(&name) {
                state.away.entry(name).or_insert_with(Instant::now);
            }
        }
    }

    /// Whether anybody here is concerned with a chat that waits for people, or not, and has these agents.
    pub(crate) fn wants(&self, waits: bool, agents: &[String]) -> bool {
        let state = locked(&self.state);
        (waits && !state.signed_in.is_empty()) || agents.iter().any(|agent| state.has_session(agent))
    }

    /// Whether any agent has a page open here.
    pub(crate) fn is_anyone_here(&self) -> bool {
        !locked(&self.state).signed_in.is_empty()
    }

    /// Whether an agent has a page open here.
    pub(crate) fn is_here(&self, agent: &str) -> bool {
        locked(&self.state).has_session(agent)
    }

    /// An agent who has been away for too long could not be taken out of all chats.
    pub(crate) fn still_lost(&self, agent: &str) {
        let mut state = locked(&self.state);
        if !state.is_there(agent) {
            let grace = Duration::from_secs(self.config.desk.grace);
            let since = Instant::now().checked_sub(grace).unwrap_or_else(Instant::now);
            state.away.entry(agent.to_owned()).or_insert(since);
        }
    }

    /// A new chat has begun.
    pub(crate) fn begun(&self, chat: &Chat) {
        let mut state = locked(&self.state);
        if state.place(chat) {
            state.tell_queue();
        }
    }

    /// How many chats are in the queue, and how many agents have a page open here.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = locked(&self.state);
        (state.queue.len(), state.pages.len())
    }

    /// Whether any agent has a page open.
    pub(crate) fn is_anyone_there(&self) -> bool {
        let state = locked(&self.state);
        !state.signed_in.is_empty() || !state.elsewhere.is_empty()
    }

    /// A chat has changed from `before` to `after` by these entries: tells its agents, and when the queue is another one now,
    /// everybody. With a message alone goes nothing that is as it was: an agent may have a hundred chats.
    pub(crate) fn show(&self, before: &Chat, after: &Chat, entries: &[Entry], except: Option<&Session>) {
        let renamed = before.nickname.get() != after.nickname.get();
        let moved = before.agents != after.agents || before.ended != after.ended || before.status != after.status;
        // Who speaks last is nobody's business but the chat's agents'.
        let shown = |chat: &Chat| (chat.ended.is_none(), chat.waits());
        let changed = renamed || before.agents != after.agents || shown(before) != shown(after);
        let queued = |chat: &Chat| chat.ended.is_none() && chat.agents.is_empty() && chat.waits();
        let queue = changed && (queued(before) || queued(after));
        let mut state = locked(&self.state);
        if changed || moved {
            state.take(before);
            if after.ended.is_none() {
                state.place(after);
            }
        }
        let agents: BTreeSet<&str> =
            before.agents.iter().chain(&after.agents).map(|agent| agent.name.as_str()).collect();
        let others = |session: &&Arc<Session>| except.is_none_or(|except| except.id != session.id);
        if queue {
            let data = DeskData { queue: Some(state.queue.values().collect()), ..DeskData::of(Vec::new()) };
            let told = event(CHANNEL, None, &data);
            let pages = state.pages.iter().filter(|(name, _)| !agents.contains(name.as_str()));
            for session in pages.flat_map(|(_, pages)| pages).filter(others) {
                session.deliver(Arc::clone(&told));
            }
        }
        let with_lists = changed || (moved && !entries.is_empty());
        if !with_lists && entries.is_empty() {
            return;
        }
        let spoken = LazyCell::new(|| event(CHANNEL, None, &DeskData::of(desk_entries(&after.id, entries))));
        for name in agents {
            for session in state.pages_of(name).iter().filter(others) {
                if with_lists {
                    session.deliver(event(CHANNEL, None, &state.data(Some(name), desk_entries(&after.id, entries))));
                } else {
                    session.deliver(Arc::clone(&spoken));
                }
            }
        }
    }

    /// Pushes the transcript so far to an agent who did not ask for it.
    pub(crate) fn hand_over(&self, agent: &str, chat: &str, entries: &[Entry]) {
        let state = locked(&self.state);
        for session in state.pages_of(agent) {
            session.deliver(event(CHANNEL, None, &state.data(Some(agent), desk_entries(chat, entries))));
        }
    }

    /// The agent that a Bayeux session is signed in as.
    pub(crate) fn agent(&self, session: &Session) -> Option<String> {
        locked(&self.state).signed_in.get(&session.id).cloned()
    }

    /// Whether an agent has a page open.
    pub(crate) fn is_there(&self, agent: &str) -> bool {
        locked(&self.state).is_there(agent)
    }

    /// The agent with this name and key. An address that guesses has to wait.
    pub(crate) fn known(&self, session: &Session, name: &str, key: &str) -> Result<&Agent, Refusal> {
        let mut state = locked(&self.state);
        let burst = self.config.desk.sign_in_burst;
        if let Some(bucket) = state.refused.get_mut(&counted(session.address)) {
            bucket.peek().map_err(Refusal::too_many)?;
        }
        let agent = self.config.agents.iter().find(|agent| agent.name == name);
        let right = same(agent.map_or("", |agent| &agent.key), key);
        let Some(agent) = agent.filter(|_| right) else {
            let bucket = state.refused.entry(counted(session.address)).or_insert_with(|| Bucket::new(burst, 0.1));
            // There was one: it was just looked at.
            let _ = bucket.take();
            return Err(Refusal::new(8210, "unknown agent, or not their key").fatal());
        };
        Ok(agent)
    }

    pub(crate) fn sign_in(&self, session: &Arc<Session>, name: &str, key: &str) -> Result<(), Refusal> {
        let agent = self.known(session, name, key)?;
        let mut state = locked(&self.state);
        state.sign_out(&session.id);
        state.away.remove(&agent.name);
        // A session that has ended meanwhile is signed out again at once.
        state.signed_in.insert(session.id.clone(), agent.name.clone());
        state.pages.entry(agent.name.clone()).or_default().push(Arc::clone(session));
        if session.is_gone() {
            state.sign_out(&session.id);
        }
        Ok(())
    }

    /// A Bayeux session has ended. Says whether it was an agent's.
    pub(crate) fn session_gone(&self, session: &Session) -> bool {
        locked(&self.state).sign_out(&session.id)
    }

    /// The agents who have been away for too long.
    pub(crate) fn take_lost(&self) -> Vec<String> {
        let grace = Duration::from_secs(self.config.desk.grace);
        let mut state = locked(&self.state);
        let lost: Vec<_> =
            state.away.iter().filter(|(_, since)| since.elapsed() >= grace).map(|(name, _)| name.clone()).collect();
        for name in &lost {
            state.away.remove(name);
        }
        lost
    }

    pub(crate) fn chats_of(&self, agent: &str) -> Vec<String> {
        locked(&self.state)
            .chats
            .get(agent)
            .map(|chats| chats.keys().map(|(_, id)| id.clone()).collect())
            .unwrap_or_default()
    }

    pub(crate) fn forget_full_buckets(&self) {
        locked(&self.state).refused.retain(|_, bucket| !bucket.is_full());
    }
}
