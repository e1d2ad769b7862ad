//! All Bayeux sessions of a server: how they are opened, found and closed.

use super::{Polls, Session, State};
use crate::config::Config;
use crate::limits::{Bucket, PerAddress};
use crate::lock::locked;
use crate::node::NodeId;
use crate::origin::Caller;
use crate::secret::{NoRandomness, random_hex};
use crate::vitals::metrics::Shed;
use crate::vitals::{Overloaded, Vitals};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Why a handshake is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Too many sessions, of this address or in all.
    #[error("403::too_many_sessions")]
    TooMany,
    /// Too much waits already.
    #[error("503::overloaded")]
    Overloaded(Overloaded),
    /// The system's random source failed.
    #[error("500::no_randomness")]
    NoRandomness(#[from] NoRandomness),
}

/// All Bayeux sessions.
#[derive(Debug)]
pub struct Hub {
    config: Arc<Config>,
    /// What the ids of sessions begin with: the node that has them.
    prefix: String,
    vitals: Arc<Vitals>,
    table: Mutex<Table>,
    /// What browsers have held.
    pub polls: Polls,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<String, Arc<Session>>,
    addresses: PerAddress,
}

impl Hub {
    /// No sessions yet.
    #[must_use]
    pub fn new(config: Arc<Config>, node: Option<&NodeId>, vitals: Arc<Vitals>) -> Self {
        let prefix = node.map_or_else(String::new, |node| node.as_str().to_owned());
        Self { config, prefix, vitals, table: Mutex::default(), polls: Polls::default() }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// When there are too many, or no randomness.
    pub fn open(&self, caller: &Caller, browser: Option<String>, ack: bool) -> Result<Arc<Session>, Refused> {
        self.vitals.admit(Shed::Handshake).map_err(Refused::Overloaded)?;
        let limits = &self.config.limits;
        let address = caller.address;
        let id = format!("{}{}", self.prefix, random_hex(20)?);
        let mut table = locked(&self.table);
        if table.sessions.len() >= limits.max_connections
            || table.addresses.count(address) >= limits.connections_per_address
        {
            return Err(Refused::TooMany);
        }
        let session = Arc::new(Session {
            id: id.clone(),
            browser,
            address,
            language: caller.language.clone(),
            turn: Arc::default(),
            wake: Notify::new(),
            queue_events: limits.queue_events,
            delivered: self.vitals.metrics.delivered(),
            state: Mutex::new(State {
                events: VecDeque::new(),
                answers: Vec::new(),
                ack,
                batch: 0,
                connect: 0,
                link: 0,
                links: 0,
                busy: 0,
                expires: Some(Instant::now() + self.config.bayeux.max_interval()),
                gone: false,
                overrun: false,
                chats: Vec::new(),
                starts: Bucket::new(limits.send_burst, limits.send_rate),
            }),
        });
        table.addresses.add(address);
        table.sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// The session of this id, if it lives.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Session>> {
        locked(&self.table).sessions.get(id).filter(|session| !session.is_gone()).cloned()
    }

    /// Ends a session: its held connect is answered.
    pub fn close(&self, session: &Session) {
        {
            let mut table = locked(&self.table);
            if table.sessions.remove(&session.id).is_some() {
                table.addresses.remove(session.address);
            }
        }
        locked(&session.state).gone = true;
        session.wake.notify_waiters();
    }

    /// Ends the sessions whose time is over, and returns them.
    pub fn close_expired(&self) -> Vec<Arc<Session>> {
        let now = Instant::now();
        let over = |session: &Arc<Session>| {
            let state = locked(&session.state);
            state.gone || state.expires.is_some_and(|expires| expires <= now)
        };
        let expired: Vec<_> = locked(&self.table).sessions.values().filter(|session| over(session)).cloned().collect();
        for session in &expired {
            self.close(session);
        }
        expired
    }

    /// How many connections of visitors to chats there are.
    #[must_use]
    pub fn seats(&self) -> usize {
        locked(&self.table).sessions.values().map(|session| locked(&session.state).chats.len()).sum()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        locked(&self.table).sessions.len()
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
