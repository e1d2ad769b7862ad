//! An operation that is sent twice is done once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Client, in_chat, kinds, server, visitor};
use serde_json::json;

#[tokio::test]
async fn a_repeated_request_is_the_same_chat() {
    let app = server();
    let request = format!(r#"{{"operation":"requestChat","nickname":"Ann","messageId":"{}"}}"#, "r".repeat(24));
    let first = Client::new(&app).await.chat(&request).await;
    let again = Client::new(&app).await.chat(&request).await;
    assert_eq!(again["secureKey"], first["secureKey"]);
    assert_eq!(again["messages"], first["messages"]);
    assert_eq!(app.floor.len(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_are_the_same_chat() {
    let app = server();
    let ann = Client::new(&app).await;
    let request = format!(
        r#"[{{"id":"p","channel":"/service/chatV2/default","clientId":"$","data":{{"operation":"requestChat","nickname":"Ann","messageId":"{}"}}}}]"#,
        "r".repeat(24)
    );
    let (first, second) = tokio::join!(ann.send(&request), ann.send(&request));
    assert_eq!(first[0]["data"]["chatId"], second[0]["data"]["chatId"]);
    assert_eq!(app.floor.len(), 1);
}

#[tokio::test]
async fn a_request_id_that_can_be_guessed_gives_no_key_away() {
    let app = server();
    let request = r#"{"operation":"requestChat","nickname":"Ann","messageId":"m1"}"#;
    let ann = Client::new(&app).await;
    let first = ann.chat(request).await;
    assert_eq!(ann.chat(request).await["secureKey"], first["secureKey"]);
    let stranger = Client::new(&app).await.chat(request).await;
    assert_eq!((&stranger["statusCode"], &stranger["errors"][0]["code"]), (&json!(1), &json!(400)));
    assert!(stranger.get("secureKey").is_none());
}

#[tokio::test]
async fn a_repeated_message_is_answered_as_the_first_and_pushed_to_nobody() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let message = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"m1"}"#);
    let first = ann.chat(&message).await;
    jane.events().await;
    let again = Client::new(&ann.app).await.chat(&message).await;
    assert_eq!(again["messages"], first["messages"]);
    assert_eq!(again["nextPosition"], 4);
    assert!(jane.events().await.is_empty());
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    let late = ann.chat(&message).await;
    assert_eq!(
        (&late["statusCode"], &late["chatEnded"], &late["messages"]),
        (&json!(0), &json!(true), &first["messages"])
    );
}

#[tokio::test]
async fn ids_of_visitor_and_agent_do_not_meet() {
    let (ann, jane, chat) = in_chat(&server()).await;
    ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"m1"}"#)).await;
    let message = chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello","messageId":"m1"}"#);
    let answer = jane.desk(&message).await;
    assert_eq!(kinds(&answer), ["4 Message 2"]);
    assert_eq!(jane.desk(&message).await["messages"], answer["messages"]);
    assert_eq!(ann.events().await.len(), 1);
}

#[tokio::test]
async fn a_message_id_is_letters_and_digits() {
    let (ann, chat) = visitor(&server()).await;
    for id in ["\"\"", "\"a-b\"", "7", &format!("\"{}\"", "a".repeat(65))] {
        let answer = ann
            .chat(
                &chat.fill(&format!(
                    r#"{{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":{id}}}"#
                )),
            )
            .await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(400)), "{id}");
    }
}

#[tokio::test]
async fn the_id_of_the_first_request_is_not_told_to_agents() {
    let app = server();
    let ann = Client::new(&app).await;
    let request = format!(r#"{{"operation":"requestChat","nickname":"Ann","messageId":"{}"}}"#, "r".repeat(24));
    let id = ann.chat(&request).await["chatId"].as_str().unwrap().to_owned();
    let jane = common::agent(&app, "Jane").await;
    let answer = jane.desk(&format!(r#"{{"operation":"accept","chatId":"{id}"}}"#)).await;
    assert!(!answer.to_string().contains("rrrr"));
}
