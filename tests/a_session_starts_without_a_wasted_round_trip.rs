//! How a session starts when all is well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::transport::Mode;
use harness::{Flavour, Options, Pair};

#[test]
fn subscribe_operation_and_connect_go_in_one_envelope_after_the_handshake() {
    for options in Options::all() {
        let mut pair = Pair::new(options);
        pair.start();
        pair.wait(1_000, "the session starts", |pair| pair.is_done(pair.launch));
        let envelopes = pair.envelopes();
        assert_eq!(envelopes[0], ["/meta/handshake"]);
        assert_eq!(envelopes[1], ["/meta/subscribe", "requestChat", "/meta/connect"]);
        assert_eq!(pair.session.id(), "chat1");
        assert!(pair.page.errors().is_empty(), "{:?}", pair.page.seen);
        assert_eq!(pair.page.persists, 1, "the state for a restore is stored at once");
    }
}

#[test]
fn the_launch_takes_three_times_the_way_there_and_back_at_most() {
    for (mode, trips) in [(Mode::WebSocket, 3), (Mode::LongPolling, 2)] {
        let mut pair = Pair::new(Options::of(Flavour::Ours, mode));
        pair.world.net.latency = (50, 50);
        pair.start();
        pair.wait(trips * 100, "the session starts", |pair| pair.is_done(pair.launch));
    }
}

#[test]
fn the_visitor_is_told_to_the_server_as_the_page_gave_it() {
    let mut pair = Pair::started(Options::default());
    let request = pair.chat().operations[0].clone();
    assert_eq!(request["nickname"], "Ann");
    assert_eq!(request["subject"], "A question");
    assert_eq!(request["userData"], serde_json::json!({ "plan": "gold" }));
    assert_eq!(request["messageId"], "request1");
}

#[test]
fn http_paths_name_the_meta_message_that_is_alone() {
    let pair = Pair::started(Options::of(Flavour::Ours, Mode::LongPolling));
    let paths: Vec<&str> = pair.world.hosts[0].log.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/cometd/handshake", "/cometd/", "/cometd/connect"]);
}

#[test]
fn a_url_that_ends_in_cometd_is_taken_as_it_is() {
    let servers = vec!["http://one.test/chat/cometd/".to_owned()];
    let pair = Pair::started(Options { servers, mode: Mode::LongPolling, ..Options::default() });
    assert_eq!(pair.world.hosts[0].log[0].1, "/chat/cometd/handshake");
}

#[test]
fn the_connect_is_held_by_the_server_and_repeated() {
    for options in Options::all() {
        let mut pair = Pair::started(options);
        pair.run_for(200_000);
        let connects = pair.envelopes().iter().filter(|envelope| *envelope == &["/meta/connect"]).count();
        assert!((10..=11).contains(&connects), "{connects} connects in 200 s, each held for 20 s, as asked for");
        assert!(pair.page.seen.is_empty());
    }
}

#[test]
fn a_launch_whose_answer_was_lost_does_not_make_two_chats() {
    for mode in [Mode::Auto, Mode::LongPolling] {
        let mut pair = Pair::new(Options::of(Flavour::Ours, mode).with_two_servers());
        pair.rule("requestChat", harness::Action::LoseAnswer);
        pair.start();
        pair.wait(20_000, "the session starts", |pair| pair.is_done(pair.launch));
        assert_eq!(pair.world.chats.chats.len(), 1);
    }
}
