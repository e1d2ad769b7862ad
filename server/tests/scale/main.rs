//! Nodes that are processes, behind a proxy without sticky sessions, on one Redis; visitors that are the SDK's own core; agents who
//! answer. Nodes are killed every few seconds, Redis is killed and started again: what was acknowledged is delivered once and in
//! order to everybody. `CAUSERIE_SCALE_SECONDS` and `CAUSERIE_SCALE_VISITORS` make it longer and larger (`cargo xtask scale`).
#![cfg(unix)]
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod agent;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/nodes/proxy.rs"]
mod proxy;
mod site;
mod visitor;

use agent::Shown;
use causerie::transport::Mode;
use causerie_server::chat::model::{Entry, Kind, Role};
use causerie_server::store::{RedisStore, Store, StoreError};
use site::Site;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use visitor::{Seen, Visitor};

/// How long it may take until everything has come, when nothing breaks any more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two messages of anybody: two agents answer them all, one by one.
const PAUSE: Duration = Duration::from_millis(20);
const MODES: [Mode; 4] = [Mode::Auto, Mode::LongPolling, Mode::Rest, Mode::WebSocket];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Waits until something holds; it has to within the time.
async fn until(site: &Site, what: impl Fn() -> Option<String>) {
    let end = Instant::now() + PATIENCE;
    while let Some(missing) = what() {
        assert!(Instant::now() < end, "{missing}\n{}", site.log());
        sleep(Duration::from_millis(20)).await;
    }
}

/// The transcript, also where the machine is so busy that Redis is slow to answer.
async fn entries_of(store: &RedisStore, chat: &str) -> Vec<Entry> {
    let end = Instant::now() + PATIENCE;
    loop {
        match store.entries(chat, 1).await {
            Err(StoreError::Failed(_)) if Instant::now() < end => sleep(Duration::from_millis(100)).await,
            entries => return entries.unwrap(),
        }
    }
}

struct Play {
    site: Site,
    visitors: Vec<Visitor>,
    agents: Vec<Rc<RefCell<Shown>>>,
    said: usize,
}

impl Play {
    async fn begin(visitors: u64, modes: &[Mode]) -> Option<Self> {
        let site = Site::start(3).await?;
        let agents = vec![agent::work(&site.base, "Jane"), agent::work(&site.base, "Omar")];
        let modes = modes.iter().cycle();
        let visitors: Vec<_> =
            (1..=visitors).zip(modes).map(|(seed, mode)| Visitor::start(&site.base, seed, *mode)).collect();
        let play = Self { site, visitors, agents, said: 0 };
        until(&play.site, || {
            let missing = play.visitors.iter().filter(|visitor| !visitor.is_started()).count();
            (missing > 0).then(|| format!("{missing} visitors have not begun"))
        })
        .await;
        Some(play)
    }

    /// One visitor after the other says something, for so long.
    async fn talk(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            let visitor = &self.visitors[self.said % self.visitors.len()];
            visitor.say(&format!("m{}", self.said));
            self.said += 1;
            sleep(PAUSE).await;
        }
    }

    /// Waits until all that was said is acknowledged and answered, and everybody has been shown it.
    async fn settle(&self) {
        self.settle_visitors().await;
        until(&self.site, || {
            let chat = self.visitors.iter().map(|visitor| visitor.seen.borrow()).find(|seen| !self.is_shown(seen))?;
            Some(format!("agents were not shown all of {}", chat.chat))
        })
        .await;
    }

    /// Whether agents were shown all that a visitor was.
    fn is_shown(&self, seen: &Seen) -> bool {
        let agents: Vec<_> = self.agents.iter().map(|agent| agent.borrow()).collect();
        let has = |place: u64| {
            agents.iter().any(|agent| agent.chats.get(&seen.chat).is_some_and(|chat| chat.contains_key(&place)))
        };
        seen.messages.iter().all(|(index, _)| has(u64::from(*index) + 1))
    }

    /// Waits until all that was said is acknowledged and answered, and the answers have come.
    async fn settle_visitors(&self) {
        until(&self.site, || {
            let open = |visitor: &&Visitor| !visitor.seen.borrow().is_settled();
            let open: Vec<_> = self.visitors.iter().filter(open).collect();
            let unsettled = |visitor: &&&Visitor| {
                let seen = visitor.seen.borrow();
                seen.acknowledged.len() + seen.refused.len() < seen.said.len()
            };
            let first = open.iter().find(unsettled).or(open.first())?;
            let seen = first.seen.borrow();
            Some(format!(
                "{} visitors wait; the first ({:?}, chat {}): {} said, {} acknowledged, {} seen; {:?}",
                open.len(),
                first.mode,
                seen.chat,
                seen.said.len(),
                seen.acknowledged.len(),
                seen.messages.len(),
                seen.faults
            ))
        })
        .await;
    }

    /// Compares what everybody was shown with what the store has.
    async fn judge(&self) -> (usize, usize) {
        let store = RedisStore::new(self.site.redis.address().parse().unwrap(), &Site::config());
        let mut shown: HashMap<String, BTreeMap<u64, String>> = HashMap::new();
        for agent in &self.agents {
            let agent = agent.borrow();
            assert_eq!(agent.faults, Vec::<String>::new());
            for (chat, messages) in &agent.chats {
                shown.entry(chat.clone()).or_default().extend(messages.clone());
            }
        }
        let (mut all, mut refused) = (0, 0);
        for visitor in &self.visitors {
            let seen = visitor.seen.borrow().clone();
            assert_eq!(seen.faults, Vec::<String>::new(), "{:?}", visitor.mode);
            let entries = entries_of(&store, &seen.chat).await;
            let messages = entries.iter().filter(|entry| entry.kind == Kind::Message).map(|entry| {
                let text: String = serde_json::from_str(entry.text.as_ref().unwrap().get()).unwrap();
                (entry.index.unwrap(), entry.from.role, text)
            });
            let messages: Vec<_> = messages.collect();
            let placed: Vec<_> = messages.iter().map(|(index, _, text)| (*index as u32 - 1, text.clone())).collect();
            assert_eq!(seen.messages, placed, "the page has seen the transcript ({:?})", visitor.mode);
            let by = |wanted: Role| {
                messages.iter().filter(move |(_, role, _)| *role == wanted).map(|(.., text)| text.clone())
            };
            // What was refused while Redis died may have been done: then once, and in its place.
            let said: Vec<_> = by(Role::Client).collect();
            let kept = |text: &&String| seen.acknowledged.contains(text) || said.contains(text);
            assert_eq!(said, seen.said.iter().filter(kept).cloned().collect::<Vec<_>>(), "once and in order");
            let answers: Vec<_> = said.iter().map(|text| format!("re: {text}")).collect();
            let mut came: Vec<_> = by(Role::Agent).collect();
            came.sort_by_key(|text| answers.iter().position(|answer| answer == text));
            assert_eq!(came, answers, "and each was answered once");
            refused += seen.refused.len();
            let placed: BTreeMap<_, _> = messages.iter().map(|(index, _, text)| (*index, text.clone())).collect();
            assert_eq!(shown.get(&seen.chat), Some(&placed), "agents were shown all of it");
            all += seen.acknowledged.len();
        }
        (all, refused)
    }
}

