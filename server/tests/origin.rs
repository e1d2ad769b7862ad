//! Which pages may speak with the server.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::Method;
use causerie_server::{App, app};
use common::{config, request, running, server};
use std::sync::Arc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, http::HeaderValue};

const HANDSHAKE: &str =
    r#"[{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;

async fn from(state: &Arc<App>, method: Method, origin: &str) -> common::Response {
    let headers = [("content-type", "application/json"), ("origin", origin)];
    request(app(Arc::clone(state)), method, "/cometd/handshake", &headers, HANDSHAKE).await
}

#[tokio::test]
async fn the_own_origin_is_allowed_and_others_are_not() {
    let state = server();
    for origin in ["http://chat.example", "https://chat.example", "https://CHAT.example:443"] {
        let response = from(&state, Method::POST, origin).await;
        assert_eq!(response.status, 200, "{origin}");
        assert!(!response.headers.contains_key("access-control-allow-origin"));
    }
    for origin in
        ["https://evil.example", "https://chat.example.evil", "https://chat.example:444", "null", "chat.example", ""]
    {
        let response = from(&state, Method::POST, origin).await;
        assert_eq!(response.status, 403, "{origin}");
        assert!(response.body.contains("403::origin_denied"));
        assert_eq!(response.headers["vary"], "Origin");
        assert!(!response.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn a_configured_origin_is_granted_with_credentials() {
    let state = App::in_memory(config(r#"allowed_origins = ["https://shop.example"]"#, ""));
    let response = from(&state, Method::POST, "https://shop.example").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["access-control-allow-origin"], "https://shop.example");
    assert_eq!(response.headers["access-control-allow-credentials"], "true");
    assert_eq!(response.headers["access-control-expose-headers"], "Retry-After");
    assert_eq!(response.headers["vary"], "Origin");
    let preflight = from(&state, Method::OPTIONS, "https://shop.example").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-origin"], "https://shop.example");
    assert_eq!(preflight.headers["access-control-allow-headers"], "Content-Type");
    assert_eq!(preflight.headers["access-control-allow-methods"], "GET, POST, OPTIONS");
    assert_eq!(from(&state, Method::OPTIONS, "https://evil.example").await.status, 403);
}

#[tokio::test]
async fn a_page_of_another_site_gets_a_cookie_it_can_send_back() {
    let state = App::in_memory(config("allowed_origins = [\"*\"]\ntrust_forwarded = true", ""));
    let headers =
        [("content-type", "application/json"), ("origin", "https://shop.example"), ("x-forwarded-proto", "https")];
    let response = request(app(state), Method::POST, "/cometd", &headers, HANDSHAKE).await;
    assert!(response.headers["set-cookie"].to_str().unwrap().ends_with("; HttpOnly; SameSite=None; Secure"));
}

#[tokio::test]
async fn the_origin_of_a_websocket_is_checked() {
    let running = running(config("", "")).await;
    let url = format!("ws://{}/cometd", running.address);
    for (origin, allowed) in [(format!("http://{}", running.address), true), ("https://evil.example".to_owned(), false)]
    {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert("origin", HeaderValue::from_str(&origin).unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => assert!(allowed),
            Err(Error::Http(response)) => assert!(!allowed && response.status() == 403),
            Err(other) => panic!("{other}"),
        }
    }
}
