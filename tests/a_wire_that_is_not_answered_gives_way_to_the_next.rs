//! From WebSocket to long-polling, and from server to server, while a session is launched and later.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::transport::Mode;
use harness::{Flavour, Http, Kind, Options, Pair, Socket};

#[test]
fn a_websocket_that_is_refused_gives_way_to_long_polling_at_once() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = Pair::new(Options::of(flavour, Mode::Auto));
        pair.host().socket = Socket::Refused;
        let launch = pair.start();
        pair.wait(500, "the session starts over long-polling", |pair| pair.is_done(launch));
        assert!(pair.page.errors().is_empty());
        let send = pair.send("hello");
        pair.wait(4_000, "it works", |pair| pair.is_done(send));
    }
}

#[test]
fn a_websocket_that_is_not_answered_gives_way_to_long_polling_within_seconds() {
    for socket in [Socket::NeverOpens, Socket::Silent] {
        let mut pair = Pair::new(Options::default());
        pair.host().socket = socket;
        let launch = pair.start();
        pair.wait(11_000, "the session starts over long-polling", |pair| pair.is_done(launch));
    }
}

#[test]
fn the_next_page_does_not_try_the_websocket_that_is_not_answered() {
    let mut pair = Pair::new(Options::default());
    pair.host().socket = Socket::Silent;
    pair.start();
    pair.run_for(12_000);
    assert!(pair.page.stored.as_ref().unwrap().polling);
    let restore = pair.reload();
    pair.wait(500, "the session is restored over long-polling", |pair| pair.is_done(restore));
}

#[test]
fn long_polling_is_not_used_where_only_websockets_may_be() {
    let mut pair = Pair::new(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.host().socket = Socket::Refused;
    let launch = pair.start();
    pair.wait(10_000, "the launch fails", |pair| pair.code(launch) == Some(100));
    assert!(pair.world.hosts[0].log.is_empty());
}

#[test]
fn a_websocket_that_worked_is_tried_again_before_long_polling() {
    let mut pair = Pair::chatting(Options::default());
    pair.cut();
    pair.wait(2_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
    assert!(pair.world.hosts[0].log.iter().all(|(_, path, _)| path == "ws"));
}

#[test]
fn a_websocket_that_worked_and_is_now_blocked_gives_way_to_long_polling_in_the_end() {
    let mut pair = Pair::chatting(Options::default());
    pair.host().socket = Socket::Refused;
    pair.cut();
    pair.wait(10_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
    pair.agent_says("hello");
    pair.run_for(1_000);
    pair.assert_complete();
    assert!(!pair.page.stored.as_ref().unwrap().polling, "another page may try the WebSocket");
}

#[test]
fn one_server_is_tried_over_both_wires_in_turn_for_as_long_as_it_takes() {
    let mut pair = Pair::chatting(Options::default());
    pair.host().stop();
    pair.cut();
    pair.run_for(30_000);
    // Only WebSockets get through now: a link that stays with long-polling never comes back.
    pair.host().socket = Socket::Well;
    pair.wait(29_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
    pair.agent_says("hello");
    pair.run_for(1_000);
    pair.assert_complete();
    let wires: Vec<bool> = pair.world.hosts[0].log.iter().map(|(_, path, _)| path == "ws").collect();
    assert!(wires.contains(&false), "long-polling was tried");
    assert!(wires.last().unwrap());
}

#[test]
fn the_next_server_is_tried_while_launching() {
    for socket in [Socket::Refused, Socket::Silent] {
        let mut pair = Pair::new(Options::default().with_two_servers());
        pair.host().socket = socket;
        pair.host().http = Http::Down;
        let launch = pair.start();
        pair.wait(12_000, "the session starts on the second server", |pair| pair.is_done(launch));
        assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://two.test");
    }
}

#[test]
fn the_session_goes_on_with_another_server_and_the_page_is_told() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options.with_two_servers());
        let before = pair.send("before");
        pair.run_for(500);
        pair.world.stop(0);
        let during = pair.send("during");
        pair.wait(30_000, "the session goes on", |pair| pair.page.count(Kind::Continued) == 1);
        pair.wait(10_000, "what waited is sent", |pair| pair.is_done(during) && pair.is_done(before));
        pair.agent_says("after");
        pair.run_for(1_000);
        pair.assert_complete();
        let errors = pair.page.errors();
        assert!(errors.contains(&301) && errors.contains(&302), "{errors:?}");
        assert_eq!(errors.iter().filter(|code| **code == 302).count(), 1);
        assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://two.test");
        assert_eq!(pair.world.chats.chats.len(), 1);
    }
}

#[test]
fn another_server_of_another_kind_is_understood_as_well() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode).with_two_servers());
        pair.world.stop(0);
        pair.world.chats.flavour = Flavour::Plain;
        pair.wait(30_000, "the session goes on", |pair| pair.page.count(Kind::Continued) == 1);
        let send = pair.send("hello");
        pair.wait(5_000, "it works", |pair| pair.is_done(send));
    }
}

#[test]
fn a_restore_prefers_the_server_that_the_session_was_on() {
    let mut pair = Pair::chatting(Options::default().with_two_servers());
    pair.world.stop(0);
    pair.wait(30_000, "the session goes on", |pair| pair.page.count(Kind::Continued) == 1);
    pair.host().go();
    let restore = pair.reload();
    pair.wait(1_000, "the session is restored", |pair| pair.is_done(restore));
    assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://two.test");
    assert!(!pair.page.errors().contains(&302));
}

#[test]
fn a_restore_on_another_server_is_told_to_the_page() {
    let mut pair = Pair::chatting(Options::default().with_two_servers());
    pair.unload();
    pair.world.stop(0);
    let restore = pair.restore();
    pair.wait(20_000, "the session is restored", |pair| pair.is_done(restore));
    pair.run_for(1_000);
    pair.assert_complete();
    assert_eq!(pair.page.errors(), [301, 302]);
}
