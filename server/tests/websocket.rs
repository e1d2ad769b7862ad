//! Bayeux over a WebSocket.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Client, Socket, agent, begin, config, running};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[tokio::test]
async fn events_are_pushed_and_the_connect_stays_held() {
    let running = running(config("", "")).await;
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/meta/subscribe","clientId":"$","subscription":"/service/chatV2/default"},{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Ann"}},{"id":"4","channel":"/meta/connect","clientId":"$","connectionType":"websocket","advice":{"timeout":0}}]"#).await;
    let events = ann.frame().await;
    assert_eq!(
        (events.len(), &events[0]["id"]),
        (1, &json!("3")),
        "the answer is a frame of its own, before the replies"
    );
    let chat = events[0]["data"]["chatId"].as_str().unwrap().to_owned();
    let replies = ann.frame().await;
    let ids: Vec<_> = replies.iter().map(|reply| reply["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["2", "3", "4"]);
    ann.send(r#"[{"id":"5","channel":"/meta/connect","clientId":"$","connectionType":"websocket","advice":{"timeout":1500}}]"#).await;
    let jane = agent(&running.app, "Jane").await;
    jane.desk(&format!(r#"{{"operation":"accept","chatId":"{chat}"}}"#)).await;
    assert_eq!(ann.frame().await[0]["data"]["messages"][0]["from"]["type"], "Agent");
    let heartbeat = ann.frame().await;
    assert_eq!((&heartbeat[0]["id"], heartbeat.len()), (&json!("5"), 1));
}

#[tokio::test]
async fn a_new_socket_continues_the_old_session() {
    let running = running(config("", "")).await;
    let ann = Client::new(&running.app).await;
    let chat = begin(&ann, "Ann").await;
    let mut first = Socket::open(running.address).await;
    first.id.clone_from(&ann.id);
    first.send(r#"[{"id":"1","channel":"/meta/connect","clientId":"$","connectionType":"websocket","advice":{"timeout":0}}]"#).await;
    assert_eq!(first.frame().await[0]["successful"], true, "no cookie is asked of a WebSocket");
    drop(first);
    let jane = agent(&running.app, "Jane").await;
    let mut second = Socket::open(running.address).await;
    second.id.clone_from(&ann.id);
    second.send(r#"[{"id":"2","channel":"/meta/connect","clientId":"$","connectionType":"websocket"}]"#).await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(second.frame().await[0]["data"]["messages"][0]["index"], 2);
}

#[tokio::test]
async fn events_wait_for_a_socket() {
    let running = running(config("", "")).await;
    let (ann, jane, chat) = common::in_chat(&running.app).await;
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    let mut socket = Socket::open(running.address).await;
    socket.id.clone_from(&ann.id);
    socket.send(r#"[{"id":"2","channel":"/meta/connect","clientId":"$","connectionType":"websocket","advice":{"timeout":0}}]"#).await;
    assert_eq!(socket.frame().await[0]["data"]["messages"][0]["text"], "Hello");
    assert_eq!(socket.frame().await[0]["id"], "2");
}

#[tokio::test]
async fn a_session_made_on_a_websocket_is_unknown_to_http() {
    let running = running(config("", "")).await;
    let socket = Socket::handshaken(running.address).await;
    let mut client = Client::new(&running.app).await;
    client.id.clone_from(&socket.id);
    assert_eq!(
        client.send(r#"[{"channel":"/meta/connect","clientId":"$","connectionType":"long-polling"}]"#).await[0]["error"],
        "402::session_unknown"
    );
}

#[tokio::test]
async fn a_second_connect_on_a_socket_releases_the_older() {
    let running = running(config("", "")).await;
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/meta/connect","clientId":"$","connectionType":"websocket"}]"#).await;
    ann.send(
        r#"[{"id":"3","channel":"/meta/connect","clientId":"$","connectionType":"websocket","advice":{"timeout":0}}]"#,
    )
    .await;
    assert_eq!(ann.frame().await[0]["id"], "2");
    assert_eq!(ann.frame().await[0]["id"], "3");
    ann.send(r#"[{"id":"4","channel":"/meta/connect","clientId":"$","connectionType":"websocket"}]"#).await;
    ann.send(r#"[{"id":"5","channel":"/meta/disconnect","clientId":"$"}]"#).await;
    let frames = [ann.frame().await, ann.frame().await];
    let connect = frames.iter().flatten().find(|reply| reply["id"] == "4").unwrap();
    assert_eq!(connect["advice"]["reconnect"], "none");
    assert!(frames.iter().flatten().any(|reply| reply["id"] == "5" && reply["successful"] == true));
}

#[tokio::test]
async fn malformed_frames_are_answered() {
    let running = running(config("", "")).await;
    let mut socket = Socket::open(running.address).await;
    let deep = "[".repeat(100_000);
    for (frame, error) in [
        ("", "400::json_malformed"),
        ("hello", "400::json_malformed"),
        (r#"[{"channel":"/meta/hand"#, "400::json_malformed"),
        (&deep, "400::json_too_deep"),
        ("[7]", "400::message_invalid: an object is expected, a number came"),
    ] {
        socket.send(frame).await;
        let reply = &socket.frame().await[0];
        assert_eq!((&reply["successful"], &reply["error"]), (&json!(false), &json!(error)));
    }
    socket.send("[]").await;
    assert_eq!(socket.text().await, "[]");
}

#[tokio::test]
async fn frames_that_cannot_be_read_close_the_socket_and_say_why() {
    let running = running(config("", "")).await;
    let mut socket = Socket::open(running.address).await;
    socket.socket.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    assert_eq!(socket.closed().await, 1003);
    for size in [12_582_913, 20_000_000] {
        let socket = Socket::open(running.address).await;
        let (mut sender, mut receiver) = socket.socket.split();
        let sending = tokio::spawn(async move { sender.send(Message::Text(" ".repeat(size).into())).await });
        match receiver.next().await {
            Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1009, "{size}"),
            other => panic!("{other:?}"),
        }
        sending.abort();
    }
}

#[tokio::test]
async fn who_closes_is_answered() {
    let running = running(config("", "")).await;
    let mut socket = Socket::open(running.address).await;
    let farewell = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.socket.close(Some(farewell)).await.unwrap();
    assert_eq!(socket.closed().await, 1000, "else a page is told that the socket broke");
}

// It shows that a socket under load shows everything and stays. It does not show that a wait which is over before its first look is
// not looked at again, for which it was written: that takes a delivery on another thread within the few nanoseconds of one poll,
// no lock or await of ours lies between them for a test to stop at, and with the code as it was before it passes nearly always.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_socket_outlives_whatever_is_delivered_while_it_turns_to_its_wait() {
    const EACH: usize = 100;
    let running = running(config("[limits]\nsend_burst = 100000\nsend_rate = 100000.0\n", "")).await;
    let mut jane = Socket::handshaken(running.address).await;
    jane.send(r#"[{"id":"2","channel":"/service/desk","clientId":"$","data":{"operation":"signIn","name":"Jane","key":"jane-key"}}]"#).await;
    let mut visitors = Vec::new();
    for _ in 0..4 {
        let (ann, chat) = common::visitor(&running.app).await;
        jane.send(&chat.fill(r#"[{"id":"3","channel":"/service/desk","clientId":"$","data":{"operation":"accept","chatId":"$chat"}}]"#).replace("$chat", &chat.id)).await;
        visitors.push(tokio::spawn(async move {
            for _ in 0..EACH {
                ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"again"}"#)).await;
            }
        }));
    }
    let mut heard = 0;
    while heard < 4 * EACH {
        heard += jane.text().await.matches("\"again\"").count();
    }
    for visitor in visitors {
        visitor.await.unwrap();
    }
}

#[tokio::test]
async fn what_an_envelope_needs_is_in_small_pieces() {
    // From a kilobyte on an allocator looks for room with more care, for each message anew.
    let app = causerie_server::App::in_memory(config("", ""));
    let via = causerie_server::bayeux::Via::WebSocket;
    let caller = causerie_server::origin::Caller { address: "127.0.0.1".parse().unwrap(), language: None };
    let envelope = size_of_val(&app.envelope(&via, &caller, &[]));
    let exchange = causerie_server::chat::asker::Exchange::new(caller);
    let asker = causerie_server::chat::asker::Asker::Rest(&exchange);
    let request = causerie_server::chat::visitor::Request { service: "default", named: None, data: None };
    let visit = size_of_val(&app.floor.visit(&asker, &request));
    assert!(envelope <= 1024 && visit <= 1024, "{envelope}, {visit}");
}
