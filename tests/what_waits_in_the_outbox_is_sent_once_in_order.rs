//! Messages that are given while the link is down, or whose answers were lost with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair, Socket};

#[test]
fn messages_wait_while_the_link_is_down_and_go_in_order_after_it() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(1_000);
        assert_eq!(pair.page.count(Kind::Interrupted), 1);
        assert_eq!(pair.page.errors(), [150], "the deprecated twin of onInterrupted");
        let sends = ["one", "two", "two", "three"].map(|text| pair.send(text));
        pair.run_for(5_000);
        assert!(sends.iter().all(|send| pair.result(*send).is_none()));
        pair.host().go();
        pair.wait(20_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
        pair.run_for(5_000);
        assert_eq!(pair.page.texts(), ["one", "two", "two", "three"]);
        assert_eq!(pair.chat().visitor_said(), ["one", "two", "two", "three"]);
        let kinds = [Kind::Joined, Kind::Interrupted, Kind::Continued, Kind::Message];
        assert_eq!(pair.page.kinds()[..4], kinds, "they come after the link");
        pair.assert_complete();
    }
}

#[test]
fn a_send_whose_answer_was_lost_is_not_sent_twice() {
    for options in Options::all() {
        for latency in [(5, 10), (200, 900)] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.net.latency = latency;
            pair.rule("sendMessage", Action::LoseAnswer);
            let (first, second) = (pair.send("same"), pair.send("same"));
            pair.wait(60_000, "both are settled", |pair| pair.is_done(first) && pair.is_done(second));
            pair.run_for(20_000);
            assert_eq!(pair.chat().visitor_said(), ["same", "same"]);
            assert_eq!(pair.page.texts(), ["same", "same"]);
            pair.assert_complete();
        }
    }
}

#[test]
fn a_send_that_was_lost_on_its_way_is_sent_again() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("sendMessage", Action::LoseRequest);
        let (first, second) = (pair.send("first"), pair.send("second"));
        pair.wait(60_000, "both are settled", |pair| pair.is_done(first) && pair.is_done(second));
        pair.run_for(5_000);
        assert_eq!(pair.chat().visitor_said(), ["first", "second"]);
        pair.assert_complete();
    }
}

#[test]
fn the_same_request_arriving_twice_is_one_message_for_a_server_that_knows_its_id() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
        pair.rule("sendMessage", Action::Twice);
        let send = pair.send("once");
        pair.wait(1_000, "the send is settled", |pair| pair.is_done(send));
        pair.run_for(1_000);
        assert_eq!(pair.page.texts(), ["once"]);
        pair.assert_complete();
    }
}

#[test]
fn a_lost_answer_among_news_from_the_agent_is_recognised() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("sendMessage", Action::LoseAnswer);
        let send = pair.send("mine");
        pair.wait(5_000, "the link broke", |pair| pair.page.count(Kind::Interrupted) == 1);
        for n in 0..5 {
            pair.agent_says(&format!("agent {n}"));
            pair.run_for(30);
        }
        pair.wait(20_000, "the send is settled", |pair| pair.is_done(send));
        pair.run_for(5_000);
        assert_eq!(pair.chat().visitor_said(), ["mine"]);
        pair.assert_complete();
    }
}

#[test]
fn a_network_that_only_goes_one_way_is_found_out_and_nothing_is_lost() {
    for options in Options::all() {
        for up in [true, false] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.net.mute_up = up;
            pair.world.net.mute_down = !up;
            let send = pair.send("hello");
            pair.wait(15_000, "the page is told", |pair| pair.page.is_interrupted());
            pair.world.net.mute_up = false;
            pair.world.net.mute_down = false;
            pair.wait(30_000, "the send is settled", |pair| pair.is_done(send));
            pair.agent_says("there you are");
            pair.run_for(20_000);
            assert_eq!(pair.chat().visitor_said(), ["hello"], "{options:?} {up}");
            pair.assert_complete();
        }
    }
}

#[test]
fn an_idle_network_that_only_goes_one_way_is_found_out_by_the_connect() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.mute_down = true;
        pair.wait(41_000, "the page is told", |pair| pair.page.is_interrupted());
    }
}

#[test]
fn a_flapping_network_loses_and_doubles_nothing() {
    for options in Options::all() {
        for seed in 0..10 {
            let mut pair = Pair::chatting(Options { seed, ..options.clone() });
            let mut sends = Vec::new();
            for round in 0..30 {
                sends.push(pair.send(&format!("mine {round}")));
                pair.agent_says(&format!("yours {round}"));
                pair.run_for(400 + 37 * round);
                if round % 3 == 0 {
                    pair.cut();
                }
            }
            pair.wait(60_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
            pair.run_for(10_000);
            pair.assert_complete();
            assert_eq!(pair.chat().visitor_said().len(), 30);
        }
    }
}

#[test]
fn a_message_whose_refusal_was_lost_is_not_sent_after_a_later_one() {
    for mode in [Mode::WebSocket, Mode::LongPolling, Mode::Rest] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
        pair.world.chats.refusals.push(("sendMessage".to_owned(), 1, 249));
        pair.rule("sendMessage", Action::Swallow);
        let first = pair.send("first");
        pair.run_for(100);
        let second = pair.send("second");
        pair.wait(60_000, "both are settled", |pair| pair.result(first).is_some() && pair.is_done(second));
        pair.run_for(5_000);
        let said: Vec<String> = pair.chat().visitor_said().into_iter().map(str::to_owned).collect();
        match pair.code(first) {
            Some(code) => assert_eq!((code, said), (52, vec!["second".to_owned()])),
            // Where only one is under way at a time the first goes again, and first.
            None => assert_eq!(said, ["first", "second"]),
        }
    }
}

#[test]
fn the_end_rejects_what_still_waits() {
    let mut pair = Pair::chatting(Options { max_offline: 10_000, ..Options::default() });
    pair.host().stop();
    pair.cut();
    pair.run_for(1_000);
    let send = pair.send("too late");
    pair.wait(11_000, "the session is over", |pair| pair.page.ended.is_some());
    assert_eq!(pair.code(send), Some(50));
}

#[test]
fn what_a_server_skipped_is_refused_and_not_sent_after_what_it_took() {
    let mut pair = Pair::chatting(Options::of(Flavour::Plain, Mode::WebSocket));
    pair.world.chats.is_mute = true;
    pair.host().socket = Socket::Silent;
    let skipped = pair.send("skipped");
    pair.run_for(100);
    pair.host().socket = Socket::Well;
    let taken = pair.send("taken");
    pair.run_for(4_000);
    assert!(pair.is_done(taken), "the server has acknowledged it");
    pair.cut();
    pair.run_for(10_000);
    assert_eq!(pair.code(skipped), Some(52));
    assert_eq!(pair.chat().visitor_said(), ["taken"]);
}
