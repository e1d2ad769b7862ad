//! The inspector: who may watch, and what is seen of a session.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, Folder, begin, config, forms, heard, quiet, reading, say, scripted, shipped, swept, with_bot};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const INSPECTOR: &str = "/service/inspector";
const IVY: &str = "[[agents]]\nname = \"Ivy\"\nkey = \"ivy-key\"\ninspector = true\n";
const SIGN_IN: &str = r#"{"operation":"signIn","name":"Ivy","key":"ivy-key"}"#;

async fn inspector(app: &Arc<App>) -> (Client, Value) {
    let ivy = Client::new(app).await;
    let answer = ivy.publish(INSPECTOR, SIGN_IN).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    (ivy, answer)
}

async fn watch(ivy: &Client, id: &str) -> Value {
    ivy.publish(INSPECTOR, &json!({"operation": "watch", "chatId": id}).to_string()).await
}

fn ways(watched: &Value) -> Vec<String> {
    let way = |way: &Value| format!("{} {}", way["old"].as_str().unwrap(), way["new"].as_str().unwrap());
    watched["transitions"].as_array().unwrap().iter().map(way).collect()
}

/// Everything of one kind in what was pushed.
fn all<'a>(came: &'a [Value], pointer: &str) -> Vec<&'a Value> {
    came.iter().filter_map(|data| data.pointer(pointer)).collect()
}

