//! Messages that are not settled when the page goes: the next page looks them up and sends what is missing, once and in
//! order, before its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::json::native::NativeJson;
use causerie::session::{EndReason, Snapshot};
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};

/// A chat whose link is down, for the server is.
fn cut_off(options: Options) -> Pair {
    let mut pair = Pair::chatting(options);
    pair.world.stop(0);
    pair.run_for(1_000);
    assert!(pair.page.is_interrupted());
    pair
}

fn stored(pair: &Pair) -> String {
    serde_json::to_string(pair.page.stored.as_ref().unwrap()).unwrap()
}

#[test]
fn what_waits_is_sent_by_the_next_page_before_its_own() {
    for options in Options::all() {
        let mut pair = cut_off(options);
        for text in ["one", "two", "two", "three"] {
            pair.send(text);
        }
        pair.unload();
        pair.run_for(2_000);
        pair.host().go();
        let restore = pair.restore();
        pair.wait(5_000, "the session is restored", |pair| pair.is_done(restore));
        let own = pair.send("four");
        pair.wait(5_000, "the page's own is settled", |pair| pair.is_done(own));
        pair.run_for(5_000);
        assert_eq!(pair.chat().visitor_said(), ["one", "two", "two", "three", "four"]);
        assert_eq!(pair.page.errors(), [] as [u16; 0]);
        pair.assert_complete();
        assert!(pair.page.stored.is_some() && pair.page.unsent().is_empty());
    }
}

#[test]
fn a_page_that_goes_at_any_moment_of_a_send_sends_it_once() {
    for options in Options::all() {
        for ms in 0..80 {
            let mut pair = Pair::chatting(options.clone());
            pair.send("one");
            pair.send("two");
            pair.run_for(ms);
            pair.reload();
            pair.run_for(2 * ms);
            pair.reload();
            pair.run_for(15_000);
            assert_eq!(pair.chat().visitor_said(), ["one", "two"], "{options:?}, {ms} ms");
            pair.assert_complete();
        }
    }
}

#[test]
fn what_stands_in_the_transcript_is_not_sent_again() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.mute_down = true;
        pair.send("one");
        pair.send("two");
        pair.run_for(1_000);
        pair.unload();
        pair.world.net.mute_down = false;
        pair.restore();
        pair.run_for(10_000);
        let said = pair.chat().visitor_said().len();
        assert_eq!((said, pair.chat().count("sendMessage")), (2, 2));
        pair.assert_complete();
    }
}

#[test]
fn an_older_message_of_the_same_text_is_not_taken_for_it() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let first = pair.send("yes");
        pair.run_for(4_000);
        assert!(pair.is_done(first));
        pair.rule("sendMessage", Action::LoseRequest);
        pair.send("yes");
        pair.run_for(5);
        pair.world.stop(0);
        pair.run_for(500);
        pair.unload();
        pair.host().go();
        pair.restore();
        pair.run_for(10_000);
        assert_eq!(pair.chat().visitor_said(), ["yes", "yes"]);
        pair.assert_complete();
    }
}

#[test]
fn of_two_with_the_same_text_the_one_that_arrived_is_not_taken_for_the_other() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        // The page is slow: it has not told yet what is known of the first when the second is lost on its way.
        pair.page.is_busy = true;
        let first = pair.send("yes");
        pair.run_for(4_000);
        assert!(pair.is_done(first));
        pair.rule("sendMessage", Action::LoseRequest);
        pair.send("yes");
        pair.run_for(30);
        pair.reload();
        pair.run_for(10_000);
        assert_eq!(pair.chat().visitor_said(), ["yes", "yes"]);
    }
}

#[test]
fn reloads_in_the_middle_of_a_restore_lose_and_double_nothing() {
    for options in Options::all() {
        for ms in (0..200).step_by(9) {
            let mut pair = cut_off(options.clone());
            pair.send("one");
            pair.send("two");
            pair.host().go();
            pair.reload();
            pair.run_for(ms);
            pair.reload();
            pair.run_for(ms / 2);
            pair.reload();
            pair.run_for(15_000);
            assert_eq!(pair.chat().visitor_said(), ["one", "two"], "{options:?}, {ms} ms");
            pair.assert_complete();
        }
    }
}

#[test]
fn what_the_server_refuses_is_told_by_on_error() {
    for options in Options::all() {
        let mut pair = cut_off(options);
        pair.world.chats.longest = 5;
        pair.send("too long");
        pair.send("short");
        pair.host().go();
        pair.reload();
        pair.run_for(10_000);
        assert_eq!(pair.page.errors(), [309]);
        assert_eq!(pair.chat().visitor_said(), ["short"]);
        assert!(pair.page.seen.iter().all(|seen| seen.kind != Kind::Error || !seen.text.contains("too long")));
        assert!(pair.page.stored.is_some() && pair.page.unsent().is_empty());
    }
}

