//! Waits between tries: jitter, a growing ceiling, the server's own wishes, and a count that a short success does not
//! reset.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::time::{Dice, Now};
use causerie::transport::{Backoff, Mode};
use harness::{EPOCH, Flavour, Http, Options, Pair};

fn at(mono: u64) -> Now {
    Now { mono, wall: EPOCH + mono }
}

#[test]
fn waits_are_spread_under_a_ceiling_that_doubles() {
    let ceilings = [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000];
    let mut most = [0; 8];
    let mut least = [u64::MAX; 8];
    for seed in 0..500 {
        let (mut backoff, mut dice) = (Backoff::default(), Dice::new(seed * 7_919 + 1));
        for place in 0..8 {
            let wait = backoff.lost(at(0), &mut dice, 0);
            most[place] = most[place].max(wait);
            least[place] = least[place].min(wait);
        }
    }
    for (place, ceiling) in ceilings.into_iter().enumerate() {
        assert!(most[place] <= ceiling && most[place] > ceiling * 9 / 10, "{most:?}");
        assert!(least[place] < ceiling / 10, "full jitter: {least:?}");
    }
}

#[test]
fn the_servers_wish_is_a_lower_bound() {
    let (mut backoff, mut dice) = (Backoff::default(), Dice::new(3));
    assert_eq!(backoff.lost(at(0), &mut dice, 30_000), 30_000);
}

#[test]
fn only_a_link_that_has_held_a_while_begins_the_count_anew() {
    let longest = |uptime: u64| {
        (0..200)
            .map(|seed| {
                let (mut backoff, mut dice) = (Backoff::default(), Dice::new(seed * 104_729 + 1));
                for _ in 0..6 {
                    backoff.lost(at(0), &mut dice, 0);
                }
                backoff.up(at(1_000));
                backoff.lost(at(1_000 + uptime), &mut dice, 0)
            })
            .max()
            .unwrap()
    };
    assert!(longest(4_999) > 5_000);
    assert!(longest(5_000) <= 500);
}

#[test]
fn a_server_that_is_down_is_not_hammered() {
    for options in Options::all() {
        let mut pair = Pair::chatting(Options { max_offline: 600_000, ..options });
        let mut tries = 0;
        pair.world.stop(0);
        for _ in 0..6_000 {
            let before = pair.steps;
            pair.run_for(100);
            tries += pair.steps - before;
        }
        assert!(tries < 600, "{tries} inputs in ten minutes");
    }
}

#[test]
fn a_server_that_flaps_is_not_hammered() {
    let mut pair = Pair::chatting(Options { max_offline: 600_000, ..Options::of(Flavour::Ours, Mode::WebSocket) });
    for _ in 0..600 {
        pair.run_for(100);
        pair.cut();
    }
    let handshakes = pair.world.hosts[0].log.len();
    assert!(handshakes < 100, "{handshakes} envelopes in a minute");
}

#[test]
fn retry_after_is_respected_by_reconnects() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    pair.host().http = Http::Status(503, Some(20));
    pair.cut();
    pair.run_for(1_000);
    let before = pair.envelopes().len();
    pair.run_for(19_000);
    assert_eq!(pair.envelopes().len(), before);
    pair.run_for(2_000);
    assert!(pair.envelopes().len() > before);
}

#[test]
fn the_same_seed_does_the_same() {
    let run = |seed| {
        let mut pair = Pair::chatting(Options { seed, ..Options::default() });
        pair.world.stop(0);
        pair.run_for(20_000);
        pair.host().go();
        pair.run_for(30_000);
        (format!("{:?}", pair.page.seen), pair.world.hosts[0].log.len(), pair.steps)
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11).0, run(12).0);
}
