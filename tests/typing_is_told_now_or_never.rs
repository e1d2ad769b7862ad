//! The visitor's typing on its way out, and the agents' on its way in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::Command;
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};
use serde_json::json;

fn told(pair: &mut Pair) -> (usize, usize) {
    (pair.chat().count("startTyping"), pair.chat().count("stopTyping"))
}

#[test]
fn keystrokes_are_coalesced_and_each_is_settled() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let mut commands = Vec::new();
        for _ in 0..100 {
            commands.push(pair.type_on(true));
            pair.run_for(100);
        }
        commands.push(pair.type_on(false));
        pair.run_for(5_000);
        assert!(commands.iter().all(|command| pair.is_done(*command)));
        let (on, off) = told(&mut pair);
        assert!((3..=11).contains(&on) && off == 1, "{on} on, {off} off in 10 s");
    }
}

#[test]
fn previews_are_told_at_most_once_a_second_and_the_last_one_is() {
    let mut pair = Pair::chatting(Options::default());
    for n in 0..40 {
        pair.command(Command::Typing { on: true, preview: Some(format!("text {n}")) });
        pair.run_for(100);
    }
    pair.run_for(2_000);
    let previews: Vec<String> =
        pair.chat().operations.iter().filter_map(|o| Some(o["message"].as_str()?.to_owned())).collect();
    assert!(previews.len() <= 6, "{previews:?}");
    assert_eq!(previews.last().map(String::as_str), Some("text 39"));
}

#[test]
fn a_visitor_who_has_sent_the_message_does_not_type_any_more() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.type_on(true);
        pair.run_for(100);
        let late = pair.command(Command::Typing { on: true, preview: Some("hel".to_owned()) });
        pair.run_for(100);
        let send = pair.send("hello");
        pair.run_for(5_000);
        assert!(pair.is_done(send) && pair.is_done(late));
        assert_eq!(told(&mut pair), (1, 0), "what was yet to be told is no longer true");
    }
}

#[test]
fn typing_while_the_link_is_down_is_forgotten() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(500);
        let typing = pair.type_on(true);
        assert!(pair.is_done(typing));
        pair.host().go();
        pair.run_for(20_000);
        assert_eq!(told(&mut pair), (0, 0));
    }
}

#[test]
fn typing_is_settled_when_the_link_breaks() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("startTyping", Action::LoseAnswer);
        let (now, later) = (pair.type_on(true), pair.type_on(false));
        pair.wait(20_000, "both are settled", |pair| pair.is_done(now) && pair.is_done(later));
    }
}

#[test]
fn typing_that_the_server_refuses_fails() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals.push(("startTyping".to_owned(), 1, 429));
        let (now, later) = (pair.type_on(true), pair.type_on(false));
        pair.wait(20_000, "both are settled", |pair| pair.result(now).is_some() && pair.is_done(later));
        match pair.options.flavour {
            Flavour::Ours => assert_eq!((pair.code(now), pair.page.errors()), (Some(52), vec![])),
            // What an error without an address is about is not known.
            Flavour::Plain => assert_eq!((pair.code(now), pair.page.errors()), (None, vec![52])),
        }
    }
}

#[test]
fn an_agents_typing_is_told_and_ends_with_its_message() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_types(true);
        pair.run_for(100);
        pair.agent_says("hello");
        pair.run_for(100);
        assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Typing, Kind::NotTyping, Kind::Message]);
        pair.agent_types(true);
        pair.run_for(100);
        pair.agent_types(false);
        pair.run_for(100);
        assert_eq!(pair.page.kinds()[4..], [Kind::Typing, Kind::NotTyping]);
        pair.assert_complete();
    }
}

#[test]
fn an_agents_typing_is_told_whatever_the_servers_clock_says() {
    let mut pair = Pair::chatting(Options::default());
    let from = pair.chat().agent("Jane");
    let typing = |kind: &str| json!({ "type": kind, "utcTime": 1_700_000_000_000_u64, "from": from });
    for kind in ["TypingStarted", "TypingStopped", "TypingStarted", "TypingStarted"] {
        pair.push(json!({ "statusCode": 0, "messages": [typing(kind)] }));
    }
    pair.run_for(100);
    let seen = [Kind::Typing, Kind::NotTyping, Kind::Typing];
    assert_eq!(pair.page.kinds()[1..], seen, "the same again is no news: a server that is polled repeats it");
    pair.agent_says("hello");
    pair.push(json!({ "statusCode": 0, "messages": [typing("TypingStarted")] }));
    pair.run_for(100);
    assert_eq!(pair.page.kinds()[4..], [Kind::NotTyping, Kind::Message, Kind::Typing], "after a message it is");
}

#[test]
fn an_agents_typing_does_not_last_for_ever() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_types(true);
        pair.wait(31_000, "it runs out", |pair| pair.page.count(Kind::NotTyping) == 1);
        assert!(pair.world.now > 20_000);
    }
}

#[test]
fn an_agent_who_leaves_types_no_more() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_types(true);
        pair.run_for(100);
        pair.agent_leaves("Jane");
        pair.run_for(60_000);
        assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Typing, Kind::NotTyping, Kind::Left]);
    }
}

#[test]
fn typing_is_never_played_back() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        for flavour in [Flavour::Ours, Flavour::Plain] {
            let mut pair = Pair::chatting(Options::of(flavour, mode));
            pair.agent_types(true);
            pair.run_for(100);
            // A server that keeps typing in its transcript.
            let now = pair.world.now;
            let agent = pair.chat().agent("Jane");
            let entry = pair.chat().entry(now, "TypingStarted", agent);
            pair.chat().keep(entry);
            pair.agent_says("hello");
            pair.run_for(2_000);
            let restore = pair.reload();
            pair.wait(2_000, "the session is restored", |pair| pair.is_done(restore));
            pair.run_for(1_000);
            assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Message]);
        }
    }
}