/// Nodes die, one after the other, and come back; once Redis does, too.
async fn nodes_die(seconds: u64, visitors: u64) {
    let Some(mut play) = Play::begin(visitors, &MODES).await else { return };
    play.talk(Duration::from_secs(1)).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut deaths, mut redis) = (0, false);
    while Instant::now() < end {
        let n = deaths % play.site.len();
        play.site.kill(n);
        deaths += 1;
        play.talk(Duration::from_secs(1)).await;
        if !redis && Instant::now() + Duration::from_secs(seconds / 2) > end {
            redis = true;
            play.site.redis.kill();
            play.talk(Duration::from_millis(500)).await;
            play.site.redis.start_again().await;
        }
        play.site.start_node(n).await;
        play.talk(Duration::from_secs(2)).await;
    }
    play.settle().await;
    let (messages, refused) = play.judge().await;
    let breaks: usize = play.visitors.iter().map(|visitor| visitor.seen.borrow().interrupted).sum();
    let begun: usize = play.agents.iter().map(|agent| agent.borrow().begun).sum();
    println!(
        "{visitors} visitors, {messages} messages acknowledged and answered in {seconds} s ({refused} refused without Redis): {deaths} nodes killed, Redis once; \
        {breaks} interruptions, {begun} times an agent began anew; nothing lost, nothing doubled"
    );
}

#[tokio::test]
async fn what_was_acknowledged_is_delivered_once_and_in_order_though_nodes_die() {
    LocalSet::new()
        .run_until(nodes_die(number("CAUSERIE_SCALE_SECONDS", 9), number("CAUSERIE_SCALE_VISITORS", 12)))
        .await;
}

#[tokio::test]
async fn a_rolling_restart_interrupts_a_visitor_once_for_each_node_at_most() {
    LocalSet::new()
        .run_until(async {
            let Some(mut play) = Play::begin(9, &[Mode::Auto, Mode::LongPolling, Mode::WebSocket]).await else {
                return;
            };
            play.talk(Duration::from_secs(1)).await;
            for n in 0..play.site.len() {
                let before: Vec<_> = play.visitors.iter().map(|visitor| visitor.seen.borrow().interrupted).collect();
                play.site.stop(n).await;
                play.site.start_node(n).await;
                play.talk(Duration::from_millis(1500)).await;
                play.settle().await;
                for (visitor, before) in play.visitors.iter().zip(before) {
                    let seen = visitor.seen.borrow();
                    assert!(
                        seen.interrupted <= before + 1,
                        "{:?}: {} interruptions",
                        visitor.mode,
                        seen.interrupted - before
                    );
                    assert_eq!(seen.interrupted, seen.continued, "{:?}", visitor.mode);
                }
            }
            assert_eq!(play.judge().await.1, 0, "nothing is refused");
        })
        .await;
}
