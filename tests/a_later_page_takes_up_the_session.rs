//! Restoring: what was told is restored, what was missed is new, and nothing is lost whenever the page goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::json::native::NativeJson;
use causerie::session::{EndReason, Snapshot};
use causerie::transport::Mode;
use harness::{Action, Flavour, Http, Kind, Options, Pair, Socket};

/// A chat with something in it.
fn with_history(options: Options) -> Pair {
    let mut pair = Pair::chatting(options);
    pair.agent_says("one");
    pair.run_for(100);
    let send = pair.send("two");
    pair.run_for(4_000);
    assert!(pair.is_done(send));
    pair
}

fn flags(pair: &Pair) -> Vec<(u32, bool)> {
    pair.page.seen.iter().filter_map(|seen| Some((seen.index?, seen.restored))).collect()
}

#[test]
fn all_that_was_told_is_played_back_as_restored() {
    for options in Options::all() {
        let mut pair = with_history(options);
        let restore = pair.reload();
        pair.wait(500, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(500);
        pair.assert_complete();
        assert!(flags(&pair).iter().all(|(_, restored)| *restored), "{:?}", flags(&pair));
        assert!(pair.session.is_agent_connected());
        let send = pair.send("three");
        pair.wait(5_000, "it goes on", |pair| pair.is_done(send));
        pair.run_for(100);
        assert_eq!(flags(&pair).last().map(|(_, restored)| *restored), Some(false));
        assert_eq!(pair.page.count(Kind::Interrupted), 0);
    }
}

#[test]
fn what_was_missed_while_away_is_new() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.run_for(5_000);
        pair.agent_says("while you were away");
        pair.agent_leaves("Jane");
        pair.run_for(5_000);
        pair.restore();
        pair.run_for(2_000);
        pair.assert_complete();
        let fresh: Vec<_> = flags(&pair).into_iter().filter(|(_, restored)| !restored).collect();
        assert_eq!(fresh.len(), 2);
        assert!(!pair.session.is_agent_connected());
    }
}

#[test]
fn what_the_earlier_page_had_and_did_not_tell_is_new() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.page.is_busy = true;
        pair.agent_says("three");
        pair.run_for(100);
        assert_eq!(pair.page.texts().len(), 3);
        pair.reload();
        pair.run_for(1_000);
        pair.assert_complete();
        let last = *flags(&pair).last().unwrap();
        assert!(!last.1);
    }
}

#[test]
fn a_reload_at_any_moment_of_a_restore_loses_nothing() {
    for options in Options::all() {
        for ms in (0..200).step_by(7) {
            let mut pair = with_history(options.clone());
            pair.reload();
            pair.run_for(ms);
            pair.agent_says("three");
            pair.reload();
            pair.run_for(ms / 2);
            pair.reload();
            pair.run_for(15_000);
            pair.assert_complete();
            assert_eq!(pair.page.texts(), ["one", "two", "three"]);
            assert_eq!(pair.page.ended, None);
        }
    }
}

#[test]
fn a_reload_at_any_moment_of_a_send_loses_no_transcript() {
    for options in Options::all() {
        for ms in (0..60).step_by(5) {
            let mut pair = with_history(options.clone());
            pair.send("three");
            pair.run_for(ms);
            pair.reload();
            pair.run_for(15_000);
            pair.assert_complete();
        }
    }
}

#[test]
fn a_message_of_an_earlier_page_settles_no_send_of_this_one() {
    for flavour in [Flavour::Ours, Flavour::Plain] {
        let mut pair = with_history(Options::of(flavour, Mode::WebSocket));
        pair.reload();
        pair.run_for(1_000);
        pair.host().stop();
        pair.cut();
        let send = pair.send("two");
        pair.run_for(3_000);
        assert_eq!(pair.result(send), None);
        pair.host().go();
        pair.wait(20_000, "the send is settled", |pair| pair.is_done(send));
        assert_eq!(pair.chat().visitor_said(), ["two", "two"]);
    }
}

#[test]
fn a_state_that_is_too_old_is_no_state() {
    let mut pair = with_history(Options { max_offline: 60_000, ..Options::default() });
    pair.unload();
    pair.run_for(70_000);
    let restore = pair.restore();
    assert_eq!(pair.code(restore), Some(300));
    assert_eq!(pair.page.forgets, 1);
    assert!(pair.session.is_over());
}

