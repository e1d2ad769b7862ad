//! Nodes: many servers on one store, each of which serves every session.
//!
//! `memory` joins servers of one process, for tests; `redis` joins servers anywhere. `hearing` is what a node does with what it
//! hears, `duty` what it does every few seconds, `relay` how a request finds the node that holds its Bayeux session. What becomes of a chat
//! here when it changed elsewhere is in `chat::shared`. A server without a bus has none of this and pays for none of it.
//!
//! # What holds, and what keeps it
//! - *A chat changes one step at a time, whoever changes it*: the store takes a commit only of the next version
//!   ([`crate::store::StoreError::Conflict`]). Nothing here is a lock between nodes.
//! - *A connection sees each entry once and in order*: what is pushed from a chat to its connections here is pushed under the
//!   chat's lock here, and only what lies between the place that this node has shown (`Live::chat.next_index`) and the place
//!   of the record that it catches up with. Catching up twice does nothing; catching up late shows the same entries.
//! - *Every change is seen everywhere in the end*: words on the bus say at once that there is something (best effort); every few
//!   seconds the versions of all chats that are held are compared with the store, and at once when words may have been lost:
//!   after this node was cut off, and when another node is gone, which may have died between its commit and its word.
//! - *An answer is of the newest state*: every operation compares the version of its chat first.
//! - *Each chat is looked after by somebody*: by the nodes that hold a connection of its visitor, which say so to the store every few
//!   seconds; else it is lent to the store until the time when something is due, and exactly one node gets it then.
//!   Who is about to end a chat for absence or silence asks the store first what other nodes have seen.
//! - *What a bot is called for happens once*: calls are in the chat's record, and done in one commit. A call that nobody
//!   seems to be running is run again by a node that looks after the chat; of two that run it, one is refused as a conflict.
//! - *Who is there*: every node says every few seconds which agents it has; a node that is silent for [`SILENCE`] is gone,
//!   and its agents are away from then on.

pub(crate) mod duty;
pub(crate) mod hearing;
pub mod memory;
pub mod redis;
pub(crate) mod relay;

use crate::App;
use crate::chat::model::Entry;
use crate::json::write;
use crate::lock::locked;
use crate::secret::{NoRandomness, random_hex};
use crate::store::{StoreError, Stored};
use hearing::Inbox;
use relay::Relay;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// How often a node says that it is there.
pub const BEAT: Duration = Duration::from_secs(3);
/// For how long that holds where all nodes can see it.
pub const LIFE: Duration = Duration::from_secs(9);
/// After so much silence a node is gone: that long holds what it said, and that long again until others look.
pub const SILENCE: Duration = Duration::from_secs(15);

/// Bytes of a node's name.
const BYTES: usize = 4;
/// Bytes of what follows it in the id of a Bayeux session.
const REST: usize = 20;

/// The name of a node: new each time that it starts. The ids of its Bayeux sessions begin with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(String);

impl NodeId {
    /// A new name.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub fn random() -> Result<Self, NoRandomness> {
        random_hex(BYTES).map(Self)
    }

    /// The node that opened the Bayeux session of this id; none if the id does not say.
    #[must_use]
    pub fn of_client(client: &str) -> Option<Self> {
        let fits = client.len() == (BYTES + REST) * 2 && client.bytes().all(|byte| byte.is_ascii_hexdigit());
        client.get(..BYTES * 2).filter(|_| fits).map(|id| Self(id.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub node: NodeId,
    /// Where other nodes reach it: the start of a URL.
    pub address: String,
    /// The agents that have a page open there.
    pub agents: BTreeSet<String>,
}

/// What nodes tell each other. Nothing may depend on its arrival.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Word {
    /// A chat was changed.
    Changed {
        /// Which.
        chat: String,
        /// What its version is now.
        version: u64,
        /// Whether it waits for people.
        waits: bool,
        /// The agents in it.
        agents: Vec<String>,
    },
    /// Something in a chat that passes by.
    Passing {
        /// In which.
        chat: String,
        /// What.
        entry: Entry,
    },
    /// The session data of a chat's visitor were changed.
    Data {
        /// The chat.
        chat: String,
        /// Their version now.
        version: u64,
    },
    /// A node is there, or has other agents now.
    Here(Standing),
    /// The node that says so stops.
    Gone,
}

impl Word {
    /// The chat that it is about.
    pub(crate) fn chat(&self) -> Option<&str> {
        match self {
            Self::Changed { chat, .. } | Self::Passing { chat, .. } | Self::Data { chat, .. } => Some(chat),
            Self::Here(_) | Self::Gone => None,
        }
    }
}

/// What comes from a bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// What a node said.
    Said(String),
    /// There was a time when words may have been lost: it is over.
    Resumed,
}

