//! Text that is no Unicode, and still text to JavaScript.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Client, Socket, agent, config, running, server};

#[tokio::test]
async fn a_lone_surrogate_survives_over_http() {
    let app = server();
    let (ann, jane) = (Client::new(&app).await, agent(&app, "Jane").await);
    let response = ann.raw(r#"[{"id":"1","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"An\udc00n","subject":"\ud83d"}}]"#).await.body;
    assert!(response.contains(r#""nickname":"An\udc00n""#));
    let member =
        |name: &str| response.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let connect =
        r#"[{"channel":"/meta/connect","clientId":"$","connectionType":"long-polling","advice":{"timeout":0}}]"#;
    assert!(jane.raw(connect).await.body.contains(r#""nickname":"An\udc00n","subject":"\ud83d""#));
    let (chat, key) = (member("chatId"), member("secureKey"));
    let accept = format!(
        r#"[{{"id":"2","channel":"/service/desk","clientId":"$","data":{{"operation":"accept","chatId":"{chat}"}}}}]"#
    );
    assert_eq!(jane.raw(&accept).await.status, 200);
    for text in [r"\ud83d", r"a\uDE00b", r"\ud83d\ud83d", r"\u0000\/\n", "é😀", r"\ud83d\ude00"] {
        let send = format!(
            r#"[{{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{{"operation":"sendMessage","secureKey":"{key}","message":"{text}"}}}}]"#
        );
        let exact = format!(r#""text":"{text}""#);
        assert!(ann.raw(&send).await.body.contains(&exact), "{text}");
        assert!(jane.raw(connect).await.body.contains(&exact), "{text}");
        let send = format!(
            r#"[{{"id":"4","channel":"/service/desk","clientId":"$","data":{{"operation":"sendMessage","chatId":"{chat}","message":"{text}"}}}}]"#
        );
        assert!(jane.raw(&send).await.body.contains(&exact), "{text}");
        assert!(ann.raw(connect).await.body.contains(&exact), "{text}");
    }
}

#[tokio::test]
async fn a_lone_surrogate_survives_over_a_websocket() {
    let running = running(config("", "")).await;
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"\ud83d"}}]"#).await;
    assert!(ann.text().await.contains(r#""nickname":"\ud83d""#));
}
