//! Scripts that renew sessions, and scripts that fail: harm is done to nobody but their own session.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::config::Config;
use common::{
    Chat, Folder, agent, forms, heard, logged, notice, quiet, reading, said, say, scripted, statuses, with_bot,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// "Creating a new session by timeout", as it is written.
const BY_TIMEOUT: &str = r#"
bind("postProcess", function($context) {
$context.session.lastActiveTime = $jsapi.currentTime();
log($context.session.lastActiveTime)
});
bind("preProcess", function($context) {
if ($context.session.lastActiveTime) {
var interval = $jsapi.currentTime() - $context.session.lastActiveTime;
if (interval > 10000) {
$reactions.newSession( {message: 'test 6', session: $context.request.data } );
}
}
});
"#;

/// The notice between two sessions, and the new session's keys.
fn renewed(all: &[Value]) -> (Value, Chat) {
    let data = all.iter().find(|data| data.to_string().contains("renewed")).unwrap_or_else(|| panic!("{all:?}"));
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    (notice(data, "renewed"), Chat { id: text("chatId"), key: text("secureKey") })
}

#[tokio::test(start_paused = true)]
async fn a_new_session_by_timeout() {
    let folder = Folder::new();
    let (ann, _, chat) = reading(&scripted(&folder, BY_TIMEOUT, "")).await;
    say(&ann, &chat, "one").await;
    assert_eq!(logged(&heard(&ann).await).len(), 1);
    say(&ann, &chat, "two").await;
    let came = heard(&ann).await;
    assert!(!came.iter().any(|data| data.to_string().contains("renewed")), "not yet");
    sleep(Duration::from_secs(11)).await;
    say(&ann, &chat, "three").await;
    let came = heard(&ann).await;
    let (notice, next) = renewed(&came);
    assert_eq!(notice, json!({"previousId": chat.id, "id": next.id, "reason": "script"}));
    assert_eq!(said(&came), ["Ann: test 6"], "the text is replaced");
    assert_eq!(logged(&came).len(), 1, "and processed in the new session, where nothing is too late");
    assert_eq!(say(&ann, &next, "four").await["chatId"], json!(next.id));
}

#[tokio::test(start_paused = true)]
async fn a_new_session_by_an_event_with_the_clients_message_already_stored() {
    let folder = Folder::new();
    let script = r#"
        bind("event:newChatStarted", function () {
            $request.query = $request.rawRequest.messages[0].text;
            $request.event = null;
            $reactions.newSession({request: $request});
        });
        bind("messageReceived", function () { log("received", $request.query, $request.event); });
    "#;
    let app = scripted(&folder, script, "");
    let ann = common::Client::new(&app).await;
    let first = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","notices":1,"text":"Are you open?"}"#).await;
    let came = heard(&ann).await;
    let (notice, next) = renewed(&came);
    assert_eq!((&notice["previousId"], &notice["reason"]), (&first["chatId"], &json!("script")));
    assert_eq!(said(&came), ["Ann: Are you open?"]);
    assert_eq!(logged(&came), ["received Are you open? null"]);
    assert_eq!(say(&ann, &next, "Hello?").await["chatId"], json!(next.id));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_reset_is_cut_off_and_the_session_goes_to_the_queue() {
    let folder = Folder::new();
    let script = r#"bind("event:someEvent", function () { $reactions.newSession({message: "some text", data: $request.data}); });"#;
    let app = scripted(&folder, script, "");
    let jane = agent(&app, "Jane").await;
    let (ann, _, chat) = reading(&app).await;
    quiet().await;
    ann.chat(&chat.fill(r#"{"operation":"customNotice","secureKey":"$key","message":"someEvent","userData":{"n":1}}"#))
        .await;
    let came = heard(&ann).await;
    let lines = logged(&came);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("newSession") && lines[0].contains("$request.event = null"), "{lines:?}");
    let renewals = came.iter().filter(|data| data.to_string().contains("renewed")).count();
    assert!((1..10).contains(&renewals), "{renewals}");
    let last = came.iter().rev().find(|data| !statuses(data).is_empty()).unwrap();
    assert_eq!(statuses(last).last().unwrap(), "4 4 hand-off");
    assert_eq!(jane.events().await.last().unwrap()["queue"][0]["chatId"], last["chatId"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_started_and_stopped_by_the_script() {
    let folder = Folder::new();
    let script = r#"bind("messageReceived", function () {
        if ($request.query === "new") $jsapi.startSession(); else $jsapi.stopSession();
    });"#;
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "new").await;
    let came = heard(&ann).await;
    let (_, next) = renewed(&came);
    assert!(said(&came).is_empty(), "nothing is carried over");
    say(&ann, &next, "stop").await;
    let came = heard(&ann).await;
    assert_eq!((statuses(&came[0]), &came[0]["chatEnded"]), (vec!["4 7 finish".into()], &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_stopped_and_started_is_a_new_one() {
    let folder = Folder::new();
    let script = r#"bind("messageReceived", function () { $jsapi.stopSession(); $jsapi.startSession(); });"#;
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "again").await;
    let (_, next) = renewed(&heard(&ann).await);
    assert_eq!(say(&ann, &next, "and again").await["chatEnded"], json!(false));
}

/// "Bot Session Created" as it is written, but for the types of its variables.
#[tokio::test(start_paused = true)]
async fn the_published_example_runs_as_it_is_written() {
    let folder = Folder::new();
    let script = r#"bind("sessionCreated", function () {
var ed = getEventData();
var botName = ed.getInputValue("chatTopic.botName");
var sessionId = ed.getInputValue("chatSession.id").toInteger();
var toCustomer = 1;

var message = "Welcome human. Say 'human' to transfer. Say 'quit' to end session.";
addChatMessage(sessionId, message, toCustomer, botName, 0, "" );
log("12 apples".toInteger(), "apples".toInteger(), ed.getInputValue("chatSession.status").toInteger());
});"#;
    let (ann, _, _) = reading(&scripted(&folder, script, "")).await;
    let came = heard(&ann).await;
    assert_eq!(said(&came), ["Robin: Welcome human. Say 'human' to transfer. Say 'quit' to end session."]);
    assert_eq!(logged(&came), ["12 0 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_script_may_have_a_console_of_its_own() {
    let folder = Folder::new();
    let script = r#"const console = { log: function (text) { log("mine: " + text); } };
        bind("sessionCreated", function () { console.log("here"); });"#;
    let (ann, _, _) = reading(&scripted(&folder, script, "")).await;
    assert_eq!(logged(&heard(&ann).await), ["mine: here"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_of_a_name_that_nothing_calls_is_said_in_the_log() {
    let folder = Folder::new();
    let script = r#"bind("sessionStarted", function () {}); bind("event:any", function () {}); bind("postProcess", function () {});"#;
    let (ann, _, _) = reading(&scripted(&folder, script, "")).await;
    let said = "bind: nothing calls \"sessionStarted\"; there are sessionCreated, sessionChanged, messageReceived, \
        preProcess, postProcess and event:NAME";
    assert_eq!(logged(&heard(&ann).await), [said]);
}

#[tokio::test(start_paused = true)]
async fn the_calls_take_what_authors_write() {
    let folder = Folder::new();
    let script = r#"bind("messageReceived", function () {
        var ed = getEventData();
        var id = ed.getInputValue("chatSession.id");
        var tried = function (call) { try { call(); return "taken"; } catch (error) { return error.message; } };
        console.log("console", 1);
        log(ed.getInputValue("constructor") === "", sessionData.get("constructor") === undefined);
        sessionData.set(JSON.parse('{"__proto__": {"a": 1}}'));
        log(sessionData.get("__proto__"), sessionData.get("a") === undefined);
        log($reaction === $reactions);
        log(tried(function () { addChatMessage(id, "dated", 1, "", 0, "", "2021-03-08T12:00:00Z"); }));
        log(tried(function () { addChatMessage(id, "dated", 1, "", 0, "", "yesterday"); }));
        log(tried(function () { addChatMessage(id); }));
    });"#;
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "go").await;
    let came = heard(&ann).await;
    assert_eq!(
        logged(&came),
        [
            "console 1",
            "true true",
            r#"{"a":1} true"#,
            "true",
            "taken",
            "addChatMessage: whenPosted: a Date, its text or milliseconds are expected",
            "addChatMessage: 1 to 65536 characters are expected",
        ]
    );
    assert_eq!(said(&came), ["Robin: dated"]);
    assert!(came.iter().any(|data| data.to_string().contains("1615204800000")), "{came:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_fails_harms_its_own_session_only() {
    let folder = Folder::new();
    let script = r#"
        bind("sessionCreated", function () { addChatMessage(getEventData().getInputValue("chatSession.id"), "Hello", 1, "", 0, ""); });
        bind("messageReceived", function () {
            var id = getEventData().getInputValue("chatSession.id");
            addChatMessage(id, "half done", 1, "", 0, "");
            switch ($request.query) {
                case "throw": throw new Error("of " + $request.query);
                case "throw a word": throw "word";
                case "loop": for (;;) {}
                case "memory": var all = []; for (;;) { all.push(new Array(10000).fill(all.length)); }
                case "deep": (function again() { again(); })();
                case "flood": for (;;) { addChatMessage(id, "again", 1, "", 0, ""); }
                case "long": addChatMessage(id, "x".repeat(80000), 1, "", 0, "");
                case "very long": addChatMessage(id, "x".repeat(5000000), 1, "", 0, "");
                case "other": addChatMessage("another", "Hi", 1, "", 0, "");
                case "status": setChatStatus(id, 2);
                case "session": $context.session.me = $context.session; break;
                case "big": $context.session.big = "x".repeat(100000); break;
                case "data": sessionData.set({ big: "x".repeat(11000000) }); break;
                case "name": sessionData.set({ ["ü".repeat(129)]: 1 }); break;
                case "no name": sessionData.set({ fine: 1, "": 1 }); break;
                case "nothing": undefinedFunction();
            }
        });"#;
    let app = scripted(&folder, script, "");
    let (other, _, others) = reading(&app).await;
    heard(&other).await;
    for (word, reason) in [
        ("throw", "bot.js, line 7: it threw a Error"),
        ("throw a word", "bot.js: it threw something that is no Error"),
        ("loop", "bot.js: it took too long"),
        ("memory", "it took too much memory"),
        ("deep", "its calls are nested too deep"),
        ("flood", "addChatMessage: at most 10 messages in one call are expected"),
        ("long", "addChatMessage: 1 to 65536 characters are expected"),
        ("very long", "addChatMessage: 1 to 65536 characters are expected"),
        ("other", "addChatMessage: no such session; chatSession.id is expected"),
        ("status", "setChatStatus: the table of states has no way for a bot from 5 to 2; 7 and 9 are expected"),
        ("session", "it threw a TypeError"),
        ("big", "$context.session is to be an object, within its limit"),
        ("data", "sessionData.set: there would be too much"),
        ("name", "sessionData.set: names of 1 to 256 bytes are expected"),
        ("no name", "sessionData.set: names of 1 to 256 bytes are expected"),
        ("nothing", "ReferenceError: undefinedFunction is not defined"),
    ] {
        let (ann, _, chat) = reading(&app).await;
        assert_eq!(said(&heard(&ann).await), ["Robin: Hello"]);
        say(&ann, &chat, word).await;
        let came = heard(&ann).await;
        let all: Vec<_> = came.iter().flat_map(statuses).collect();
        assert_eq!(all, ["5 4 hand-off"], "{word}: {came:?}");
        assert!(said(&came).is_empty(), "{word}: nothing is half done");
        let lines = logged(&came);
        assert!(lines.len() == 1 && lines[0].contains(reason), "{word}: {lines:?}");
        ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    }
    say(&other, &others, "anything").await;
    assert_eq!(said(&heard(&other).await), ["Robin: half done"], "this one goes on");
}

#[tokio::test(start_paused = true)]
async fn hooks_that_cause_each_other_are_cut_off() {
    let folder = Folder::new();
    let script = r#"bind("sessionChanged", function () {
        var ed = getEventData();
        if (ed.getInputValue("status.new") === "5") addChatMessage(ed.getInputValue("chatSession.id"), "ping", 1, "", 0, "");
        if (ed.getInputValue("status.new") === "6") $reactions.newSession({ message: "pong" });
    });
    bind("messageReceived", function () { addChatMessage(getEventData().getInputValue("chatSession.id"), "ping", 1, "", 0, ""); });"#;
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    quiet().await;
    say(&ann, &chat, "start").await;
    let came = heard(&ann).await;
    assert!(logged(&came).last().unwrap().contains("without end"), "{:?}", logged(&came));
    assert!(came.len() < 40);
}

#[tokio::test(start_paused = true)]
async fn a_channel_runs_without_a_bot_that_cannot_be_read() {
    let folder = Folder::new();
    for script in
        ["bind('messageReceived', function ( {", "throw new Error('at once')", "for (;;) {}", "addChatMessage(1, 'x')"]
    {
        let (_, first, _) = reading(&scripted(&folder, script, &forms("pre_chat"))).await;
        assert_eq!(notice(&first, "status")["botActive"], "false", "{script}");
        assert_eq!(statuses(&first), ["0 1 begin"]);
    }
    let app = with_bot(&folder.file("nowhere.js"), "", "", "");
    assert_eq!(notice(&reading(&app).await.1, "status")["botActive"], "false");
}

#[tokio::test(start_paused = true)]
async fn a_bot_file_that_changes_is_read_again() {
    let folder = Folder::new();
    let file = folder.file("bot.js");
    let greet = |text: &str| {
        format!(
            "bind('sessionCreated', function () {{ addChatMessage(getEventData().getInputValue('chatSession.id'), '{text}', 1, '', 0, ''); }});"
        )
    };
    let app = scripted(&folder, &greet("Hello"), "");
    let greeting = async || {
        let (ann, _, _) = reading(&app).await;
        said(&heard(&ann).await)
    };
    assert_eq!(greeting().await, ["Robin: Hello"]);
    std::fs::write(&file, greet("Good morning")).unwrap();
    assert_eq!(greeting().await, ["Robin: Good morning"]);
    std::fs::write(&file, "bind('sessionCreated', function (").unwrap();
    assert_eq!(greeting().await, ["Robin: Good morning"], "one that is worse than before goes on as before");
    std::fs::write(&file, greet("Good evening, all")).unwrap();
    assert_eq!(greeting().await, ["Robin: Good evening, all"]);
}

#[test]
fn a_wrong_bot_table_is_refused() {
    for (bot, reason) in [
        ("name = \"Robin\"", "missing field `file`"),
        ("file = \"bot.js\"\nfirst = \"second\"", "unknown variant `second`"),
        ("file = \"bot.js\"\nspeed = 3", "unknown field `speed`"),
    ] {
        let text = format!("[[channels]]\nname = \"default\"\n[channels.bot]\n{bot}\n");
        let error = Config::parse(&text, "chat.toml").unwrap_err().to_string();
        assert!(error.contains(reason), "{bot}: {error}");
    }
}
