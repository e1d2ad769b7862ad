//! Whatever comes in, an answer goes out.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::Method;
use causerie_server::app;
use common::{Client, post, request, server, visitor};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn what_is_no_envelope_is_refused_with_a_reason() {
    let state = server();
    let deep = format!("[{}{}]", r#"{"data":"#.repeat(100), "}".repeat(100));
    let many = format!("[{}]", vec!["{}"; 1001].join(","));
    for (body, error) in [
        ("", "400::json_malformed"),
        ("null", "400::json_malformed"),
        ("\"text\"", "400::json_malformed"),
        ("[", "400::json_malformed"),
        (r#"[{"channel":"/meta/handshake""#, "400::json_malformed"),
        (r#"[{"channel":"/meta/handshake"},]"#, "400::json_malformed"),
        (r#"[{"a":"\ud8"}]"#, "400::json_malformed"),
        ("[]", "400::no_messages"),
        (&deep, "400::json_too_deep"),
        (&many, "400::too_many_messages"),
    ] {
        let response = post(&state, &[], body.to_owned()).await;
        assert_eq!(response.status, 400, "{error}");
        assert_eq!(response.headers["content-type"], "application/json");
        assert_eq!(response.messages()[0]["error"], error);
    }
    let response = post(&state, &[], vec![b'[', 0xff, b']']).await;
    assert_eq!((response.status.as_u16(), &response.messages()[0]["error"]), (400, &json!("400::not_utf8")));
}

#[tokio::test]
async fn messages_of_the_wrong_shape_fail_one_by_one() {
    let client = Client::new(&server()).await;
    let replies = client
        .send(r#"[7,null,"x",["1","/meta/connect"],{},{"channel":5},{"channel":"meta"},{"channel":"/a","channel":"/b"},{"id":{"a":1},"channel":"/x"},{"id":"ok","channel":"/meta/subscribe","clientId":"$","subscription":"/service/desk"}]"#)
        .await;
    let errors: Vec<_> = replies.iter().map(|reply| reply["error"].as_str().unwrap_or("none")).collect();
    assert_eq!(
        errors,
        [
            "400::message_invalid: an object is expected, a number came",
            "400::message_invalid: an object is expected, null came",
            "400::message_invalid: an object is expected, a string came",
            "400::message_invalid: an object is expected, an array came",
            "400::channel_missing",
            "405::channel_invalid",
            "405::channel_invalid",
            "400::message_invalid: each member once is expected",
            "405::message_id_invalid",
            "none"
        ]
    );
}

#[tokio::test]
async fn operations_of_the_wrong_shape_say_what_was_expected() {
    let (ann, chat) = visitor(&server()).await;
    for (data, advice) in [
        ("7", "data: an object is expected, a number came"),
        ("[]", "data: an object is expected, an array came"),
        ("{}", "operation is expected, nothing came"),
        (r#"{"operation":7}"#, "operation: a string is expected, a number came"),
        (r#"{"operation":"a","operation":"b"}"#, "data: an object with each member once is expected"),
        (r#"{"operation":"sendMessage","message":"x"}"#, "secureKey is expected, nothing came"),
        (
            r#"{"operation":"sendMessage","secureKey":{},"message":"x"}"#,
            "secureKey: a string is expected, an object came",
        ),
        (r#"{"operation":"sendMessage","secureKey":"$key"}"#, "message is expected, nothing came"),
        (
            r#"{"operation":"sendMessage","secureKey":"$key","message":["x"]}"#,
            "message: a string is expected, an array came",
        ),
        (
            r#"{"operation":"sendMessage","secureKey":"$key","message":true}"#,
            "message: a string is expected, a boolean came",
        ),
        (
            r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":-1}"#,
            "transcriptPosition: a whole number from 0 on is expected",
        ),
        (
            r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1.5}"#,
            "transcriptPosition: a whole number from 0 on is expected",
        ),
        (
            r#"{"operation":"updateData","secureKey":"$key","userData":"x"}"#,
            "userData: an object is expected, a string came",
        ),
        (r#"{"operation":"updateData","secureKey":"$key"}"#, "userData is expected, nothing came"),
        (r#"{"operation":"requestChat","nickname":7}"#, "nickname: a string is expected, a number came"),
        (
            r#"{"operation":"dance","secureKey":"$key"}"#,
            "operation: one of the chat's operations is expected, another came",
        ),
    ] {
        let answer = ann.chat(&chat.fill(data)).await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(400)), "{data}");
        assert_eq!(answer["errors"][0]["advice"], advice);
    }
    let messages = ann.send(r#"[{"id":"1","channel":"/service/chatV2/default","clientId":"$"}]"#).await;
    assert_eq!(messages[0]["data"]["errors"][0]["advice"], "data is expected, nothing came");
}

#[tokio::test]
async fn twenty_megabytes_are_too_much() {
    let response = post(&server(), &[], format!(r#"[{{"channel":"/x","data":"{}"}}]"#, "x".repeat(20_000_000))).await;
    assert_eq!(response.status, 413);
    assert_eq!(response.messages()[0]["successful"], false);
    // And over a real connection, by a client that reads only when it has sent everything.
    let running = common::running(common::config("", "")).await;
    let mut stream = tokio::net::TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(
            b"POST /cometd HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n",
        )
        .await
        .unwrap();
    stream.write_all(&vec![b' '; 20_000_000]).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
}

#[tokio::test]
async fn other_methods_and_types_are_refused() {
    let state = server();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
        let response = request(app(state.clone()), method, "/cometd", &[], "").await;
        assert_eq!(
            (response.status.as_u16(), &response.headers["allow"]),
            (405, &"GET, POST, OPTIONS".parse().unwrap())
        );
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        let response = request(app(state.clone()), Method::POST, "/cometd", &[("content-type", kind)], "[]").await;
        assert_eq!(response.status, 415);
    }
    assert_eq!(request(app(state), Method::GET, "/elsewhere", &[], "").await.status, 404);
}
