//! What no client can read is reported as 304 and dropped, and everything around it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::Input;
use harness::{Flavour, Kind, Options, Pair};
use serde_json::{Value, json};

fn message(index: u32) -> Value {
    json!({ "index": index, "type": "Message", "text": "fine", "from": { "nickname": "Jane", "type": "Agent" } })
}

/// Entry 2, a malformed one in the place of entry 3, entry 4.
fn around(flavour: Flavour, bad: Value) {
    let mut pair = Pair::started(Options { flavour, ..Options::default() });
    let entries = json!([message(2), bad.clone(), message(4)]);
    // The server's transcript has it as well, should the client ask.
    pair.chat().entries.extend(entries.as_array().unwrap().clone());
    pair.chat().next_index = 5;
    pair.push(json!({ "statusCode": 0, "messages": entries }));
    pair.run_for(10_000);
    let places: Vec<_> = pair.page.seen.iter().filter_map(|seen| seen.index).collect();
    assert_eq!(places, [1, 3], "for {bad}");
    assert!(pair.page.errors().iter().all(|code| *code == 304) && !pair.page.errors().is_empty(), "for {bad}");
    pair.agent_says("after");
    pair.run_for(1_000);
    assert_eq!(pair.page.texts(), ["fine", "fine", "after"], "for {bad}");
    assert_eq!(pair.page.count(Kind::Interrupted), 0);
}

#[test]
fn each_member_of_a_wrong_type_is_enough() {
    let mut bad = vec![json!(null), json!(7), json!("text"), json!([]), json!({}), json!(true)];
    for (member, values) in [
        ("index", vec![json!("3"), json!(-3), json!(3.5), json!(0), json!(1e300), json!({}), json!(true)]),
        ("type", vec![json!(null), json!(3), json!([])]),
        ("text", vec![json!(null), json!(3), json!({})]),
        ("from", vec![json!(null), json!("Jane"), json!([]), json!({ "nickname": 7 }), json!({ "nickname": {} })]),
        ("utcTime", vec![json!("yesterday"), json!("1700000000000"), json!({}), json!(true)]),
    ] {
        for value in values {
            let mut entry = message(3);
            entry[member] = value;
            bad.push(entry);
        }
    }
    for bad in bad {
        for flavour in [Flavour::Ours, Flavour::Plain] {
            around(flavour, bad.clone());
        }
    }
}

#[test]
fn one_that_comes_before_its_turn_leaves_no_gap_either() {
    let mut pair = Pair::started(Options::default());
    let mut bad = message(3);
    bad["text"] = Value::Null;
    pair.push(json!({ "statusCode": 0, "messages": [bad] }));
    pair.run_for(50);
    pair.push(json!({ "statusCode": 0, "messages": [message(2)] }));
    pair.run_for(50);
    pair.push(json!({ "statusCode": 0, "messages": [message(4)] }));
    pair.run_for(100);
    assert_eq!(pair.page.texts().len(), 2);
    assert_eq!(pair.page.errors(), [304]);
}

#[test]
fn members_that_no_page_is_told_as_they_are_may_be_of_a_wrong_type() {
    let mut pair = Pair::started(Options::default());
    let mut entry = message(2);
    entry["utcTime"] = json!(-1);
    entry["messageId"] = json!(7);
    entry["from"] = json!({ "nickname": null, "participantId": [], "type": {} });
    pair.push(
        json!({ "statusCode": 0, "alias": 7, "userId": {}, "secureKey": 5, "chatEnded": "no", "nextPosition": -1,
        "messages": [entry] }),
    );
    pair.run_for(100);
    assert_eq!(pair.page.texts(), ["fine"]);
    assert!(pair.page.errors().is_empty());
    let send = pair.send("the key is still the old one");
    pair.wait(1_000, "the message arrives", |pair| pair.is_done(send));
}

#[test]
fn data_of_a_wrong_shape_is_dropped_whole() {
    for data in [json!("x"), json!(7), json!([]), json!(true), json!({ "messages": "x" }), json!({ "messages": {} })] {
        let mut pair = Pair::started(Options::default());
        pair.push(data);
        pair.run_for(100);
        assert_eq!(pair.page.errors(), [304]);
        pair.agent_says("after");
        pair.run_for(100);
        assert_eq!(pair.page.texts(), ["after"]);
    }
}

#[test]
fn frames_that_are_no_envelopes_are_dropped() {
    let mut pair = Pair::started(Options::default());
    let socket = pair.world.net.sockets.keys().next().unwrap().1;
    let frames = [
        Err("not JSON (line 1, column 9)".to_owned()),
        Ok(json!(7).into()),
        Ok(json!([7, null, "x", []]).into()),
        Ok(json!([{ "channel": 7 }]).into()),
        Ok(json!([{ "channel": "/meta/connect" }]).into()),
        Ok(json!([{ "channel": "/meta/connect", "successful": "yes" }]).into()),
        Ok(json!([]).into()),
    ];
    for body in frames {
        pair.input(Input::Frame { socket, body });
    }
    assert!(
        pair.page.errors().iter().all(|code| *code == 304) && pair.page.errors().len() == 9,
        "{:?}",
        pair.page.seen
    );
    pair.agent_says("after");
    pair.run_for(100);
    assert_eq!(pair.page.texts(), ["after"]);
    assert_eq!(pair.page.count(Kind::Interrupted), 0);
}

#[test]
fn a_report_has_nothing_of_the_content() {
    let mut pair = Pair::started(Options::default());
    pair.push(
        json!({ "messages": [{ "index": 2, "type": "Message", "text": { "secret": "TOPSECRET" }, "from": {} }] }),
    );
    pair.run_for(100);
    let report = &pair.page.seen[0].text;
    assert!(report.contains("expected a string as text, got an object") && !report.contains("TOPSECRET"), "{report}");
}

#[test]
fn a_renewal_that_does_not_say_of_which_sessions_is_none() {
    for told in [
        json!(null),
        json!({}),
        json!({ "previousId": "old" }),
        json!({ "previousId": 1, "id": 2, "reason": "script" }),
    ] {
        let mut pair = Pair::started(Options { flavour: Flavour::Ours, ..Options::default() });
        let system = json!({ "nickname": "System", "participantId": 0, "type": "External" });
        let renewed = json!({ "type": "Notice", "text": "renewed", "from": system, "userData": told });
        pair.chat().entries.extend([message(2), message(3)]);
        pair.chat().next_index = 4;
        pair.push(json!({ "statusCode": 0, "messages": [message(2), renewed, message(3)] }));
        pair.run_for(10_000);
        assert_eq!(pair.page.texts(), ["fine", "fine"], "for {told}");
        assert_eq!(pair.page.errors(), [304], "for {told}");
        assert_eq!(pair.page.count(Kind::Renewed), 0, "for {told}");
    }
}