#[test]
fn what_the_end_of_the_session_prevents_is_told_before_it() {
    for options in Options::all() {
        let mut pair = cut_off(options);
        pair.send("one");
        pair.send("two");
        pair.host().go();
        pair.agent_ends();
        pair.reload();
        pair.run_for(10_000);
        assert_eq!(pair.page.errors(), [309, 309]);
        assert_eq!(pair.page.ended, Some(EndReason::Agent));
        assert!(pair.page.stored.is_none());
    }
}

#[test]
fn a_message_that_breaks_the_link_of_every_page_is_given_up() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
        for _ in 0..20 {
            pair.rule("sendMessage", Action::LoseRequest);
        }
        pair.send("poison");
        for _ in 0..20 {
            pair.run_for(700);
            pair.reload();
        }
        pair.run_for(60_000);
        let reported = |page: &harness::page::Page| page.errors().iter().filter(|code| **code == 309).count();
        let reports: usize = pair.earlier.iter().map(reported).sum::<usize>() + reported(&pair.page);
        assert_eq!(reports, 1, "told by one page");
        let after = pair.send("after");
        pair.host().rules.clear();
        pair.wait(60_000, "the next is settled", |pair| pair.is_done(after));
        assert_eq!(pair.chat().visitor_said(), ["after"]);
    }
}

#[test]
fn a_text_is_stored_only_until_its_message_is_settled() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.send("TOPSECRET");
        assert!(stored(&pair).contains("TOPSECRET"), "from the first moment");
        pair.run_for(5_000);
        assert!(!stored(&pair).contains("TOPSECRET"));
    }
}

#[test]
fn where_there_is_no_room_nothing_is_stored_and_nothing_is_complained_of() {
    let mut pair = cut_off(Options { outbox_room: 0, ..Options::default() });
    pair.send("TOPSECRET");
    assert!(!stored(&pair).contains("TOPSECRET"));
    assert_eq!(pair.page.errors(), [150]);
}

#[test]
fn what_does_not_fit_is_told_once_and_the_rest_is_stored() {
    let mut pair = cut_off(Options { outbox_room: 1_000, ..Options::default() });
    pair.send("first");
    pair.send(&"x".repeat(2_000));
    pair.send(&"y".repeat(2_000));
    pair.send("last");
    assert_eq!(pair.page.errors(), [150, 305]);
    assert_eq!(pair.page.unsent(), ["first", "last"]);
    pair.host().go();
    pair.run_for(20_000);
    assert_eq!(pair.chat().visitor_said().len(), 4, "this page sends all");
    assert_eq!(pair.page.unsent(), [] as [&str; 0]);
    pair.world.stop(0);
    pair.run_for(1_000);
    pair.send(&"z".repeat(2_000));
    assert_eq!(pair.page.errors(), [150, 305, 150, 305], "told again, for it was well in between");
}

#[test]
fn a_full_outbox_refuses_more_after_a_reload_too() {
    let mut pair = cut_off(Options { outbox_room: 1_000_000, ..Options::default() });
    for n in 0..1_000 {
        pair.send(&n.to_string());
    }
    let more = pair.send("more");
    assert_eq!(pair.code(more), Some(52));
    pair.host().go();
    pair.reload();
    // One after the other, for the earlier page may have been asked to send less.
    pair.run_for(60_000);
    let said: Vec<String> = pair.chat().visitor_said().into_iter().map(str::to_owned).collect();
    assert_eq!(said, (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_state_of_the_first_version_is_taken_up() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_says("one");
        pair.run_for(100);
        let mut state = serde_json::to_value(pair.page.stored.as_ref().unwrap()).unwrap();
        let members = state.as_object_mut().unwrap();
        members.insert("version".to_owned(), 1.into());
        members.remove("outbox");
        members.remove("searched");
        pair.unload();
        pair.page.stored = Snapshot::read(&NativeJson::from(state));
        let restore = pair.restore();
        pair.wait(1_000, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(500);
        pair.assert_complete();
    }
}

#[test]
fn what_is_malformed_in_a_stored_outbox_is_left_out() {
    let mut pair = cut_off(Options::default());
    pair.send("well");
    let mut state = serde_json::to_value(pair.page.stored.as_ref().unwrap()).unwrap();
    let well = state["outbox"][0].clone();
    let wrong = [serde_json::json!(7), serde_json::json!({ "id": 1 }), serde_json::Value::Null];
    state["outbox"] = wrong.into_iter().chain([well]).collect();
    pair.unload();
    pair.page.stored = Snapshot::read(&NativeJson::from(state));
    pair.host().go();
    let restore = pair.restore();
    pair.wait(20_000, "the session is restored", |pair| pair.is_done(restore));
    pair.run_for(5_000);
    assert_eq!(pair.chat().visitor_said(), ["well"]);
}
