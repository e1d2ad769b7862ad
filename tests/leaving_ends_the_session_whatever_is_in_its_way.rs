//! The visitor's leave, and the ends that others make.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::{Command, EndReason};
use causerie::transport::Mode;
use harness::{Action, Flavour, Kind, Options, Pair};

/// The session is over, for this reason, and nothing of it is left.
fn is_over(pair: &mut Pair, reason: EndReason) {
    assert_eq!(pair.page.ended, Some(reason));
    assert!(pair.page.stored.is_none(), "the stored state is deleted");
    pair.run_for(60_000);
    assert!(pair.session.is_over() && !pair.session.is_agent_connected());
    assert!(pair.world.net.sockets.is_empty() && pair.world.net.requests.is_empty(), "nothing is left open");
    let (send, typing, leave) = (pair.send("x"), pair.type_on(true), pair.leave());
    assert_eq!([send, typing, leave].map(|command| pair.code(command)), [Some(50); 3]);
    assert_eq!(pair.page.count(Kind::Ended), 1);
}

#[test]
fn a_leave_is_told_to_the_server_and_agents_are_disconnected_first() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let leave = pair.leave();
        pair.wait(4_000, "the leave is settled", |pair| pair.is_done(leave));
        assert!(pair.chat().ended);
        assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Left, Kind::Ended]);
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_whose_answer_was_lost_is_done_once() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("disconnect", Action::LoseAnswer);
        let leave = pair.leave();
        pair.wait(20_000, "the leave is settled", |pair| pair.is_done(leave));
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_that_was_lost_on_its_way_is_sent_again() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("disconnect", Action::LoseRequest);
        let leave = pair.leave();
        pair.wait(20_000, "the leave is settled", |pair| pair.is_done(leave));
        assert!(pair.chat().ended);
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_while_the_link_is_down_waits_for_it() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(1_000);
        let send = pair.send("goodbye");
        let leave = pair.leave();
        let late = pair.send("too late");
        assert_eq!(pair.code(late), Some(50));
        pair.run_for(1_000);
        assert_eq!(pair.result(leave), None);
        pair.host().go();
        pair.wait(20_000, "both are settled", |pair| pair.is_done(leave) && pair.is_done(send));
        assert_eq!(pair.chat().visitor_said(), ["goodbye"]);
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_that_the_page_did_not_live_to_tell_is_told_by_the_next_page() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(1_000);
        pair.send("goodbye");
        pair.leave();
        pair.run_for(100);
        pair.unload();
        pair.host().go();
        let restore = pair.restore();
        pair.wait(20_000, "the session is restored", |pair| pair.is_done(restore));
        pair.wait(20_000, "the session is over", |pair| pair.page.ended.is_some());
        assert_eq!(pair.chat().visitor_said(), ["goodbye"]);
        assert!(pair.chat().ended);
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn who_has_left_is_not_told_after_a_reload_that_the_agent_has_ended_the_session() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("disconnect", Action::LoseAnswer);
        pair.leave();
        pair.run_for(100);
        assert!(pair.chat().ended);
        pair.unload();
        pair.restore();
        pair.wait(20_000, "the session is over", |pair| pair.page.ended.is_some());
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_of_an_earlier_page_that_the_server_refuses_is_told_and_the_session_goes_on() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(1_000);
        pair.leave();
        pair.unload();
        pair.host().go();
        pair.world.chats.refusals.push(("disconnect".to_owned(), 1, 249));
        let restore = pair.restore();
        pair.wait(20_000, "the session is restored", |pair| pair.is_done(restore));
        pair.wait(20_000, "the refusal is told", |pair| pair.page.errors().contains(&52));
        assert!(!pair.page.stored.as_ref().unwrap().left);
        let send = pair.send("still here");
        pair.wait(20_000, "the message is sent", |pair| pair.is_done(send));
        assert_eq!(pair.code(send), None);
    }
}

#[test]
fn a_leave_that_never_reaches_the_server_fails_and_the_session_is_over() {
    for options in Options::all() {
        let mut pair = Pair::chatting(Options { max_offline: 10_000, ..options });
        pair.host().stop();
        pair.cut();
        let leave = pair.leave();
        pair.wait(11_000, "the leave is settled", |pair| pair.code(leave) == Some(100));
        is_over(&mut pair, EndReason::Error);
    }
}

