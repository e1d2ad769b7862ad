//! A page that was not running: the computer slept, or the browser kept the page. Nothing that was due meanwhile is held
//! against the link. Who slept longer than `max_offline` has 15 seconds to find the server again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::{EndReason, Input};
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};

const HOUR: u64 = 3_600_000;

/// Both flavours and wires, with a clock that runs while the page sleeps and with one that does not.
fn all() -> Vec<(Options, bool)> {
    Options::all().into_iter().flat_map(|options| [(options.clone(), true), (options, false)]).collect()
}

#[test]
fn a_nap_with_a_network_is_no_interruption() {
    for (options, clock_runs) in all() {
        for ms in [3_000, 25_000, 33_000, 55_000] {
            let mut pair = Pair::chatting(options.clone());
            pair.agent_says("before");
            let send = pair.send("mine");
            pair.sleep(ms, clock_runs);
            pair.agent_says("after");
            pair.run_for(10_000);
            assert_eq!(pair.page.count(Kind::Interrupted), 0, "{options:?} {clock_runs} {ms}");
            assert!(pair.is_done(send));
            pair.assert_complete();
        }
    }
}

#[test]
fn what_was_said_meanwhile_is_there() {
    for (options, clock_runs) in all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.silence(true);
        pair.sleep(20_000, clock_runs);
        pair.agent_says("while you slept");
        pair.sleep(20_000, clock_runs);
        pair.world.net.silence(false);
        pair.input(Input::Wake);
        pair.wait(20_000, "the message comes", |pair| pair.page.texts() == ["while you slept"]);
        pair.run_for(1_000);
        assert_eq!(pair.page.ended, None);
        assert!(!pair.page.is_interrupted());
        pair.assert_complete();
    }
}

#[test]
fn after_a_sleep_longer_than_the_session_may_be_away_there_is_little_time() {
    for (options, clock_runs) in all() {
        let asleep = || {
            let mut pair = Pair::chatting(options.clone());
            pair.world.net.silence(true);
            pair.sleep(2 * HOUR, clock_runs);
            pair.input(Input::Wake);
            pair
        };
        let mut pair = asleep();
        pair.wait(20_100, "the session is over", |pair| pair.page.ended == Some(EndReason::Error));
        assert_eq!(pair.page.count(Kind::Left), 1);
        assert!(pair.page.stored.is_none());

        let mut pair = asleep();
        pair.run_for(3_000);
        pair.world.net.silence(false);
        pair.agent_says("good morning");
        pair.run_for(15_000);
        assert_eq!((pair.page.ended, pair.page.is_interrupted()), (None, false), "a server that is there takes it up");
        pair.assert_complete();
    }
}

#[test]
fn a_link_that_lives_goes_on_however_long_the_page_slept() {
    for (options, clock_runs) in all() {
        let mut pair = Pair::chatting(options);
        pair.sleep(2 * HOUR, clock_runs);
        pair.run_for(10_000);
        assert_eq!((pair.page.ended, pair.page.is_interrupted()), (None, false));
        pair.agent_says("good morning");
        pair.run_for(1_000);
        pair.assert_complete();
        // What breaks later is an interruption like any other.
        pair.run_for(30_000);
        pair.cut();
        pair.run_for(20_000);
        assert_eq!((pair.page.ended, pair.page.count(Kind::Continued)), (None, 1));
    }
}

#[test]
fn after_a_long_sleep_an_acceptance_gives_the_session_its_whole_time_again() {
    for (options, clock_runs) in all() {
        let mut pair = Pair::chatting(options);
        pair.sleep(2 * HOUR, clock_runs);
        pair.run_for(1_000);
        pair.cut();
        pair.wait(10_000, "the server takes it up", |pair| !pair.page.is_interrupted());
        pair.world.stop(0);
        pair.run_for(40_000);
        assert_eq!(pair.page.ended, None);
        pair.host().go();
        pair.run_for(15_000);
        assert!(!pair.page.is_interrupted());
        pair.assert_complete();
    }
}

#[test]
fn an_interruption_goes_on_while_the_page_sleeps() {
    for (options, clock_runs) in all() {
        let interrupted = || {
            let mut pair = Pair::chatting(options.clone());
            pair.world.stop(0);
            pair.run_for(2_000);
            assert!(pair.page.is_interrupted());
            pair
        };
        let mut pair = interrupted();
        pair.sleep(HOUR, clock_runs);
        pair.input(Input::Wake);
        pair.wait(15_100, "the session is over", |pair| pair.page.ended == Some(EndReason::Error));

        let mut pair = interrupted();
        pair.sleep(30_000, clock_runs);
        pair.host().go();
        pair.run_for(20_000);
        assert_eq!((pair.page.ended, pair.page.is_interrupted()), (None, false));

        let mut pair = interrupted();
        pair.sleep(30_000, clock_runs);
        pair.wait(30_000, "the rest of the time passes", |pair| pair.page.ended.is_some());
    }
}

#[test]
fn what_is_missing_is_not_given_up_because_nobody_listened() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        for clock_runs in [true, false] {
            let mut pair = Pair::chatting(Options::of(flavour, Mode::WebSocket));
            let now = pair.world.now;
            pair.chat().agent_says(now, "Jane", "missing");
            pair.rule("requestNotifications", Action::Delay(2_000));
            pair.agent_says("there");
            pair.run_for(400);
            pair.sleep(50_000, clock_runs);
            pair.run_for(5_000);
            assert_eq!(pair.page.texts(), ["missing", "there"]);
            assert_eq!(pair.page.errors(), [] as [u16; 0]);
            pair.assert_complete();
        }
    }
}

#[test]
fn who_typed_before_does_not_type_after() {
    for (options, clock_runs) in all() {
        let mut pair = Pair::chatting(options);
        pair.type_on(true);
        let off = pair.type_on(false);
        let on = pair.type_on(true);
        pair.sleep(30_000, clock_runs);
        pair.run_for(5_000);
        assert!(pair.is_done(off) && pair.is_done(on));
        assert_eq!(pair.chat().count("startTyping"), 1);
    }
}

#[test]
fn a_clock_that_is_set_does_no_harm() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.net.mute_down = false;
        // As a sleep of no time, by the other clock.
        pair.set_clock(2 * HOUR);
        pair.run_for(20_000);
        pair.agent_says("still here");
        pair.run_for(40_000);
        assert_eq!((pair.page.ended, pair.page.count(Kind::Interrupted)), (None, 0));
        pair.assert_complete();
    }
}

#[test]
fn a_browser_that_delays_every_timer_of_a_hidden_page_does_not_keep_a_dead_session_alive() {
    for options in Options::all() {
        for before in [0, 2_000] {
            let mut pair = Pair::chatting(options.clone());
            pair.world.stop(0);
            pair.run_for(before);
            for _ in 0..10 {
                pair.sleep(60_000, true);
            }
            assert_eq!(pair.page.ended, Some(EndReason::Error), "{options:?}");

            let mut pair = Pair::chatting(options.clone());
            pair.world.net.silence(true);
            for _ in 0..10 {
                pair.sleep(60_000, true);
            }
            assert_eq!(pair.page.ended, Some(EndReason::Error), "{options:?}");
        }
    }
}

#[test]
fn a_browser_that_delays_every_timer_of_a_hidden_page_interrupts_nothing() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options.clone());
        for round in 0..20 {
            pair.agent_says(&round.to_string());
            pair.throttle(60_000);
        }
        pair.run_for(1_000);
        assert_eq!((pair.page.ended, pair.page.count(Kind::Interrupted)), (None, 0), "{options:?}");
        pair.assert_complete();
    }
}