/// What joins nodes. Everything but [`Bus::say`] answers as the store does.
pub trait Bus: Send + Sync + 'static {
    /// Says something to all nodes, this one too; best effort.
    fn say(&self, text: String);
    /// What is said from now on. There is one listener: the first who asks.
    fn listen(&self) -> Option<UnboundedReceiver<Heard>>;
    /// Says that a node is there, for so long, and returns all that are.
    fn announce<'a>(&'a self, standing: &'a Standing, life: Duration) -> Stored<'a, Vec<Standing>>;
    /// A node is not there any more.
    fn leave<'a>(&'a self, node: &'a NodeId) -> Stored<'a, ()>;
    /// What only nodes know: with it they know each other's requests.
    fn secret(&self) -> Stored<'_, String>;
}

/// Another node.
#[derive(Debug)]
struct Peer {
    standing: Standing,
    /// When it was last heard of.
    heard: Instant,
}

/// This server as one of many.
pub struct Node {
    /// Its name.
    pub id: NodeId,
    address: String,
    pub(crate) bus: Arc<dyn Bus>,
    peers: Mutex<HashMap<NodeId, Peer>>,
    /// Whether the last announcement failed: then nobody's silence means anything.
    cut_off: Mutex<bool>,
    /// Something about this node is to be told at once.
    pub(crate) news: Notify,
    /// A round is due at once: words may have been lost.
    pub(crate) doubt: Notify,
    pub(crate) inbox: Inbox,
    relay: Relay,
    /// A node is gone: what it has passed on is to be answered.
    pub(crate) parted: Notify,
}

impl Node {
    /// A node that others reach at this address.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub fn new(bus: Arc<dyn Bus>, address: &str) -> Result<Self, NoRandomness> {
        Ok(Self {
            id: NodeId::random()?,
            address: address.trim_end_matches('/').to_owned(),
            bus,
            peers: Mutex::default(),
            cut_off: Mutex::default(),
            news: Notify::new(),
            doubt: Notify::new(),
            inbox: Inbox::default(),
            relay: Relay::default(),
            parted: Notify::new(),
        })
    }

    /// Says something to the others.
    pub(crate) fn say(&self, word: &Word) {
        self.bus.say(write(&(&self.id, word)));
    }

    /// What was said, and by whom; nothing of what this node itself said.
    pub(crate) fn understand(&self, text: &str) -> Option<(NodeId, Word)> {
        match serde_json::from_str::<(NodeId, Word)>(text) {
            Ok((from, word)) => (from != self.id).then_some((from, word)),
            Err(_) => {
                // A node of another release: what it meant is found out by comparing.
                tracing::debug!("a word of another node is not understood");
                None
            }
        }
    }

    /// What this node says of itself.
    pub(crate) fn standing(&self, agents: BTreeSet<String>) -> Standing {
        Standing { node: self.id.clone(), address: self.address.clone(), agents }
    }

    /// Another node says that it is there.
    pub(crate) fn meet(&self, standing: Standing) {
        if standing.node != self.id {
            locked(&self.peers).insert(standing.node.clone(), Peer { standing, heard: Instant::now() });
        }
    }

    /// Announces this node; returns whether another one is gone since.
    ///
    /// # Errors
    /// When the bus cannot do it. Then those who were there count as there.
    pub(crate) async fn announce(&self, standing: &Standing) -> Result<bool, StoreError> {
        let there = match self.bus.announce(standing, LIFE).await {
            Ok(there) => there,
            Err(error) => {
                *locked(&self.cut_off) = true;
                return Err(error);
            }
        };
        let was_cut_off = std::mem::take(&mut *locked(&self.cut_off));
        if was_cut_off {
            // Nobody could be heard: everybody is given the time to speak again.
            for peer in locked(&self.peers).values_mut() {
                peer.heard = Instant::now();
            }
        }
        for standing in there {
            self.meet(standing);
        }
        let mut peers = locked(&self.peers);
        let before = peers.len();
        // What was announced held for its life: who is not shown has been silent for that long already.
        peers.retain(|_, peer| peer.heard.elapsed() < SILENCE.saturating_sub(LIFE));
        Ok(peers.len() < before)
    }

    /// Another node is gone.
    pub(crate) fn gone(&self, node: &NodeId) {
        locked(&self.peers).remove(node);
        self.parted.notify_waiters();
    }

    /// The agents on other nodes.
    pub(crate) fn agents(&self) -> BTreeSet<String> {
        locked(&self.peers).values().flat_map(|peer| peer.standing.agents.iter().cloned()).collect()
    }

    /// Where a node is reached, if it is another one and there.
    #[must_use]
    pub fn address_of(&self, node: &NodeId) -> Option<String> {
        locked(&self.peers).get(node).map(|peer| peer.standing.address.clone())
    }

    /// How many other nodes are there.
    #[must_use]
    pub fn peers(&self) -> usize {
        locked(&self.peers).len()
    }
}

/// Starts what a node does beside serving.
pub(crate) fn run(app: &Arc<App>, node: &Arc<Node>) {
    let (weak, stop) = (Arc::downgrade(app), app.stop.clone());
    if let Some(heard) = node.bus.listen() {
        tokio::spawn(hearing::listen(weak.clone(), heard));
    }
    tokio::spawn(duty::stand(weak.clone(), Arc::clone(node), stop.clone()));
    tokio::spawn(duty::rounds(weak, Arc::clone(node), stop, app.period()));
}
