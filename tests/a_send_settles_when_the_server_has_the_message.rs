//! What a send comes to while the link is up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::Command;
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};
use serde_json::json;

#[test]
fn a_message_is_answered_and_comes_back_as_an_event_once() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let send = pair.send("hello");
        assert_eq!(pair.result(send), None, "not before the server has it");
        pair.wait(500, "the send is settled", |pair| pair.is_done(send));
        pair.run_for(5_000);
        assert_eq!(pair.page.texts(), ["hello"]);
        pair.assert_complete();
        assert_eq!(pair.chat().count("sendMessage"), 1);
    }
}

#[test]
fn an_address_goes_as_one() {
    for options in Options::all() {
        let mut pair = Pair::started(options);
        let send = pair.command(Command::Send { text: "https://x.test/a?b#c".to_owned(), url: true });
        pair.wait(500, "the send is settled", |pair| pair.is_done(send));
        assert_eq!(pair.page.first(Kind::Url).unwrap().text, "https://x.test/a?b#c");
        assert_eq!(pair.chat().count("pushUrl"), 1);
    }
}

#[test]
fn many_messages_stay_in_order_however_slow_the_network() {
    for options in Options::all() {
        for latency in [(1, 1), (5, 400), (1_000, 3_000)] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.net.latency = latency;
            let texts: Vec<String> = (0..100).map(|n| format!("message {n}")).collect();
            let sends: Vec<_> = texts.iter().map(|text| pair.send(text)).collect();
            pair.wait(120_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
            pair.wait(20_000, "all have come back", |pair| pair.page.texts().len() == 100);
            assert_eq!(pair.page.texts(), texts);
            assert_eq!(pair.chat().visitor_said(), texts);
            assert_eq!(pair.page.count(Kind::Interrupted), 0);
        }
    }
}

#[test]
fn over_long_polling_many_messages_share_few_requests() {
    let mut pair = Pair::chatting(Options::of(Flavour::Ours, Mode::LongPolling));
    let before = pair.envelopes().len();
    let sends: Vec<_> = (0..100).map(|n| pair.send(&format!("message {n}"))).collect();
    pair.wait(5_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
    assert!(pair.envelopes().len() - before < 8);
}

#[test]
fn an_acknowledgement_alone_settles_a_send_after_a_while() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::started(Options::of(Flavour::Plain, mode));
        pair.world.chats.is_mute = true;
        let send = pair.send("hello");
        pair.run_for(500);
        assert_eq!(pair.result(send), None, "more may come");
        pair.wait(5_000, "the send is settled", |pair| pair.is_done(send));
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
        assert_eq!(pair.chat().count("sendMessage"), 1);
    }
}

#[test]
fn an_acknowledgement_is_no_acceptance_when_the_session_ends_by_an_error() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::started(Options::of(Flavour::Plain, mode));
        pair.world.chats.is_mute = true;
        let send = pair.send("hello");
        pair.run_for(500);
        pair.push(
            json!({ "statusCode": 2, "chatEnded": true, "errors": [{ "code": 249, "advice": "no" }], "messages": [] }),
        );
        pair.run_for(500);
        assert_eq!(pair.code(send), Some(50));
        assert_eq!(pair.page.count(Kind::Ended), 1);
    }
}

#[test]
fn a_refusal_keeps_the_servers_code_and_disturbs_no_other_message() {
    for options in Options::all() {
        for (code, expected) in [(204, 3), (400, 3), (249, 52), (429, 52), (7, 52)] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.chats.refusals.push(("sendMessage".to_owned(), 1, code));
            let (bad, good) = (pair.send("refused"), pair.send("fine"));
            pair.wait(8_000, "both are settled", |pair| pair.result(bad).is_some() && pair.is_done(good));
            assert_eq!(pair.code(bad), Some(expected));
            let error = pair.result(bad).unwrap().as_ref().unwrap_err().to_string();
            assert!(error.contains(&code.to_string()), "{error}");
            pair.run_for(10_000);
            assert_eq!(pair.page.texts(), ["fine"]);
            assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Message]);
        }
    }
}

#[test]
fn messages_that_the_server_finds_too_long_or_empty_are_refused() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.longest = 10;
        for text in ["", "more than ten characters"] {
            let send = pair.send(text);
            pair.wait(1_000, "the send is settled", |pair| pair.code(send) == Some(3));
        }
        let send = pair.send("short");
        pair.wait(1_000, "the send is settled", |pair| pair.is_done(send));
    }
}

#[test]
fn a_publish_that_is_denied_is_a_failed_send() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.refuse_publish.push(("sendMessage".to_owned(), "403::publish_denied".to_owned()));
        let (bad, good) = (pair.send("anything"), pair.send("fine"));
        pair.wait(1_000, "both are settled", |pair| pair.code(bad) == Some(52) && pair.is_done(good));
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
    }
}

