//! Stopping: what is held is answered, what was accepted is kept, and it does not take for ever.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::vitals::Stage;
use common::{Client, Socket, config, running};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request on a connection of its own; the whole response.
async fn raw(stream: &mut TcpStream, cookie: &str, body: &str) {
    let request = format!(
        "POST /cometd HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nCookie: {cookie}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn held_connects_are_answered_and_sockets_closed() {
    let running = running(config("", "")).await;
    let ann = Client::new(&running.app).await;
    let mut http = TcpStream::connect(running.address).await.unwrap();
    raw(
        &mut http,
        &ann.cookie,
        &format!(
            r#"[{{"id":"held","channel":"/meta/connect","clientId":"{}","connectionType":"long-polling"}}]"#,
            ann.id
        ),
    )
    .await;
    let mut ben = Socket::handshaken(running.address).await;
    ben.send(r#"[{"id":"2","channel":"/meta/connect","clientId":"$","connectionType":"websocket"}]"#).await;
    ben.send(r#"[{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Ben"}}]"#).await;
    assert!(ben.frame().await[0].get("data").is_some());
    assert_eq!(ben.frame().await[0]["id"], "3");
    // The other connect is held for certain once a newer one of its session could release it: ask the session itself.
    while running
        .app
        .hub
        .get(&ann.id)
        .is_some_and(|session| session.hold(1, false) != causerie_server::session::Hold::Wait)
    {
        tokio::task::yield_now().await;
    }
    running.stop.send(()).unwrap();
    assert_eq!(ben.frame().await[0]["id"], "2");
    assert_eq!(ben.closed().await, 1001);
    let mut response = String::new();
    timeout(Duration::from_secs(10), http.read_to_string(&mut response)).await.unwrap().unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.contains(r#""id":"held""#), "{response}");
    drop(ben);
    timeout(Duration::from_secs(10), running.done).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
    assert_eq!(running.app.floor.len(), 1);
}

#[tokio::test]
async fn a_client_that_does_nothing_does_not_hold_the_stop_up() {
    let running = running(config("[stop]\nbound = 1", "")).await;
    let mut half = TcpStream::connect(running.address).await.unwrap();
    half.write_all(
        b"POST /cometd HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[",
    )
    .await
    .unwrap();
    let _silent = Socket::handshaken(running.address).await;
    running.stop.send(()).unwrap();
    timeout(Duration::from_secs(10), running.done).await.unwrap().unwrap();
}

#[tokio::test]
async fn before_a_stop_proxies_are_told_while_it_is_served_on() {
    // Longer than the test waits: it ends in the middle.
    let running = running(config("[stop]\ndrain = 600", "")).await;
    running.stop.send(()).unwrap();
    while running.app.vitals.stage() != Stage::Stopping {
        tokio::task::yield_now().await;
    }
    let mut probe = TcpStream::connect(running.address).await.unwrap();
    probe.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    timeout(Duration::from_secs(10), probe.read_to_string(&mut response)).await.unwrap().unwrap();
    assert!(response.starts_with("HTTP/1.1 503") && response.ends_with("\r\n\r\nstopping\n"), "{response}");
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Ann"}}]"#).await;
    assert_eq!(ann.frame().await[0]["data"]["statusCode"], 0);
    assert!(!running.done.is_finished());
    running.done.abort();
}
