//! What the page is told of each entry of the transcript, field by field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::chat::{PartyId, Role};
use causerie::session::{Event, Input, Output};
use harness::{EPOCH, Flavour, Kind, Options, Pair};
use serde_json::{Value, json};

/// An entry of an agent's.
fn entry(index: u32, kind: &str) -> Value {
    json!({ "index": index, "type": kind, "utcTime": EPOCH + 5, "text": "hello",
        "from": { "nickname": "Jane", "participantId": 7, "type": "Agent" } })
}

/// Pushes entries to a session that has entry 1 already; returns the page's events since.
fn pushed(entries: Value) -> Pair {
    let mut pair = Pair::started(Options::default());
    pair.push(json!({ "statusCode": 0, "messages": entries }));
    pair.run_for(100);
    pair
}

#[test]
fn every_kind_has_its_index_from_0_and_its_text_and_name() {
    let mut pair = Pair::chatting(Options::default());
    pair.agent_says("hi\u{2028}<b>&amp;\u{1f600}");
    pair.run_for(100);
    let send = pair.send("hello");
    pair.run_for(100);
    assert!(pair.is_done(send));
    pair.agent_leaves("Jane");
    pair.run_for(100);
    let seen: Vec<_> = pair.page.seen.iter().map(|s| (s.kind, s.index, s.text.as_str(), s.name.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Kind::Joined, Some(1), "", "Jane"),
            (Kind::Message, Some(2), "hi\u{2028}<b>&amp;\u{1f600}", "Jane"),
            (Kind::Message, Some(3), "hello", "Ann"),
            (Kind::Left, Some(4), "", "Jane"),
        ]
    );
    assert!(!pair.session.is_agent_connected());
    pair.assert_complete();
}

#[test]
fn times_parties_and_types_are_passed_on_as_they_came() {
    let mut pair = Pair::started(Options::default());
    let from = |kind: &str, id: Value| json!({ "nickname": "X", "participantId": id, "type": kind });
    let parties = [
        (from("Client", json!(1)), Role::Client, PartyId::Number(1.0)),
        (from("Agent", json!(2)), Role::Agent, PartyId::Number(2.0)),
        (from("Supervisor", json!("3a")), Role::Supervisor, PartyId::Word("3a".to_owned())),
        (from("External", json!(4.5)), Role::External, PartyId::Number(4.5)),
        (from("Robot", json!(5)), Role::External, PartyId::Number(5.0)),
    ];
    for (place, (from, role, id)) in parties.into_iter().enumerate() {
        let index = place as u32 + 2;
        let message = json!({ "index": index, "type": "Message", "utcTime": EPOCH + 5, "text": "t", "from": from });
        let socket = pair.world.net.sockets.keys().next().unwrap().1;
        let frame =
            json!([{ "channel": "/service/chatV2/default", "data": { "statusCode": 0, "messages": [message] } }]);
        pair.session.handle_input(pair.now(), Input::Frame { socket, body: Ok(frame.into()) });
        let Output::Event(event) = pair.session.poll_output() else { panic!("an event") };
        let [Event::Message { place, url, entry }] = &event.singly()[..] else { panic!("a message") };
        assert_eq!((place.index, place.time, place.restored), (index - 1, (EPOCH + 5) as f64, false));
        let party = entry.party();
        assert_eq!((entry.text().as_str(), url, party.role), ("t", &false, role));
        assert_eq!((party.id(), party.name().as_str()), (id, "X"));
    }
}

#[test]
fn an_address_is_a_message_of_type_url() {
    let pair =
        pushed(json!([{ "index": 2, "type": "PushUrl", "text": "https://x.test/", "from": { "type": "Agent" } }]));
    assert_eq!(pair.page.first(Kind::Url).unwrap().text, "https://x.test/");
}

#[test]
fn parties_that_are_no_agents_come_and_go_unheard() {
    for kind in ["Client", "Supervisor", "External"] {
        let joined = json!({ "index": 2, "type": "ParticipantJoined", "from": { "type": kind } });
        let left = json!({ "index": 3, "type": "ParticipantLeft", "from": { "type": kind } });
        let pair = pushed(json!([joined, left, entry(4, "Message")]));
        assert_eq!(pair.page.kinds(), [Kind::Message]);
        assert_eq!(pair.page.seen[0].index, Some(3), "their places are not used again");
        assert!(!pair.session.is_agent_connected());
    }
}

#[test]
fn unknown_types_and_members_are_skipped() {
    let mut strange = entry(2, "Hologram");
    strange["from"] = Value::Null;
    let mut message = entry(4, "Message");
    message["attachment"] = json!({ "deep": [1, 2, { "er": null }] });
    let pair = pushed(json!([strange, entry(3, "Notice"), message]));
    assert_eq!(pair.page.kinds(), [Kind::Notice, Kind::Message]);
    assert!(pair.page.errors().is_empty(), "{:?}", pair.page.seen);
}

#[test]
fn absent_members_take_their_defaults() {
    let mut pair = pushed(json!([{ "index": 2, "type": "Message", "text": "t", "from": {} }]));
    let seen = pair.page.seen[0].clone();
    assert_eq!((seen.kind, seen.index, seen.text.as_str(), seen.name.as_str()), (Kind::Message, Some(1), "t", ""));
    pair.push(json!({ "messages": [{ "type": "Message", "text": "next", "from": { "type": "Agent" } }] }));
    pair.run_for(100);
    assert_eq!(pair.page.seen[1].index, Some(2), "without an index it is the next one");
    pair.push(json!({}));
    pair.run_for(100);
    assert!(pair.page.errors().is_empty());
}

#[test]
fn a_notice_without_an_index_takes_nobodys_place() {
    let mut pair = pushed(json!([{ "type": "CustomNotice", "text": "x", "from": { "type": "External" } }]));
    pair.agent_says("hello");
    pair.run_for(1_000);
    assert_eq!(pair.page.texts(), ["hello"]);
}

#[test]
fn one_push_can_bring_many_entries() {
    let entries: Vec<Value> = (2..2_002).map(|index| entry(index, "Message")).collect();
    let pair = pushed(entries.into());
    assert_eq!(pair.page.texts().len(), 2_000);
}

#[test]
fn an_agent_who_joins_twice_is_there_once() {
    let pair = pushed(json!([entry(2, "ParticipantJoined"), entry(3, "Message")]));
    assert!(pair.session.is_agent_connected());
    assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Message]);
}

#[test]
fn data_may_come_in_a_bare_object_and_with_a_strange_id() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = Pair::started(Options { flavour, ..Options::default() });
        let socket = pair.world.net.sockets.keys().next().unwrap().1;
        let frame = json!({ "channel": "/service/chatV2/default", "id": 42, "clientId": "x",
            "data": { "messages": [entry(2, "Message")] } });
        pair.input(Input::Frame { socket, body: Ok(frame.into()) });
        assert_eq!(pair.page.texts(), ["hello"]);
    }
}
