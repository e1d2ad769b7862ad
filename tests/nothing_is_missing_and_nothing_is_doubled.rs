//! The transcript's order, against gaps, repetitions and lanes that overtake each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::transport::Mode;
use harness::{Flavour, Kind, Options, Pair};
use serde_json::{Value, json};

const FLAVOURS: [Flavour; 2] = [Flavour::Ours, Flavour::Plain];

/// Lets an agent say something that the server's transcript has and no push brings; returns the push.
fn unsaid(pair: &mut Pair, text: &str) -> Value {
    let now = pair.world.now;
    pair.chat().agent_says(now, "Jane", text)
}

#[test]
fn what_is_missing_is_asked_for() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        unsaid(&mut pair, "lost");
        pair.agent_says("later");
        pair.run_for(200);
        assert!(pair.page.texts().is_empty(), "nothing overtakes what is missing");
        pair.wait(1_000, "it is asked for", |pair| pair.page.texts() == ["lost", "later"]);
        pair.assert_complete();
        assert_eq!(pair.chat().count("requestNotifications"), 1);
    }
}

#[test]
fn what_is_only_late_is_not_asked_for() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let late = unsaid(&mut pair, "first");
        pair.agent_says("second");
        pair.run_for(150);
        pair.push(late);
        pair.run_for(2_000);
        assert_eq!(pair.page.texts(), ["first", "second"]);
        assert_eq!(pair.chat().count("requestNotifications"), 0);
    }
}

#[test]
fn an_answer_says_nothing_of_what_came_after_it_was_given() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        unsaid(&mut pair, "one");
        pair.agent_says("two");
        pair.world.net.latency = (150, 150);
        pair.wait(2_000, "it is asked for", |pair| pair.world.chats.chats[0].count("requestNotifications") == 1);
        // Before the answer arrives, something newer does, and what is between them is still on its way.
        let bound = pair.chat().bound[0].clone();
        pair.world.net.latency = (1, 1);
        unsaid(&mut pair, "three");
        let newest = unsaid(&mut pair, "four");
        pair.world.push_to(&bound, newest);
        pair.run_for(15_000);
        assert_eq!(pair.page.texts(), ["one", "two", "three", "four"]);
        pair.assert_complete();
    }
}

#[test]
fn a_push_while_the_missing_is_asked_for_is_not_taken_for_the_answer() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let first = unsaid(&mut pair, "one");
        unsaid(&mut pair, "two");
        pair.agent_says("three");
        pair.world.net.latency = (150, 150);
        pair.wait(2_000, "it is asked for", |pair| pair.world.chats.chats[0].count("requestNotifications") == 1);
        // Before the answer arrives, a late push brings one of the two.
        let bound = pair.chat().bound[0].clone();
        pair.world.net.latency = (1, 1);
        pair.world.push_to(&bound, first);
        pair.run_for(15_000);
        assert_eq!(pair.page.texts(), ["one", "two", "three"]);
        pair.assert_complete();
    }
}

#[test]
fn pushes_in_any_order_come_out_in_order() {
    for flavour in FLAVOURS {
        for seed in 0..20 {
            let mut pair = Pair::chatting(Options { seed, ..Options::of(flavour, Mode::WebSocket) });
            let mut pushes: Vec<Value> = (0..8).map(|n| unsaid(&mut pair, &n.to_string())).collect();
            let mut dice = harness::Seeded::new(seed);
            while !pushes.is_empty() {
                let place = dice.roll() as usize % pushes.len();
                let push = pushes.remove(place);
                pair.push(push.clone());
                if dice.chance(30) {
                    pair.push(push);
                }
                pair.run_for(dice.between(1, 30));
            }
            pair.run_for(10_000);
            assert_eq!(pair.page.texts(), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        }
    }
}

#[test]
fn typing_that_overtakes_a_message_does_not_swallow_it() {
    let mut pair = Pair::chatting(Options::of(Flavour::Plain, Mode::WebSocket));
    let message = unsaid(&mut pair, "one");
    pair.agent_types(true);
    pair.agent_says("two");
    pair.run_for(100);
    pair.push(message);
    pair.run_for(1_000);
    assert_eq!(pair.page.texts(), ["one", "two"]);
}

#[test]
fn indexes_that_typing_used_up_leave_no_gap() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::chatting(Options::of(Flavour::Plain, mode));
        // The visitor's own typing uses up indexes, and nobody tells the visitor.
        pair.world.chats.echoes_typing = false;
        pair.type_on(true);
        pair.run_for(100);
        pair.agent_says("hello");
        pair.wait(1_500, "the message is there soon", |pair| pair.page.texts() == ["hello"]);
        pair.agent_types(true);
        pair.agent_types(false);
        pair.agent_says("there");
        pair.wait(500, "at once", |pair| pair.page.texts().len() == 2);
        assert!(pair.page.errors().is_empty());
        pair.assert_complete();
    }
}

