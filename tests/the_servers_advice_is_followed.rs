//! Bayeux advice, new handshakes, restarts, and HTTP 429.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::transport::Mode;
use harness::{Action, Flavour, Http, Kind, Options, Pair};
use serde_json::{Value, json};

/// The times at which envelopes with this in them arrived.
fn times(pair: &Pair, about: &str) -> Vec<u64> {
    let log = &pair.world.hosts[0].log;
    log.iter()
        .filter(|(_, _, e)| harness::host::Host::summary(e).iter().any(|name| name == about))
        .map(|(t, ..)| *t)
        .collect()
}

#[test]
fn the_interval_is_waited_between_connects() {
    for options in Options::all() {
        let mut pair = Pair::new(options);
        pair.host().bayeux.advice = json!({ "reconnect": "retry", "interval": 4_000, "timeout": 1_000 });
        pair.host().bayeux.hold = 1_000;
        pair.start();
        pair.run_for(30_000);
        let times = times(&pair, "/meta/connect");
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 4_000), "{times:?}");
        assert!(times.len() >= 5);
        let send = pair.send("hello");
        pair.wait(8_000, "the interval holds back connects only", |pair| pair.is_done(send));
    }
}

#[test]
fn a_connect_that_is_not_answered_within_the_advised_timeout_breaks_the_link() {
    for options in Options::all() {
        let mut pair = Pair::new(options);
        pair.host().bayeux.advice = json!({ "reconnect": "retry", "interval": 0, "timeout": 2_000 });
        pair.start();
        pair.run_for(1_000);
        pair.rule("/meta/connect", Action::Swallow);
        pair.rule("/meta/connect", Action::Swallow);
        pair.wait(14_000, "the page is told", |pair| pair.page.is_interrupted());
        assert!(pair.world.now > 12_000, "not before the timeout, the patience and the probe's time are over");
    }
}

#[test]
fn a_server_that_lies_about_its_timeouts_is_not_believed_for_ever() {
    for lie in [json!(-1), json!("x"), json!(1e300), json!(null)] {
        let mut pair = Pair::new(Options::of(Flavour::Ours, Mode::LongPolling));
        pair.host().bayeux.advice = json!({ "reconnect": "maybe", "interval": 0, "timeout": lie, "maxInterval": lie });
        let launch = pair.start();
        pair.wait(1_000, "the session starts", |pair| pair.is_done(launch));
        pair.world.net.mute_down = true;
        pair.wait(700_000, "the page is told", |pair| pair.page.is_interrupted() || pair.page.ended.is_some());
    }
}

#[test]
fn a_server_that_answers_connects_at_once_is_not_asked_in_a_tight_loop() {
    for options in Options::all() {
        let mut pair = Pair::new(options);
        pair.host().bayeux.hold = 0;
        pair.start();
        pair.run_for(10_000);
        assert!(times(&pair, "/meta/connect").len() < 400, "{}", times(&pair, "/meta/connect").len());
    }
}

#[test]
fn none_stops_the_session_at_once() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.advice = json!({ "reconnect": "none" });
        let send = pair.send("hello");
        pair.wait(65_000, "the session is over", |pair| pair.page.ended.is_some());
        assert!(pair.result(send).is_some());
        let count = pair.envelopes().len();
        pair.run_for(100_000);
        assert!(pair.envelopes().len() <= count + 1, "nothing more is asked for: {:?}", &pair.envelopes()[count..]);
        let ends = pair.page.first(Kind::Ended).unwrap();
        assert_eq!(ends.code, 3);
        assert!(pair.page.stored.is_none());
    }
}

/// Lets the server forget its Bayeux clients, in one of the spellings, and says what is to come through.
fn forgets(options: Options, unknown: &'static str, advice: Value) {
    let mut pair = Pair::chatting(options);
    pair.host().bayeux.unknown = unknown;
    pair.host().bayeux.unknown_advice = advice;
    pair.host().bayeux.forget();
    let send = pair.send("hello");
    pair.wait(20_000, "the message arrives", |pair| pair.is_done(send));
    pair.agent_says("there");
    pair.wait(5_000, "pushes arrive", |pair| pair.page.texts().contains(&"there"));
    pair.run_for(10_000);
    pair.assert_complete();
    assert_eq!(pair.chat().visitor_said(), ["hello"]);
    assert_eq!(pair.page.count(Kind::Interrupted), pair.page.count(Kind::Continued));
    assert_eq!(pair.world.hosts[0].bayeux.handshakes, 2);
}

#[test]
fn a_client_that_is_unknown_shakes_hands_again_whatever_the_code_says() {
    let advice = json!({ "reconnect": "handshake", "interval": 0 });
    for options in Options::all() {
        for unknown in [
            "402::session_unknown",
            "402::unknown_session",
            "402::Unknown client",
            "403::Unknown client",
            "401:{}:Unknown client",
        ] {
            forgets(options.clone(), unknown, advice.clone());
        }
        forgets(options.clone(), "402::Unknown client", Value::Null);
        forgets(options.clone(), "402::Unknown client", json!({ "reconnect": "retry" }));
    }
}

#[test]
fn the_advice_alone_is_enough_for_a_new_handshake() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.unknown = "500::something else";
        pair.host().bayeux.forget();
        pair.wait(40_000, "a new handshake", |pair| pair.world.hosts[0].bayeux.handshakes == 2);
        pair.run_for(1_000);
        pair.agent_says("hello");
        pair.run_for(1_000);
        pair.assert_complete();
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
    }
}

#[test]
fn a_new_handshake_is_no_interruption() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.forget();
        let send = pair.send("hello");
        pair.wait(1_500, "the message arrives", |pair| pair.is_done(send));
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
    }
}

