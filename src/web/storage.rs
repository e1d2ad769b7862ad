//! The state for a restore on its way to and from the shim, which keeps it (`lib/storage.js`).

use serde::Serialize;
use wasm_bindgen::JsValue;

use super::json::JsJson;
use super::page::Page;
use crate::json::Json;
use crate::session::Snapshot;
use crate::text;
use crate::transport::OWN_SERVER;

/// Which session is to be restored.
pub struct Wanted {
    /// One of these servers'; any server's when there is none.
    pub servers: Vec<String>,
    /// This service's, if one is named.
    pub service: Option<String>,
}

impl Wanted {
    /// Whether a state is of that session.
    fn is(&self, snapshot: &Snapshot<JsJson>) -> bool {
        let server = match self.servers.as_slice() {
            [] => snapshot.server != OWN_SERVER,
            servers => servers.contains(&snapshot.server),
        };
        server && self.service.as_ref().is_none_or(|service| *service == snapshot.service)
    }

    /// The newest of the states in an array that is wanted.
    pub fn newest(&self, states: &JsValue) -> Option<Snapshot<JsJson>> {
        let states = JsJson::from(states.clone());
        let mut newest: Option<Snapshot<JsJson>> = None;
        for place in 0..states.len().unwrap_or(0) {
            let newer = |found: &Snapshot<JsJson>| newest.as_ref().is_none_or(|newest| newest.seen <= found.seen);
            if let Some(found) = Snapshot::read(&states.at(place)).filter(|found| self.is(found) && newer(found)) {
                newest = Some(found);
            }
        }
        newest
    }
}

impl Page {
    /// All states that are stored: an array, or the promise of one; `None` when they can not be read.
    pub fn read_states(&self) -> Option<JsValue> {
        self.store("read", "", &JsValue::UNDEFINED).ok()
    }

    /// Stores a state.
    pub fn write_state(&self, snapshot: &Snapshot<JsJson>) -> Result<(), JsValue> {
        self.store("write", &key(snapshot), &state_of(snapshot)).map(drop)
    }

    /// Deletes a state, unless another session's has taken its place. What can not be deleted is refused at the next restore.
    pub fn clear_state(&self, snapshot: &Snapshot<JsJson>) {
        let _ = self.store("clear", &key(snapshot), &state_of(snapshot));
    }

    /// Of a state that all tabs store in one place, what is not settled is taken only if it is this tab's, or if no
    /// other tab is in the session that could send it.
    pub fn own_outbox(&self, snapshot: &mut Snapshot<JsJson>, alone: bool) {
        let mine = self.store("own", &key(snapshot), &JsValue::UNDEFINED).unwrap_or_default();
        if mine.is_undefined() {
            return;
        }
        let mine = Snapshot::read(&JsJson::from(mine));
        match mine.filter(|mine| mine.keys.chat_id == snapshot.keys.chat_id) {
            Some(mine) => {
                snapshot.searched = mine.searched;
                snapshot.outbox = mine.outbox;
            }
            None if !alone => snapshot.outbox = JsJson::array(),
            None => {}
        }
    }
}

/// A state as a JavaScript object.
pub fn state_of(snapshot: &Snapshot<JsJson>) -> JsValue {
    snapshot.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap_or_default()
}

fn key(snapshot: &Snapshot<JsJson>) -> String {
    text::join(&[&snapshot.service, "|", &snapshot.server])
}
