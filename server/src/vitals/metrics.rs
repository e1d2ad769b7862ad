//! What is counted, and how Prometheus reads it. Labels are from closed lists: no names, no addresses, no texts.

use crate::chat::draft::Draft;
use crate::chat::model::{Kind, Role};
use crate::data::Room;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

type Label = [(&'static str, String); 1];

/// How long a change takes, in seconds, from a flush to more than anybody waits.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What is refused because too much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// A new connection.
    Handshake,
    /// A new chat.
    Chat,
}

/// How much there is at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Bayeux sessions.
    pub sessions: usize,
    /// Chats that this server holds, ended ones among them.
    pub held: usize,
    /// Those that have not ended.
    pub open: usize,
    /// Connections of visitors to chats.
    pub seats: usize,
    /// Chats in the queue, as far as this server knows.
    pub queue: usize,
    /// Agents with a page open here.
    pub agents: usize,
    /// Changes that wait for the store.
    pub waiting: usize,
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    sessions: Gauge,
    held: Gauge,
    open: Gauge,
    seats: Gauge,
    queue: Gauge,
    agents: Gauge,
    waiting: Gauge,
    data: Gauge,
    no_room: Family<Label, Counter>,
    entries: Family<Label, Counter>,
    delivered: Counter,
    refusals: Family<Label, Counter>,
    commits: Family<Label, Histogram>,
    errors: Family<Label, Counter>,
    shed: Family<Label, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("causerie");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let sessions = gauge("sessions", "Bayeux sessions");
        let held = gauge("chats_held", "Chats that this server holds, ended ones among them");
        let open = gauge("chats_open", "Chats that this server holds and that have not ended");
        let seats = gauge("seats", "Connections of visitors to chats");
        let queue = gauge("queue", "Chats in the queue, as far as this server knows");
        let agents = gauge("agents", "Agents with a page open here");
        let waiting = gauge("store_waiting", "Changes that wait for the store");
        let data = gauge("session_data_bytes", "Session data of all visitors, as it was last weighed");
        let no_room = Family::<Label, Counter>::default();
        registry.register("session_data_refused", "Session data that there was no room for, by whose", no_room.clone());
        let entries = Family::<Label, Counter>::default();
        registry.register("messages_in", "Messages that are in the store, by who said them", entries.clone());
        let delivered = Counter::default();
        registry.register("events_out", "Events for Bayeux sessions", delivered.clone());
        let refusals = Family::<Label, Counter>::default();
        registry.register("refusals", "Operations that were refused, by code", refusals.clone());
        let commits = Family::<Label, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register("commit_seconds", "How long the store took to keep a change", commits.clone());
        let errors = Family::<Label, Counter>::default();
        registry.register("store_errors", "What the store did not do, by why", errors.clone());
        let shed = Family::<Label, Counter>::default();
        registry.register("shed", "New work that was refused because too much waited", shed.clone());
        Self {
            registry,
            sessions,
            held,
            open,
            seats,
            queue,
            agents,
            waiting,
            data,
            no_room,
            entries,
            delivered,
            refusals,
            commits,
            errors,
            shed,
        }
    }

    /// The text that Prometheus reads, in OpenMetrics' form.
    #[must_use]
    pub fn text(&self, load: Load) -> String {
        let gauges = [
            (&self.sessions, load.sessions),
            (&self.held, load.held),
            (&self.open, load.open),
            (&self.seats, load.seats),
            (&self.queue, load.queue),
            (&self.agents, load.agents),
            (&self.waiting, load.waiting),
        ];
        for (gauge, value) in gauges {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A change is in the store.
    pub(crate) fn kept(&self, draft: &Draft) {
        for entry in draft.entries.iter().filter(|entry| matches!(entry.kind, Kind::Message | Kind::PushUrl)) {
            let from = match entry.from.role {
                Role::Client => "visitor",
                Role::Agent => "agent",
                Role::External => "system",
            };
            self.entries.get_or_create(&[("from", from.to_owned())]).inc();
        }
    }

    /// How long the store took for a change of this kind.
    pub(crate) fn took(&self, kind: &'static str, time: Duration) {
        self.commits.get_or_create(&[("kind", kind.to_owned())]).observe(time.as_secs_f64());
    }

    /// The store did not do something, for this reason.
    pub(crate) fn store_error(&self, reason: &'static str) {
        self.errors.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    /// An operation was refused with this code.
    pub(crate) fn refused(&self, code: u32) {
        self.refusals.get_or_create(&[("code", code.to_string())]).inc();
    }

    /// Session data was refused, for this room is full.
    pub(crate) fn no_room(&self, room: Room) {
        let whose = match room {
            Room::OfAddress => "address",
            Room::InAll => "all",
        };
        self.no_room.get_or_create(&[("room", whose.to_owned())]).inc();
    }

    /// All session data takes so many bytes.
    pub(crate) fn data_held(&self, bytes: u64) {
        self.data.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts the events of a session.
    pub(crate) fn delivered(&self) -> Counter {
        self.delivered.clone()
    }

    pub(super) fn shed(&self, shed: Shed) {
        let what = match shed {
            Shed::Handshake => "handshake",
            Shed::Chat => "chat",
        };
        self.shed.get_or_create(&[("what", what.to_owned())]).inc();
    }
}