#[test]
fn a_message_too_large_for_http_is_refused_and_the_rest_of_its_batch_is_not() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = Pair::chatting(Options::of(flavour, Mode::LongPolling));
        let first = pair.send("first");
        // These two wait for the first one, and go together; the server refuses the two, and then the larger one.
        pair.host().rules = vec![("sendMessage".to_owned(), Action::Delay(0))];
        let (small, large, last) = (pair.send("small"), pair.send(&"x".repeat(20_000)), pair.send("last"));
        pair.wait(100, "the first is on its way", |pair| pair.envelopes().len() > 3);
        pair.rule("sendMessage", Action::Status(413, None));
        pair.rule("sendMessage", Action::Delay(0));
        pair.rule("sendMessage", Action::Status(413, None));
        let all = [first, small, large, last];
        pair.wait(5_000, "all are settled", |pair| all.iter().all(|send| pair.result(*send).is_some()));
        assert!(pair.is_done(first) && pair.is_done(small) && pair.is_done(last));
        assert_eq!(pair.code(large), Some(3));
        pair.run_for(1_000);
        assert_eq!(pair.page.texts(), ["first", "small", "last"]);
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
    }
}

#[test]
fn a_message_too_large_for_the_socket_is_refused_and_the_others_arrive() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = Pair::chatting(Options::of(flavour, Mode::WebSocket));
        let small = pair.send("small");
        pair.run_for(100);
        let large = pair.send(&"x".repeat(100_000));
        pair.rule("sendMessage", Action::Close(1009));
        let last = pair.send("last");
        let all = [small, large, last];
        pair.wait(20_000, "all are settled", |pair| all.iter().all(|send| pair.result(*send).is_some()));
        assert_eq!(pair.code(large), Some(3));
        assert!(pair.is_done(small) && pair.is_done(last));
        pair.run_for(1_000);
        assert_eq!(pair.page.texts(), ["small", "last"]);
    }
}

#[test]
fn ten_megabytes_arrive_however_long_the_upload_takes() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.upload = Some(400);
        let text = "m".repeat(10_000_000);
        let (large, small) = (pair.send(&text), pair.send("small"));
        pair.run_for(20_000);
        assert_eq!(pair.result(large), None);
        pair.wait(30_000, "both are settled", |pair| pair.is_done(large) && pair.is_done(small));
        pair.run_for(1_000);
        assert_eq!(pair.page.count(Kind::Interrupted), 0, "it was slow, not broken");
        assert_eq!(pair.page.texts(), [text.as_str(), "small"]);
        assert_eq!(pair.chat().count("sendMessage"), 2);
    }
}

#[test]
fn a_message_that_breaks_the_link_each_time_is_given_up() {
    for options in Options::all() {
        let mut pair = Pair::chatting(Options { max_offline: 600_000, ..options });
        pair.host().rules = vec![("sendMessage".to_owned(), Action::LoseRequest); 4];
        let send = pair.send("poison");
        pair.wait(300_000, "the send is settled", |pair| pair.result(send).is_some());
        assert_eq!(pair.code(send), Some(52));
        let next = pair.send("next");
        pair.wait(5_000, "the next one arrives", |pair| pair.is_done(next));
    }
}

#[test]
fn a_server_that_never_answers_does_not_keep_a_send_for_ever() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().rules = vec![("sendMessage".to_owned(), Action::Swallow); 100];
        pair.world.chats.refusals = vec![("sendMessage".to_owned(), 1, 249); 100];
        let send = pair.send("into the void");
        pair.wait(600_000, "the send is settled", |pair| pair.result(send).is_some());
    }
}

#[test]
fn answers_may_come_before_or_after_acknowledgements() {
    let mut pair = Pair::chatting(Options::of(Flavour::Plain, Mode::WebSocket));
    pair.host().bayeux.answers_late = 2_000;
    let send = pair.send("hello");
    pair.wait(4_000, "the send is settled", |pair| pair.is_done(send));
    pair.run_for(3_000);
    assert_eq!(pair.page.texts(), ["hello"]);
}

#[test]
fn an_outbox_takes_a_thousand_messages_and_refuses_more() {
    let mut pair = Pair::chatting(Options::default());
    pair.host().stop();
    pair.cut();
    pair.run_for(100);
    let sends: Vec<_> = (0..1_001).map(|n| pair.send(&n.to_string())).collect();
    assert_eq!(pair.code(sends[1_000]), Some(52));
    pair.host().go();
    pair.wait(30_000, "all are settled", |pair| sends[..1_000].iter().all(|send| pair.is_done(*send)));
    assert_eq!(pair.page.texts().len(), 1_000);
}

#[test]
fn a_session_that_the_server_does_not_know_any_more_is_over() {
    for options in Options::all() {
        for status in
            [json!({ "statusCode": 2, "errors": [{ "code": 8210 }] }), json!({ "statusCode": 2, "chatEnded": true })]
        {
            let mut pair = Pair::chatting(options.clone());
            let send = pair.send("hello");
            pair.push(status);
            pair.run_for(1_000);
            assert_eq!(pair.page.kinds().last(), Some(&Kind::Ended));
            assert!(pair.result(send).is_some());
            assert!(pair.page.stored.is_none());
        }
    }
}

#[test]
fn an_error_that_says_that_the_chat_goes_on_does_not_end_it() {
    let mut pair = Pair::chatting(Options::default());
    pair.push(json!({ "statusCode": 2, "chatEnded": false, "errors": [{ "code": 249 }] }));
    pair.run_for(1_000);
    assert!(pair.page.ended.is_none());
    assert_eq!(pair.page.errors(), [52]);
}
