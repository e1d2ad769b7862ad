//! Failover: a server that is gone, one that flaps, and others that share its chats or do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::EndReason;
use causerie::transport::Mode;
use harness::{Flavour, Http, Kind, Options, Pair, Socket};

/// Two servers, all wires.
fn all() -> Vec<Options> {
    let auto = [Flavour::Ours, Flavour::Plain].map(|flavour| Options::of(flavour, Mode::Auto));
    Options::all().into_iter().chain(auto).map(Options::with_two_servers).collect()
}

/// The first host swallows everything.
fn silence(pair: &mut Pair) {
    pair.host().http = Http::Silent;
    pair.host().socket = Socket::NeverOpens;
    pair.cut();
}

#[test]
fn a_server_that_is_silent_is_left_in_time() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        silence(&mut pair);
        let send = pair.send("hello");
        pair.wait(35_000, "the session goes on with the other server", |pair| pair.is_done(send));
        assert_eq!(pair.page.errors(), [150, 301, 302]);
        pair.agent_says("there you are");
        pair.run_for(1_000);
        pair.assert_complete();
        assert_eq!(pair.world.chats.chats.len(), 1);
        assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://two.test");
    }
}

#[test]
fn a_server_that_does_not_share_the_chats_does_not_end_the_session() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        pair.world.set_apart(1);
        pair.world.stop(0);
        let send = pair.send("hello");
        pair.run_for(30_000);
        assert_eq!((pair.page.ended, pair.page.is_interrupted()), (None, true));
        assert!(pair.page.errors().contains(&301));
        pair.host().go();
        pair.wait(25_000, "the session goes on where it was", |pair| pair.is_done(send));
        pair.agent_says("still here");
        pair.run_for(1_000);
        assert!(!pair.page.errors().contains(&302), "{:?}", pair.page.errors());
        assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://one.test");
        pair.assert_complete();
    }
}

#[test]
fn without_success_the_session_ends_when_it_was_offline_too_long() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        pair.world.set_apart(1);
        pair.world.stop(0);
        let send = pair.send("hello");
        pair.run_for(59_000);
        assert_eq!(pair.page.ended, None);
        pair.wait(3_000, "the session is over", |pair| pair.page.ended == Some(EndReason::Error));
        assert_eq!(pair.code(send), Some(50));
        assert_eq!(pair.page.count(Kind::Left), 1);
        assert!(pair.page.stored.is_none());
    }
}

#[test]
fn a_restore_that_only_finds_a_server_without_the_chats_keeps_the_state() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        pair.world.set_apart(1);
        pair.send("before");
        pair.run_for(500);
        pair.unload();
        pair.world.stop(0);
        let restore = pair.restore();
        pair.wait(30_000, "the restore is settled", |pair| pair.code(restore) == Some(100));
        assert_eq!(pair.page.forgets, 0);
        pair.unload();
        pair.host().go();
        let restore = pair.restore();
        pair.wait(5_000, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(1_000);
        pair.assert_complete();
    }
}

#[test]
fn a_session_that_its_own_server_does_not_know_is_over() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.chats.clear();
        pair.host().bayeux.forget();
        pair.cut();
        pair.wait(30_000, "the session is over", |pair| pair.page.ended == Some(EndReason::Error));
    }
}

#[test]
fn a_server_that_flaps_loses_and_doubles_nothing() {
    for options in all() {
        for shares in [true, false] {
            for seed in 0..4 {
                let mut pair = Pair::chatting(Options { seed, max_offline: 600_000, ..options.clone() });
                if !shares {
                    pair.world.set_apart(1);
                }
                let mut sends = Vec::new();
                for round in 0..20 {
                    sends.push(pair.send(&format!("mine {round}")));
                    pair.agent_says(&format!("yours {round}"));
                    if round % 2 == 0 {
                        pair.world.stop(0);
                    } else {
                        pair.host().go();
                    }
                    pair.run_for(500 + 777 * round);
                }
                pair.host().go();
                pair.wait(60_000, "all are settled", |pair| sends.iter().all(|send| pair.is_done(*send)));
                pair.run_for(10_000);
                assert_eq!((pair.page.ended, pair.page.is_interrupted()), (None, false));
                pair.assert_complete();
                let own: Vec<String> = (0..20).map(|round| format!("mine {round}")).collect();
                assert_eq!(pair.chat().visitor_said(), own);
            }
        }
    }
}

#[test]
fn what_an_earlier_page_left_is_sent_by_way_of_another_server() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        silence(&mut pair);
        pair.send("first");
        pair.send("second");
        pair.run_for(2_000);
        pair.reload();
        pair.wait(40_000, "they arrive", |pair| pair.page.texts() == ["first", "second"]);
        assert!(pair.page.errors().contains(&302));
        pair.assert_complete();
    }
}

#[test]
fn a_session_that_was_carried_over_is_carried_back() {
    for options in all() {
        let mut pair = Pair::chatting(options);
        pair.world.stop(0);
        pair.wait(30_000, "the session goes on", |pair| pair.page.count(Kind::Continued) == 1);
        pair.host().go();
        pair.run_for(10_000);
        pair.world.stop(1);
        pair.wait(30_000, "the session goes on", |pair| pair.page.count(Kind::Continued) == 2);
        pair.run_for(100);
        assert_eq!(pair.page.errors().iter().filter(|code| **code == 302).count(), 2);
        assert_eq!(pair.page.stored.as_ref().unwrap().server, "http://one.test");
        pair.assert_complete();
    }
}

#[test]
fn another_instance_behind_the_same_address_is_told_of_when_it_takes_the_session_up() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.chat().alias += 1;
        pair.agent_says("the newest counts, and is no news");
        pair.run_for(100);
        assert!(pair.page.errors().is_empty());
        pair.cut();
        pair.wait(30_000, "the session goes on where it was", |pair| pair.page.count(Kind::Continued) == 1);
        pair.run_for(1_000);
        assert_eq!(pair.page.errors(), [150]);
        pair.chat().alias += 1;
        pair.cut();
        pair.wait(30_000, "the session goes on elsewhere", |pair| pair.page.count(Kind::Continued) == 2);
        pair.run_for(1_000);
        assert_eq!(pair.page.errors(), [150, 150, 302]);
        pair.chat().alias += 1;
        let restore = pair.reload();
        pair.wait(2_000, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(1_000);
        assert_eq!(pair.page.errors(), [302]);
        pair.assert_complete();
    }
}
