//! The ack extension: events are sent again until the client has them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Chat, Client, Socket, agent, begin, running, server};
use serde_json::{Value, json};

const ASKED: &str = r#","ext":{"ack":true}"#;

async fn connect(client: &Client, ack: u64) -> (Vec<Value>, u64) {
    let mut messages = client.send(&format!(r#"[{{"channel":"/meta/connect","clientId":"$","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":{ack}}}}}]"#)).await;
    let batch = messages.pop().unwrap()["ext"]["ack"].as_u64().unwrap();
    (messages.iter().map(|message| message["data"]["messages"][0]["text"].clone()).collect(), batch)
}

async fn says(jane: &Client, chat: &Chat, text: &str) {
    jane.desk(&chat.fill(&format!(r#"{{"operation":"sendMessage","chatId":"$chat","message":"{text}"}}"#))).await;
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again() {
    let app = server();
    let ann = Client::with(&app, ASKED).await;
    let chat = begin(&ann, "Ann").await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let (_, first) = connect(&ann, 0).await;
    let (none, second) = connect(&ann, first).await;
    assert_eq!((none.len(), first, second), (0, 1, 2), "batches are counted, empty ones too");
    says(&jane, &chat, "one").await;
    assert_eq!(connect(&ann, second).await, (vec![json!("one")], 3));
    says(&jane, &chat, "two").await;
    assert_eq!(connect(&ann, second).await, (vec![json!("one"), json!("two")], 4), "the answer to the last was lost");
    assert_eq!(connect(&ann, 4).await, (vec![], 5));
}

#[tokio::test]
async fn answers_to_operations_do_not_wait_for_a_connect() {
    let ann = Client::with(&server(), ASKED).await;
    begin(&ann, "Ann").await;
}

#[tokio::test]
async fn over_a_websocket_too_events_come_with_the_connect() {
    let running = running(common::config("", "")).await;
    let mut ann = Socket::open(running.address).await;
    ann.send(&common::HANDSHAKE.replace("}]", r#","ext":{"ack":true}}]"#)).await;
    let reply = &ann.frame().await[0];
    assert_eq!(reply["ext"]["ack"], true);
    ann.id = reply["clientId"].as_str().unwrap().to_owned();
    ann.send(r#"[{"id":"2","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Ann"}}]"#).await;
    let answer = ann.frame().await[0]["data"].clone();
    let chat = Chat {
        id: answer["chatId"].as_str().unwrap().to_owned(),
        key: answer["secureKey"].as_str().unwrap().to_owned(),
    };
    assert_eq!(ann.frame().await[0]["successful"], true);
    ann.send(r#"[{"id":"3","channel":"/meta/connect","clientId":"$","connectionType":"websocket","ext":{"ack":0}}]"#)
        .await;
    let jane = agent(&running.app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let frame = ann.frame().await;
    assert_eq!(frame[0]["data"]["messages"][0]["type"], "ParticipantJoined");
    assert_eq!(frame[1]["ext"]["ack"], 1);
    says(&jane, &chat, "one").await;
    ann.send(r#"[{"id":"4","channel":"/meta/connect","clientId":"$","connectionType":"websocket","ext":{"ack":0}}]"#)
        .await;
    let frame = ann.frame().await;
    assert_eq!(frame.len(), 3, "both, for the first was not acknowledged");
    assert_eq!(frame[2]["ext"]["ack"], 2);
}
