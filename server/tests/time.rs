//! What ends by itself: silent chats, visitors who stay away, transcripts nobody reads.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, config, in_chat, kinds, swept, visitor};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const TIMES: &str = "idle_timeout = 60\nvisitor_timeout = 40\nended_retention = 20";

#[tokio::test(start_paused = true)]
async fn a_silent_chat_ends() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat) = visitor(&app).await;
    sleep(Duration::from_secs(5)).await;
    let start = Instant::now();
    ann.chat(&chat.fill(r#"{"operation":"startTyping","secureKey":"$key"}"#)).await;
    let messages = ann.hold(r#","advice":{"timeout":300000}"#).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 60, "typing is no silence");
    let data = &messages[0]["data"];
    assert_eq!((&data["chatEnded"], kinds(data)), (&json!(true), vec!["2 ParticipantLeft 1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_ended_chat_can_be_read_for_a_while_and_is_then_forgotten() {
    let app = swept(App::in_memory(config("", TIMES)));
    let request = format!(r#"{{"operation":"requestChat","nickname":"Ann","messageId":"{}"}}"#, "r".repeat(24));
    let ann = Client::new(&app).await;
    let first = ann.chat(&request).await;
    let read =
        format!(r#"{{"operation":"requestNotifications","secureKey":{},"transcriptPosition":1}}"#, first["secureKey"]);
    ann.chat(&format!(r#"{{"operation":"disconnect","secureKey":{}}}"#, first["secureKey"])).await;
    sleep(Duration::from_secs(19)).await;
    let ben = Client::new(&app).await;
    let answer = ben.chat(&read).await;
    assert_eq!((&answer["statusCode"], &answer["chatEnded"], kinds(&answer).len()), (&json!(0), &json!(true), 2));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(ben.chat(&read).await["errors"][0]["code"], 8210);
    assert!(app.floor.is_empty());
    assert_ne!(ben.chat(&request).await["chatId"], first["chatId"]);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_vanished_keeps_the_chat_for_a_while() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, jane, chat) = in_chat(&app).await;
    ann.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    let held = jane.hold(r#","advice":{"timeout":300000}"#);
    sleep(Duration::from_secs(30)).await;
    assert!(!held.is_finished(), "the agent has the chat as it is");
    let back = Client::new(&app).await;
    let resume = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0}"#);
    assert_eq!(back.chat(&resume).await["chatEnded"], false);
    back.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    let start = Instant::now();
    let messages = held.await.unwrap();
    // Silence for a minute since the agent joined comes first here.
    assert!(start.elapsed().as_secs() <= 40);
    assert_eq!(kinds(&messages[0]["data"]), ["3 ParticipantLeft 2", "4 ParticipantLeft 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_stays_away_has_left() {
    let app = swept(App::in_memory(config("", "idle_timeout = 0\nvisitor_timeout = 40")));
    let (ann, jane, _) = in_chat(&app).await;
    let held = jane.hold(r#","advice":{"timeout":300000}"#);
    let start = Instant::now();
    ann.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    let messages = held.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 40);
    assert_eq!(kinds(&messages[0]["data"]), ["3 ParticipantLeft 2", "4 ParticipantLeft 1"]);
}
