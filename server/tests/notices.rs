//! The status of a chat, as a client that reads notices hears of it; and that no other client hears anything.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, Rest, agent, begin_reading, config, kinds, notice, reading, server, statuses, swept};
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn the_status_is_told_word_for_word() {
    let (_, first, chat) = reading(&server()).await;
    let notice = &first["messages"][1];
    assert_eq!(
        *notice,
        json!({"index": 2, "type": "Notice", "utcTime": notice["utcTime"], "text": "status",
            "userData": {"old": "0", "new": "4", "botActive": "false", "cause": "begin"},
            "from": {"nickname": "System", "participantId": 0, "type": "External"}})
    );
    assert_eq!((kinds(&first)[0].as_str(), &first["nextPosition"]), ("1 ParticipantJoined 1", &json!(3)));
    assert!(!chat.id.is_empty());
}

#[tokio::test]
async fn a_conversation_is_told_by_who_spoke_last() {
    let app = server();
    let (ann, _, chat) = reading(&app).await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(statuses(&ann.events().await[0]), ["4 5 agent-accepted"]);
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Can I help?"}"#)).await;
    let pushed = ann.events().await;
    assert_eq!(
        (kinds(&pushed[0]), statuses(&pushed[0])),
        (vec!["5 Message 2".into(), "6 Notice 0".into()], vec!["5 6 agent-message".into()])
    );
    assert!(statuses(&pushed[1]).is_empty(), "nothing has changed");
    let answer = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Yes"}"#)).await;
    assert_eq!((kinds(&answer)[0].as_str(), statuses(&answer)), ("8 Message 1", vec!["6 5 visitor-message".into()]));
    let parted = jane.desk(&chat.fill(r#"{"operation":"leave","chatId":"$chat"}"#)).await;
    assert_eq!(parted["queue"][0]["status"], 4);
    assert_eq!(statuses(&ann.events().await[0]), ["5 4 agents-gone"]);
    let end = ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(statuses(&end), ["4 11 leave"]);
    assert_eq!(kinds(&end).last().unwrap(), "13 ParticipantLeft 1");
    let again = ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(again["messages"], end["messages"], "the closing entries");
}

#[tokio::test]
async fn the_end_by_an_agent_is_finished() {
    let app = server();
    let (ann, _, chat) = reading(&app).await;
    let jane = agent(&app, "Jane").await;
    for operation in ["accept", "endChat"] {
        jane.desk(&chat.fill(&format!(r#"{{"operation":"{operation}","chatId":"$chat"}}"#))).await;
    }
    let end = &ann.events().await[1];
    assert_eq!((statuses(end), &end["chatEnded"]), (vec!["5 7 finish".into()], &json!(true)));
    assert_eq!(kinds(end), ["5 ParticipantLeft 2", "6 Notice 0", "7 ParticipantLeft 1"]);
}

#[tokio::test]
async fn a_chat_whose_client_reads_no_notices_has_none() {
    let app = App::in_memory(config("", &common::forms("pre_chat")));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&ann.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    jane.desk(&ann.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    let all = ann.post("refresh", "").await;
    assert_eq!(kinds(&all), ["1 ParticipantJoined 1", "2 ParticipantJoined 2", "3 Message 2"]);
}

#[tokio::test]
async fn a_client_that_comes_later_and_reads_notices_is_told_the_status() {
    let app = server();
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let later = Client::new(&app).await;
    let resume = r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1,"notices":1}"#;
    let answer = later.chat(&ann.fill(resume)).await;
    assert_eq!(
        (kinds(&answer), statuses(&answer)),
        (vec!["1 ParticipantJoined 1".into(), "2 Notice 0".into()], vec!["4 4 begin".into()])
    );
    assert_eq!(kinds(&later.chat(&ann.fill(resume)).await).len(), 2, "once");
}

#[tokio::test]
async fn what_is_said_with_the_request_is_the_first_message() {
    let app = server();
    let ann = Client::new(&app).await;
    let first = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","text":"Are you open?","notices":1}"#).await;
    assert_eq!(kinds(&first), ["1 ParticipantJoined 1", "2 Notice 0", "3 Message 1"]);
    assert_eq!(first["messages"][2]["text"], "Are you open?");
}

#[tokio::test(start_paused = true)]
async fn with_an_offline_form_it_matters_whether_an_agent_is_there() {
    let app = swept(App::in_memory(config("[desk]\ngrace = 5", &common::forms("offline"))));
    let (_, first, _) = reading(&app).await;
    assert_eq!(statuses(&first), ["0 3 begin"]);
    let jane = agent(&app, "Jane").await;
    let (ann, chat) = begin_reading(&app, "").await;
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    ann.events().await;
    // Her session is over after ten seconds, the grace after five more.
    let held = ann.hold(r#","advice":{"timeout":60000}"#);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(statuses(&held.await.unwrap()[0]["data"]), ["5 3 agents-gone"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_for_the_offline_form_is_in_the_queue_when_an_agent_comes() {
    let app = swept(App::in_memory(config("", &common::forms("offline"))));
    let (ann, first, chat) = reading(&app).await;
    assert_eq!(notice(&first, "form")["kind"], "offline");
    ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Is nobody there?"}"#)).await;
    let jane = agent(&app, "Jane").await;
    sleep(Duration::from_secs(1)).await;
    let told: Vec<_> = ann.events().await.iter().flat_map(statuses).collect();
    assert_eq!(told, ["3 4 agents-there"]);
    assert_eq!(jane.events().await.last().unwrap()["queue"][0]["chatId"], json!(chat.id));
    let refused = ann
        .chat(&chat.fill(r#"{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{"kind":"offline","values":{}}}"#))
        .await;
    assert_eq!(refused["errors"][0]["code"], 249, "nothing is asked any more");
}
