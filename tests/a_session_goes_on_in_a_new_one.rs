//! Notices: what chat v2 has no words for. A status stands in the transcript, in order and played back; a form holds until
//! the status changes; session data has versions; and a session that is renewed goes on as another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::chat::Content;
use causerie::json::native::NativeJson;
use causerie::session::Command;
use causerie::transport::Mode;
use harness::chat::Chat;
use harness::{Action, Flavour, Kind, Options, Pair};
use serde_json::{Value, json};

fn notice(index: Option<u32>, name: &str, data: Value) -> Value {
    let from = json!({ "nickname": "System", "participantId": 0, "type": "External" });
    json!({ "index": index, "type": "Notice", "text": name, "userData": data, "utcTime": 5, "from": from })
}

fn notices(pair: &Pair) -> Vec<&str> {
    let seen = pair.page.seen.iter().filter(|seen| matches!(seen.kind, Kind::Notice | Kind::Renewed));
    seen.map(|seen| seen.text.as_str()).collect()
}

#[test]
fn a_client_says_that_it_reads_notices_and_which_session_data_it_has() {
    let mut pair = Pair::chatting(Options::default());
    pair.push(json!({ "statusCode": 0, "messages": [notice(None, "session-data", json!({ "from": 0, "version": 7, "set": {} }))] }));
    pair.run_for(100);
    pair.cut();
    pair.run_for(5_000);
    let sent: Vec<&Value> =
        pair.world.hosts[0].log.iter().flat_map(|(_, _, envelope)| envelope).map(|it| &it["data"]).collect();
    let request = sent.iter().find(|data| data["operation"] == "requestChat").unwrap();
    assert_eq!((&request["notices"], &request["dataVersion"]), (&json!(1), &json!(0)));
    let again = sent.iter().rfind(|data| data["operation"] == "requestNotifications").unwrap();
    assert_eq!((&again["notices"], &again["dataVersion"]), (&json!(1), &json!(7)));
}

#[test]
fn a_notice_of_the_transcript_is_told_in_its_turn_and_one_in_passing_at_once() {
    let mut pair = Pair::chatting(Options::default());
    let next = pair.chat().next_index;
    let message = |index| json!({ "index": index, "type": "Message", "text": "hi", "from": { "type": "Agent", "nickname": "Jane", "participantId": 2 } });
    let late = json!({ "statusCode": 0, "messages": [notice(Some(next + 1), "status", json!({ "old": "4", "new": "6" })), notice(None, "form", json!({ "kind": "pre-chat" }))] });
    pair.push(late);
    pair.run_for(50);
    assert_eq!(notices(&pair), [r#"form {"kind":"pre-chat"}"#]);
    pair.push(json!({ "statusCode": 0, "messages": [message(next)] }));
    pair.run_for(50);
    assert_eq!(notices(&pair).len(), 2);
    let seen = pair.page.seen.iter().rfind(|seen| seen.kind == Kind::Notice).unwrap();
    assert_eq!(seen.index, Some(next));
}

#[test]
fn a_change_of_the_session_data_that_was_missed_is_asked_for() {
    let mut pair = Pair::chatting(Options::default());
    let data = |from, version| json!({ "statusCode": 0, "messages": [notice(None, "session-data", json!({ "from": from, "version": version }))] });
    pair.push(data(0, 3));
    pair.push(data(3, 4));
    pair.run_for(100);
    assert_eq!(notices(&pair).len(), 2);
    pair.push(data(9, 10));
    pair.run_for(100);
    assert_eq!(notices(&pair).len(), 2, "it does not follow what is there");
    let asked = pair.chat().operations.last().unwrap().clone();
    assert_eq!(
        (&asked["operation"], &asked["transcriptPosition"], &asked["dataVersion"]),
        (&json!("requestNotifications"), &json!(0), &json!(4))
    );
    pair.push(data(0, 10));
    pair.run_for(100);
    assert_eq!(notices(&pair).len(), 3);
}

#[test]
fn an_answer_to_a_form_is_sent_once_and_settled_by_its_answer() {
    for action in [None, Some(Action::LoseAnswer), Some(Action::LoseRequest), Some(Action::Twice)] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, causerie::transport::Mode::WebSocket));
        if let Some(action) = action {
            pair.rule("customNotice", action);
        }
        let values = NativeJson::from(json!({ "kind": "pre-chat", "values": { "name": "Ann" } }));
        let given = pair.command(Command::Give(Content::Notice("submit-form".to_owned(), values)));
        pair.run_for(20_000);
        assert!(pair.is_done(given), "{action:?}");
        let sent: Vec<&Value> =
            pair.world.chats.chats[0].operations.iter().filter(|it| it["operation"] == "customNotice").collect();
        let ids: std::collections::BTreeSet<String> = sent.iter().map(|it| it["messageId"].to_string()).collect();
        assert_eq!(ids.len(), 1, "under one id");
        assert_eq!(sent[0]["message"], "submit-form");
        assert_eq!(sent[0]["userData"]["values"]["name"], "Ann");
    }
}

