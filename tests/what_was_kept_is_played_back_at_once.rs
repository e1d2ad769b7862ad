//! `cache: "indexeddb"`: a page that kept the transcript plays it back at once, without a server if need be, and asks only
//! for what came after. What is wrong with what was kept costs nothing: the server has it all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::json::native::NativeJson;
use causerie::session::{Command, EndReason};
use harness::{Http, Kind, Options, Pair};
use serde_json::{Value, json};

/// A chat of which a page has kept all; then the page is gone.
fn kept(options: Options) -> (Pair, Value) {
    let mut pair = Pair::chatting(options);
    pair.agent_says("one");
    pair.send("two");
    pair.run_for(4_000);
    let told = |entry: &&Value| entry["type"] == "Message" || entry["from"]["type"] == "Agent";
    let entries: Vec<Value> = pair.chat().entries.iter().filter(told).cloned().collect();
    pair.unload();
    (pair, json!({ "messages": entries }))
}

fn restore(pair: &mut Pair, kept: Value) {
    let snapshot = pair.page.stored.clone().unwrap();
    pair.launch = pair.command(Command::Restore(pair.setup(), snapshot, Some(NativeJson::from(kept))));
}

#[test]
fn it_is_played_back_before_the_server_has_answered_and_only_what_is_new_is_asked_for() {
    for options in Options::all() {
        let (mut pair, kept) = kept(options);
        pair.agent_says("three");
        let before = pair.chat().operations.len();
        restore(&mut pair, kept);
        assert!(pair.is_done(pair.launch), "at once");
        assert_eq!(pair.page.texts(), ["one", "two"]);
        assert!(pair.page.seen.iter().all(|seen| seen.restored));
        assert!(pair.session.is_agent_connected());
        pair.run_for(3_000);
        assert_eq!(pair.page.texts(), ["one", "two", "three"]);
        let asked = &pair.chat().operations[before];
        assert_eq!(asked["operation"], "requestNotifications");
        assert!(asked["transcriptPosition"].as_u64().unwrap() > 3, "{asked}");
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
        pair.assert_complete();
    }
}

#[test]
fn it_is_played_back_without_a_network_and_the_session_goes_on_when_there_is_one() {
    for options in Options::all() {
        let (mut pair, kept) = kept(options);
        pair.world.stop(0);
        restore(&mut pair, kept);
        let waiting = pair.send("when there is a network");
        pair.run_for(20_000);
        assert_eq!(pair.page.texts(), ["one", "two"]);
        assert!(pair.page.is_interrupted());
        assert!(pair.result(waiting).is_none());
        pair.host().go();
        pair.run_for(30_000);
        assert!(!pair.page.is_interrupted());
        assert!(pair.is_done(waiting));
        pair.assert_complete();
    }
}

#[test]
fn without_a_network_for_too_long_the_session_ends_as_any_other() {
    let (mut pair, kept) = kept(Options::default());
    pair.world.stop(0);
    pair.host().http = Http::Down;
    restore(&mut pair, kept);
    pair.run_for(80_000);
    assert_eq!(pair.page.ended, Some(EndReason::Error));
    assert!(pair.page.stored.is_none());
}

#[test]
fn a_session_that_the_server_does_not_know_any_more_ends_after_the_playback() {
    let (mut pair, kept) = kept(Options::default());
    pair.chat().keys.clear();
    restore(&mut pair, kept);
    pair.run_for(3_000);
    assert_eq!(pair.page.texts(), ["one", "two"]);
    assert_eq!(pair.page.ended, Some(EndReason::Error));
    assert_eq!(pair.page.kinds().last(), Some(&Kind::Ended));
}

#[test]
fn what_is_wrong_with_it_makes_it_worthless_and_nothing_is_missing() {
    let spoil: [fn(&mut Value); 6] = [
        |kept| kept["messages"] = json!([]),
        |kept| kept["messages"] = json!("nonsense"),
        |kept| kept["messages"][1]["text"] = json!(7),
        |kept| kept["messages"][1] = json!(null),
        |kept| kept["messages"].as_array_mut().unwrap().reverse(),
        |kept| kept["messages"][0]["index"] = json!(null),
    ];
    for spoil in spoil {
        let (mut pair, mut kept) = kept(Options::default());
        spoil(&mut kept);
        restore(&mut pair, kept);
        assert!(pair.result(pair.launch).is_none(), "the server is waited for");
        pair.run_for(3_000);
        assert!(pair.is_done(pair.launch));
        assert_eq!(pair.page.errors(), [] as [u16; 0]);
        pair.assert_complete();
    }
}

#[test]
fn a_message_that_was_not_settled_and_stands_in_it_is_not_sent_again() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.send("once");
        pair.wait(5_000, "the server has it", |pair| {
            pair.world.chats.chats[0].entries.iter().any(|entry| entry["text"] == "once")
        });
        let told = |entry: &&Value| entry["type"] == "Message" || entry["from"]["type"] == "Agent";
        let entries: Vec<Value> = pair.chat().entries.iter().filter(told).cloned().collect();
        pair.unload();
        restore(&mut pair, json!({ "messages": entries }));
        pair.run_for(20_000);
        assert_eq!(pair.chat().visitor_said(), ["once"]);
        pair.assert_complete();
    }
}