#[test]
fn a_page_that_stays_open_is_not_too_old() {
    for max_offline in [2_000, 60_000] {
        let mut pair = with_history(Options { max_offline, ..Options::default() });
        pair.run_for(600_000);
        let restore = pair.reload();
        pair.wait(1_000, "the session is restored", |pair| pair.is_done(restore));
    }
}

#[test]
fn a_page_that_is_hidden_notes_when() {
    let mut pair = with_history(Options::default());
    pair.run_for(3_333);
    pair.input(causerie::session::Input::Hidden);
    assert_eq!(pair.page.stored.as_ref().unwrap().seen, pair.now().wall);
}

#[test]
fn a_state_of_another_version_is_no_state() {
    let mut pair = with_history(Options::default());
    pair.unload();
    let stored = pair.page.stored.as_mut().unwrap();
    stored.version = Snapshot::<NativeJson>::VERSION + 1;
    let restore = pair.restore();
    assert_eq!(pair.code(restore), Some(300));
    assert_eq!(pair.page.forgets, 1);
}

#[test]
fn a_session_that_the_server_does_not_know_is_over_and_forgotten() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.world.chats.chats.clear();
        let restore = pair.restore();
        pair.wait(1_000, "the restore is settled", |pair| pair.code(restore) == Some(50));
        assert_eq!(pair.page.forgets, 1);
        assert!(pair.page.ended.is_none(), "there was no session in this page");
    }
}

#[test]
fn a_session_that_ended_while_away_is_played_back_and_ends() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.agent_says("goodbye");
        pair.agent_ends();
        let restore = pair.restore();
        pair.wait(1_000, "the restore is settled", |pair| pair.is_done(restore));
        pair.run_for(1_000);
        pair.assert_complete();
        assert_eq!(pair.page.ended, Some(EndReason::Agent));
        assert!(pair.page.stored.is_none());
    }
}

#[test]
fn a_server_that_is_down_for_a_moment_is_waited_for() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.world.stop(0);
        let restore = pair.restore();
        pair.run_for(3_000);
        assert_eq!(pair.result(restore), None);
        pair.host().go();
        pair.wait(3_000, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(1_000);
        pair.assert_complete();
    }
}

#[test]
fn a_server_that_stays_away_fails_the_restore_and_the_state_is_kept() {
    for options in Options::all() {
        for dead in [true, false] {
            let mut pair = with_history(options.clone());
            pair.unload();
            if dead {
                pair.world.stop(0);
            } else {
                pair.host().socket = Socket::Silent;
                pair.host().http = Http::Silent;
            }
            let restore = pair.restore();
            pair.wait(40_000, "the restore is settled", |pair| pair.code(restore) == Some(100));
            assert!(pair.page.stored.is_some() && pair.page.forgets == 0);
            assert!(pair.session.is_over());
            pair.host().go();
            pair.unload();
            let restore = pair.restore();
            pair.wait(2_000, "a third page restores it", |pair| pair.is_done(restore));
            pair.run_for(500);
            pair.assert_complete();
        }
    }
}

#[test]
fn a_server_that_is_not_ready_is_asked_again() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 249); 3];
        let restore = pair.restore();
        pair.wait(5_000, "the session is restored", |pair| pair.is_done(restore));
        assert_eq!(pair.page.errors(), [303, 303, 303]);
        pair.run_for(500);
        pair.assert_complete();
    }
}

#[test]
fn a_server_that_is_never_ready_fails_the_restore_in_the_end() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.unload();
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 249); 100];
        let restore = pair.restore();
        pair.wait(10_000, "the restore is settled", |pair| pair.code(restore) == Some(100));
        assert!(pair.page.stored.is_some());
    }
}

#[test]
fn a_server_that_is_not_ready_in_mid_session_is_an_interruption_that_ends() {
    for options in Options::all() {
        let mut pair = with_history(options.clone());
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 249); 9];
        pair.host().bayeux.forget();
        let send = pair.send("three");
        pair.wait(20_000, "the message arrives", |pair| pair.is_done(send));
        assert_eq!(pair.page.count(Kind::Interrupted), 1, "it took more than five seconds");
        pair.run_for(1_000);
        pair.assert_complete();

        let mut pair = with_history(options);
        pair.world.chats.refusals = vec![("requestNotifications".to_owned(), 1, 249); 1_000];
        pair.host().bayeux.forget();
        let send = pair.send("three");
        pair.wait(120_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.code(send), Some(50));
    }
}

