//! Several nodes serve the same sessions: what is done through one is seen through the others, once and in order.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Alive, Chat, Client, Rest, Site, agent, begin, config, kinds, notice, settled, visitor};
use serde_json::{Value, json};
use std::sync::Arc;

fn site() -> Site {
    Site::new(config("", ""))
}

async fn three(site: &Site) -> [Alive; 3] {
    [site.node().await, site.node().await, site.node().await]
}

/// A page that comes to a chat that has begun elsewhere; with what it is shown.
async fn page(app: &Arc<App>, chat: &Chat, members: &str) -> (Client, Value) {
    let client = Client::new(app).await;
    let shown = client
        .chat(&chat.fill(&format!(r#"{{"operation":"requestNotifications","secureKey":"$key"{members}}}"#)))
        .await;
    assert_eq!(shown["statusCode"], 0, "{shown}");
    (client, shown)
}

fn say(chat: &Chat, text: &str) -> String {
    chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#))
}

async fn seen(client: &Client) -> Vec<String> {
    settled().await;
    client.events().await.iter().flat_map(kinds).collect()
}

/// Texts that came, pushes of several entries and of one alike.
async fn texts(client: &Client) -> Vec<String> {
    settled().await;
    let events = client.events().await;
    let entries = events.iter().flat_map(|data| data["messages"].as_array().cloned().unwrap_or_default());
    entries.filter_map(|entry| Some(entry["text"].as_str()?.to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_said_through_one_node_is_seen_through_the_others_once_and_in_order() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let (tab, shown) = page(&b.app, &chat, "").await;
    assert_eq!(kinds(&shown), ["1 ParticipantJoined 1"]);
    let jane = agent(&c.app, "Jane").await;
    let answer = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(kinds(&answer), ["1 ParticipantJoined 1", "2 ParticipantJoined 2"], "{answer}");
    assert_eq!(seen(&ann).await, ["2 ParticipantJoined 2"]);
    assert_eq!(seen(&tab).await, ["2 ParticipantJoined 2"]);
    seen(&jane).await;
    for n in 0..5 {
        ann.chat(&say(&chat, &format!("ann {n}"))).await;
        jane.desk(&chat.fill(&format!(r#"{{"operation":"sendMessage","chatId":"$chat","message":"jane {n}"}}"#))).await;
        tab.chat(&say(&chat, &format!("tab {n}"))).await;
    }
    let both = |one: &str, other: &str| -> Vec<String> {
        (0..5).flat_map(|n| [format!("{one} {n}"), format!("{other} {n}")]).collect()
    };
    // What came beside an answer came before it.
    for (client, one, other) in [(&ann, "jane", "tab"), (&tab, "ann", "jane"), (&jane, "ann", "tab")] {
        let rest = texts(client).await;
        let beside = client.beside.lock().unwrap().clone();
        let mut came: Vec<String> = beside
            .iter()
            .flat_map(|data| data["messages"].as_array().cloned().unwrap_or_default())
            .map(|entry| entry["text"].as_str().unwrap_or_default().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        came.extend(rest);
        assert_eq!(came, both(one, other));
    }
    let (_, all) = page(&c.app, &chat, "").await;
    let places: Vec<_> =
        all["messages"].as_array().unwrap().iter().map(|entry| entry["index"].as_u64().unwrap()).collect();
    assert_eq!(places, (1..=17).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn typing_is_seen_through_other_nodes() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let jane = agent(&b.app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let (tab, _) = page(&c.app, &chat, "").await;
    settled().await;
    for client in [&ann, &jane, &tab] {
        client.events().await;
    }
    ann.chat(&chat.fill(r#"{"operation":"startTyping","secureKey":"$key","message":"Hel"}"#)).await;
    settled().await;
    let typed = &jane.events().await[0]["messages"][0];
    assert_eq!(
        (&typed["type"], &typed["text"], &typed["chatId"]),
        (&json!("TypingStarted"), &json!("Hel"), &json!(chat.id))
    );
    jane.desk(&chat.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"stopTyping","chatId":"$chat"}"#)).await;
    settled().await;
    for client in [&ann, &tab] {
        let kinds: Vec<_> = client.events().await.iter().map(|data| data["messages"][0]["type"].clone()).collect();
        assert_eq!(kinds, ["TypingStarted", "TypingStopped"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_one_whatever_node_a_chat_began_at() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let (_ann, first) = visitor(&a.app).await;
    let jane = Client::new(&b.app).await;
    let answer = jane.desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await;
    assert_eq!(answer["queue"][0]["chatId"], first.id.as_str(), "what has begun before");
    settled().await;
    jane.events().await;
    let omar = agent(&c.app, "Omar").await;
    let ben = Client::new(&a.app).await;
    let second = begin(&ben, "Ben").await;
    settled().await;
    for agent in [&jane, &omar] {
        let last = agent.events().await.pop().unwrap();
        let mut ids: Vec<_> =
            last["queue"].as_array().unwrap().iter().map(|row| row["chatId"].as_str().unwrap()).collect();
        ids.sort_unstable();
        let mut expected = [first.id.as_str(), second.id.as_str()];
        expected.sort_unstable();
        assert_eq!(ids, expected);
    }
    jane.desk(&second.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    settled().await;
    let last = omar.events().await.pop().unwrap();
    assert_eq!(last["queue"].as_array().unwrap().len(), 1);
    let refused = omar.desk(&second.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(refused["errors"][0]["code"], 249);
    ben.chat(&second.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    settled().await;
    assert_eq!(jane.events().await.pop().unwrap()["chats"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn two_agents_who_take_a_chat_at_the_same_time_do_not_both_get_it() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let (_ann, chat) = visitor(&a.app).await;
    let (jane, omar) = (agent(&b.app, "Jane").await, agent(&c.app, "Omar").await);
    let accept = chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#);
    let (one, other) = tokio::join!(jane.desk(&accept), omar.desk(&accept));
    let codes = [one["statusCode"].as_u64().unwrap(), other["statusCode"].as_u64().unwrap()];
    assert_eq!(codes.iter().sum::<u64>(), 1, "{one} {other}");
}

#[tokio::test(start_paused = true)]
async fn a_transfer_to_an_agent_on_another_node_shows_the_transcript_first() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let (ann, chat) = visitor(&a.app).await;
    let jane = agent(&b.app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    ann.chat(&say(&chat, "Hello")).await;
    let transfer = chat.fill(r#"{"operation":"transfer","chatId":"$chat","to":"Omar"}"#);
    assert_eq!(jane.desk(&transfer).await["errors"][0]["code"], 249, "Omar is nowhere");
    let omar = agent(&c.app, "Omar").await;
    settled().await;
    omar.events().await;
    let answer = jane.desk(&transfer).await;
    assert_eq!((&answer["statusCode"], &answer["chats"]), (&json!(0), &json!([])), "{answer}");
    settled().await;
    let came = omar.events().await;
    let entries: Vec<_> = came.iter().flat_map(kinds).collect();
    assert_eq!(
        entries,
        [
            "1 ParticipantJoined 1",
            "2 ParticipantJoined 2",
            "3 Message 1",
            "4 ParticipantJoined 3",
            "5 ParticipantLeft 2"
        ]
    );
    assert_eq!(came.last().unwrap()["chats"][0]["chatId"], chat.id.as_str());
    omar.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Omar here"}"#)).await;
    assert_eq!(seen(&ann).await.last().unwrap(), "6 Message 3");
}

#[tokio::test(start_paused = true)]
async fn a_visitor_by_rest_may_ask_any_node() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let first = Rest::begin(&a.app, "nickname=Ann").await;
    let jane = agent(&b.app, "Jane").await;
    jane.desk(&first.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let at = |app: &Arc<App>| Rest {
        app: Arc::clone(app),
        id: first.id.clone(),
        key: first.key.clone(),
        first: json!(null),
    };
    assert_eq!(kinds(&at(&c.app).post("send", "message=One").await), ["3 Message 1"]);
    jane.desk(&first.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    settled().await;
    let all = at(&c.app).post("refresh", "transcriptPosition=3").await;
    let entries = all["messages"].as_array().unwrap();
    assert_eq!((&entries[0]["text"], &entries[1]["type"]), (&json!("One"), &json!("TypingStarted")));
    assert_eq!(kinds(&at(&b.app).post("disconnect", "").await), ["4 ParticipantLeft 2", "5 ParticipantLeft 1"]);
    assert_eq!(at(&a.app).post("refresh", "").await["chatEnded"], true);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_sent_again_through_another_node_is_there_once() {
    let site = site();
    let [a, b, _c] = three(&site).await;
    let (_ann, chat) = visitor(&a.app).await;
    let (tab, _) = page(&b.app, &chat, "").await;
    let again = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hello","messageId":"m1"}"#);
    let elsewhere = Client::new(&b.app).await;
    let [first, second] = [Client::new(&a.app).await.chat(&again).await, elsewhere.chat(&again).await];
    assert_eq!((kinds(&first), kinds(&second)), (vec!["2 Message 1".to_owned()], vec!["2 Message 1".to_owned()]));
    assert_eq!(seen(&tab).await, ["2 Message 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_in_the_place_of_one_is_followed_on_every_node() {
    let site = Site::new(config("", "idle_timeout = 60\nrenewal_timeout = 600\nvisitor_timeout = 0"));
    let [a, b, _c] = three(&site).await;
    let ann = Client::new(&a.app).await;
    let first = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","notices":1}"#).await;
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    let chat = Chat { id: text("chatId"), key: text("secureKey") };
    let (tab, _) = page(&b.app, &chat, r#","notices":1"#).await;
    let holds = [ann.hold(r#","advice":{"timeout":100000}"#), tab.hold(r#","advice":{"timeout":100000}"#)];
    for held in holds {
        // Its time is over: both pages are told.
        let data = held.await.unwrap()[0]["data"].clone();
        assert_eq!(notice(&data, "status")["cause"], "timeout", "{data}");
    }
    let next = ann.chat(&say(&chat, "Still here")).await;
    assert_ne!(next["chatId"], json!(chat.id));
    settled().await;
    let came = tab.events().await;
    let told = came.iter().find(|data| data["chatId"] == next["chatId"]).unwrap_or_else(|| panic!("{came:?}"));
    assert_eq!(notice(told, "renewed")["id"], next["chatId"]);
    let new = Chat { id: next["chatId"].as_str().unwrap().into(), key: next["secureKey"].as_str().unwrap().into() };
    ann.chat(&say(&new, "And on")).await;
    let mut all: Vec<Value> = came.clone();
    settled().await;
    all.extend(tab.events().await);
    let said: Vec<_> = all
        .iter()
        .flat_map(|data| data["messages"].as_array().cloned().unwrap_or_default())
        .filter(|entry| entry["type"] == "Message")
        .map(|entry| entry["text"].clone())
        .collect();
    assert_eq!(said, ["Still here", "And on"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_session_data_reaches_pages_on_other_nodes() {
    let site = site();
    let [a, b, c] = three(&site).await;
    let ann = Client::new(&a.app).await;
    let first = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","notices":1,"dataVersion":0}"#).await;
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    let chat = Chat { id: text("chatId"), key: text("secureKey") };
    let reads = r#","notices":1,"dataVersion":0"#;
    let ((one, _), (other, _)) = (page(&b.app, &chat, reads).await, page(&c.app, &chat, reads).await);
    for (n, client) in [&ann, &one, &ann].into_iter().enumerate() {
        let set = format!(r#"{{"operation":"updateData","secureKey":"$key","userData":{{"n":{n}}}}}"#);
        assert_eq!(client.chat(&chat.fill(&set)).await["statusCode"], 0);
        settled().await;
    }
    let versions: Vec<_> = other
        .events()
        .await
        .iter()
        .map(|data| notice(data, "session-data"))
        .map(|told| (told["from"].as_u64().unwrap(), told["version"].as_u64().unwrap(), told["set"]["n"].clone()))
        .collect();
    assert_eq!(versions, [(0, 1, json!(0)), (1, 2, json!(1)), (2, 3, json!(2))]);
}

#[tokio::test(start_paused = true)]
async fn the_ids_of_connections_say_whose_they_are() {
    let site = site();
    let [a, b, _c] = three(&site).await;
    let (one, other) = (Client::new(&a.app).await, Client::new(&b.app).await);
    let node = |client: &Client| causerie_server::node::NodeId::of_client(&client.id).unwrap();
    assert_ne!(node(&one), node(&other));
    assert_eq!(a.app.floor.node().unwrap().id, node(&one));
}