#[test]
fn a_new_handshake_that_takes_long_is_an_interruption() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.unknown_advice = json!({ "reconnect": "handshake", "interval": 300_000 });
        pair.host().bayeux.forget();
        pair.wait(36_000, "the page is told", |pair| pair.page.is_interrupted());
        pair.wait(61_000, "the session does not wait for ever", |pair| pair.page.ended.is_some());
    }
}

#[test]
fn a_server_that_forgets_its_clients_again_and_again_is_not_hammered() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.max_interval = 0;
        pair.host().bayeux.forget();
        pair.send("hello");
        pair.run_for(50_000);
        let handshakes = pair.world.hosts[0].bayeux.handshakes;
        assert!(handshakes < 60, "{handshakes} handshakes in 50 s");
        pair.run_for(60_000);
        assert!(pair.page.ended.is_some() || pair.page.is_interrupted(), "{:?}", pair.page.seen);
    }
}

#[test]
fn a_server_that_restarts_is_found_again() {
    for options in Options::all() {
        for down in [0, 300, 1_200, 7_000, 30_000] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.stop(0);
            let send = pair.send("hello");
            pair.run_for(down);
            pair.host().go();
            pair.wait(25_000, "the message arrives", |pair| pair.is_done(send));
            pair.agent_says("there");
            pair.run_for(2_000);
            pair.assert_complete();
            assert_eq!(pair.page.count(Kind::Interrupted), 1);
            assert_eq!(pair.page.count(Kind::Continued), 1);
        }
    }
}

#[test]
fn a_server_that_has_lost_the_chat_ends_the_session() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.stop(0);
        pair.world.chats.chats.clear();
        let send = pair.send("hello");
        pair.host().go();
        pair.wait(20_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.code(send), Some(50));
        assert_eq!(pair.page.kinds()[..], [Kind::Joined, Kind::Interrupted, Kind::Left, Kind::Ended][..]);
        assert_eq!(pair.page.first(Kind::Ended).unwrap().code, 3);
    }
}

#[test]
fn a_link_that_breaks_right_after_the_handshake_is_subscribed_all_the_same() {
    for options in Options::all() {
        for action in [Action::LoseRequest, Action::LoseAnswer] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.stop(0);
            pair.host().go();
            pair.rule("/meta/subscribe", action);
            pair.wait(20_000, "the link is up", |pair| pair.page.count(Kind::Continued) == 1);
            pair.agent_says("hello");
            pair.wait(1_000, "pushes arrive", |pair| pair.page.texts() == ["hello"]);
            pair.assert_complete();
        }
    }
}

#[test]
fn too_many_requests_are_waited_for_as_long_as_the_server_asks() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        for seconds in [1, 5, 30] {
            let mut pair = Pair::chatting(Options::of(flavour, Mode::LongPolling));
            pair.rule("sendMessage", Action::Status(429, Some(seconds)));
            let (first, second) = (pair.send("first"), pair.send("second"));
            pair.run_for(u64::from(seconds) * 1_000 - 100);
            assert_eq!(pair.result(first), None);
            assert_eq!(times(&pair, "sendMessage").len(), 1, "nothing is sent before that");
            pair.wait(5_000, "both arrive", |pair| pair.is_done(first) && pair.is_done(second));
            assert_eq!(pair.chat().visitor_said(), ["first", "second"]);
            pair.run_for(1_000);
            assert_eq!(pair.page.count(Kind::Interrupted), 0);
            pair.assert_complete();
        }
    }
}

#[test]
fn too_many_connects_are_waited_for_as_well() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    pair.rule("/meta/connect", Action::Status(429, Some(3)));
    pair.run_for(40_000);
    pair.agent_says("hello");
    pair.run_for(100);
    pair.assert_complete();
    assert_eq!(pair.page.count(Kind::Interrupted), 0);
}

#[test]
fn a_server_that_never_takes_anything_is_an_interruption_in_the_end() {
    for wait in [None, Some(1), Some(20), Some(1_000_000)] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
        pair.host().http = Http::Status(429, wait);
        let send = pair.send("hello");
        pair.wait(700_000, "the send is settled", |pair| pair.result(send).is_some());
        assert!(pair.page.ended.is_some());
    }
}

#[test]
fn a_pause_of_a_server_that_was_lost_and_found_is_respected() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    pair.cut();
    pair.host().bayeux.forget();
    pair.rule("/meta/subscribe", Action::Status(429, Some(25)));
    pair.wait(40_000, "the link is up", |pair| pair.page.count(Kind::Continued) == 1);
    let refused = times(&pair, "/meta/subscribe")[1];
    let log = pair.world.hosts[0].log.iter();
    let early: Vec<_> = log.filter(|(at, ..)| (refused + 1..refused + 25_000).contains(at)).collect();
    assert!(early.is_empty(), "{early:?}");
}

#[test]
fn http_errors_break_the_link_and_are_repaired() {
    for status in [400, 401, 403, 404, 408, 500, 502, 503, 504] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
        pair.rule("sendMessage", Action::Status(status, None));
        let send = pair.send("hello");
        pair.wait(10_000, "the message arrives", |pair| pair.is_done(send));
        assert_eq!(pair.page.count(Kind::Continued), 1, "HTTP {status}");
        pair.run_for(1_000);
        pair.assert_complete();
    }
}

#[test]
fn garbage_in_place_of_an_answer_is_repaired() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("sendMessage", Action::Garbage);
        let send = pair.send("hello");
        pair.wait(30_000, "the send is settled", |pair| pair.is_done(send));
        pair.run_for(1_000);
        assert_eq!(pair.chat().visitor_said(), ["hello"]);
        pair.assert_complete();
    }
}
