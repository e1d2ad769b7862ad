//! What the visitors of one address may keep, and all of them together.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::Method;
use causerie_server::App;
use causerie_server::data::RECORD;
use causerie_server::vitals::pages;
use common::{Folder, JSON, Rest, config, on, request};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const LIMITS: &str =
    "trust_forwarded = true\n[limits]\nsession_data_bytes_per_address = 6000\nsession_data_bytes_in_all = 14000\n";

/// A chat that begins with so many bytes of data, from this address.
async fn begin(app: &Arc<App>, address: &str, bytes: usize) -> Value {
    let body = json!({"nickname": "Ann", "userData": {"a": "x".repeat(bytes)}}).to_string();
    Rest::raw(app, "/2/chat/default", &[JSON, ("x-forwarded-for", address)], body).await.1
}

async fn ask(app: &Arc<App>, chat: &Value, operation: &str, members: Value) -> Value {
    let mut body = members;
    body["secureKey"] = chat["secureKey"].clone();
    let path = format!("/2/chat/default/{}/{operation}", chat["chatId"].as_str().unwrap());
    Rest::raw(app, &path, &[JSON], body.to_string()).await.1
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["code"]
}

async fn metric(app: &Arc<App>, name: &str) -> String {
    let page = request(pages::operator(Arc::clone(app)), Method::GET, "/metrics", &[], "").await.body;
    page.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("nothing").trim().to_owned()
}

#[tokio::test]
async fn one_address_cannot_fill_the_disk() {
    let app = App::in_memory(config(LIMITS, ""));
    let first = begin(&app, "2001:db8::1", 1000).await;
    assert_eq!(first["statusCode"], 0);
    let more = ask(&app, &first, "updateData", json!({"userData": {"b": "x".repeat(1000)}})).await;
    assert_eq!((&more["statusCode"], code(&more)), (&json!(1), &json!(413)));
    assert_eq!(
        more["errors"][0]["advice"],
        "the session data of this address would be larger than 6000 bytes; nothing is changed"
    );
    let open = app.floor.open();
    let second = begin(&app, "2001:db8::2", 1000).await;
    assert_eq!((&second["statusCode"], code(&second)), (&json!(1), &json!(413)), "the same network");
    assert_eq!((app.floor.open(), app.floor.len()), (open, open), "no chat has begun");
    assert_eq!(begin(&app, "2001:db8:0:1::1", 1000).await["statusCode"], 0, "another network");
    assert_eq!(metric(&app, "causerie_session_data_refused_total{room=\"address\"}").await, "2");
}

#[tokio::test]
async fn all_addresses_together_cannot_either_and_who_keeps_nothing_is_served() {
    let app = App::in_memory(config(LIMITS, ""));
    for address in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(begin(&app, address, 1500).await["statusCode"], 0);
    }
    let third = begin(&app, "192.0.2.3", 1500).await;
    assert_eq!(code(&third), 413);
    assert_eq!(
        third["errors"][0]["advice"],
        "the session data of all visitors would be larger than 14000 bytes; nothing is changed"
    );
    let (status, plain) =
        Rest::raw(&app, "/2/chat/default", &[JSON, ("x-forwarded-for", "192.0.2.3")], r#"{"nickname":"Ben"}"#).await;
    assert_eq!((status, &plain["statusCode"]), (200, &json!(0)));
    app.sweep().await;
    assert_eq!(metric(&app, "causerie_session_data_refused_total{room=\"all\"}").await, "1");
    assert_eq!(metric(&app, "causerie_session_data_bytes").await, (2 * (RECORD + 1503)).to_string());
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_with_its_chat_is_free_again() {
    let app = App::in_memory(config(LIMITS, "ended_retention = 10"));
    let first = begin(&app, "192.0.2.1", 1500).await;
    assert_eq!(code(&begin(&app, "192.0.2.1", 1500).await), 413);
    ask(&app, &first, "disconnect", json!({})).await;
    sleep(Duration::from_secs(11)).await;
    app.sweep().await;
    assert_eq!(begin(&app, "192.0.2.1", 1500).await["statusCode"], 0);
}

#[tokio::test]
async fn the_next_server_knows_what_is_held() {
    let folder = Folder::new();
    let app = on(&folder, config(LIMITS, "")).await;
    let first = begin(&app, "192.0.2.1", 1500).await;
    drop(app);
    let app = on(&folder, config(LIMITS, "")).await;
    assert_eq!(code(&begin(&app, "192.0.2.1", 1500).await), 413);
    let less = ask(&app, &first, "updateData", json!({"userData": {"a": 1}})).await;
    assert_eq!(less["statusCode"], 0, "less is always possible");
    app.sweep().await;
    assert_eq!(metric(&app, "causerie_session_data_bytes").await, (RECORD + 2).to_string());
}
