//! What a later page needs to take up the session: ids, keys and the position, never a message's text.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::chat::Keys;
use crate::json::{Json, Name};

/// The state for a restore. Written as it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version of this shape: [`Snapshot::VERSION`].
    pub version: u32,
    /// The base URL that the session belongs to.
    pub server: String,
    /// The service that it belongs to.
    pub service: String,
    /// The keys.
    pub keys: Keys,
    /// How many entries of the transcript the page has been told of.
    pub position: u32,
    /// When the page was last alive, in milliseconds since the epoch.
    pub seen: u64,
    /// Whether the WebSocket was found not to be answered.
    pub polling: bool,
}

impl Snapshot {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 1;

    /// Reads a stored state; `None` when it is none, or one of another version.
    pub fn read<J: Json>(state: &J) -> Option<Self> {
        let version = state.count_of(Name::Version).filter(|version| *version == Self::VERSION)?;
        let keys = state.get(Name::Keys);
        Some(Self {
            version,
            server: state.string_of(Name::Server)?,
            service: state.string_of(Name::Service)?,
            keys: Keys {
                chat_id: keys.string_of(Name::ChatId)?,
                secure_key: keys.string_of(Name::SecureKey)?,
                alias: keys.string_of(Name::Alias),
                user_id: keys.string_of(Name::UserId),
            },
            position: state.count_of(Name::Position)?,
            seen: state.get(Name::Seen).number().filter(|seen| *seen >= 0.0)? as u64,
            polling: state.get(Name::Polling).bool().unwrap_or(false),
        })
    }
}

/// As a map, not as a struct: for the member names of structs serde-wasm-bindgen keeps a table, which is 1 kB of code.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut state = serializer.serialize_map(None)?;
        state.serialize_entry("version", &self.version)?;
        state.serialize_entry("server", &self.server)?;
        state.serialize_entry("service", &self.service)?;
        state.serialize_entry("keys", &self.keys)?;
        state.serialize_entry("position", &self.position)?;
        state.serialize_entry("seen", &(self.seen as f64))?;
        state.serialize_entry("polling", &self.polling)?;
        state.end()
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_map(None)?;
        keys.serialize_entry("chatId", &self.chat_id)?;
        keys.serialize_entry("secureKey", &self.secure_key)?;
        keys.serialize_entry("alias", &self.alias)?;
        keys.serialize_entry("userId", &self.user_id)?;
        keys.end()
    }
}