#[test]
fn a_login_that_is_refused_keeps_the_state() {
    let mut pair = with_history(Options::of(Flavour::Ours, Mode::LongPolling));
    pair.unload();
    pair.host().http = Http::Status(403, None);
    let restore = pair.restore();
    pair.wait(1_000, "the restore is settled", |pair| pair.code(restore) == Some(101));
    assert!(pair.page.stored.is_some());
}

#[test]
fn a_restore_whose_answer_was_lost_is_tried_again() {
    for options in Options::all() {
        for about in ["/meta/handshake", "requestNotifications"] {
            for action in [Action::LoseRequest, Action::LoseAnswer, Action::Swallow, Action::Garbage] {
                let mut pair = with_history(options.clone());
                pair.unload();
                pair.rule(about, action);
                let restore = pair.restore();
                pair.wait(60_000, "the restore is settled", |pair| pair.result(restore).is_some());
                if !pair.is_done(restore) {
                    assert_eq!(pair.code(restore), Some(100), "a server that was silent for long");
                    assert!(pair.page.stored.is_some());
                    continue;
                }
                pair.run_for(1_000);
                pair.assert_complete();
            }
        }
    }
}

#[test]
fn an_agent_who_types_does_not_answer_for_the_server() {
    let mut pair = with_history(Options::of(Flavour::Ours, Mode::WebSocket));
    pair.unload();
    pair.rule("requestNotifications", Action::Swallow);
    let restore = pair.restore();
    pair.run_for(500);
    pair.agent_types(true);
    pair.run_for(500);
    assert_eq!(pair.result(restore), None, "nothing of the transcript has come");
    pair.wait(60_000, "the restore is settled", |pair| pair.result(restore).is_some());
    assert_eq!(pair.code(restore), Some(100), "a server that was silent for long");
    pair.reload();
    pair.run_for(1_000);
    pair.assert_complete();
}

#[test]
fn new_keys_are_stored_as_they_come() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = with_history(Options::of(Flavour::Plain, mode));
        pair.world.chats.renews_keys = true;
        for n in 0..5 {
            pair.send(&n.to_string());
            pair.run_for(100);
        }
        let key = pair.chat().keys.last().cloned().unwrap();
        assert_eq!(pair.page.stored.as_ref().unwrap().keys.secure_key, key);
        // A server that knows the newest key only.
        pair.chat().keys = vec![key];
        let restore = pair.reload();
        pair.wait(1_000, "the session is restored", |pair| pair.is_done(restore));
        pair.run_for(500);
        pair.assert_complete();
    }
}

#[test]
fn the_state_has_no_text_and_no_name() {
    let pair = with_history(Options::default());
    let state = serde_json::to_string(pair.page.stored.as_ref().unwrap()).unwrap();
    for secret in ["one", "two", "Jane", "Ann", "gold", "question"] {
        assert!(!state.replace("one.test", "").contains(secret), "{secret} in {state}");
    }
}

#[test]
fn no_log_line_has_a_text_a_name_or_a_key() {
    for options in Options::all() {
        let mut pair = with_history(options);
        pair.rule("sendMessage", Action::LoseAnswer);
        pair.send("TOPSECRET");
        pair.run_for(20_000);
        pair.world.stop(0);
        pair.run_for(20_000);
        let keys = pair.chat().keys.clone();
        assert!(!pair.page.logs.is_empty());
        for line in &pair.page.logs {
            let secrets = ["TOPSECRET", "Ann", "Jane", "gold"];
            assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
            assert!(keys.iter().all(|key| !line.contains(key.as_str())), "{line}");
        }
    }
}

#[test]
fn a_history_of_thousands_is_played_back_in_order() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        for n in 0..5_000 {
            let now = pair.world.now;
            pair.chat().agent_says(now, "Jane", &n.to_string());
        }
        pair.reload();
        pair.run_for(2_000);
        assert_eq!(pair.page.texts().len(), 5_000);
        pair.assert_complete();
    }
}