#[test]
fn a_leave_that_the_server_refuses_fails_and_the_session_goes_on() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals.push(("disconnect".to_owned(), 1, 249));
        let leave = pair.leave();
        pair.wait(5_000, "the leave is settled", |pair| pair.code(leave) == Some(52));
        pair.run_for(5_000);
        let send = pair.send("still here");
        pair.wait(1_000, "the session goes on", |pair| pair.is_done(send));
        let leave = pair.leave();
        pair.wait(4_000, "the second leave is settled", |pair| pair.is_done(leave));
    }
}

#[test]
fn a_leave_that_is_denied_as_a_publish_fails() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().bayeux.refuse_publish.push(("disconnect".to_owned(), "403::publish_denied".to_owned()));
        let leave = pair.leave();
        pair.wait(1_000, "the leave is settled", |pair| pair.code(leave) == Some(52));
    }
}

#[test]
fn a_leave_of_a_session_that_the_server_does_not_know_succeeds() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals.push(("disconnect".to_owned(), 2, 8210));
        let leave = pair.leave();
        pair.wait(1_000, "the leave is settled", |pair| pair.is_done(leave));
        is_over(&mut pair, EndReason::LeaveRequest);
    }
}

#[test]
fn a_leave_that_is_never_answered_does_not_hang() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.world.chats.refusals = vec![("disconnect".to_owned(), 1, 249); 50];
        pair.host().rules = vec![("disconnect".to_owned(), Action::Swallow); 50];
        let leave = pair.leave();
        pair.wait(300_000, "the leave is settled", |pair| pair.result(leave).is_some());
    }
}

#[test]
fn an_agent_who_ends_at_the_same_moment_changes_nothing() {
    for options in Options::all() {
        for ms in [0, 5, 15, 30] {
            let mut pair = Pair::chatting(options.clone());
            let leave = pair.leave();
            pair.run_for(ms);
            if !pair.chat().ended {
                pair.agent_ends();
            }
            pair.wait(5_000, "the leave is settled", |pair| pair.is_done(leave));
            is_over(&mut pair, EndReason::LeaveRequest);
        }
    }
}

#[test]
fn messages_before_a_leave_arrive_before_it() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        let sends: Vec<_> = (0..20).map(|n| pair.send(&n.to_string())).collect();
        let leave = pair.leave();
        pair.wait(10_000, "the leave is settled", |pair| pair.is_done(leave));
        assert!(sends.iter().all(|send| pair.is_done(*send)), "{:?}", pair.page.results);
        assert_eq!(pair.chat().visitor_said().len(), 20);
        assert_eq!(pair.page.texts().len(), 20);
    }
}

#[test]
fn messages_whose_answers_were_lost_are_looked_up_before_a_leave() {
    for options in Options::all() {
        for action in [Action::LoseAnswer, Action::LoseRequest] {
            let mut pair = Pair::chatting(options.clone());
            pair.rule("sendMessage", action);
            let send = pair.send("last words");
            pair.wait(10_000, "the link is up again", |pair| pair.page.count(Kind::Continued) == 1);
            let leave = pair.leave();
            pair.wait(20_000, "both are settled", |pair| pair.is_done(leave) && pair.result(send).is_some());
            assert_eq!(pair.chat().visitor_said(), ["last words"]);
            assert!(pair.is_done(send));
        }
    }
}

#[test]
fn a_second_leave_is_refused() {
    let mut pair = Pair::chatting(Options::default());
    let (first, second) = (pair.leave(), pair.leave());
    assert_eq!(pair.code(second), Some(50));
    pair.wait(1_000, "the first is settled", |pair| pair.is_done(first));
}

#[test]
fn the_agents_side_can_end_the_session() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_joins("Joe");
        pair.agent_says("goodbye");
        pair.run_for(100);
        pair.agent_ends();
        pair.run_for(200);
        let kinds = [Kind::Joined, Kind::Joined, Kind::Message, Kind::Left, Kind::Left, Kind::Ended];
        assert_eq!(pair.page.kinds(), kinds);
        pair.assert_complete();
        is_over(&mut pair, EndReason::Agent);
    }
}

