//! What a later page needs to take up the session: ids, keys, the position, and the messages that are not settled. The
//! text of a message is there only as long as nobody else has it.

use serde::ser::{Serialize, Serializer};

use crate::chat::Keys;
use crate::json::{Json, Name};

/// How long a page may be away that has not said so, in milliseconds.
pub const MAX_OFFLINE: u64 = 60_000;

/// The state for a restore. Written as it changes.
#[derive(Clone, Debug)]
pub struct Snapshot<J: Json> {
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
    /// How long the page may be away, in milliseconds.
    pub max_offline: u64,
    /// How the server was to be reached: the place of the `Mode` among all, which never changes.
    pub transport: u32,
    /// Whether the WebSocket was found not to be answered.
    pub polling: bool,
    /// Whether the visitor has left, and the server may not know it yet.
    pub left: bool,
    /// Up to this position the transcript was searched for what is in the outbox.
    pub searched: u32,
    /// The messages that are not settled, oldest first. They are for the next page of the same tab: whoever takes up a
    /// session that another tab is still in leaves them to it.
    /// Each is `{ id, text, url, tries }`: the client's id, the text, whether it is the address of a page, how often it was sent.
    pub outbox: J,
}

impl<J: Json> Snapshot<J> {
    /// The version that this code writes. It also reads version 1, which had no outbox.
    pub const VERSION: u32 = 2;

    /// Reads a stored state; `None` when it is none, or one of another version.
    pub fn read(state: &J) -> Option<Self> {
        state.count_of(Name::Version).filter(|version| (1..=Self::VERSION).contains(version))?;
        let keys = state.get(Name::Keys);
        // Looked at before anything is taken.
        for word in
            [state.get(Name::Server), state.get(Name::Service), keys.get(Name::ChatId), keys.get(Name::SecureKey)]
        {
            word.text()?;
        }
        let seen = state.number_of(Name::Seen).filter(|seen| *seen >= 0.0)? as u64;
        // No entry has an index from there on.
        let text = |of: &J, name| of.string_of(name).unwrap_or_default();
        let position = state.count_of(Name::Position).filter(|position| *position < 1 << 31)?;
        Some(Self {
            version: Self::VERSION,
            server: text(state, Name::Server),
            service: text(state, Name::Service),
            keys: Keys {
                chat_id: text(&keys, Name::ChatId),
                secure_key: text(&keys, Name::SecureKey),
                alias: text(&keys, Name::Alias),
                user_id: text(&keys, Name::UserId),
            },
            position,
            seen,
            max_offline: state
                .number_of(Name::Timeout)
                .filter(|time| *time >= 0.0)
                .map_or(MAX_OFFLINE, |time| time as u64),
            // By the page's own is restored only who passes one.
            transport: state.count_of(Name::Transport).filter(|place| matches!(place, 1 | 2 | 4)).unwrap_or(0),
            polling: state.get(Name::Polling).bool().unwrap_or(false),
            left: state.get(Name::Left).bool().unwrap_or(false),
            searched: state.count_of(Name::Searched).unwrap_or(position),
            outbox: state.get(Name::Outbox),
        })
    }
}

impl<J: Json> Snapshot<J> {
    /// Whether both are the same but for the outbox.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.server == other.server
            && self.service == other.service
            && self.keys == other.keys
            && (self.position, self.seen, self.polling, self.left, self.searched)
                == (other.position, other.seen, other.polling, other.left, other.searched)
    }
}

impl<J: Json> Snapshot<J> {
    /// As it is stored.
    fn json(&self) -> J {
        let mut state = J::object();
        state.put_number(Name::Version, self.version.into());
        state.put_str(Name::Server, &self.server);
        state.put_str(Name::Service, &self.service);
        state.put(Name::Keys, self.keys.json());
        state.put_number(Name::Position, self.position.into());
        state.put_number(Name::Seen, self.seen as f64);
        state.put_number(Name::Timeout, self.max_offline as f64);
        state.put_number(Name::Transport, self.transport.into());
        state.put(Name::Polling, J::of_bool(self.polling));
        state.put(Name::Left, J::of_bool(self.left));
        state.put_number(Name::Searched, self.searched.into());
        state.put(Name::Outbox, self.outbox.clone());
        state
    }
}

/// As the value that it is stored as: a serializer of structs, or of maps, is 500 bytes of the package and more.
impl<J: Json + Serialize> Serialize for Snapshot<J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}
