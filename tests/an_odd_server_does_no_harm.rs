//! What no server should say, and one does: the link goes on or ends, and the page is told nothing twice or too late.
//! Each of these was found by a fuzzer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.

mod harness;

use causerie::json::native::NativeJson;
use causerie::session::Input;
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};
use serde_json::{Value, json};

fn over_a_websocket() -> Pair {
    Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket))
}

/// The id of the last message with this operation, or meta channel.
fn last_id(pair: &Pair, about: &str) -> String {
    let messages = pair.world.hosts[0].log.iter().flat_map(|(_, _, envelope)| envelope);
    let mut about = messages.filter(|message| message["channel"] == about || message["data"]["operation"] == about);
    about.next_back().expect("such a message")["id"].as_str().expect("an id").to_owned()
}

fn frame(pair: &mut Pair, message: &Value) {
    let socket = pair.world.net.sockets.keys().next_back().expect("a socket").1;
    pair.input(Input::Frame { socket, body: Ok(NativeJson::from(json!([message]))) });
}

fn count(pair: &Pair, about: &str) -> usize {
    pair.envelopes().iter().flatten().filter(|name| *name == about).count()
}

#[test]
fn data_under_the_id_of_a_connect_does_not_deafen_the_link() {
    let mut pair = over_a_websocket();
    let id = last_id(&pair, "/meta/connect");
    frame(&mut pair, &json!({ "channel": "/service/chatV2/default", "id": id, "data": { "statusCode": 0 } }));
    let connects = count(&pair, "/meta/connect");
    pair.run_for(200_000);
    assert!(count(&pair, "/meta/connect") > connects + 3, "it goes on with connects");
    assert_eq!(pair.page.count(Kind::Interrupted), 0);
}

#[test]
fn a_link_that_says_goodbye_is_not_begun_again_for_whoever_holds_it() {
    let mut pair = over_a_websocket();
    pair.rule("/meta/disconnect", Action::Swallow);
    pair.leave();
    pair.run_for(200);
    assert_eq!(pair.page.kinds().last(), Some(&Kind::Ended));
    pair.input(Input::Hold(false));
    pair.input(Input::Hold(true));
    pair.run_for(60_000);
    assert_eq!(count(&pair, "/meta/handshake"), 1);
    assert!(pair.world.net.sockets.is_empty(), "nothing is open");
}

#[test]
fn what_is_unreadable_after_the_end_is_not_told() {
    let mut pair = over_a_websocket();
    pair.rule("/meta/disconnect", Action::Garbage);
    pair.leave();
    pair.run_for(10_000);
    assert_eq!(pair.page.errors(), [] as [u16; 0]);
}

#[test]
fn whoever_says_goodbye_does_not_mind_to_be_forgotten() {
    let mut pair = over_a_websocket();
    pair.rule("startTyping", Action::Swallow);
    pair.rule("/meta/disconnect", Action::Swallow);
    pair.type_on(true);
    pair.leave();
    pair.run_for(200);
    assert_eq!(pair.page.kinds().last(), Some(&Kind::Ended));
    let id = last_id(&pair, "startTyping");
    let error = "402::session_unknown";
    frame(&mut pair, &json!({ "channel": "/service/chatV2/default", "id": id, "successful": false, "error": error }));
    pair.run_for(60_000);
    assert_eq!(count(&pair, "/meta/handshake"), 1);
    assert!(pair.world.net.sockets.is_empty(), "nothing is open");
}

#[test]
fn answers_to_publishes_may_come_without_their_ids() {
    let mut pair = over_a_websocket();
    let sends = ["first", "second"].map(|text| {
        pair.rule("sendMessage", Action::Swallow);
        pair.send(text)
    });
    pair.run_for(100);
    let answer = json!({ "channel": "/service/chatV2/default", "successful": true });
    frame(&mut pair, &answer);
    let mut refused = answer;
    refused["successful"] = json!(false);
    refused["error"] = json!("403::publish_denied");
    frame(&mut pair, &refused);
    pair.run_for(20_000);
    assert_eq!(sends.map(|send| pair.code(send)), [None, Some(52)], "each has its own");
    assert!(pair.is_done(sends[0]));
    assert!(pair.page.errors().is_empty(), "nothing is waited for in vain");
}

#[test]
fn an_index_beyond_all_transcripts_is_malformed() {
    let mut pair = over_a_websocket();
    let entry =
        json!({ "index": u32::MAX - 1, "type": "ParticipantJoined", "from": { "type": "Agent", "participantId": 7 } });
    pair.push(json!({ "statusCode": 0, "messages": [entry] }));
    pair.agent_says("after it");
    pair.run_for(1_000);
    assert_eq!(pair.page.errors(), [304]);
    pair.agent_ends();
    pair.run_for(1_000);
    assert_eq!(pair.page.kinds().last(), Some(&Kind::Ended));
    pair.assert_complete();
}

#[test]
fn a_question_that_is_too_large_is_a_loss_of_the_link() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::Rest));
    pair.run_for(2_000);
    pair.rule("requestNotifications", Action::Status(413, None));
    pair.run_for(20_000);
    assert_eq!(pair.page.errors(), [150]);
    assert_eq!((pair.page.count(Kind::Interrupted), pair.page.count(Kind::Continued)), (1, 1));
    pair.agent_says("still here");
    pair.run_for(6_000);
    pair.assert_complete();
}
