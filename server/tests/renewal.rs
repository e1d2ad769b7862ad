//! A session whose time is over, and the one that takes its place.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::store::{MemoryStore, Store};
use common::{Chat, Client, Rest, agent, config, kinds, notice, reading, statuses, swept};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const TIMES: &str = "idle_timeout = 60\nvisitor_timeout = 40\nended_retention = 20";

/// A visitor who holds a connection and has been silent for too long, with what came meanwhile.
async fn lapsed(app: &Arc<App>) -> (Client, Chat, Value) {
    let (ann, _, chat) = reading(app).await;
    let held = ann.hold(r#","advice":{"timeout":300000}"#);
    let data = held.await.unwrap()[0]["data"].clone();
    (ann, chat, data)
}

fn say(chat: &Chat, text: &str) -> String {
    chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}","messageId":"m{text}"}}"#))
}

/// The entries of some data in words: index, kind and text.
fn told(data: &Value) -> Vec<String> {
    let entries = data["messages"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            format!("{} {} {}", entry["index"], entry["type"].as_str().unwrap(), entry["text"].as_str().unwrap_or("-"))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_time_is_over_does_not_end() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, _, data) = lapsed(&app).await;
    assert_eq!((statuses(&data), &data["chatEnded"]), (vec!["4 11 timeout".into()], &json!(false)));
    sleep(Duration::from_secs(5)).await;
    let jane = agent(&ann.app, "Jane").await;
    assert_eq!(jane.desk(r#"{"operation":"listRequests"}"#).await["queue"], json!([]), "it waits for nobody");
}

#[tokio::test(start_paused = true)]
async fn agents_leave_a_session_whose_time_is_over() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, _, chat) = reading(&app).await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    ann.events().await;
    let (held, watched) = (ann.hold(r#","advice":{"timeout":300000}"#), jane.hold(r#","advice":{"timeout":300000}"#));
    let data = held.await.unwrap()[0]["data"].clone();
    assert_eq!(
        (kinds(&data), statuses(&data)),
        (vec!["5 ParticipantLeft 2".into(), "6 Notice 0".into()], vec!["5 9 timeout".into()])
    );
    assert_eq!(watched.await.unwrap()[0]["data"]["chats"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_message_after_the_timeout_opens_a_new_session_that_receives_it() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    let answer = ann.chat(&say(&chat, "Hello")).await;
    let new = answer["chatId"].as_str().unwrap().to_owned();
    assert!(new != chat.id && answer["secureKey"] != json!(chat.key));
    assert_eq!(
        (&answer["statusCode"], &answer["chatEnded"], &answer["nextPosition"]),
        (&json!(0), &json!(false), &json!(4))
    );
    assert_eq!(
        told(&answer),
        ["4 ParticipantLeft -", "null Notice renewed", "1 ParticipantJoined -", "2 Notice status", "3 Message Hello"]
    );
    assert_eq!(notice(&answer, "renewed"), json!({"previousId": chat.id, "id": new, "reason": "timeout"}));
    let next = Chat { id: new.clone(), key: answer["secureKey"].as_str().unwrap().to_owned() };
    assert_eq!(told(&ann.chat(&say(&next, "Again")).await), ["4 Message Again"]);
    let jane = agent(&app, "Jane").await;
    let accepted = jane.desk(&next.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!((&accepted["chats"][0]["previousId"], kinds(&accepted).len()), (&json!(chat.id), 6));
    assert_eq!(kinds(&ann.events().await[0]), ["5 ParticipantJoined 2", "6 Notice 0"], "the same connection goes on");
}

#[tokio::test(start_paused = true)]
async fn the_old_transcript_stays_readable_to_agents() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    let answer = ann.chat(&say(&chat, "Hello")).await;
    let held = ann.hold(r#","advice":{"timeout":300000}"#);
    sleep(Duration::from_secs(30)).await;
    let read = chat.fill(r#"{"operation":"readTranscript","chatId":"$chat"}"#);
    let jane = agent(&app, "Jane").await;
    let old = jane.desk(&read).await;
    assert_eq!(told(&old), ["1 ParticipantJoined -", "2 Notice status", "3 Notice status", "4 ParticipantLeft -"]);
    assert!(old["messages"].as_array().unwrap().iter().all(|entry| entry["chatId"] == json!(chat.id)));
    let accept = format!(r#"{{"operation":"accept","chatId":{}}}"#, answer["chatId"]);
    jane.desk(&accept).await;
    held.await.unwrap();
    let omar = agent(&app, "Omar").await;
    assert_eq!(omar.desk(&read).await["errors"][0]["code"], 249, "it is hers now");
    let again = jane.desk(&read).await;
    assert_eq!((&again["statusCode"], again.get("previousId")), (&json!(0), None));
    let newer = format!(r#"{{"operation":"readTranscript","chatId":{}}}"#, answer["chatId"]);
    assert_eq!(jane.desk(&newer).await["previousId"], json!(chat.id), "the way back");
}

#[tokio::test(start_paused = true)]
async fn the_old_key_finds_the_new_session_with_all_that_lies_between() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    let first = ann.chat(&say(&chat, "Hello")).await;
    let again = Client::new(&app).await;
    let resume =
        chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":3,"notices":1}"#);
    let answer = again.chat(&resume).await;
    assert_eq!((&answer["chatId"], &answer["secureKey"]), (&first["chatId"], &first["secureKey"]));
    assert_eq!(
        told(&answer),
        [
            "3 Notice status",
            "4 ParticipantLeft -",
            "null Notice renewed",
            "1 ParticipantJoined -",
            "2 Notice status",
            "3 Message Hello"
        ]
    );
    let rest = Rest { app: app.clone(), id: chat.id.clone(), key: chat.key.clone(), first: json!(null) };
    let sent = rest.post("send", "message=More&messageId=m9").await;
    assert_eq!(told(&sent).last().unwrap(), "4 Message More");
    assert_eq!(sent["chatId"], first["chatId"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_message_is_known_over_the_renewal() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, _, chat) = reading(&app).await;
    ann.chat(&say(&chat, "Before")).await;
    ann.events().await;
    ann.hold(r#","advice":{"timeout":300000}"#).await.unwrap();
    let known = ann.chat(&say(&chat, "Before")).await;
    assert_eq!(
        (&known["chatId"], told(&known)),
        (&json!(chat.id), vec!["3 Message Before".into()]),
        "nothing is opened"
    );
    let first = ann.chat(&say(&chat, "Hello")).await;
    for repeated in ["Hello", "Before"] {
        let answer = ann.chat(&say(&chat, repeated)).await;
        assert_eq!(
            (&answer["chatId"], &answer["nextPosition"]),
            (&first["chatId"], &first["nextPosition"]),
            "{repeated}"
        );
    }
    let next = Chat { id: String::new(), key: first["secureKey"].as_str().unwrap().to_owned() };
    let answer = ann.chat(&say(&next, "Before")).await;
    assert_eq!((&answer["statusCode"], told(&answer).len()), (&json!(0), 0), "it is in the session before");
}

#[tokio::test(start_paused = true)]
async fn every_connection_of_the_visitor_goes_on_with_the_new_session() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    let other = Client::new(&app).await;
    let resume =
        chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1}"#);
    other.chat(&resume).await;
    let answer = ann.chat(&say(&chat, "Hello")).await;
    let pushed = other.events().await;
    assert_eq!(
        told(&pushed[0]),
        ["4 ParticipantLeft -", "null Notice renewed", "1 ParticipantJoined -", "2 Notice status"]
    );
    assert_eq!((&pushed[0]["secureKey"], told(&pushed[1])), (&answer["secureKey"], vec!["3 Message Hello".into()]));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_opens_nothing() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    for (operation, status) in [
        (r#"{"operation":"sendMessage","secureKey":"$key","message":""}"#, 1),
        (r#"{"operation":"startTyping","secureKey":"$key"}"#, 0),
        (r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1}"#, 0),
    ] {
        let answer = ann.chat(&chat.fill(operation)).await;
        assert_eq!((&answer["statusCode"], &answer["chatId"]), (&json!(status), &json!(chat.id)), "{operation}");
    }
    let end = ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!((&end["chatEnded"], told(&end)), (&json!(true), vec!["4 ParticipantLeft -".into()]));
    assert_eq!(ann.chat(&say(&chat, "Late")).await["errors"][0]["code"], 249);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_goes_away_meanwhile_has_left() {
    let app = swept(App::in_memory(config("", TIMES)));
    let (ann, chat, _) = lapsed(&app).await;
    ann.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
    sleep(Duration::from_secs(41)).await;
    let back = Client::new(&app).await;
    let resume =
        chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1,"notices":1}"#);
    assert_eq!(back.chat(&resume).await["chatEnded"], true);
}

#[tokio::test(start_paused = true)]
async fn nobody_may_come_back_for_ever() {
    let app = swept(App::in_memory(config("", &format!("{TIMES}\nrenewal_timeout = 100"))));
    let (ann, _, _) = lapsed(&app).await;
    let data = ann.hold(r#","advice":{"timeout":300000}"#).await.unwrap()[0]["data"].clone();
    assert_eq!((&data["chatEnded"], told(&data)), (&json!(true), vec!["4 ParticipantLeft -".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_outlive_its_lifetime() {
    let app = swept(App::in_memory(config("", "idle_timeout = 0\nvisitor_timeout = 0\nlifetime = 100")));
    let (ann, _, chat) = reading(&app).await;
    let plain = Rest::begin(&app, "nickname=Ben").await;
    for _ in 0..2 {
        ann.events().await;
        let held = ann.hold(r#","advice":{"timeout":45000}"#);
        sleep(Duration::from_secs(45)).await;
        held.await.unwrap();
    }
    let data = ann.hold(r#","advice":{"timeout":45000}"#).await.unwrap()[0]["data"].clone();
    assert_eq!(statuses(&data), ["4 11 timeout"]);
    assert_ne!(ann.chat(&say(&chat, "More")).await["chatId"], json!(chat.id));
    assert_eq!(plain.post("refresh", "").await["chatEnded"], true, "for a client without notices it is the end");
}

#[tokio::test(start_paused = true)]
async fn the_old_key_works_as_long_as_the_new_session_does_whoever_serves() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let node = || swept(App::new(config("", TIMES), Clock::steady(), Arc::clone(&store)));
    let (ann, chat, _) = lapsed(&node()).await;
    let first = ann.chat(&say(&chat, "Hello")).await;
    let held = ann.hold(r#","advice":{"timeout":300000}"#);
    sleep(Duration::from_secs(50)).await;
    let other = node();
    other.floor.take_up().await.unwrap();
    let rest = Rest { app: other.clone(), id: chat.id.clone(), key: chat.key.clone(), first: json!(null) };
    assert_eq!(rest.post("refresh", "notices=1").await["chatId"], first["chatId"]);
    let next =
        Rest { id: first["chatId"].as_str().unwrap().into(), key: first["secureKey"].as_str().unwrap().into(), ..rest };
    next.post("disconnect", "").await;
    drop(held);
    sleep(Duration::from_secs(25)).await;
    assert_eq!(next.post("refresh", "").await["errors"][0]["code"], 8210);
    let old = Rest { id: chat.id.clone(), key: chat.key.clone(), ..next };
    assert_eq!(old.post("refresh", "").await["errors"][0]["code"], 8210);
    assert!(store.chats().await.unwrap().is_empty());
}
