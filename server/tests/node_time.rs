//! Time and death among nodes: what is made up for, who ends what, who takes over.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Alive, Chat, Client, Rest, Site, agent, config, kinds, quiet, said, settled, shipped, visitor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

async fn three(site: &Site) -> [Alive; 3] {
    [site.node().await, site.node().await, site.node().await]
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// A page that comes to a chat that has begun elsewhere.
async fn page(app: &Arc<App>, chat: &Chat) -> Client {
    let client = Client::new(app).await;
    let ask = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":100}"#);
    assert_eq!(client.chat(&ask).await["statusCode"], 0);
    client
}

/// Somebody whose page stays open: what comes is gathered.
struct Open {
    client: Client,
    reading: JoinHandle<()>,
}

impl Open {
    fn new(client: Client) -> Self {
        let page = client.clone();
        let reading = tokio::spawn(async move {
            loop {
                let held = page.hold(r#","advice":{"timeout":5000}"#).await.unwrap();
                let data = held.iter().filter(|message| message.get("data").is_some()).map(|m| m["data"].clone());
                page.beside.lock().unwrap().extend(data);
                if held.last().unwrap()["successful"] != json!(true) {
                    return;
                }
            }
        });
        Self { client, reading }
    }

    fn close(&self) {
        self.reading.abort();
    }

    fn came(&self) -> Vec<Value> {
        std::mem::take(&mut *self.client.beside.lock().unwrap())
    }

    fn kinds(&self) -> Vec<String> {
        self.came().iter().flat_map(kinds).collect()
    }
}

fn say(chat: &Chat, text: &str) -> String {
    chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#))
}

async fn transcript(site: &Site, chat: &str) -> Vec<String> {
    let entries = site.store.entries(chat, 1).await.unwrap();
    entries.iter().map(|entry| format!("{:?} {}", entry.kind, entry.from.participant_id)).collect()
}

async fn has_ended(site: &Site, chat: &str) -> bool {
    site.store.load(chat).await.unwrap().unwrap().ended.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_lost_is_made_up_for() {
    let site = Site::new(config("", ""));
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let (tab, jane) = (Open::new(page(&b.app, &chat).await), Open::new(agent(&c.app, "Jane").await));
    jane.client.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    settled().await;
    tab.kinds();
    jane.kinds();
    site.hall.lose_words(true, false);
    ann.chat(&say(&chat, "One")).await;
    ann.chat(&say(&chat, "Two")).await;
    settled().await;
    assert_eq!((tab.kinds(), jane.kinds()), (vec![], vec![]), "the words are lost");
    seconds(6).await;
    let both = ["3 Message 1", "4 Message 1"].map(str::to_owned).to_vec();
    assert_eq!((tab.kinds(), jane.kinds()), (both.clone(), both), "by comparing");
    ann.chat(&say(&chat, "Three")).await;
    site.hall.lose_words(false, true);
    settled().await;
    assert_eq!(
        (tab.kinds(), jane.kinds()),
        (vec!["5 Message 1".to_owned()], vec!["5 Message 1".to_owned()]),
        "at once"
    );
    let (_, waiting) = {
        site.hall.lose_words(true, false);
        visitor(&a.app).await
    };
    seconds(20).await;
    let queue = jane.came().pop().unwrap()["queue"].clone();
    assert_eq!(queue[0]["chatId"], waiting.id.as_str(), "a new chat is found too");
}

#[tokio::test(start_paused = true)]
async fn a_chat_whose_node_died_with_its_visitor_away_ends_once_and_is_forgotten() {
    let site = Site::new(config("", "visitor_timeout = 60\nended_retention = 30"));
    let [a, b, c] = three(&site).await;
    let (_, chat) = visitor(&a.app).await;
    let (_, other) = visitor(&b.app).await;
    a.die();
    seconds(50).await;
    assert!(!has_ended(&site, &chat.id).await && !has_ended(&site, &other.id).await, "there is time to come back");
    seconds(30).await;
    for id in [&chat.id, &other.id] {
        assert!(has_ended(&site, id).await);
        assert_eq!(transcript(&site, id).await, ["ParticipantJoined 1", "ParticipantLeft 1"], "once");
    }
    assert_eq!(b.app.floor.len() + c.app.floor.len(), 0, "nobody holds what nobody needs");
    seconds(60).await;
    assert!(site.store.chats().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_has_gone_over_to_another_node_is_not_away() {
    let site = Site::new(config("", "visitor_timeout = 30"));
    let [a, b, _c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    seconds(5).await;
    let tab = Open::new(page(&b.app, &chat).await);
    drop(ann);
    seconds(200).await;
    assert!(!has_ended(&site, &chat.id).await);
    assert_eq!((a.app.floor.len(), b.app.floor.len()), (0, 1), "the first node has let go");
    tab.close();
    seconds(25).await;
    assert!(!has_ended(&site, &chat.id).await);
    seconds(30).await;
    assert!(has_ended(&site, &chat.id).await);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_by_rest_is_there_as_long_as_requests_come_to_any_node() {
    let site = Site::new(config("", "visitor_timeout = 30"));
    let nodes = three(&site).await;
    let first = Rest::begin(&nodes[0].app, "nickname=Ann").await;
    let at = |n: usize| Rest {
        app: Arc::clone(&nodes[n % 3].app),
        id: first.id.clone(),
        key: first.key.clone(),
        first: json!(null),
    };
    for n in 0..20 {
        seconds(20).await;
        assert_eq!(at(n).post("refresh", "").await["chatEnded"], false, "{n}");
    }
    seconds(50).await;
    assert_eq!(at(0).post("refresh", "").await["chatEnded"], true);
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_silent_only_if_it_is_on_all_nodes() {
    let site = Site::new(config("", "idle_timeout = 60"));
    let [a, b, _c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let _ann = Open::new(ann);
    let jane = Open::new(agent(&b.app, "Jane").await);
    jane.client.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    for _ in 0..5 {
        seconds(40).await;
        jane.client.desk(&chat.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    }
    assert!(!has_ended(&site, &chat.id).await);
    seconds(70).await;
    assert!(has_ended(&site, &chat.id).await);
    let ends = transcript(&site, &chat.id).await;
    assert_eq!(ends[2..], ["ParticipantLeft 2", "ParticipantLeft 1"], "ended once, though two nodes held it");
}

#[tokio::test(start_paused = true)]
async fn the_agents_of_a_node_that_died_are_away_and_their_chats_return_after_the_grace() {
    let site = Site::new(config("[desk]\ngrace = 30", "visitor_timeout = 0"));
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let ann = Open::new(ann);
    let jane = agent(&b.app, "Jane").await;
    let omar = Open::new(agent(&c.app, "Omar").await);
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    settled().await;
    ann.kinds();
    omar.came();
    b.die();
    seconds(35).await;
    assert!(ann.kinds().is_empty(), "there is time to come back");
    seconds(20).await;
    assert_eq!(ann.kinds(), ["3 ParticipantLeft 2"]);
    assert_eq!(omar.came().pop().unwrap()["queue"][0]["chatId"], chat.id.as_str());
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_comes_back_at_another_node_in_time_keeps_the_chats() {
    let site = Site::new(config("[desk]\ngrace = 30", "visitor_timeout = 0"));
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let ann = Open::new(ann);
    let jane = agent(&b.app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    settled().await;
    ann.kinds();
    b.die();
    seconds(20).await;
    let jane = Client::new(&c.app).await;
    let answer = jane.desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await;
    assert_eq!(answer["chats"][0]["chatId"], chat.id.as_str());
    let _jane = Open::new(jane);
    seconds(120).await;
    assert!(ann.kinds().is_empty());
    assert_eq!(transcript(&site, &chat.id).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_nodes_bot_was_to_be_called_for_another_one_does() {
    let bot = format!("[channels.bot]\nfile = '{}'\n", shipped("echo.js").display());
    let site = Site::new(config("", &bot));
    let [a, b, _c] = three(&site).await;
    let first = Rest::begin(&a.app, "nickname=Ann&text=Hello").await;
    assert_eq!(site.store.load(&first.id).await.unwrap().unwrap().calls.len(), 2, "the bot has not had its turn");
    a.die();
    seconds(25).await;
    quiet().await;
    let Rest { id, key, .. } = first;
    let all = Rest { app: Arc::clone(&b.app), id, key, first: json!(null) }.post("refresh", "").await;
    let greeting = "Bot: Welcome human. Say 'human' to transfer. Say 'quit' to end session.";
    assert_eq!(said(&[all])[1..], [greeting, "Bot: You said: Hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_one_node_is_known_at_once() {
    let site = Site::new(config("", ""));
    let [a, b, _c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let (jane, _omar) = (agent(&a.app, "Jane").await, agent(&b.app, "Omar").await);
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    settled().await;
    assert_eq!(a.app.floor.node().unwrap().peers(), 2);
    let transfer = chat.fill(r#"{"operation":"transfer","chatId":"$chat","to":"Omar"}"#);
    b.app.part().await;
    settled().await;
    assert_eq!(a.app.floor.node().unwrap().peers(), 1);
    assert_eq!(jane.desk(&transfer).await["errors"][0]["code"], 249, "Omar is not there any more");
    drop(ann);
}

#[tokio::test(start_paused = true)]
async fn an_agent_at_another_node_calls_in_who_is_asked_for_the_offline_form() {
    let site = Site::new(config("", &common::forms("offline")));
    let [a, b, _c] = three(&site).await;
    let (ann, first, chat) = common::reading(&a.app).await;
    assert_eq!(common::statuses(&first), ["0 3 begin"]);
    let jane = agent(&b.app, "Jane").await;
    seconds(3).await;
    let told: Vec<_> = ann.events().await.iter().flat_map(common::statuses).collect();
    assert_eq!(told, ["3 4 agents-there"]);
    assert_eq!(jane.events().await.pop().unwrap()["queue"][0]["chatId"], chat.id.as_str());
}
