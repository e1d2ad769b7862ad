//! Long-polling through a proxy that sends each request to another node.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, DESK, Served, Site, config, kinds, listening, post};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn site() -> Site {
    Site::new(config("", ""))
}

/// A client each of whose requests goes to the next node.
struct Wanderer {
    client: Client,
    nodes: Vec<Arc<App>>,
    turn: AtomicUsize,
}

impl Wanderer {
    async fn new(nodes: &[Served]) -> Self {
        let nodes: Vec<_> = nodes.iter().map(|node| Arc::clone(&node.app)).collect();
        Self { client: Client::new(&nodes[0]).await, nodes, turn: AtomicUsize::new(0) }
    }

    fn next(&self) -> Client {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) + 1;
        Client { app: Arc::clone(&self.nodes[turn % self.nodes.len()]), ..self.client.clone() }
    }

    /// All that comes until there are so many entries with a text.
    async fn texts(&self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while texts.len() < count {
            assert!(tokio::time::Instant::now() < deadline, "{texts:?}");
            let beside = std::mem::take(&mut *self.client.beside.lock().unwrap());
            let held = self.next().hold(r#","advice":{"timeout":300}"#).await.unwrap();
            assert_eq!(held.last().unwrap()["successful"], true, "{held:?}");
            let events =
                held.iter().filter(|message| message.get("data").is_some()).map(|message| message["data"].clone());
            for data in beside.into_iter().chain(events) {
                let entries = data["messages"].as_array().cloned().unwrap_or_default();
                texts.extend(entries.iter().filter_map(|entry| Some(entry["text"].as_str()?.to_owned())));
            }
        }
        texts
    }
}

#[tokio::test]
async fn a_conversation_is_whole_though_each_request_goes_to_another_node() {
    let site = site();
    let nodes = [listening(&site).await, listening(&site).await];
    let (ann, jane) = (Wanderer::new(&nodes).await, Wanderer::new(&nodes).await);
    let begun = ann.next().chat(r#"{"operation":"requestChat","nickname":"Ann"}"#).await;
    assert_eq!(begun["statusCode"], 0, "{begun}");
    let chat = common::Chat {
        id: begun["chatId"].as_str().unwrap().to_owned(),
        key: begun["secureKey"].as_str().unwrap().to_owned(),
    };
    let signed_in = jane.next().desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await;
    assert_eq!(signed_in["queue"][0]["chatId"], chat.id.as_str());
    let accepted = jane.next().desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(kinds(&accepted).len(), 2, "{accepted}");
    for n in 0..10 {
        let say = format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"ann {n}"}}"#);
        assert_eq!(ann.next().chat(&chat.fill(&say)).await["statusCode"], 0);
        let say = format!(r#"{{"operation":"sendMessage","chatId":"$chat","message":"jane {n}"}}"#);
        assert_eq!(jane.next().desk(&chat.fill(&say)).await["statusCode"], 0);
    }
    let expected = |who: &str| (0..10).map(|n| format!("{who} {n}")).collect::<Vec<_>>();
    assert_eq!(ann.texts(10).await, expected("jane"));
    assert_eq!(jane.texts(10).await, expected("ann"));
}

#[tokio::test]
async fn a_held_connect_gets_what_happens_though_another_node_carries_it() {
    let site = site();
    let nodes = [listening(&site).await, listening(&site).await];
    let ann = Client::new(&nodes[0].app).await;
    let away = Client { app: Arc::clone(&nodes[1].app), ..ann.clone() };
    let chat = common::begin(&ann, "Ann").await;
    let held = away.hold("");
    let other = Client::new(&nodes[1].app).await;
    other.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    let came = held.await.unwrap();
    assert_eq!(came[0]["data"]["messages"][0]["text"], "Hi", "{came:?}");
}

#[tokio::test]
async fn the_session_of_a_node_that_is_not_there_is_unknown() {
    let site = site();
    let [a, b] = [listening(&site).await, listening(&site).await];
    let ann = Client::new(&a.app).await;
    let away = Client { app: Arc::clone(&b.app), ..ann.clone() };
    let connect = r#"[{"id":"c","channel":"/meta/connect","clientId":"$","connectionType":"long-polling","advice":{"timeout":0}}]"#;
    assert_eq!(away.send(connect).await[0]["successful"], true);
    // Without a word: it is still known, and does not answer.
    let _ = a.stop.send(());
    a.done.await.unwrap();
    let reply = &away.send(connect).await[0];
    assert_eq!((&reply["error"], &reply["advice"]["reconnect"]), (&json!("402::session_unknown"), &json!("handshake")));
}

#[tokio::test]
async fn what_a_node_carries_for_another_is_answered_when_it_stops() {
    let site = site();
    let [a, b] = [listening(&site).await, listening(&site).await];
    let ann = Client::new(&a.app).await;
    let chat = common::begin(&ann, "Ann").await;
    // Over a socket of its own, as a proxy does.
    let body =
        format!(r#"[{{"id":"h","channel":"/meta/connect","clientId":"{}","connectionType":"long-polling"}}]"#, ann.id);
    let (address, cookie) = (b.address, ann.cookie.clone());
    let held = tokio::spawn(async move { common::http(address, &cookie, &body).await });
    while !a.app.hub.get(&ann.id).unwrap().is_held() {
        tokio::task::yield_now().await;
    }
    let _ = b.stop.send(());
    let answer = held.await.unwrap();
    let messages: Vec<Value> = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    assert_eq!((&messages[0]["id"], &messages[0]["successful"]), (&json!("h"), &json!(true)));
    b.done.await.unwrap();
    let said = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    assert_eq!(said["statusCode"], 0, "the session goes on");
}

#[tokio::test]
async fn only_nodes_pass_requests_on() {
    let site = site();
    let [a, _b] = [listening(&site).await, listening(&site).await];
    let forged =
        [("causerie-node-secret", "guessed"), ("causerie-node", "00000000"), ("causerie-visitor", "192.0.2.7")];
    let response = post(&a.app, &forged, "[]").await;
    assert_eq!(response.status, 403);
    assert!(response.body.contains("403::not_a_node"));
    let body = format!(r#"[{{"id":"1","channel":"{DESK}","clientId":"00000000{}","data":{{}}}}]"#, "0".repeat(40));
    let response = post(&a.app, &[], body).await;
    assert!(response.body.contains("402::session_unknown"), "{}", response.body);
}
