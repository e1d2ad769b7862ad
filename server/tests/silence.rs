//! A chat that stays silent is warned before it ends: once, by whoever looks after it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::config::Config;
use causerie_server::serve;
use causerie_server::store::{MemoryStore, Store};
use common::{Chat, Client, Rest, Site, agent, config, forms, in_chat, reading, swept, visitor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const TIMES: &str =
    "idle_timeout = 100\nidle_warning = 30\nidle_warning_text = \"{seconds} more\"\nvisitor_timeout = 0";
const WARNING: &str = "Message System: 30 more";

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// A page that stays open, and does nothing.
fn open(client: &Client) -> JoinHandle<()> {
    let page = client.clone();
    tokio::spawn(async move { while page.hold("").await.unwrap().last().unwrap()["successful"] == json!(true) {} })
}

/// What is in the transcript: kind, maker and text.
async fn transcript(store: &dyn Store, chat: &str) -> Vec<String> {
    let entries = store.entries(chat, 1).await.unwrap();
    let text = |raw: &causerie_server::json::Raw| serde_json::from_str::<String>(raw.get()).unwrap();
    let line = |entry: &causerie_server::chat::model::Entry| {
        let said = entry.text.as_ref().map(|said| format!(": {}", text(said))).unwrap_or_default();
        format!("{:?} {}{said}", entry.kind, text(&entry.from.nickname))
    };
    entries.iter().map(line).collect()
}

/// A server whose store can be looked into.
fn server(tables: &str) -> (Arc<App>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    (swept(App::new(config("", tables), Clock::steady(), store.clone())), store)
}

async fn say(client: &Client, chat: &Chat, text: &str) {
    let data = chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#));
    assert_eq!(client.chat(&data).await["statusCode"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_chat_is_warned_once_and_then_ends_in_its_time() {
    let (app, store) = server(TIMES);
    let (ann, jane, chat) = in_chat(&app).await;
    let held = [&ann, &jane].map(|client| client.hold(r#","advice":{"timeout":100000}"#));
    seconds(69).await;
    assert_eq!(transcript(&*store, &chat.id).await, ["ParticipantJoined Ann", "ParticipantJoined Jane"]);
    let [for_ann, for_jane] = held;
    let warning = &for_ann.await.unwrap()[0]["data"]["messages"][0];
    assert_eq!(
        (&warning["type"], &warning["text"], &warning["from"]),
        (&json!("Message"), &json!("30 more"), &json!({"nickname":"System","participantId":0,"type":"External"}))
    );
    assert_eq!(for_jane.await.unwrap()[0]["data"]["messages"][0]["text"], "30 more", "agents see it too");
    let (_ann, _jane) = (open(&ann), open(&jane));
    seconds(29).await;
    assert_eq!(transcript(&*store, &chat.id).await.len(), 3);
    seconds(2).await;
    let all = transcript(&*store, &chat.id).await;
    assert_eq!(all[2..], [WARNING, "ParticipantLeft Jane", "ParticipantLeft Ann"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_or_types_after_the_warning_keeps_the_chat_and_is_warned_of_the_next_silence() {
    let (app, store) = server(TIMES);
    let (ann, jane, chat) = in_chat(&app).await;
    let (_ann, _jane) = (open(&ann), open(&jane));
    seconds(90).await;
    say(&ann, &chat, "Yes").await;
    seconds(90).await;
    ann.chat(&chat.fill(r#"{"operation":"startTyping","secureKey":"$key"}"#)).await;
    seconds(90).await;
    jane.desk(&chat.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    seconds(60).await;
    let all = transcript(&*store, &chat.id).await;
    assert_eq!(all[2..], [WARNING, "Message Ann: Yes", WARNING, WARNING]);
    seconds(30).await;
    assert_eq!(transcript(&*store, &chat.id).await[6..], [WARNING]);
    seconds(31).await;
    assert_eq!(transcript(&*store, &chat.id).await[7..], ["ParticipantLeft Jane", "ParticipantLeft Ann"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_warned_who_is_not_there() {
    let (app, store) = server(TIMES);
    let (ann, chat) = visitor(&app).await;
    ann.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    seconds(101).await;
    assert_eq!(transcript(&*store, &chat.id).await, ["ParticipantJoined Ann", "ParticipantLeft Ann"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_late_is_warned_and_has_the_time_that_the_warning_says() {
    let (app, store) = server(TIMES);
    let (ann, chat) = visitor(&app).await;
    ann.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    seconds(95).await;
    let back = Client::new(&app).await;
    back.chat(&chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0}"#)).await;
    let _back = open(&back);
    seconds(29).await;
    assert_eq!(transcript(&*store, &chat.id).await, ["ParticipantJoined Ann", WARNING]);
    seconds(3).await;
    assert_eq!(transcript(&*store, &chat.id).await[2..], ["ParticipantLeft Ann"]);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_by_rest_is_warned() {
    let (app, _) = server(TIMES);
    let ann = Rest::begin(&app, "nickname=Ann").await;
    for _ in 0..15 {
        seconds(5).await;
        ann.post("refresh", "transcriptPosition=0").await;
    }
    let all = ann.post("refresh", "").await;
    let last = all["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["index"], &last["text"]), (&json!(2), &json!("30 more")));
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_asked_for_when_all_is_said_ends_without_a_warning() {
    let (app, store) = server(&format!("{TIMES}\n{}", forms("post_chat")));
    let (ann, _, chat) = reading(&app).await;
    let jane = agent(&app, "Jane").await;
    let (_ann, _jane) = (open(&ann), open(&jane));
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"endChat","chatId":"$chat"}"#)).await;
    seconds(101).await;
    let all = transcript(&*store, &chat.id).await;
    assert_eq!(all.last().unwrap(), "ParticipantLeft Ann");
    assert!(!all.contains(&WARNING.to_owned()), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_be_renewed_is_warned_before_its_agents_leave_and_not_after() {
    let (app, store) = server(TIMES);
    let (ann, _, chat) = reading(&app).await;
    let _ann = open(&ann);
    seconds(300).await;
    let all = transcript(&*store, &chat.id).await;
    assert_eq!(all[2..], [WARNING, "Notice System: status"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_server_knows_that_it_was_warned() {
    let store = Arc::new(MemoryStore::default());
    let server = || App::new(config("", TIMES), Clock::steady(), store.clone());
    let first = server();
    let sweeper = tokio::spawn(serve::sweep(Arc::clone(&first)));
    let (ann, chat) = visitor(&first).await;
    let page = open(&ann);
    seconds(80).await;
    page.abort();
    sweeper.abort();
    let app = server();
    app.floor.take_up().await.unwrap();
    let app = swept(app);
    let ann = Client::new(&app).await;
    let read = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1}"#);
    ann.chat(&read).await;
    let _ann = open(&ann);
    seconds(28).await;
    let texts =
        |data: &Value| data["messages"].as_array().unwrap().iter().map(|m| m["text"].clone()).collect::<Vec<_>>();
    let data = ann.chat(&read).await;
    assert_eq!((texts(&data), &data["chatEnded"]), (vec![json!(null), json!("30 more")], &json!(false)));
    seconds(3).await;
    let data = ann.chat(&read).await;
    assert_eq!((texts(&data).len(), &data["chatEnded"]), (3, &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn of_several_nodes_one_warns() {
    let site = Site::new(config("", TIMES));
    let (a, b, c) = (site.node().await, site.node().await, site.node().await);
    let (ann, chat) = visitor(&a.app).await;
    let first = open(&ann);
    let read = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0}"#);
    let mut pages = Vec::new();
    for node in [&b, &c] {
        let page = Client::new(&node.app).await;
        page.chat(&read).await;
        pages.push(open(&page));
    }
    seconds(80).await;
    assert_eq!(transcript(&*site.store, &chat.id).await, ["ParticipantJoined Ann", WARNING]);
    first.abort();
    a.die();
    pages[0].abort();
    seconds(15).await;
    assert_eq!(transcript(&*site.store, &chat.id).await.len(), 2, "nobody warns again");
    seconds(15).await;
    assert_eq!(transcript(&*site.store, &chat.id).await[2..], ["ParticipantLeft Ann"], "ended once, in its time");
}

#[test]
fn there_is_a_minute_s_warning_by_default_where_there_is_time_for_it() {
    let warning = |times: &str| config("", times).channels[0].warning();
    assert_eq!((warning(""), warning("idle_timeout = 300"), warning("idle_timeout = 299")), (60, 60, 0));
    assert_eq!((warning("idle_timeout = 0"), warning("idle_warning = 0")), (0, 0));
    let channel = &Config::parse("[[channels]]\nname = \"default\"\n", "test").unwrap().channels[0];
    assert_eq!(channel.idle_warning_text, "Are you still there? This chat ends in {seconds} seconds if nobody writes.");
}
