//! What a seed chooses before the story begins: server, wire, page, and how honest they are.

use causerie::transport::Mode;
use serde_json::json;

use super::harness::bayeux::Bayeux;
use super::harness::{Flavour, Limit, Options, Pair, Seeded};

/// The setting of one run.
#[derive(Debug)]
pub struct Setting {
    pub options: Options,
    /// The session may be away for so long that only the server ends it.
    pub patient: bool,
    /// The servers do not share their chats.
    pub apart: bool,
    /// Later pages have kept the transcript.
    pub keeps: bool,
    /// The servers offer the acknowledgement extension. Not those without ids: what is sent again can be taken for the answer to
    /// a question, and nobody can know better.
    pub acks: bool,
    pub rounds: u64,
}

impl Setting {
    pub fn roll(seed: u64, dice: &mut Seeded) -> Self {
        let flavour = if dice.chance(60) { Flavour::Ours } else { Flavour::Plain };
        let mode = match dice.between(0, 99) {
            0..=29 => Mode::Auto,
            30..=54 => Mode::WebSocket,
            55..=84 => Mode::LongPolling,
            _ => Mode::Rest,
        };
        let patient = dice.chance(75);
        let mut options = Options { seed, ..Options::of(flavour, mode) };
        options.max_offline = if patient { 7 * 24 * 3_600_000 } else { dice.between(20_000, 90_000) };
        options.outbox_room = match dice.between(0, 19) {
            0 => 0,
            1 => 350,
            _ => 100_000,
        };
        let several = dice.chance(40);
        if several {
            options = options.with_two_servers();
        }
        let apart = several && dice.chance(40);
        Self {
            options,
            patient,
            apart,
            keeps: dice.chance(20),
            acks: flavour == Flavour::Ours && dice.chance(40),
            rounds: dice.between(10, 50),
        }
    }

    /// Makes the world as the seed wants it.
    pub fn furnish(&self, pair: &mut Pair, dice: &mut Seeded) {
        if self.apart {
            pair.world.set_apart(1);
        }
        pair.world.chats.tells_status = dice.chance(50);
        if self.options.flavour == Flavour::Plain {
            pair.world.chats.renews_keys = dice.chance(50);
            pair.world.chats.echoes_typing = dice.chance(50);
            pair.world.chats.is_mute = dice.chance(10);
        }
        if self.options.flavour == Flavour::Ours && dice.chance(30) {
            let (burst, rate) = (dice.between(1, 6) as u32, dice.between(1, 5) as u32);
            pair.world.chats.limit = Some(Limit::new(burst, rate));
        }
        let late = if dice.chance(20) { dice.between(1, 250) } else { 0 };
        for host in &mut pair.world.hosts {
            honest(&mut host.bayeux, dice);
            host.bayeux.answers_late = late;
            host.bayeux.acks = self.acks;
        }
        let from = dice.between(1, 100);
        pair.world.net.latency = (from, from + dice.between(0, 100));
    }
}

/// A server whose advice is true, more or less.
fn honest(bayeux: &mut Bayeux, dice: &mut Seeded) {
    let timeout = [30_000, 30_000, 45_000, 60_000, 10_000, 1_500][dice.between(0, 5) as usize];
    let interval = if dice.chance(15) { dice.between(1, 3_000) } else { 0 };
    bayeux.advice = json!({ "reconnect": "retry", "interval": interval, "timeout": timeout });
    bayeux.hold = timeout;
    bayeux.honours_timeout = dice.chance(70);
    bayeux.handshake_per_socket = dice.chance(20);
    bayeux.unknown = ["402::session_unknown", "402::Unknown client", "401:{}:Unknown client", "403::Unknown client"]
        [dice.between(0, 3) as usize];
    if dice.chance(20) {
        bayeux.unknown_advice = serde_json::Value::Null;
    }
}

/// A server whose advice is a lie, so far as one can live with it.
pub fn lie(bayeux: &mut Bayeux, dice: &mut Seeded) {
    let lies = [json!(-1), json!("soon"), json!(1e300), json!(null), json!(0), json!(500), json!(3_600_000)];
    let lie = |dice: &mut Seeded| lies[dice.between(0, lies.len() as u64 - 1) as usize].clone();
    let reconnect = ["retry", "handshake", "maybe"][dice.between(0, 2) as usize];
    bayeux.advice = json!({ "reconnect": reconnect, "interval": dice.between(0, 2_000), "timeout": lie(dice), "maxInterval": lie(dice) });
    bayeux.hold = [0, 200, 2_000, 20_000, 120_000][dice.between(0, 4) as usize];
    bayeux.max_interval = [500, 5_000, 60_000][dice.between(0, 2) as usize];
}

/// The server is honest again.
pub fn mend(bayeux: &mut Bayeux) {
    bayeux.advice = json!({ "reconnect": "retry", "interval": 0, "timeout": 30_000 });
    bayeux.hold = 30_000;
    bayeux.max_interval = 10_000;
}
