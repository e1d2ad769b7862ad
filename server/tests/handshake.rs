//! The handshake, the cookie, and who counts as unknown.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Client, post, server};
use serde_json::json;

#[tokio::test]
async fn a_handshake_opens_a_session_and_sets_the_cookie() {
    let app = server();
    let response = post(&app, &[], r#"[{"id":"a1","channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["websocket","long-polling"],"advice":{"timeout":60000,"interval":0}}]"#).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("BAYEUX_BROWSER=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    let reply = &response.messages()[0];
    assert_eq!(reply["id"], "a1");
    assert_eq!(reply["successful"], true);
    assert_eq!(reply["version"], "1.0");
    assert_eq!(reply["supportedConnectionTypes"], json!(["websocket", "long-polling"]));
    assert_eq!(reply["advice"], json!({"reconnect": "retry", "interval": 0, "timeout": 30000}));
    assert!(reply["clientId"].as_str().unwrap().len() >= 32);
}

#[tokio::test]
async fn a_bare_object_and_any_suffix_are_understood() {
    let app = server();
    let body = r#"{"id":42,"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}"#;
    for path in ["/cometd", "/cometd/", "/cometd/handshake", "/cometd/connect/"] {
        let headers = [("content-type", "application/json;charset=UTF-8")];
        let response =
            common::request(causerie_server::app(app.clone()), axum::http::Method::POST, path, &headers, body).await;
        assert_eq!(response.messages()[0]["successful"], true, "{path}");
        assert_eq!(response.messages()[0]["id"], 42, "ids are echoed verbatim");
    }
}

#[tokio::test]
async fn a_handshake_that_asks_for_the_wrong_thing_is_refused() {
    let app = server();
    for (members, error) in [
        (r#""supportedConnectionTypes":["long-polling"]"#, "400::version_missing"),
        (r#""version":"2.0","supportedConnectionTypes":["long-polling"]"#, "400:version:\"1.0\" is expected"),
        (r#""version":"1.0""#, "400::supportedConnectionTypes_missing"),
        (
            r#""version":"1.0","supportedConnectionTypes":"long-polling""#,
            "400:supportedConnectionTypes:an array of strings is expected",
        ),
        (r#""version":"1.0","supportedConnectionTypes":["iframe"]"#, "400::supportedConnectionTypes_unsupported"),
    ] {
        let reply =
            &post(&app, &[], format!(r#"[{{"id":"1","channel":"/meta/handshake",{members}}}]"#)).await.messages()[0];
        assert_eq!((&reply["successful"], &reply["error"]), (&json!(false), &json!(error)));
        assert_eq!(reply["advice"]["reconnect"], "none");
    }
    assert!(app.hub.is_empty());
}

#[tokio::test]
async fn a_handshake_goes_alone() {
    let app = server();
    let handshake =
        r#"{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}"#;
    let replies = post(&app, &[], format!("[{handshake},{handshake}]")).await.messages();
    assert!(replies.iter().all(|reply| reply["error"] == "400::handshake_not_alone"));
    assert!(app.hub.is_empty());
}

#[tokio::test]
async fn without_its_cookie_a_session_is_unknown() {
    let app = server();
    let client = Client::new(&app).await;
    let connect = format!(
        r#"[{{"id":"2","channel":"/meta/connect","clientId":"{}","connectionType":"long-polling","advice":{{"timeout":0}}}}]"#,
        client.id
    );
    let other = Client::new(&app).await;
    for cookie in [None, Some(other.cookie.as_str()), Some("BAYEUX_BROWSER=x")] {
        let headers: Vec<_> = cookie.iter().map(|cookie| ("cookie", *cookie)).collect();
        let reply = &post(&app, &headers, connect.clone()).await.messages()[0];
        assert_eq!(reply["error"], "402::session_unknown");
        assert_eq!(reply["advice"], json!({"reconnect": "handshake", "interval": 0}));
    }
    assert_eq!(client.send(&connect).await[0]["successful"], true);
}

#[tokio::test]
async fn an_unknown_session_is_advised_on_connect_only() {
    let client = Client::new(&server()).await;
    let replies = client.send(r#"[{"id":"1","channel":"/meta/connect","clientId":"nobody","connectionType":"long-polling"},{"id":"2","channel":"/meta/subscribe","clientId":"nobody","subscription":"/service/desk"},{"id":"3","channel":"/service/desk","data":{}}]"#).await;
    assert!(
        replies.iter().all(|reply| reply["successful"] == false && reply["error"] == "402::session_unknown"),
        "{replies:?}"
    );
    assert_eq!(replies[0]["advice"]["reconnect"], "handshake");
    assert!(replies[1].get("advice").is_none() && replies[2].get("advice").is_none());
}

#[tokio::test]
async fn two_sessions_of_one_browser_share_the_cookie() {
    let app = server();
    let first = Client::new(&app).await;
    let body = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let response = post(&app, &[("cookie", &first.cookie)], body).await;
    assert!(response.headers["set-cookie"].to_str().unwrap().starts_with(&first.cookie));
    assert_ne!(response.messages()[0]["clientId"], first.id.as_str());
}
