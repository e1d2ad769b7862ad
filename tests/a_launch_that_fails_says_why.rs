//! A launch settles, whatever the server does, and its error says whose fault it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

mod harness;

use causerie::session::Command;
use causerie::transport::Mode;
use harness::{Action, Flavour, Http, Options, Pair, Socket};

/// Both wires, alone and together.
const MODES: [Mode; 3] = [Mode::Auto, Mode::WebSocket, Mode::LongPolling];

/// Starts; the launch has to fail, with this code.
fn fails(mode: Mode, code: u16, prepare: impl Fn(&mut Pair)) -> String {
    let mut pair = Pair::new(Options::of(Flavour::Ours, mode));
    prepare(&mut pair);
    let launch = pair.start();
    pair.wait(60_000, "the launch is settled", |pair| pair.result(launch).is_some());
    assert_eq!(pair.code(launch), Some(code), "{mode:?}: {:?}", pair.result(launch));
    pair.run_for(60_000);
    assert!(pair.session.is_over());
    assert_eq!(pair.page.persists, 0);
    assert!(pair.page.ended.is_none());
    assert!(pair.world.net.sockets.is_empty() && pair.world.net.requests.is_empty(), "nothing is left open");
    let send = pair.send("too late");
    assert_eq!(pair.code(send), Some(50));
    pair.result(launch).unwrap().as_ref().unwrap_err().to_string()
}

#[test]
fn a_server_that_is_down_is_not_available() {
    for mode in MODES {
        fails(mode, 100, |pair| pair.host().stop());
    }
}

#[test]
fn a_server_that_never_answers_is_not_available() {
    for mode in MODES {
        for socket in [Socket::NeverOpens, Socket::Silent] {
            fails(mode, 100, |pair| {
                pair.host().socket = socket;
                pair.host().http = Http::Silent;
            });
        }
    }
}

#[test]
fn a_page_of_html_is_no_chat_server() {
    let text = fails(Mode::LongPolling, 100, |pair| pair.host().http = Http::Html);
    assert!(text.contains("expected a JSON array"), "what was expected is said: {text}");
    fails(Mode::Auto, 100, |pair| {
        pair.host().socket = Socket::Refused;
        pair.host().http = Http::Html;
    });
}

#[test]
fn a_login_that_http_refuses_is_a_refused_login() {
    for status in [401, 403] {
        let text = fails(Mode::LongPolling, 101, |pair| pair.host().http = Http::Status(status, None));
        assert!(text.contains(&status.to_string()), "{text}");
    }
}

#[test]
fn other_http_errors_are_a_server_that_is_not_available() {
    for status in [400, 404, 429, 500, 502, 503] {
        fails(Mode::LongPolling, 100, |pair| pair.host().http = Http::Status(status, Some(1)));
    }
}

#[test]
fn a_handshake_that_is_refused_for_good_is_a_refused_login() {
    for mode in MODES {
        let text = fails(mode, 101, |pair| {
            let advice = serde_json::json!({ "reconnect": "none" });
            pair.host().bayeux.refuse_handshake = Some(("403::handshake_denied".to_owned(), advice));
        });
        assert!(text.contains("403::handshake_denied"), "the server's own words are kept: {text}");
    }
}

#[test]
fn a_handshake_that_is_refused_otherwise_is_a_server_that_is_not_available() {
    for mode in MODES {
        fails(mode, 100, |pair| {
            let advice = serde_json::json!({ "reconnect": "handshake" });
            pair.host().bayeux.refuse_handshake = Some(("500::busy".to_owned(), advice));
        });
    }
}

#[test]
fn a_channel_that_may_not_be_subscribed_to_is_a_refused_login() {
    for mode in MODES {
        fails(mode, 101, |pair| pair.host().bayeux.refuse_subscribe = Some("403::subscribe_denied".to_owned()));
    }
}

#[test]
fn a_publish_that_is_denied_is_a_refused_login() {
    for mode in MODES {
        fails(mode, 101, |pair| {
            pair.host().bayeux.refuse_publish.push(("requestChat".to_owned(), "403::publish_denied".to_owned()));
        });
    }
}

#[test]
fn a_server_that_does_not_answer_the_request_is_not_available() {
    for mode in MODES {
        fails(mode, 100, |pair| pair.host().rules = vec![("requestChat".to_owned(), Action::Swallow); 10]);
    }
}

#[test]
fn servers_that_connect_and_never_answer_the_request_do_not_keep_a_launch_for_ever() {
    for mode in MODES {
        let mut pair = Pair::new(Options::of(Flavour::Plain, mode).with_two_servers());
        for host in &mut pair.world.hosts {
            host.bayeux.answers_late = 3_600_000;
        }
        let launch = pair.start();
        pair.wait(120_000, "the launch is settled", |pair| pair.result(launch).is_some());
        assert_eq!(pair.code(launch), Some(100));
    }
}

#[test]
fn a_server_that_forgets_its_clients_at_once_is_not_available() {
    for mode in MODES {
        fails(mode, 100, |pair| {
            pair.host().bayeux.handshake_per_socket = true;
            pair.host().bayeux.max_interval = 0;
        });
    }
}