#[test]
fn agents_whose_leaving_the_server_does_not_tell_are_disconnected_all_the_same() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.agent_joins("Joe");
        pair.agent_types(true);
        pair.run_for(100);
        pair.push(serde_json::json!({ "statusCode": 0, "chatEnded": true, "messages": [] }));
        pair.run_for(100);
        let kinds = [Kind::Joined, Kind::Joined, Kind::Typing, Kind::NotTyping, Kind::Left, Kind::Left, Kind::Ended];
        assert_eq!(pair.page.kinds(), kinds);
        is_over(&mut pair, EndReason::Agent);
    }
}

#[test]
fn a_link_that_is_down_too_long_ends_the_session_by_an_error() {
    for options in Options::all() {
        for max_offline in [0, 5_000, 60_000] {
            let mut pair = Pair::chatting(Options { max_offline, ..options.clone() });
            pair.host().stop();
            pair.cut();
            pair.run_for(max_offline.saturating_sub(100));
            assert!(max_offline == 0 || pair.page.ended.is_none());
            pair.run_for(300);
            assert_eq!(pair.page.kinds(), [Kind::Joined, Kind::Interrupted, Kind::Left, Kind::Ended]);
            is_over(&mut pair, EndReason::Error);
        }
    }
}

#[test]
fn an_end_during_an_interruption_is_told_when_the_link_is_back() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.host().stop();
        pair.cut();
        pair.run_for(1_000);
        pair.agent_says("goodbye");
        pair.agent_ends();
        pair.host().go();
        pair.wait(20_000, "the session is over", |pair| pair.page.ended.is_some());
        let kinds = [Kind::Joined, Kind::Interrupted, Kind::Continued, Kind::Message, Kind::Left, Kind::Ended];
        assert_eq!(pair.page.kinds(), kinds);
        pair.assert_complete();
        is_over(&mut pair, EndReason::Agent);
    }
}

#[test]
fn the_goodbye_is_said_to_the_bayeux_server_too() {
    for mode in [Mode::WebSocket, Mode::LongPolling] {
        let mut pair = Pair::chatting(Options::of(Flavour::Ours, mode));
        pair.leave();
        pair.run_for(1_000);
        assert_eq!(pair.envelopes().last().unwrap(), &["/meta/disconnect"]);
    }
}

#[test]
fn however_a_session_ends_nothing_of_it_is_kept() {
    let ends: [fn(&mut Pair); 4] = [
        |pair| {
            pair.leave();
        },
        Pair::agent_ends,
        |pair| {
            pair.world.chats.chats.clear();
            pair.host().bayeux.forget();
            pair.cut();
        },
        |pair| pair.world.stop(0),
    ];
    for options in Options::all() {
        for end in ends {
            for busy in [false, true] {
                let mut pair = Pair::chatting(Options { max_offline: 5_000, ..options.clone() });
                pair.agent_types(true);
                if busy {
                    pair.send("mine");
                    pair.type_on(true);
                    pair.cut();
                } else {
                    pair.run_for(5_000);
                }
                end(&mut pair);
                pair.wait(30_000, "the session is over", |pair| pair.page.ended.is_some());
                pair.run_for(2_100);
                assert_eq!(pair.session.footprint(), 0, "{:?}", pair.session);
                assert!(pair.open.is_empty());
            }
        }
    }
}

#[test]
fn a_session_that_is_let_go_of_is_over_here_and_goes_on_at_the_server() {
    for options in Options::all() {
        let mut pair = Pair::chatting(options);
        pair.rule("sendMessage", Action::LoseAnswer);
        let send = pair.send("x");
        let free = pair.command(Command::GiveUp);
        assert!(pair.is_done(free));
        assert_eq!(pair.code(send), Some(50), "what waits is settled");
        is_over(&mut pair, EndReason::Error);
        assert!(!pair.chat().ended, "the server is told of no leave");
    }
}