#[tokio::test(start_paused = true)]
async fn only_agents_who_may_inspect_see_anything() {
    let app = App::in_memory(config("", IVY));
    let (ann, _, chat) = reading(&app).await;
    let stranger = Client::new(&app).await;
    for (operation, code) in [
        (chat.fill(r#"{"operation":"watch","chatId":"$chat"}"#), 8210),
        (r#"{"operation":"signIn","name":"Ivy","key":"wrong"}"#.into(), 8210),
        (r#"{"operation":"signIn","name":"Nobody","key":"ivy-key"}"#.into(), 8210),
        (r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#.into(), 8210),
        (r#"{"operation":"signIn","name":7}"#.into(), 400),
        ("7".into(), 400),
        (chat.fill(r#"{"operation":"watch","chatId":"$chat"}"#), 8210),
        (r#"{"operation":"unwatch"}"#.into(), 8210),
    ] {
        let answer = stranger.publish(INSPECTOR, &operation).await;
        assert_eq!(answer["errors"][0]["code"], code, "{operation}: {answer}");
        assert!(answer.get("sessions").is_none() && answer.get("watched").is_none());
    }
    // One who works at the desk does not inspect by that.
    let jane = common::agent(&app, "Jane").await;
    assert_eq!(jane.publish(INSPECTOR, &chat.fill(r#"{"operation":"watch","chatId":"$chat"}"#)).await["statusCode"], 2);
    say(&ann, &chat, "Hello").await;
    assert!(stranger.events().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn keys_cannot_be_tried_out() {
    let app = App::in_memory(config("[desk]\nsign_in_burst = 2", IVY));
    let stranger = Client::new(&app).await;
    for _ in 0..2 {
        stranger.publish(INSPECTOR, r#"{"operation":"signIn","name":"Ivy","key":"guess"}"#).await;
    }
    let answer = stranger.publish(INSPECTOR, SIGN_IN).await;
    assert_eq!(answer["errors"][0]["code"], 429, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn who_inspects_is_no_agent() {
    let app = App::in_memory(config("", &format!("{}{IVY}", forms("offline"))));
    inspector(&app).await;
    let (_, first, _) = reading(&app).await;
    assert_eq!(common::statuses(&first), ["0 3 begin"], "nobody is there");
}

#[tokio::test(start_paused = true)]
async fn the_sessions_are_listed_and_each_change_of_one_is_pushed() {
    let app = App::in_memory(config("", IVY));
    let (ann, _, chat) = reading(&app).await;
    let (ivy, first) = inspector(&app).await;
    let row = &first["sessions"][0];
    assert_eq!(
        (&row["chatId"], &row["service"], &row["nickname"], &row["status"], &row["botActive"], &row["agents"]),
        (&json!(chat.id), &json!("default"), &json!("Ann"), &json!(4), &json!(false), &json!([]))
    );
    let jane = common::agent(&app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let came = ivy.events().await;
    assert_eq!((&came[0]["session"]["status"], &came[0]["session"]["agents"]), (&json!(5), &json!(["Jane"])));
    say(&ann, &chat, "Hello").await;
    assert!(ivy.events().await.is_empty(), "what is said changes nothing in the list");
    let ben = begin(&Client::new(&app).await, "Ben").await;
    assert_eq!(ivy.events().await[0]["session"]["chatId"], json!(ben.id));
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(ivy.events().await[0]["session"]["ended"], true);
}

#[tokio::test(start_paused = true)]
async fn a_watched_session_shows_status_transitions_data_internal_fields_and_the_bots_log() {
    let folder = Folder::new();
    let script = "bind('messageReceived', function () { log('heard', $request.query); sessionData.set({ heard: 1 });
        if ($request.query === 'fail') nothing(); });";
    let app = scripted(&folder, script, IVY);
    let (ann, _, chat) = reading(&app).await;
    say(&ann, &chat, "Hello").await;
    quiet().await;
    let (ivy, _) = inspector(&app).await;
    let answer = watch(&ivy, &chat.id).await;
    let watched = &answer["watched"];
    assert_eq!(ways(watched), ["0 4"]);
    assert_eq!(watched["transitions"][0]["cause"], "begin");
    assert_eq!(watched["data"]["set"], json!({"heard": 1}));
    assert_eq!(
        (&watched["internal"]["sessionId"], &watched["internal"]["messageContent"]),
        (&json!(chat.id), &json!("Hello"))
    );
    let line = &watched["log"][0];
    assert_eq!((&line["text"], &line["failed"]), (&json!("heard Hello"), &json!(false)));
    assert!(line["time"].as_u64().is_some());
    assert!(!answer.to_string().contains(&chat.key), "the visitor's key is nobody's business");
    assert!(!answer.to_string().contains("dataKey"));

    let update = r#"{"operation":"updateData","secureKey":"$key","userData":{"cart":3}}"#;
    ann.chat(&chat.fill(update)).await;
    assert_eq!(all(&ivy.events().await, "/watched/data/set"), [&json!({"cart": 3})]);
    say(&ann, &chat, "fail").await;
    quiet().await;
    let came = ivy.events().await;
    let lines: Vec<_> = all(&came, "/watched/log").into_iter().flat_map(|log| log.as_array().unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["failed"] == true && line["text"].as_str().unwrap().contains("ReferenceError"))
    );
    let pushed: Vec<_> = all(&came, "/watched").into_iter().flat_map(ways).collect();
    assert_eq!(pushed, ["4 4"], "handed off");
    assert_eq!(all(&came, "/watched/internal/messageContent").last(), Some(&&json!("fail")));

    ivy.publish(INSPECTOR, r#"{"operation":"unwatch"}"#).await;
    say(&ann, &chat, "Hello again").await;
    assert!(all(&ivy.events().await, "/watched").is_empty());
    assert_eq!(watch(&ivy, "no such").await["errors"][0]["code"], 249);
    let wrong = ivy.publish(INSPECTOR, r#"{"operation":"dance"}"#).await;
    assert_eq!(wrong["errors"][0]["code"], 400);
}

#[tokio::test(start_paused = true)]
async fn of_a_bots_log_the_newest_lines_are_kept() {
    let folder = Folder::new();
    let script = "bind('messageReceived', function () {
        for (var n = 0; n < 100; n++) log($request.query + n, $request.query === 'long' ? 'x'.repeat(1000) : '');
    });";
    let app = scripted(&folder, script, IVY);
    let (ann, _, chat) = reading(&app).await;
    let (ivy, _) = inspector(&app).await;
    let lines = async |words: &str| {
        say(&ann, &chat, words).await;
        quiet().await;
        let answer = watch(&ivy, &chat.id).await;
        ivy.publish(INSPECTOR, r#"{"operation":"unwatch"}"#).await;
        let log = answer["watched"]["log"].as_array().unwrap().clone();
        (log.len(), log.last().unwrap()["text"].as_str().unwrap()[..6].to_owned())
    };
    assert_eq!(lines("one").await, (100, "one99 ".to_owned()));
    assert_eq!(lines("two").await.0, 200);
    assert_eq!(lines("six").await, (200, "six99 ".to_owned()));
    assert_eq!(lines("long").await, (16, "long99".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_session_of_a_plain_client_is_watched_too() {
    let app = with_bot(&shipped("echo.js"), "", "", IVY);
    let ann = common::Rest::begin(&app, "nickname=Ann").await;
    quiet().await;
    let (ivy, _) = inspector(&app).await;
    assert_eq!(ways(&watch(&ivy, &ann.id).await["watched"]), Vec::<String>::new(), "its transcript has no notices");
    ann.post("send", "message=quit").await;
    quiet().await;
    let came = ivy.events().await;
    let pushed: Vec<_> = all(&came, "/watched").into_iter().flat_map(ways).collect();
    assert_eq!(pushed, ["6 5", "5 7"]);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_names_the_session_that_goes_on() {
    let app = swept(App::in_memory(config("", &format!("idle_timeout = 60\n{IVY}"))));
    let (ann, _, chat) = reading(&app).await;
    let (ivy, _) = inspector(&app).await;
    let stay = ann.hold(r#","advice":{"timeout":62000}"#);
    tokio::time::sleep(Duration::from_secs(61)).await;
    stay.await.unwrap();
    let (ivy2, _) = inspector(&app).await;
    watch(&ivy2, &chat.id).await;
    let answer = say(&ann, &chat, "Still there?").await;
    let came = ivy2.events().await;
    let rows = all(&came, "/session");
    let old = rows.iter().find(|row| row["chatId"] == chat.id.as_str()).unwrap();
    assert_eq!(old["renewedId"], answer["chatId"]);
    let new = rows.iter().find(|row| row["chatId"] == answer["chatId"]).unwrap();
    assert_eq!(new["previousId"], chat.id.as_str());
    drop((ivy, heard(&ann).await));
}
