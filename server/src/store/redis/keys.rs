//! The names of keys. Chats are in 16 shards by the first digit of their ids, as session data is by the visitors' ids: all keys of
//! a shard have its digit as hash tag, so that one script may change them together, in a cluster too.

/// The shards.
pub(super) const SHARDS: u8 = 16;

/// A shard, below [`SHARDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shard(u8);

impl Shard {
    /// The shard of a chat, or of a visitor's session data.
    pub(super) fn of(id: &str) -> Self {
        let first = id.bytes().next().unwrap_or_default();
        Self(char::from(first).to_digit(16).map_or(first % SHARDS, |digit| u8::try_from(digit).unwrap_or_default()))
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }

    /// The shard of something with this number.
    pub(super) fn of_number(number: u64) -> Self {
        Self(u8::try_from(number % u64::from(SHARDS)).unwrap_or_default())
    }

    pub(super) fn number(self) -> u64 {
        self.0.into()
    }
}

/// Makes names.
#[derive(Debug, Clone)]
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn new(prefix: String) -> Self {
        Self(prefix)
    }

    /// What all names in a shard begin with.
    pub(super) fn base(&self, shard: Shard) -> String {
        format!("{}{{{:x}}}:", self.0, shard.0)
    }

    /// A key of a shard.
    pub(super) fn shared(&self, shard: Shard, name: &str) -> String {
        format!("{}{name}", self.base(shard))
    }

    /// A key of a chat, or of a visitor's session data.
    pub(super) fn of(&self, kind: &str, id: &str) -> String {
        format!("{}{kind}:{id}", self.base(Shard::of(id)))
    }

    /// A key outside of the shards.
    pub(super) fn global(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}