#[test]
fn what_the_chat_server_refuses_has_a_code_of_its_own() {
    for (refusal, code) in
        [((1, 161), 2), ((1, 240), 100), ((1, 249), 100), ((2, 404), 3), ((1, 429), 100), ((1, 7), 101)]
    {
        for flavour in [Flavour::Ours, Flavour::Plain] {
            let mut pair = Pair::new(Options::of(flavour, Mode::Auto));
            pair.world.chats.refusals.push(("requestChat".to_owned(), refusal.0, refusal.1));
            let launch = pair.start();
            pair.wait(20_000, "the launch is settled", |pair| pair.result(launch).is_some());
            assert_eq!(pair.code(launch), Some(code), "{refusal:?}");
        }
    }
}

#[test]
fn a_server_that_names_no_session_has_accepted_none() {
    for mode in [Mode::Auto, Mode::LongPolling, Mode::Rest] {
        for answer in [serde_json::json!({}), serde_json::json!({ "statusCode": 0, "chatId": "", "messages": [] })] {
            let text = fails(mode, 100, |pair| pair.world.chats.refuse_with = Some(answer.clone()));
            assert!(text.contains("expected the id of a session"), "what was expected is said: {text}");
        }
    }
}

#[test]
fn an_unknown_service_is_an_incorrect_parameter() {
    let mut pair = Pair::new(Options { service: "elsewhere".to_owned(), ..Options::default() });
    let launch = pair.start();
    pair.wait(1_000, "the launch is settled", |pair| pair.code(launch) == Some(3));
}

#[test]
fn a_request_that_is_too_large_is_an_incorrect_parameter() {
    fails(Mode::WebSocket, 3, |pair| pair.rule("requestChat", Action::Close(1009)));
    fails(Mode::LongPolling, 3, |pair| pair.rule("requestChat", Action::Status(413, None)));
    fails(Mode::LongPolling, 100, |pair| pair.rule("/meta/handshake", Action::Status(413, None)));
}

#[test]
fn a_launch_can_be_given_up() {
    for mode in MODES {
        for ms in [0, 5, 25, 45] {
            let mut pair = Pair::new(Options::of(Flavour::Ours, mode));
            let launch = pair.start();
            pair.run_for(ms);
            let give_up = pair.command(Command::GiveUp);
            assert!(pair.is_done(give_up));
            assert!(matches!(pair.code(launch), Some(308)), "after {ms} ms: {:?}", pair.result(launch));
            pair.run_for(60_000);
            assert!(pair.world.net.sockets.is_empty() && pair.world.net.requests.is_empty(), "nothing is left open");
            assert_eq!(pair.page.persists, 0);
        }
    }
}

/// A launch that is given up after so many milliseconds, with what the network then does to it; of each chat that it made,
/// whether that has ended.
fn given_up(options: Options, ms: u64, action: Option<Action>) -> Vec<bool> {
    let mut pair = Pair::new(options);
    let launch = pair.start();
    pair.run_for(ms);
    if pair.is_done(launch) {
        return Vec::new();
    }
    if let Some(action) = action {
        pair.rule("requestChat", action);
    }
    let give_up = pair.command(Command::GiveUp);
    assert!(pair.is_done(give_up));
    assert_eq!(pair.code(launch), Some(308), "told at once, after {ms} ms");
    let again = pair.command(Command::GiveUp);
    assert!(pair.is_done(again));
    pair.run_for(60_000);
    assert!(pair.session.is_over());
    assert!(pair.world.net.sockets.is_empty() && pair.world.net.requests.is_empty(), "nothing is left open");
    assert_eq!(pair.page.persists, 0);
    assert_eq!(pair.page.kinds(), [], "the page is told of nothing");
    pair.world.chats.chats.iter().map(|chat| chat.ended).collect()
}

#[test]
fn a_launch_that_is_given_up_leaves_no_chat_for_agents_to_find() {
    let mut chats = 0;
    for ms in 0..80 {
        for options in Options::all() {
            let ended = given_up(options, ms, None);
            assert!(!ended.contains(&false), "after {ms} ms");
            chats += ended.len();
        }
    }
    assert!(chats > 10, "some were asked for before: {chats}");
}

#[test]
fn a_launch_that_is_given_up_is_over_whatever_becomes_of_its_answer() {
    for ms in 0..80 {
        for options in Options::all() {
            for action in [Action::LoseAnswer, Action::LoseRequest, Action::Status(500, None)] {
                given_up(options.clone(), ms, Some(action));
            }
        }
    }
}

#[test]
fn a_session_is_launched_once() {
    let mut pair = Pair::started(Options::default());
    let again = pair.start();
    assert_eq!(pair.code(again), Some(52));
    let mut old = pair.page.stored.clone().unwrap();
    old.seen = 0;
    let setup = pair.setup();
    let restore = pair.command(Command::Restore(setup, old, None));
    assert_eq!(pair.code(restore), Some(52));
    let send = pair.send("still on");
    pair.wait(1_000, "the session goes on", |pair| pair.is_done(send));
    assert_eq!(pair.page.forgets, 0);
}

#[test]
fn commands_before_the_launch_is_over_are_refused() {
    let mut pair = Pair::new(Options::default());
    let before = pair.send("hello");
    assert_eq!(pair.code(before), Some(52));
    pair.start();
    let (send, typing, leave) = (pair.send("hello"), pair.type_on(true), pair.leave());
    assert_eq!([send, typing, leave].map(|command| pair.code(command)), [Some(52); 3]);
}
