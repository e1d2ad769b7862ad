//! The chats that a server holds, and how they are found: by their ids, and by the handles of their keys.

use super::Live;
use super::model::Chat;
use crate::limits::{Bucket, PerAddress};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The table of the chats.
#[derive(Default)]
pub(super) struct Lives {
    /// By id.
    pub(super) chats: HashMap<String, Arc<Mutex<Live>>>,
    /// Their ids by the handles of their keys: a key that is shown need not be looked for in the store.
    handles: HashMap<String, String>,
    pub(super) addresses: PerAddress,
    pub(super) open: usize,
    /// Starts of chats by REST.
    pub(super) starts: HashMap<IpAddr, Bucket>,
}

impl Lives {
    /// Holds a chat from now on.
    pub(super) fn hold(&mut self, live: Live) -> Arc<Mutex<Live>> {
        let (id, handle) = (live.chat.id.clone(), live.chat.key.handle().to_owned());
        let live = Arc::new(Mutex::new(live));
        self.handles.insert(handle, id.clone());
        self.chats.insert(id, Arc::clone(&live));
        live
    }

    /// Holds a chat no longer.
    pub(super) fn remove(&mut self, chat: &Chat) {
        self.chats.remove(&chat.id);
        self.handles.remove(chat.key.handle());
    }

    /// The id of the chat whose key has this handle, if it is held. It proves nothing.
    pub(super) fn with_handle(&self, handle: &str) -> Option<String> {
        self.handles.get(handle).cloned()
    }

    /// A place is taken by a chat from this address.
    pub(super) fn join(&mut self, address: IpAddr) {
        self.open += 1;
        self.addresses.add(address);
    }

    /// A chat's place is free again.
    pub(super) fn leave(&mut self, address: IpAddr) {
        self.open = self.open.saturating_sub(1);
        self.addresses.remove(address);
    }
}
