//! Every connection has a number of its own: what comes of an older one is dropped and counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::io::HttpAnswer;
use causerie::session::Input;
use causerie::transport::Mode;
use harness::{Flavour, Kind, Options, Pair};
use serde_json::json;

#[test]
fn frames_and_closes_of_an_older_socket_are_dropped_and_counted() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    let old = pair.world.net.sockets.keys().next().unwrap().1;
    pair.cut();
    pair.wait(5_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
    let before = pair.session.stale_inputs();
    let frame = json!([{ "channel": "/service/chatV2/default", "data": { "chatEnded": true } }]);
    pair.input(Input::Frame { socket: old, body: Ok(frame.into()) });
    pair.input(Input::Opened { socket: old });
    pair.input(Input::Closed { socket: old, code: 1000 });
    pair.input(Input::Closed { socket: 4_000_000, code: 1000 });
    assert_eq!(pair.session.stale_inputs(), before + 4);
    pair.run_for(1_000);
    assert!(pair.page.ended.is_none());
    assert_eq!(pair.page.count(Kind::Interrupted), 1);
}

#[test]
fn answers_to_older_requests_are_dropped_and_counted() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    let old = pair.world.net.requests.keys().next().unwrap().1;
    pair.cut();
    pair.wait(5_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
    let before = pair.session.stale_inputs();
    for status in [0, 200, 403, 413, 429] {
        let answer =
            HttpAnswer { status, retry_after: Some(9), body: Ok(json!([{ "data": { "chatEnded": true } }]).into()) };
        pair.input(Input::Reply { request: old, answer });
    }
    assert_eq!(pair.session.stale_inputs(), before + 5);
    pair.run_for(1_000);
    assert!(pair.page.ended.is_none());
    assert_eq!(pair.page.count(Kind::Interrupted), 1);
}

#[test]
fn answers_to_messages_that_were_never_sent_are_dropped_and_counted() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    let socket = pair.world.net.sockets.keys().next().unwrap().1;
    let before = pair.session.stale_inputs();
    for channel in ["/meta/handshake", "/meta/connect", "/meta/subscribe", "/meta/disconnect"] {
        let frame = json!([{ "channel": channel, "id": "zz99", "successful": false, "error": "402::Unknown client",
            "advice": { "reconnect": "none" } }]);
        pair.input(Input::Frame { socket, body: Ok(frame.into()) });
    }
    assert_eq!(pair.session.stale_inputs(), before + 4);
    pair.run_for(1_000);
    assert!(pair.page.kinds() == [Kind::Joined]);
}

#[test]
fn input_without_a_session_is_dropped() {
    let mut pair = Pair::new(Options::default());
    pair.input(Input::Timeout);
    pair.input(Input::Hidden);
    pair.input(Input::Told { index: 7 });
    pair.input(Input::Opened { socket: 1 });
    assert_eq!(pair.page.persists, 0);
    pair.start();
    pair.run_for(1_000);
    pair.leave();
    pair.run_for(60_000);
    let before = pair.page.persists;
    pair.input(Input::Timeout);
    pair.input(Input::Hidden);
    pair.input(Input::Told { index: 7 });
    pair.input(Input::Closed { socket: 1, code: 1006 });
    assert_eq!(pair.page.persists, before);
}

#[test]
fn a_page_that_tells_of_more_than_there_is_skips_nothing() {
    let mut pair = Pair::chatting(Options::default());
    pair.input(Input::Told { index: u32::MAX });
    pair.agent_says("hello");
    pair.run_for(5);
    pair.reload();
    pair.run_for(1_000);
    pair.assert_complete();
    assert!(!pair.page.seen.last().unwrap().restored);
}