#[test]
fn what_the_server_does_not_give_is_given_up_in_the_end() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        // An index that no entry will ever have, and a server that does not answer the question.
        pair.chat().next_index += 1;
        pair.host().rules = vec![("requestNotifications".to_owned(), harness::Action::Swallow)];
        pair.world.chats.refusals.push(("requestNotifications".to_owned(), 1, 249));
        pair.agent_says("after the hole");
        pair.wait(40_000, "the rest goes on", |pair| pair.page.texts() == ["after the hole"]);
        pair.agent_says("next");
        pair.run_for(1_000);
        assert_eq!(pair.page.texts(), ["after the hole", "next"]);
    }
}

#[test]
fn a_gap_at_the_end_of_a_link_is_filled_by_the_next() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        unsaid(&mut pair, "lost");
        pair.agent_says("later");
        pair.run_for(100);
        pair.cut();
        pair.wait(10_000, "it is filled", |pair| pair.page.texts() == ["lost", "later"]);
        pair.assert_complete();
    }
}

#[test]
fn a_session_accepted_without_entries_begins_with_whatever_comes_first() {
    for tells_position in [true, false] {
        for told_again in [true, false] {
            let mut pair = Pair::new(Options::of(Flavour::Plain, Mode::WebSocket));
            pair.world.chats.accepts_quietly = Some(tells_position);
            let launch = pair.start();
            pair.wait(1_000, "the session starts", |pair| pair.is_done(launch));
            if told_again {
                let (entry, next) = (pair.chat().entries[0].clone(), pair.chat().next_index);
                pair.push(json!({ "statusCode": 0, "nextPosition": next, "messages": [entry] }));
            }
            pair.agent_joins("Jane");
            pair.agent_says("hello");
            pair.wait(100, "nothing is waited for", |pair| pair.page.kinds() == [Kind::Joined, Kind::Message]);
            pair.assert_complete();
        }
    }
}

#[test]
fn the_last_words_come_before_the_end() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        unsaid(&mut pair, "goodbye");
        pair.agent_ends();
        pair.wait(2_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Message, Kind::Left, Kind::Ended]);
        pair.assert_complete();
    }
}

#[test]
fn the_end_does_not_wait_for_ever_for_what_is_missing() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 249); 100];
        unsaid(&mut pair, "lost");
        pair.agent_ends();
        pair.wait(90_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.page.first(Kind::Ended).unwrap().code, 2);
    }
}

#[test]
fn no_page_is_told_of_a_transcript_with_a_hole_in_it_not_even_at_the_end() {
    for options in Options::all() {
        let mut pair = Pair::chatting(Options { max_offline: 10_000, ..options });
        pair.agent_says("one");
        pair.run_for(100);
        unsaid(&mut pair, "lost");
        pair.agent_says("after it");
        pair.run_for(50);
        pair.world.stop(0);
        pair.wait(30_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.page.texts(), ["one"]);
        assert_eq!(pair.page.count(Kind::Left), 1);
    }
}

#[test]
fn a_leave_waits_for_what_is_missing() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        unsaid(&mut pair, "missing");
        pair.agent_says("there");
        let leave = pair.leave();
        pair.wait(30_000, "the session is over", |pair| pair.page.ended.is_some());
        assert!(pair.is_done(leave));
        assert_eq!(pair.page.first(Kind::Ended).unwrap().code, 1);
        assert_eq!(pair.page.texts(), ["missing", "there"]);
    }
}

#[test]
fn a_question_whose_answers_are_lost_is_asked_on_new_links() {
    for flavour in FLAVOURS {
        for times in 1..=2 {
            let mut pair = Pair::chatting(Options::of(flavour, Mode::LongPolling));
            unsaid(&mut pair, "one");
            for _ in 0..times {
                pair.rule("requestNotifications", harness::Action::Delay(3_600_000));
            }
            pair.agent_says("two");
            pair.wait(60_000, "it has come", |pair| pair.page.texts().len() == 2);
            assert_eq!(pair.page.texts(), ["one", "two"]);
            assert!(!pair.page.errors().contains(&304), "{:?}", pair.page.errors());
            pair.assert_complete();
        }
    }
}

#[test]
fn a_question_that_is_refused_is_asked_again() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 429)];
        unsaid(&mut pair, "one");
        pair.agent_says("two");
        pair.wait(12_000, "it has come", |pair| pair.page.texts().len() == 2 || !pair.page.errors().is_empty());
        if pair.options.flavour == Flavour::Ours {
            pair.assert_complete();
        }
    }
}

#[test]
fn a_gap_that_an_answer_on_its_way_will_fill_is_not_given_up() {
    for flavour in FLAVOURS {
        let mut pair = Pair::chatting(Options::of(flavour, Mode::LongPolling));
        pair.rule("sendMessage", harness::Action::Swallow);
        let send = pair.send("mine");
        pair.run_for(1_000);
        pair.agent_says("yours");
        pair.wait(30_000, "the send is settled", |pair| pair.is_done(send));
        pair.run_for(1_000);
        pair.assert_complete();
    }
}
