//! A chat that other nodes have too: how what was done elsewhere is taken in and shown here, and who looks after it.
//!
//! All of it happens under the chat's lock. What holds, and why, is in `node`.

use super::model::{Chat, Entry, Kind, Role};
use super::{Floor, Live, Locked, Seat};
use crate::lock::locked;
use crate::node::Word;
use crate::store::{LEASE, Presence, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// For how long a chat is kept at hand after the last request of its visitor.
const LINGER: Duration = Duration::from_secs(20);
/// After so long a bot that was to be called seems not to be.
const CALLED: Duration = Duration::from_secs(10);
/// When a chat is looked at again that nothing is ever due for, in milliseconds.
const SOME_TIME: u64 = 3_600_000;

impl Floor {
    /// The chat of this id, locked, as it is now, whoever changed it last. One that another server began is taken up.
    pub(crate) async fn lock(&self, id: &str) -> Result<Option<Locked>, StoreError> {
        let Some(mut live) = self.lock_as_is(id).await? else { return Ok(None) };
        if self.node.is_none() {
            return Ok(Some(live));
        }
        match self.store.versions(&[id.to_owned()]).await?.first().copied().flatten() {
            None => {
                self.vanished(&live);
                return Ok(None);
            }
            Some(version) if version > live.chat.version => Box::pin(self.catch_up(&mut live)).await?,
            Some(_) => {}
        }
        Ok(Some(live))
    }

    /// Takes in what another server has done with a chat, if there is anything.
    pub(super) async fn catch_up(&self, live: &mut Live) -> Result<(), StoreError> {
        let chat = self.store.load(&live.chat.id).await?.ok_or(StoreError::Unknown)?;
        if chat.version <= live.chat.version {
            return Ok(());
        }
        let mut entries = self.store.entries(&chat.id, live.chat.next_index).await?;
        // What was said since the record was read is of the next time.
        entries.retain(|entry| entry.index.is_some_and(|index| index < chat.next_index));
        let new = chat.agents.iter().filter(|agent| live.chat.agent(&agent.name).is_none());
        let new: Vec<_> = new.map(|agent| agent.name.clone()).filter(|name| self.desk.is_here(name)).collect();
        if !new.is_empty() {
            // The transcript so far first, so that the new agent too sees the entries in their order.
            let so_far = self.entries_of(live, 1).await?;
            self.hand_over(live, &new, &so_far);
        }
        let moved = chat.renewed.is_some() && live.chat.renewed.is_none();
        let seats = if moved { std::mem::take(&mut live.seats) } else { Vec::new() };
        self.changed(live, chat.into(), &entries, None);
        if !seats.is_empty() {
            self.follow(live, seats, entries).await?;
        }
        Ok(())
    }

    /// Moves the visitor's connections on to the newest session in the place of one. `trail` is what they have not seen yet.
    async fn follow(&self, old: &Live, seats: Vec<Seat>, trail: Vec<Entry>) -> Result<(), StoreError> {
        let (mut seats, mut trail) = (seats, trail);
        let mut before = old.chat.clone();
        while let Some(renewed) = before.renewed.clone() {
            let Some(mut live) = self.lock_as_is(&renewed.id).await? else { return Ok(()) };
            trail.extend(self.between(&before));
            let entries = self.entries_of(&live, 1).await?;
            self.tell_renewed(&live.chat, &seats, &trail, &entries, None);
            trail.clear();
            for seat in &seats {
                seat.session.detach(&before.id);
                seat.session.attach(&live.chat.id);
            }
            before = live.chat.clone();
            if before.renewed.is_none() {
                live.alone = None;
                live.mine = true;
                live.seats.append(&mut seats);
            }
        }
        Ok(())
    }

    /// The entries of a chat from a position on, as far as it is known here: what is newer is shown when it is taken in.
    pub(crate) async fn entries_of(&self, live: &Live, from: u64) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.store.entries(&live.chat.id, from).await?;
        entries.retain(|entry| entry.index.is_none_or(|index| index < live.chat.next_index));
        Ok(entries)
    }

    /// Tells the other nodes that a chat was changed here.
    pub(super) fn say_changed(&self, chat: &Chat) {
        if let Some(node) = &self.node {
            let agents = chat.agents.iter().map(|agent| agent.name.clone()).collect();
            node.say(&Word::Changed { chat: chat.id.clone(), version: chat.version, waits: chat.waits(), agents });
        }
    }

    /// Tells the other nodes what passes by here.
    pub(crate) fn say_passing(&self, chat: &Chat, entry: &Entry) {
        if let Some(node) = &self.node {
            node.say(&Word::Passing { chat: chat.id.clone(), entry: entry.clone() });
        }
    }

    /// Whether anybody here has to know.
    pub(crate) fn is_concerned(&self, word: &Word) -> bool {
        let held = |chat: &str| locked(&self.lives).chats.contains_key(chat);
        word.chat().is_some_and(held)
            || match word {
                Word::Changed { waits, agents, .. } => self.desk.wants(*waits, agents) || self.inspector.is_watching(),
                _ => false,
            }
    }

    /// Takes in what another node says of a chat.
    pub(crate) async fn take_in(&self, id: &str, word: Word) {
        let done = match word {
            Word::Changed { version, .. } => self.take_in_change(id, version).await,
            Word::Passing { entry, .. } => self.take_in_passing(id, entry).await,
            Word::Data { version, .. } => self.take_in_data(id, version).await,
            Word::Here(_) | Word::Gone => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "what another node did could not be taken in yet");
        }
    }

    async fn take_in_change(&self, id: &str, version: u64) -> Result<(), StoreError> {
        let was_held = locked(&self.lives).chats.contains_key(id);
        let Some(mut live) = self.lock_as_is(id).await? else { return Ok(()) };
        if !was_held {
            self.inspector.listed(&live.chat);
            self.introduce(&mut live).await?;
        }
        if version > live.chat.version {
            match self.catch_up(&mut live).await {
                Err(StoreError::Unknown) => self.vanished(&live),
                done => return done,
            }
        }
        Ok(())
    }

    /// Shows a chat that has just been taken up to those of its agents who are here, unless one of them was faster and asked.
    async fn introduce(&self, live: &mut Live) -> Result<(), StoreError> {
        let agents = live.chat.agents.iter().map(|agent| agent.name.clone());
        let here: Vec<_> = agents.filter(|name| self.desk.is_here(name)).collect();
        if !here.is_empty() && !live.shown {
            let so_far = self.entries_of(live, 1).await?;
            self.hand_over(live, &here, &so_far);
        }
        Ok(())
    }

    /// Pushes the transcript so far to agents who did not ask for it.
    pub(crate) fn hand_over(&self, live: &mut Live, agents: &[String], so_far: &[Entry]) {
        for agent in agents {
            self.desk.hand_over(agent, &live.chat.id, so_far);
        }
        live.shown = true;
    }

    async fn take_in_passing(&self, id: &str, entry: Entry) -> Result<(), StoreError> {
        let Some(mut live) = self.lock_known(id).await else { return Ok(()) };
        match (entry.kind, entry.from.role) {
            (Kind::Notice, _) => self.push_passing(&live, &entry, |reads| reads.notices),
            (_, Role::Client) => {
                live.active = Instant::now();
                self.desk.show(&live.chat, &live.chat, &[entry], None);
            }
            _ => self.show_typing(&mut live, entry),
        }
        Ok(())
    }

    /// Takes up the chats that the agents here are concerned with; `show` tells those of whom they do not know yet.
    pub(crate) async fn take_up_desk(&self, show: bool) -> Result<(), StoreError> {
        if self.node.is_none() || !self.desk.is_anyone_here() {
            return Ok(());
        }
        let mut some = false;
        for chat in self.store.at_desk().await? {
            let agents: Vec<_> = chat.agents.iter().map(|agent| agent.name.clone()).collect();
            if !self.desk.wants(chat.waits(), &agents) || locked(&self.lives).chats.contains_key(&chat.id) {
                continue;
            }
            some = true;
            let mut live = self.adopt(chat, false).lock_owned().await;
            if show {
                self.introduce(&mut live).await?;
            }
        }
        if some {
            self.desk.tell();
        }
        Ok(())
    }

    /// The chats that this node looks after, and what it knows of them.
    pub(crate) fn attended(&self) -> Vec<(String, Presence)> {
        let lives: Vec<_> = locked(&self.lives).chats.iter().map(|(id, live)| (id.clone(), Arc::clone(live))).collect();
        let said = |(id, live): (String, Arc<tokio::sync::Mutex<Live>>)| match live.try_lock() {
            Ok(live) if live.mine => Some((id, self.presence_of(&live))),
            Ok(_) => None,
            // Somebody is at it.
            Err(_) => Some((id, Presence::default())),
        };
        lives.into_iter().filter_map(said).collect()
    }

    /// Whether what is known here of a chat is older than this.
    pub(crate) fn is_behind(&self, id: &str, version: u64) -> bool {
        let live = locked(&self.lives).chats.get(id).cloned();
        live.is_some_and(|live| live.try_lock().map_or(true, |live| live.chat.version < version))
    }

    fn presence_of(&self, live: &Live) -> Presence {
        let ago = |since: Instant| self.clock.now().saturating_sub(millis(since.elapsed()));
        Presence { seen: live.alone.map_or_else(|| self.clock.now(), ago), active: ago(live.active) }
    }

    /// The runtime's time at a time in a chat's record. It is asked of the clock once, so that nothing that the clock does later
    /// makes it longer ago, or shorter.
    pub(super) fn since(&self, live: &mut Live, time: u64) -> Instant {
        if let Some((_, since)) = live.since.iter().find(|(known, _)| *known == time) {
            return *since;
        }
        let since = self.instant(time);
        live.since.push((time, since));
        since
    }

    /// The runtime's time at a time in milliseconds since the epoch that is over.
    fn instant(&self, time: u64) -> Instant {
        let ago = Duration::from_millis(self.clock.now().saturating_sub(time));
        Instant::now().checked_sub(ago).unwrap_or_else(Instant::now)
    }

    /// The visitor has a connection here now: who judges by what all know is to know it at once.
    pub(super) async fn sits(&self, live: &Live) {
        if self.node.is_some() && live.seats.len() == 1 {
            let said = [(live.chat.id.clone(), self.presence_of(live))];
            if let Err(error) = self.store.attend(&said, self.clock.now().saturating_add(LEASE)).await {
                tracing::warn!(%error, "a chat that is looked after could not be said to be");
            }
        }
    }

    /// Asks what other nodes have seen of a chat; false if that cannot be had.
    pub(super) async fn consult(&self, live: &mut Live) -> bool {
        if self.node.is_none() {
            return true;
        }
        let Ok(known) = self.store.presence(std::slice::from_ref(&live.chat.id)).await else { return false };
        let Some(known) = known.first() else { return false };
        let seen = self.instant(known.seen.max(live.chat.since));
        live.alone = live.alone.map(|alone| alone.max(seen));
        live.active = live.active.max(self.instant(known.active));
        true
    }

    /// Nobody looked after this chat: now this node does.
    pub(crate) async fn look_after(&self, id: &str) {
        let Ok(Some(mut live)) = self.lock(id).await else { return };
        let Ok(known) = self.store.presence(&[id.to_owned()]).await else { return };
        live.mine = true;
        if live.seats.is_empty() {
            let known = known.first().copied().unwrap_or_default();
            live.alone = Some(self.instant(known.seen.max(live.chat.since)));
            live.active = self.instant(known.active.max(live.chat.since));
        }
        self.kick(&live.chat);
    }

    /// When something is due for a chat without a connection of its visitor.
    fn due(&self, live: &Live) -> u64 {
        let (now, chat, known) = (self.clock.now(), &live.chat, self.presence_of(live));
        let Some(channel) = self.config.channel(&chat.service) else { return now.saturating_add(SOME_TIME) };
        let after = |since: u64, seconds: u64| since.saturating_add(seconds.saturating_mul(1000));
        if let Some(ended) = chat.ended {
            return after(ended, channel.ended_retention).max(now.saturating_add(LEASE));
        }
        let absent = (known.seen, channel.visitor_timeout);
        let times = match chat.lapsed {
            Some(lapsed) => vec![absent, (lapsed, channel.renewal_timeout)],
            None => vec![absent, (known.active, channel.patience(chat)), (chat.since, channel.lifetime)],
        };
        let due = times.into_iter().filter(|(_, seconds)| *seconds != 0).map(|(since, seconds)| after(since, seconds));
        due.min().unwrap_or_else(|| now.saturating_add(SOME_TIME)).max(now.saturating_add(1000))
    }

    /// Lends a chat that nobody here needs to the store, until something is due; then lets go of it.
    pub(super) async fn lend(&self, mut live: Locked) {
        if self.node.is_none() {
            return;
        }
        self.call_again(&mut live);
        let over = live.chat.ended.is_some();
        let visitor_timeout = self.config.channel(&live.chat.service).map_or(0, |channel| channel.visitor_timeout);
        let linger = match visitor_timeout {
            0 => LINGER,
            seconds => LINGER.min(Duration::from_secs(seconds) / 2),
        };
        let is_away = live.alone.is_some_and(|alone| alone.elapsed() >= linger);
        if live.mine {
            let done = (over || is_away)
                && live.chat.calls.is_empty()
                && live.chat.agents.iter().all(|agent| self.desk.is_there(&agent.name));
            let said = [(live.chat.id.clone(), self.presence_of(&live))];
            if !done || self.store.attend(&said, self.due(&live)).await.is_err() {
                return;
            }
            live.mine = false;
        }
        let agents: Vec<_> = live.chat.agents.iter().map(|agent| agent.name.clone()).collect();
        if !self.inspector.is_watching() && (over || !self.desk.wants(live.chat.waits(), &agents)) {
            self.let_go(&live);
        }
    }

    /// Has the bot called again, if it was to be and nobody seems to do it.
    fn call_again(&self, live: &mut Live) {
        if live.chat.calls.is_empty() || !live.mine {
            live.called = None;
        } else if live.called.get_or_insert_with(Instant::now).elapsed() >= CALLED {
            live.called = None;
            self.kick(&live.chat);
        }
    }

    /// Holds a chat no longer; not if somebody is about to do something with it.
    fn let_go(&self, live: &Locked) {
        let mut lives = locked(&self.lives);
        let ours = OwnedMutexGuard::mutex(live);
        // The table's, and the one behind this lock; whoever wants another has to come by the table.
        let unused = Arc::strong_count(ours) == 2;
        if !unused || lives.chats.get(&live.chat.id).is_none_or(|held| !Arc::ptr_eq(held, ours)) {
            return;
        }
        lives.remove(&live.chat);
        if live.chat.ended.is_none() {
            lives.leave(live.chat.address);
        }
        self.desk.let_go(&live.chat);
    }

    /// A chat is not in the store any more: another node has forgotten it.
    fn vanished(&self, live: &Locked) {
        let mut lives = locked(&self.lives);
        let held = lives.chats.get(&live.chat.id).is_some_and(|held| Arc::ptr_eq(held, OwnedMutexGuard::mutex(live)));
        if held {
            lives.remove(&live.chat);
            if live.chat.ended.is_none() {
                lives.leave(live.chat.address);
            }
            drop(lives);
            for seat in &live.seats {
                seat.session.detach(&live.chat.id);
            }
            self.desk.let_go(&live.chat);
            self.desk.tell();
            self.inspector.forgotten(&live.chat.id);
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
