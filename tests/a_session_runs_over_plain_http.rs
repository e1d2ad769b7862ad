//! `transport: "rest"`: chat v2 without Bayeux. What the others say is asked for, again and again; the rules are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::EndReason;
use causerie::transport::Mode;
use harness::{Action, Flavour, Http, Kind, Options, Pair};

fn rest() -> Options {
    Options::of(Flavour::Ours, Mode::Rest)
}

fn polls(pair: &Pair) -> usize {
    pair.world.hosts[0].log.iter().filter(|(_, path, _)| path.ends_with("/refresh")).count()
}

#[test]
fn visitor_and_agent_talk() {
    let mut pair = Pair::chatting(rest());
    pair.agent_says("good morning");
    let sent = pair.send("and to you");
    pair.run_for(6_000);
    assert!(pair.is_done(sent));
    assert_eq!(pair.page.texts(), ["good morning", "and to you"]);
    pair.assert_complete();
    let (_, path, _) = &pair.world.hosts[0].log[0];
    assert_eq!(path, "/2/chat/default");
    pair.leave();
    pair.run_for(1_000);
    assert_eq!(pair.page.ended, Some(EndReason::LeaveRequest));
    let before = polls(&pair);
    pair.run_for(60_000);
    assert_eq!(polls(&pair), before, "nobody asks after the end");
}

#[test]
fn the_less_is_said_the_less_often_it_is_asked() {
    let mut pair = Pair::chatting(rest());
    pair.run_for(60_000);
    let before = polls(&pair);
    pair.run_for(50_000);
    assert_eq!(polls(&pair) - before, 10, "every five seconds when nobody talks");
    pair.agent_says("anybody there?");
    pair.run_for(10_000);
    let before = polls(&pair);
    pair.agent_says("one");
    pair.run_for(5_000);
    pair.agent_says("two");
    pair.run_for(3_000);
    assert!(polls(&pair) - before >= 3, "more often when somebody does");
}

#[test]
fn messages_are_sent_one_after_the_other_in_order() {
    let mut pair = Pair::chatting(rest());
    pair.rule("sendMessage", Action::Delay(2_000));
    for text in ["one", "two", "three"] {
        pair.send(text);
    }
    pair.run_for(10_000);
    assert_eq!(pair.chat().visitor_said(), ["one", "two", "three"]);
    assert_eq!(pair.page.texts(), ["one", "two", "three"]);
}

#[test]
fn a_send_whose_answer_was_lost_is_not_sent_twice() {
    for action in [Action::LoseAnswer, Action::Swallow, Action::Garbage, Action::LoseRequest, Action::Twice] {
        let mut pair = Pair::chatting(rest());
        pair.rule("sendMessage", action);
        let sent = pair.send("once");
        pair.run_for(40_000);
        assert!(pair.is_done(sent), "{action:?}");
        assert_eq!(pair.chat().visitor_said(), ["once"], "{action:?}");
        pair.assert_complete();
    }
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept_and_loses_nothing() {
    let mut pair = Pair::chatting(rest());
    pair.rule("sendMessage", Action::Status(429, Some(7)));
    let sent = pair.send("later");
    pair.run_for(6_500);
    assert!(!pair.is_done(sent));
    let quiet = pair.world.hosts[0].log.len();
    pair.run_for(1_000);
    assert!(pair.is_done(sent));
    assert!(pair.world.hosts[0].log.len() > quiet);
    assert_eq!(pair.page.count(Kind::Interrupted), 0);
}

#[test]
fn a_message_that_is_too_large_is_refused_and_the_session_goes_on() {
    let mut pair = Pair::chatting(rest());
    pair.rule("sendMessage", Action::Status(413, None));
    let large = pair.send("it grows and grows");
    let small = pair.send("small");
    pair.run_for(5_000);
    assert_eq!(pair.code(large), Some(3));
    assert!(pair.is_done(small));
}

#[test]
fn a_server_that_is_away_interrupts_and_a_reload_restores() {
    let mut pair = Pair::chatting(rest());
    pair.agent_says("before");
    pair.run_for(6_000);
    pair.host().http = Http::Down;
    pair.run_for(8_000);
    assert!(pair.page.is_interrupted());
    pair.agent_says("meanwhile");
    pair.host().go();
    pair.run_for(20_000);
    assert!(!pair.page.is_interrupted());
    pair.reload();
    pair.run_for(3_000);
    assert!(pair.is_done(pair.launch));
    assert_eq!(pair.page.texts(), ["before", "meanwhile"]);
    assert!(pair.page.first(Kind::Message).unwrap().restored);
}

#[test]
fn a_launch_that_is_refused_or_not_answered_says_why() {
    for (http, code) in
        [(Http::Down, 100), (Http::Html, 100), (Http::Status(403, None), 101), (Http::Status(500, None), 100)]
    {
        let mut pair = Pair::new(rest());
        pair.host().http = http;
        let launch = pair.start();
        pair.run_for(30_000);
        assert_eq!(pair.code(launch), Some(code), "{http:?}");
    }
}
