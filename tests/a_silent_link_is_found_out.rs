//! A link on which nothing arrives is found out within 30 seconds, and a link that is merely quiet is left alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::Input;
use causerie::transport::Mode;
use harness::{Flavour, Kind, Options, Pair};
use serde_json::json;

/// The bound of the manual, and what the network takes.
const BOUND: u64 = 30_000 + 100;

/// A chat whose server holds connects for a minute, and shorter when asked to or not.
fn chat_on_a_slow_server(options: Options, honours_timeout: bool) -> Pair {
    let mut pair = Pair::new(options);
    pair.host().bayeux.advice = json!({ "reconnect": "retry", "interval": 0, "timeout": 60_000 });
    pair.host().bayeux.hold = 60_000;
    pair.host().bayeux.honours_timeout = honours_timeout;
    pair.start();
    pair.run_for(1_000);
    pair.agent_joins("Jane");
    pair.run_for(200);
    pair
}

#[test]
fn an_idle_link_that_brings_nothing_is_interrupted_in_time() {
    for options in Options::all() {
        for honours_timeout in [true, false] {
            let mut pair = chat_on_a_slow_server(options.clone(), honours_timeout);
            pair.run_for(100_000);
            assert_eq!(pair.page.count(Kind::Interrupted), 0);
            pair.world.net.mute_down = true;
            pair.wait(BOUND, "the page is told", |pair| pair.page.is_interrupted());
        }
    }
}

#[test]
fn a_quiet_link_is_left_alone() {
    for options in Options::all() {
        for honours_timeout in [true, false] {
            let mut pair = chat_on_a_slow_server(options.clone(), honours_timeout);
            for n in 0..10 {
                pair.run_for(71_003);
                pair.agent_says(&n.to_string());
            }
            pair.run_for(1_000);
            assert_eq!(pair.page.count(Kind::Interrupted), 0);
            assert_eq!(pair.page.errors(), [] as [u16; 0]);
            pair.assert_complete();
            let handshakes = pair.host().bayeux.handshakes;
            assert_eq!(handshakes, 1);
        }
    }
}

#[test]
fn a_connect_that_is_lost_while_sends_are_answered_loses_nothing() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = Pair::chatting(Options::of(flavour, Mode::LongPolling));
        pair.run_for(5_000);
        // Nothing is under way but the connect that is held: its answer will not come.
        assert_eq!(pair.world.net.requests.len(), 1);
        pair.world.net.requests.clear();
        pair.agent_says("into the void");
        for n in 0..15 {
            let send = pair.send(&n.to_string());
            pair.wait(4_000, "sends are answered", |pair| pair.is_done(send));
        }
        pair.run_for(BOUND);
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
        pair.assert_complete();
    }
}

#[test]
fn a_server_that_holds_longer_than_it_says_is_put_up_with() {
    for options in Options::all() {
        let mut pair = Pair::new(options);
        pair.host().bayeux.advice = json!({ "reconnect": "retry", "interval": 0, "timeout": 1_000 });
        pair.start();
        pair.run_for(1_000);
        for n in 0..20 {
            pair.agent_says(&n.to_string());
            pair.run_for(2_500);
        }
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
        pair.assert_complete();
    }
}

#[test]
fn a_page_that_is_looked_at_again_probes_a_live_link_and_says_nothing() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.run_for(7_000);
        let before = pair.envelopes().len();
        for _ in 0..5 {
            pair.input(Input::Wake);
            pair.run_for(100);
        }
        pair.run_for(10_000);
        let asked: Vec<String> = pair.envelopes()[before..].iter().flatten().cloned().collect();
        let connects = asked.iter().filter(|name| *name == "/meta/connect").count();
        assert_eq!(connects, 4, "a probe, one a second later, and the connect after each: {asked:?}");
        assert!(pair.page.seen.iter().all(|seen| seen.kind == Kind::Joined), "{:?}", pair.page.seen);
    }
}

#[test]
fn a_page_that_is_looked_at_again_finds_out_a_dead_link_soon() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.silence(true);
        pair.input(Input::Wake);
        pair.wait(5_100, "the page is told", |pair| pair.page.is_interrupted());
        pair.world.net.silence(false);
        pair.wait(20_000, "the link is back", |pair| !pair.page.is_interrupted());
    }
}

#[test]
fn a_probe_at_any_moment_loses_nothing() {
    for options in Options::all() {
        for ms in 0..60 {
            let mut pair = Pair::chatting(options.clone());
            pair.run_for(2_000);
            pair.agent_says("one");
            pair.run_for(ms / 2);
            pair.input(Input::Wake);
            pair.run_for(ms);
            pair.agent_says("two");
            pair.run_for(1_500);
            pair.assert_complete();
            assert_eq!(pair.page.count(Kind::Interrupted), 0);
        }
    }
}

#[test]
fn a_page_that_is_looked_at_again_does_not_wait_for_the_next_try() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.stop(0);
        pair.run_for(40_000);
        pair.host().go();
        pair.input(Input::Wake);
        pair.wait(200, "the link is back", |pair| !pair.page.is_interrupted());
        pair.assert_complete();
    }
}

#[test]
fn a_wait_that_the_server_asked_for_is_kept() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    pair.host().http = harness::Http::Status(503, Some(20));
    pair.cut();
    pair.run_for(3_000);
    let before = pair.envelopes().len();
    for _ in 0..10 {
        pair.input(Input::Wake);
        pair.run_for(1_500);
    }
    assert_eq!(pair.envelopes().len(), before, "nothing is asked for");
}