#[test]
fn each_wrong_field_of_a_form_is_named() {
    let mut pair = Pair::chatting(Options::default());
    let errors = json!([
        { "code": 422, "field": "email", "advice": "expected an address" },
        { "code": 422, "field": "age", "advice": "expected a number" },
    ]);
    pair.world.chats.refuse_with = Some(json!({ "statusCode": 1, "errors": errors }));
    let wrong = pair.command(Command::Give(Content::Notice("submit-form".to_owned(), json!({}).into())));
    pair.run_for(2_000);
    let error = pair.result(wrong).unwrap().clone().unwrap_err();
    assert_eq!(error.code.number(), 3);
    assert!(error.to_string().contains("email: expected an address; age: expected a number"), "{error}");
}

#[test]
fn a_renewed_session_goes_on_under_new_keys_and_counts_from_the_beginning() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_says("of the old one");
        pair.run_for(300);
        let old = pair.session.id().to_owned();
        pair.world.push(|chat, now| chat.renew(now, "timeout"));
        let new = pair.chat().id.clone();
        pair.run_for(500);
        assert_eq!(pair.session.id(), new);
        assert_eq!(pair.page.first(Kind::Renewed).unwrap().text, format!("{old} {new} timeout"));
        assert_eq!(pair.page.count(Kind::Left), 1);
        pair.agent_says("of the new one");
        let sent = pair.send("to the new one");
        pair.run_for(5_000);
        assert!(pair.is_done(sent));
        assert_eq!(pair.page.texts(), ["of the old one", "of the new one", "to the new one"]);
        assert_eq!(pair.page.stored.as_ref().unwrap().keys.chat_id, new);
        pair.reload();
        pair.run_for(3_000);
        assert_eq!(pair.page.texts(), ["of the new one", "to the new one"], "a later page finds the new session");
    }
}

#[test]
fn a_renewal_while_the_page_was_away_comes_with_the_rest_of_the_old_session() {
    let mut pair = Pair::chatting(Options::default());
    pair.agent_says("one");
    pair.run_for(300);
    pair.unload();
    pair.agent_says("two");
    pair.world.push(|chat, now| chat.renew(now, "script"));
    let new = pair.chat().id.clone();
    pair.restore();
    pair.run_for(2_000);
    assert!(pair.is_done(pair.launch));
    assert_eq!(pair.session.id(), new);
    let kinds = pair.page.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Renewed).count(), 1);
    assert_eq!(pair.page.texts().last(), Some(&"two"));
}

#[test]
fn messages_sent_before_the_news_of_a_renewal_tell_of_it_once() {
    for mode in [Mode::WebSocket, Mode::LongPolling, Mode::Rest] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
        pair.world.push(Chat::expire);
        pair.run_for(3_000);
        let sends = ["one", "two", "three"].map(|text| pair.send(text));
        pair.run_for(5_000);
        assert!(sends.iter().all(|send| pair.is_done(*send)));
        assert_eq!(pair.page.count(Kind::Renewed), 1, "{mode:?}");
        assert_eq!(pair.page.texts(), ["one", "two", "three"], "{mode:?}");
        pair.agent_says("four");
        pair.run_for(10_000);
        assert_eq!(pair.page.texts(), ["one", "two", "three", "four"], "{mode:?}");
    }
}

#[test]
fn a_push_of_a_renewed_session_does_not_answer_for_the_server() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.agent_says("one");
    pair.run_for(300);
    let kept = json!({ "messages": pair.chat().entries[1..].to_vec() });
    let snapshot = pair.page.stored.clone().unwrap();
    pair.unload();
    pair.world.push(|chat, now| chat.renew(now, "script"));
    pair.rule("requestNotifications", Action::Swallow);
    let setup = pair.setup();
    pair.launch = pair.command(Command::Restore(setup, snapshot, Some(kept.into())));
    pair.run_for(500);
    pair.agent_says("two");
    pair.run_for(500);
    assert_eq!((pair.page.texts(), pair.page.count(Kind::Renewed)), (vec!["one"], 0));
    pair.run_for(30_000);
    assert_eq!((pair.page.texts(), pair.page.count(Kind::Renewed)), (vec!["one", "two"], 1));
}

#[test]
fn session_data_go_on_in_the_new_session_and_are_asked_for_once() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    for _ in 0..3 {
        pair.world.push(|chat, _| chat.change_data());
    }
    pair.run_for(300);
    let before = notices(&pair).len();
    pair.world.push(|chat, now| {
        let mut renewal = chat.renew(now, "script");
        chat.data += 1;
        renewal["messages"].as_array_mut().unwrap().push(chat.data_since(3));
        renewal
    });
    pair.run_for(1_000);
    assert_eq!(
        notices(&pair).len() - before,
        3,
        "the renewal, the data that follow what is there, and no more of them"
    );
    let asked = pair.chat().operations.iter().filter(|it| it["operation"] == "requestNotifications");
    let asked: Vec<_> = asked.map(|it| (&it["transcriptPosition"], &it["dataVersion"])).collect();
    assert_eq!(
        asked,
        [(&json!(3), &json!(3)), (&json!(0), &json!(4))],
        "the rest of the old one, then what may be missing"
    );
}
