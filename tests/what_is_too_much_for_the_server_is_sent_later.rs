//! A server that takes so much and no more, and says when it takes the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.

mod harness;

use causerie::session::CommandId;
use causerie::transport::Mode;
use harness::{Action, Flavour, Limit, Options, Pair};
use serde_json::{Value, json};

const MODES: [Mode; 3] = [Mode::WebSocket, Mode::LongPolling, Mode::Rest];

/// A chat with a server that takes five messages in one go, and two a second after that.
fn limited(mode: Mode) -> Pair {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
    pair.world.chats.limit = Some(Limit::new(5, 2));
    pair
}

/// The answer to one too many.
fn put_off() -> Value {
    json!({ "statusCode": 1, "messages": [], "errors": [{ "code": 429, "advice": "no", "retryAfter": 1 }] })
}

fn send(pair: &mut Pair, count: usize) -> (Vec<CommandId>, Vec<String>) {
    let texts: Vec<String> = (0..count).map(|n| format!("message {n}")).collect();
    (texts.iter().map(|text| pair.send(text)).collect(), texts)
}

#[test]
fn all_of_it_arrives_once_and_in_order() {
    for mode in MODES {
        let mut pair = limited(mode);
        let (sends, texts) = send(&mut pair, 30);
        pair.wait(60_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
        pair.run_for(5_000);
        assert_eq!(pair.chat().visitor_said(), texts, "{mode:?}");
        assert_eq!(pair.page.texts(), texts);
        assert!(pair.page.errors().is_empty(), "nobody is troubled with it");
        pair.assert_complete();
    }
}

#[test]
fn the_server_is_not_asked_again_and_again() {
    for mode in MODES {
        let mut pair = limited(mode);
        let (sends, _) = send(&mut pair, 30);
        pair.wait(60_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
        let refusals = pair.world.chats.limit.as_ref().unwrap().refusals;
        // At first it is not known that there is a limit; then one is tried at a time.
        assert!(refusals <= 25 + 13, "{mode:?}: {refusals} refusals");
    }
}

#[test]
fn what_is_given_meanwhile_waits_its_turn_and_the_session_ends_after_it() {
    for mode in MODES {
        let mut pair = limited(mode);
        let (_, mut texts) = send(&mut pair, 10);
        pair.run_for(300);
        let late = pair.send("late");
        texts.push("late".to_owned());
        let leave = pair.leave();
        pair.wait(60_000, "the session is left", |pair| pair.is_done(leave));
        assert!(pair.is_done(late));
        assert_eq!(pair.chat().visitor_said(), texts, "{mode:?}");
    }
}

#[test]
fn a_break_and_a_reload_in_the_wait_lose_and_double_nothing() {
    for mode in MODES {
        for reloads in [false, true] {
            let mut pair = limited(mode);
            let (_, texts) = send(&mut pair, 20);
            pair.run_for(1_700);
            if reloads {
                pair.reload();
            } else {
                pair.rule("sendMessage", Action::LoseAnswer);
            }
            pair.run_for(30_000);
            assert_eq!(pair.chat().visitor_said(), texts, "{mode:?} {reloads}");
            assert!(pair.page.errors().iter().all(|code| *code == 150), "{:?}", pair.page.errors());
        }
    }
}

#[test]
fn what_would_come_after_a_later_message_is_refused() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.world.chats.refuse_with = Some(put_off());
    let (first, second) = (pair.send("first"), pair.send("second"));
    pair.wait(10_000, "both are settled", |pair| pair.result(first).is_some() && pair.is_done(second));
    assert_eq!(pair.code(first), Some(52));
    pair.run_for(10_000);
    assert_eq!(pair.chat().visitor_said(), ["second"]);
}

#[test]
fn it_does_not_go_again_before_it_is_known_what_became_of_later_messages() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.world.chats.refuse_with = Some(put_off());
    let first = pair.send("first");
    pair.rule("sendMessage", Action::Delay(1));
    pair.rule("sendMessage", Action::Delay(4_000));
    let second = pair.send("second");
    pair.wait(10_000, "both are settled", |pair| pair.result(first).is_some() && pair.is_done(second));
    assert_eq!(pair.code(first), Some(52), "the server has taken the second");
    pair.run_for(10_000);
    assert_eq!(pair.chat().visitor_said(), ["second"]);
}

#[test]
fn a_server_that_does_not_say_when_has_refused() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.world.chats.refusals.push(("sendMessage".to_owned(), 1, 429));
    let send = pair.send("one too many");
    pair.wait(1_000, "it is refused", |pair| pair.code(send) == Some(52));
}
