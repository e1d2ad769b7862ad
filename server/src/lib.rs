//! The chat server: chat v2 over Bayeux and by REST, and the agents' desk.
//!
//! It implements the same page of the wire as the SDK, from the other side, and shares no code with it.
//!
//! # Layout
//! - [`serve`]: the listener, TLS, the stop; `patience`: who does not read; [`http`], [`ws`]: how envelopes travel; [`origin`]: where they come from.
//! - [`rest`], [`form`]: chat v2 without Bayeux.
//! - [`bayeux`]: what the messages of an envelope ask; [`session`]: who is connected, and the events that wait.
//! - [`chat`]: the chats and what visitors do; [`status`]: the states of a chat; [`forms`]: what visitors fill in;
//!   [`faq`]: what they may read first; [`data`]: what is kept with them;
//!   [`bot`]: what scripts do; [`desk`]: what agents do; [`inspect`]: what they may watch; [`webhook`]: what
//!   others are told; [`store`]: where it is all kept.
//! - [`node`]: many servers on one store.
//! - [`config`], [`cli`]: what the operator says; [`export`]: what the operator takes out; [`vitals`]: how the server is, as monitoring asks it; [`limits`]: how much is too much; [`json`], [`secret`], [`clock`]: small
//!   tools.
//!
//! [`run`] serves on a listener of the caller's until a signal of the caller's, so tests bind port 0 and stop when they
//! like; [`app`] makes the router alone.

pub mod bayeux;
pub(crate) mod body;
pub mod bot;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data;
pub mod desk;
pub mod export;
pub mod faq;
pub mod form;
pub mod forms;
pub mod http;
pub mod inspect;
pub mod json;
pub mod limits;
pub(crate) mod lock;
pub mod node;
pub mod origin;
pub(crate) mod patience;
pub mod rest;
pub mod secret;
pub(crate) mod sentiment;
pub mod serve;
pub mod session;
pub mod status;
pub mod store;
pub mod vitals;
pub mod webhook;
pub mod ws;

use axum::Router;
use chat::Floor;
use clock::Clock;
use config::Config;
use node::Node;
use session::Hub;
use std::future::Future;
use std::io;
use std::sync::{Arc, Weak};
use store::{MemoryStore, Store};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vitals::metrics::Load;
use vitals::{Vitals, Watched};

/// Everything a server has.
pub struct App {
    /// What the operator configured.
    pub config: Arc<Config>,
    /// The Bayeux sessions.
    pub hub: Hub,
    /// The chats and the desk.
    pub floor: Floor,
    /// How the server is.
    pub vitals: Arc<Vitals>,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    /// What a stop waits for.
    pub tasks: TaskTracker,
}

impl App {
    /// A server on a store, to be made within a runtime. What is in the store already is taken up by [`Floor::take_up`].
    #[must_use]
    pub fn new(config: Config, clock: Clock, store: Arc<dyn Store>) -> Arc<Self> {
        Self::with(config, clock, store, None)
    }

    /// One of many servers on a store. It is there for the others once [`App::stand`] has said so for the first time.
    #[must_use]
    pub fn one_of_many(config: Config, clock: Clock, store: Arc<dyn Store>, node: Node) -> Arc<Self> {
        Self::with(config, clock, store, Some(Arc::new(node)))
    }

    fn with(config: Config, clock: Clock, store: Arc<dyn Store>, node: Option<Arc<Node>>) -> Arc<Self> {
        let config = Arc::new(config);
        let vitals = Arc::new(Vitals::new(config.overload.clone()));
        let store = Arc::new(Watched::new(store, Arc::clone(&vitals)));
        let (kicks, kicked) = unbounded_channel();
        let app = Arc::new(Self {
            hub: Hub::new(Arc::clone(&config), node.as_ref().map(|node| &node.id), Arc::clone(&vitals)),
            floor: Floor::new(Arc::clone(&config), clock, store, kicks, node.clone(), Arc::clone(&vitals)),
            vitals,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
        });
        if app.config.channels.iter().any(|channel| !channel.webhooks.is_empty()) {
            tokio::spawn(webhook::run(Arc::downgrade(&app), Arc::clone(&app.floor.told)));
        }
        tokio::spawn(call_bots(Arc::downgrade(&app), kicked));
        if let Some(node) = node {
            node::run(&app, &node);
        }
        app
    }

    /// A server that keeps everything in memory.
    #[must_use]
    pub fn in_memory(config: Config) -> Arc<Self> {
        Self::new(config, Clock::steady(), Arc::new(MemoryStore::default()))
    }

    /// How much there is at the moment.
    #[must_use]
    pub fn load(&self) -> Load {
        let (queue, agents) = self.floor.desk.load();
        Load {
            sessions: self.hub.len(),
            held: self.floor.len(),
            open: self.floor.open(),
            seats: self.hub.seats(),
            queue,
            agents,
            waiting: self.vitals.waiting(),
        }
    }

    /// Ends what has had its time.
    pub async fn sweep(&self) {
        for session in self.hub.close_expired() {
            self.floor.session_gone(&session).await;
        }
        self.floor.sweep().await;
    }
}

/// Has bots called, each chat's in a task of its own, until the server is gone.
async fn call_bots(app: Weak<App>, mut kicked: UnboundedReceiver<String>) {
    while let Some(id) = kicked.recv().await {
        let Some(app) = app.upgrade() else { return };
        let tasks = app.tasks.clone();
        tasks.spawn(async move { app.floor.run_bot(&id).await });
    }
}

/// The router of a server, without static files.
pub fn app(state: Arc<App>) -> Router {
    http::router(state, None)
}

/// Serves plain HTTP on a listener until `shutdown` completes.
///
/// # Errors
/// See [`serve::run`].
pub async fn run(listener: TcpListener, state: Arc<App>, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve::run(listener, None, Arc::clone(&state), app(state), shutdown).await
}
