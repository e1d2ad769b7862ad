//! Rule 9 of the design. Every test that runs a page checks it when it is over (`harness/privacy`); here is what they rest on:
//! that the check finds what it is to find, and whose words go where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.

mod harness;

use causerie::transport::Mode;
use harness::page::Page;
use harness::privacy::Secrets;
use harness::{Action, Flavour, Options, Pair};
use serde_json::json;

/// A page that has logged and reported something.
fn page(log: &str, reported: &str) -> Page {
    let mut page = Page::default();
    page.logs.push(log.to_owned());
    page.reported.push(reported.to_owned());
    page
}

fn finds(page: &Page) -> bool {
    let mut secrets = Secrets::default();
    secrets.note(&json!([{ "clientId": "h0c1", "data": {
        "operation": "requestChat", "nickname": "Ann", "messageId": "request1", "userData": { "plan": ["gold"] } } }]));
    secrets.note(&json!({ "data": { "secureKey": "chat1k0", "messages": [{ "text": "hello there", "from": {
        "nickname": "Jane" } }], "errors": [{ "code": 204, "advice": "much too long" }] } }));
    std::panic::catch_unwind(|| secrets.check(page)).is_err()
}

#[test]
fn the_check_finds_names_texts_data_and_secrets_wherever_they_are_told() {
    for secret in ["h0c1", "Ann", "request1", "gold", "chat1k0", "hello there", "Jane"] {
        assert!(finds(&page(&format!("link down: {secret}"), "")), "{secret} in the log");
        assert!(finds(&page("", &format!("refused: ({secret})"))), "{secret} in a description");
    }
    assert!(!finds(&page("link down: the channel was closed", "the server answered 204 much too long")));
    assert!(finds(&page("link down: much too long", "")), "a server's words in the log");
}

#[test]
fn what_a_server_says_is_shown_to_the_page_and_not_logged() {
    let words = "403::Ann Example of this address may not chat";
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.host().bayeux.refuse_handshake = Some((words.to_owned(), json!({ "reconnect": "handshake" })));
    pair.host().bayeux.forget();
    pair.cut();
    pair.run_for(5_000);
    pair.host().bayeux.refuse_handshake = Some((words.to_owned(), json!({ "reconnect": "none" })));
    pair.run_for(20_000);
    let logged = pair.page.logs.join("\n");
    assert!(logged.contains("expected a handshake, got the error 403"), "{logged}");
    assert!(logged.contains("refused 403"), "{logged}");
    assert!(!logged.contains("Ann") && !logged.contains("address"), "{logged}");
}

#[test]
fn a_refused_launch_says_what_the_server_said() {
    let mut pair = Pair::new(Options::of(Flavour::Ours, Mode::WebSocket));
    let advice = json!({ "reconnect": "none" });
    pair.host().bayeux.refuse_handshake = Some(("403::not from this site".to_owned(), advice));
    let launch = pair.start();
    pair.run_for(1_000);
    let error = pair.result(launch).unwrap().as_ref().unwrap_err().text();
    assert!(error.contains("403::not from this site"), "{error}");
    assert!(!pair.page.logs.join("\n").contains("site"));
}

#[test]
fn a_chat_servers_advice_is_shown_and_not_logged() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.world.chats.refusals.push(("sendMessage".to_owned(), 1, 204));
    let sent = pair.send("whatever this is");
    pair.run_for(1_000);
    let error = pair.result(sent).unwrap().as_ref().unwrap_err().text();
    assert!(error.contains("the server answered 204 no"), "{error}");
    pair.rule("/meta/connect", Action::LoseAnswer);
    pair.run_for(60_000);
    assert!(!pair.page.logs.is_empty(), "something is logged at all");
}
