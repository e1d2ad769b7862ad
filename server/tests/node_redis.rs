//! Nodes that meet on a Redis.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Chat, Client, Redis, Site, agent, config, listening, visitor};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Texts that come until there are so many.
async fn texts(client: &Client, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let until = Instant::now() + Duration::from_secs(30);
    while texts.len() < count {
        assert!(Instant::now() < until, "{texts:?}");
        let mut came = std::mem::take(&mut *client.beside.lock().unwrap());
        let held = client.hold(r#","advice":{"timeout":200}"#).await.unwrap();
        assert_eq!(held.last().unwrap()["successful"], true, "{held:?}");
        came.extend(held.iter().filter(|message| message.get("data").is_some()).map(|message| message["data"].clone()));
        for data in came {
            let entries = data["messages"].as_array().cloned().unwrap_or_default();
            texts.extend(entries.iter().filter_map(|entry| Some(entry["text"].as_str()?.to_owned())));
        }
    }
    texts
}

async fn page(app: &Arc<App>, chat: &Chat) -> Client {
    let client = Client::new(app).await;
    let ask = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":100}"#);
    assert_eq!(client.chat(&ask).await["statusCode"], 0);
    client
}

fn say(chat: &Chat, text: &str) -> String {
    chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#))
}

async fn until(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < until, "it does not come");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_is_said_through_one_node_is_seen_through_the_others() {
    let Some(redis) = Redis::start().await else { return };
    let site = Site::on(&redis, config("", ""));
    let nodes = [listening(&site).await, listening(&site).await, listening(&site).await];
    for node in &nodes {
        until(|| node.app.floor.node().unwrap().peers() == 2).await;
    }
    let (ann, chat) = visitor(&nodes[0].app).await;
    let tab = page(&nodes[1].app, &chat).await;
    let jane = agent(&nodes[2].app, "Jane").await;
    assert_eq!(jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await["statusCode"], 0);
    for n in 0..5 {
        ann.chat(&say(&chat, &format!("ann {n}"))).await;
        jane.desk(&chat.fill(&format!(r#"{{"operation":"sendMessage","chatId":"$chat","message":"jane {n}"}}"#))).await;
    }
    let all: Vec<_> = (0..5).flat_map(|n| [format!("ann {n}"), format!("jane {n}")]).collect();
    assert_eq!(texts(&tab, 10).await, all);
    // A request that comes to the wrong node.
    let away = Client { app: Arc::clone(&nodes[1].app), ..ann.clone() };
    assert_eq!(away.chat(&say(&chat, "through another")).await["statusCode"], 0);
    assert_eq!(texts(&tab, 1).await, ["through another"]);
    let [_, _, last] = nodes;
    let _ = last.stop.send(());
    last.done.await.unwrap();
    until(|| [&ann, &tab].iter().all(|client| client.app.floor.node().unwrap().peers() == 1)).await;
}

#[tokio::test]
async fn a_redis_that_was_away_loses_nothing_that_was_acknowledged() {
    let Some(mut redis) = Redis::start().await else { return };
    let site = Site::on(&redis, config("", ""));
    let nodes = [listening(&site).await, listening(&site).await];
    let (ann, chat) = visitor(&nodes[0].app).await;
    let (tab, jane) = (page(&nodes[1].app, &chat).await, agent(&nodes[1].app, "Jane").await);
    assert_eq!(jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await["statusCode"], 0);
    ann.chat(&say(&chat, "before")).await;
    redis.kill();
    let refused = ann.chat(&say(&chat, "meanwhile")).await;
    assert_eq!(refused["errors"][0]["code"], 249, "{refused}");
    redis.start_again().await;
    let until = Instant::now() + Duration::from_secs(20);
    while ann.chat(&say(&chat, "after")).await["statusCode"] != json!(0) {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(texts(&tab, 2).await, ["before", "after"]);
    assert_eq!(
        jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"still here"}"#)).await["statusCode"],
        0
    );
    assert_eq!(texts(&ann, 1).await, ["still here"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_something_at_the_same_time_as_others_is_not_refused() {
    const EACH: usize = 100;
    let Some(redis) = Redis::start().await else { return };
    // As many as may be said at each node: to try again does not count.
    let limits = format!("[limits]\nsend_burst = {EACH}\nsend_rate = 0.001\n");
    let site = Site::on(&redis, config(&limits, ""));
    let nodes = [listening(&site).await, listening(&site).await, listening(&site).await];
    let (_ann, chat) = visitor(&nodes[0].app).await;
    let mut speakers = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let (tab, chat) = (page(&node.app, &chat).await, chat.clone());
        speakers.push(tokio::spawn(async move {
            for m in 0..EACH {
                let answer = tab.chat(&say(&chat, &format!("{n} {m}"))).await;
                assert_eq!(answer["statusCode"], 0, "{answer}");
            }
        }));
    }
    for speaker in speakers {
        speaker.await.unwrap();
    }
    assert_eq!(site.store.entries(&chat.id, 1).await.unwrap().len(), 1 + 3 * EACH);
    for node in nodes {
        node.stop.send(()).unwrap();
        node.done.await.unwrap();
    }
}

#[tokio::test]
async fn a_silent_chat_is_warned_by_one_node() {
    let Some(redis) = Redis::start().await else { return };
    let site = Site::on(&redis, config("", "idle_timeout = 3\nidle_warning = 2\nidle_warning_text = \"Silence\""));
    let nodes = [listening(&site).await, listening(&site).await];
    until(|| nodes[0].app.floor.node().unwrap().peers() == 1).await;
    let (ann, chat) = visitor(&nodes[0].app).await;
    let tab = page(&nodes[1].app, &chat).await;
    assert_eq!((texts(&ann, 1).await, texts(&tab, 1).await), (vec!["Silence".to_owned()], vec!["Silence".to_owned()]));
    let over = Instant::now() + Duration::from_secs(20);
    while site.store.load(&chat.id).await.unwrap().unwrap().ended.is_none() {
        assert!(Instant::now() < over, "it does not end");
        sleep(Duration::from_millis(50)).await;
    }
    let entries = site.store.entries(&chat.id, 1).await.unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| format!("{:?}", entry.kind)).collect();
    assert_eq!(kinds, ["ParticipantJoined", "Message", "ParticipantLeft"]);
}
