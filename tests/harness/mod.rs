//! The harness of the native tests: a session and a page on one side, chat servers on the other, a network between
//! them, all in virtual time. Nothing here sleeps, and nothing here is random but what a seed says.
//!
//! [`Pair`] is the whole of it; what it can do in a test is in `acts`. `page` is what a page does and notes, with the rules that hold for every page; `net` is
//! the network and its faults; `bayeux` and `chat` are the server, written from the manual's page on the wire and knowing
//! nothing of the SDK but [`causerie::session`]'s vocabulary; `host` puts them together behind an address.
//!
//! Every loop is bounded: a livelock is a failure.
#![allow(dead_code)] // Each test file uses its own part of the harness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod acts;
mod batches;
pub mod bayeux;
pub mod chat;
pub mod host;
pub mod net;
mod notices;
pub mod page;
mod pair;
pub mod privacy;
pub mod tabs;
pub mod world;

#[allow(unused_imports)]
pub use self::{
    chat::{Flavour, Limit},
    host::{Action, Http, Socket},
    page::{Kind, Seen, Storage},
    pair::{Options, Pair},
};

/// Milliseconds since the epoch at the beginning of virtual time.
pub const EPOCH: u64 = 1_800_000_000_000;

/// Numbers that only depend on a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `from..=to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.roll() % (to - from + 1)
    }

    /// Whether something happens that happens `percent` times of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }
}
