//! How the server is, as monitoring asks it; and what it refuses when it has too much to do.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::{Method, StatusCode};
use causerie_server::vitals::Stage;
use causerie_server::vitals::pages;
use causerie_server::{App, app};
use common::{Answers, Folder, Redis, Wire, config, on, request};
use serde_json::{Value, json};
use std::sync::Arc;

async fn page(server: &Arc<App>, path: &str) -> (StatusCode, String) {
    let response = request(pages::operator(Arc::clone(server)), Method::GET, path, &[], "").await;
    (response.status, response.body)
}

async fn rest(server: &Arc<App>, path: &str, data: &Value) -> (Value, Option<String>) {
    let headers = [("content-type", "application/json")];
    let response = request(app(Arc::clone(server)), Method::POST, path, &headers, data.to_string()).await;
    let after = response.headers.get("retry-after").map(|after| after.to_str().unwrap().to_owned());
    (serde_json::from_str(&response.body).unwrap(), after)
}

async fn handshake(server: &Arc<App>) -> Value {
    let hello =
        json!([{ "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"] }]);
    let headers = [("content-type", "application/json")];
    let response = request(app(Arc::clone(server)), Method::POST, "/cometd", &headers, hello.to_string()).await;
    response.messages()[0].clone()
}

async fn begin(server: &Arc<App>) -> Value {
    rest(server, "/2/chat/default", &json!({ "nickname": "Ann" })).await.0
}

async fn say(server: &Arc<App>, chat: &Value, text: &str) -> Value {
    let path = format!("/2/chat/default/{}/send", chat["chatId"].as_str().unwrap());
    let data = json!({ "userId": chat["userId"], "secureKey": chat["secureKey"], "alias": "1", "message": text });
    rest(server, &path, &data).await.0
}

/// A sample's value.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_server_is_ready_while_it_serves_and_says_why_when_it_is_not() {
    let server = App::in_memory(config("", ""));
    let everybody = request(app(Arc::clone(&server)), Method::GET, "/readyz", &[], "").await;
    assert_eq!((everybody.status, everybody.body.as_str()), (StatusCode::OK, "ready\n"));
    let cases = [
        (Stage::Starting, StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        (Stage::Serving, StatusCode::OK, "ready\n"),
        (Stage::Stopping, StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        // Nothing comes after that.
        (Stage::Serving, StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    ];
    for (stage, status, body) in cases {
        server.vitals.enter(stage);
        assert_eq!(page(&server, "/readyz").await, (status, body.to_owned()));
        assert_eq!(page(&server, "/healthz").await, (StatusCode::OK, "alive\n".to_owned()));
    }
}

#[tokio::test]
async fn a_server_whose_store_is_away_is_alive_but_not_ready() {
    let Some(redis) = Redis::start().await else { return };
    let wire = Wire::to(redis.port).await;
    let config = || config("", "");
    let address = format!("redis://127.0.0.1:{}", wire.port).parse().unwrap();
    let store = causerie_server::store::RedisStore::new(address, &config());
    let server = App::new(config(), causerie_server::clock::Clock::system(), Arc::new(store));
    assert_eq!(page(&server, "/readyz").await.0, StatusCode::OK);
    wire.answers(Answers::Lost);
    assert_eq!(page(&server, "/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, "the store is away\n".to_owned()));
    assert_eq!(page(&server, "/healthz").await.0, StatusCode::OK);
    assert_eq!(begin(&server).await["errors"][0]["code"], 249);
    wire.answers(Answers::Pass);
    while page(&server, "/readyz").await.1 == "the store is away\n" {}
}

#[tokio::test]
async fn metrics_count_what_happens_and_name_nobody() {
    let server = App::in_memory(config("", ""));
    let chat = begin(&server).await;
    say(&server, &chat, "my secret").await;
    let wrong = json!({ "chatId": chat["chatId"], "secureKey": "0".repeat(64) });
    assert_eq!(say(&server, &wrong, "hello").await["errors"][0]["code"], 8210);
    assert_eq!(handshake(&server).await["successful"], true);
    let (_, text) = page(&server, "/metrics").await;
    let expected = [
        ("causerie_sessions", 1.0),
        ("causerie_chats_open", 1.0),
        ("causerie_queue", 1.0),
        ("causerie_seats", 0.0),
        ("causerie_store_waiting", 0.0),
        (r#"causerie_messages_in_total{from="visitor"}"#, 1.0),
        (r#"causerie_refusals_total{code="8210"}"#, 1.0),
        (r#"causerie_commit_seconds_count{kind="create"}"#, 1.0),
        (r#"causerie_commit_seconds_count{kind="commit"}"#, 1.0),
    ];
    for (name, expected) in expected {
        assert!((value(&text, name) - expected).abs() < 0.5, "{name} is not {expected} in\n{text}");
    }
    let private = ["Ann", "secret", "127.0.0.1", chat["chatId"].as_str().unwrap(), chat["userId"].as_str().unwrap()];
    assert!(private.iter().all(|word| !text.contains(word)), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_are_not_for_everybody() {
    let server = App::in_memory(config("", ""));
    let response = request(app(server), Method::GET, "/metrics", &[], "").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn with_too_much_to_do_new_work_is_refused_and_what_runs_goes_on() {
    let folder = Folder::new();
    let server = on(&folder, config("[overload]\nwaiting = 2\nretry_after = 7", "")).await;
    let (one, other, third) = (begin(&server).await, begin(&server).await, begin(&server).await);
    // Somebody keeps the file: what is to be written waits.
    let disk = rusqlite::Connection::open(folder.file("chat.db")).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let say = |chat: &Value| {
        let (server, chat) = (Arc::clone(&server), chat.clone());
        tokio::spawn(async move { say(&server, &chat, "Hi").await })
    };
    let said = [say(&one), say(&other)];
    while server.vitals.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    let (refused, after) = rest(&server, "/2/chat/default", &json!({ "nickname": "Ben" })).await;
    assert_eq!(refused["errors"][0]["code"], 240);
    assert_eq!(refused["errors"][0]["advice"], "no new chat now: the server has too much to do");
    assert_eq!(after.as_deref(), Some("7"));
    let refused = handshake(&server).await;
    assert_eq!((refused["successful"].as_bool(), refused["error"].as_str()), (Some(false), Some("503::overloaded")));
    assert_eq!(refused["advice"]["reconnect"], "handshake");
    assert_eq!(refused["advice"]["interval"], 7000);
    let path = format!("/2/chat/default/{}/refresh", third["chatId"].as_str().unwrap());
    let data = json!({ "userId": third["userId"], "secureKey": third["secureKey"], "transcriptPosition": 1 });
    assert_eq!(rest(&server, &path, &data).await.0["statusCode"], 0, "others read meanwhile");
    assert_eq!(page(&server, "/readyz").await.1, "ready\n");
    disk.execute_batch("ROLLBACK").unwrap();
    for said in said {
        assert_eq!(said.await.unwrap()["statusCode"], 0);
    }
    assert_eq!(handshake(&server).await["successful"], true);
    assert_eq!(begin(&server).await["statusCode"], 0);
    let (_, text) = page(&server, "/metrics").await;
    for what in ["handshake", "chat"] {
        assert!((value(&text, &format!(r#"causerie_shed_total{{what="{what}"}}"#)) - 1.0).abs() < 0.5, "{text}");
    }
}
