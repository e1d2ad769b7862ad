//! What agents can do, one operation after the other.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, agent, begin, config, in_chat, kinds, server, swept, visitor};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn without_a_sign_in_nothing_is_done() {
    let (_, chat) = visitor(&server()).await;
    let stranger = Client::new(&server()).await;
    for operation in
        ["accept", "leave", "endChat", "startTyping", "stopTyping", "sendMessage", "pushUrl", "transfer", "other"]
    {
        let answer = stranger
            .desk(&chat.fill(&format!(r#"{{"operation":"{operation}","chatId":"$chat","message":"x","pushUrl":"/"}}"#)))
            .await;
        assert_eq!(
            (&answer["statusCode"], &answer["queue"], &answer["chats"]),
            (&json!(2), &json!([]), &json!([])),
            "{operation}"
        );
    }
    for data in
        [r#"{"operation":"signIn","name":"Jane","key":"wrong"}"#, r#"{"operation":"signIn","name":"Nobody","key":""}"#]
    {
        let answer = stranger.desk(data).await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(2), &json!(8210)));
    }
}

#[tokio::test]
async fn a_sign_in_shows_the_queue_oldest_first() {
    let app = server();
    let ann = Client::new(&app).await;
    let chats = [begin(&ann, "Ann").await, begin(&ann, "Ben").await];
    let jane = Client::new(&app).await;
    let answer = jane.desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await;
    let queue = answer["queue"].as_array().unwrap();
    assert_eq!(queue.len(), 2);
    assert!(queue[0]["since"].as_u64() <= queue[1]["since"].as_u64());
    let first = queue.iter().find(|entry| entry["chatId"] == chats[0].id.as_str()).unwrap();
    assert_eq!((&first["nickname"], &first["subject"]), (&json!("Ann"), &json!("Shoes")));
    assert_eq!(answer["chats"], json!([]));
    assert!(answer.get("messages").is_none());
}

#[tokio::test]
async fn queue_and_chats_come_whole_on_every_change() {
    let app = server();
    let (jane, omar) = (agent(&app, "Jane").await, agent(&app, "Omar").await);
    let ann = Client::new(&app).await;
    let chat = begin(&ann, "Ann").await;
    for agent in [&jane, &omar] {
        assert_eq!(agent.events().await[0]["queue"][0]["chatId"], chat.id.as_str());
    }
    let answer = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!((&answer["queue"], &answer["chats"][0]["chatId"]), (&json!([]), &json!(chat.id)));
    assert_eq!(kinds(&answer), ["1 ParticipantJoined 1", "2 ParticipantJoined 2"], "the transcript so far");
    let seen = omar.events().await;
    assert_eq!(seen[0]["queue"], json!([]));
    assert!(seen[0].get("chats").is_none(), "his are as they were");
    assert!(seen[0].get("messages").is_none(), "the entries are not Omar's");
    assert!(jane.events().await.is_empty());
    let joined = &ann.events().await[0]["messages"][0];
    assert_eq!(joined["from"], json!({"nickname": "Jane", "participantId": 2, "type": "Agent"}));
    let refused = omar.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!((&refused["statusCode"], &refused["errors"][0]["code"]), (&json!(1), &json!(249)));
    assert_eq!(
        kinds(&jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await).len(),
        2,
        "shown again"
    );
}

#[tokio::test]
async fn with_a_message_comes_nothing_that_is_as_it_was() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let omar = agent(&jane.app, "Omar").await;
    for data in [
        r#"{"operation":"sendMessage","secureKey":"$key","message":"Hello"}"#,
        r#"{"operation":"startTyping","secureKey":"$key"}"#,
    ] {
        ann.chat(&chat.fill(data)).await;
        let seen = jane.events().await;
        assert_eq!((seen.len(), seen[0]["messages"].as_array().unwrap().len()), (1, 1));
        assert!(seen[0].get("queue").is_none() && seen[0].get("chats").is_none(), "{seen:?}");
    }
    assert!(omar.events().await.is_empty());
}

#[tokio::test]
async fn an_agent_says_types_and_pushes() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let answer = jane
        .desk(&chat.fill(
            r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello","messageType":"text","messageId":"a1"}"#,
        ))
        .await;
    let entry = &answer["messages"][0];
    assert_eq!((&entry["chatId"], &entry["index"], &entry["messageId"]), (&json!(chat.id), &json!(3), &json!("a1")));
    jane.desk(&chat.fill(r#"{"operation":"pushUrl","chatId":"$chat","pushUrl":"https://shop.example/"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"stopTyping","chatId":"$chat"}"#)).await;
    let seen = ann.events().await;
    let kinds: Vec<_> = seen
        .iter()
        .map(|data| (data["messages"][0]["type"].as_str().unwrap(), data["messages"][0]["index"].as_u64()))
        .collect();
    assert_eq!(kinds, [("Message", Some(3)), ("PushUrl", Some(4)), ("TypingStarted", None), ("TypingStopped", None)]);
    assert_eq!(seen[1]["nextPosition"], 5);
    assert!(jane.events().await.is_empty(), "nothing comes back to the sender");
}

#[tokio::test]
async fn the_chats_of_others_cannot_be_touched() {
    let (_, jane, chat) = in_chat(&server()).await;
    let omar = agent(&jane.app, "Omar").await;
    for operation in ["leave", "endChat", "startTyping", "stopTyping", "sendMessage", "pushUrl", "transfer"] {
        let data = chat.fill(&format!(r#"{{"operation":"{operation}","chatId":"$chat","message":"x","pushUrl":"/"}}"#));
        let answer = omar.desk(&data).await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(249)), "{operation}");
    }
    for data in [
        r#"{"operation":"sendMessage","message":"x"}"#,
        r#"{"operation":"dance","chatId":"x"}"#,
        r#"{"operation":7}"#,
        "7",
    ] {
        let answer = omar.desk(data).await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(400)), "{data}");
    }
    assert!(jane.events().await.is_empty());
}

#[tokio::test]
async fn an_agent_who_leaves_returns_the_chat_to_the_queue() {
    for operation in ["leave", "transfer"] {
        let (ann, jane, chat) = in_chat(&server()).await;
        let answer = jane.desk(&chat.fill(&format!(r#"{{"operation":"{operation}","chatId":"$chat"}}"#))).await;
        assert_eq!((&answer["queue"][0]["chatId"], &answer["chats"]), (&json!(chat.id), &json!([])));
        assert_eq!(kinds(&answer), ["3 ParticipantLeft 2"]);
        assert_eq!(kinds(&ann.events().await[0]), ["3 ParticipantLeft 2"]);
        let answer = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
        assert_eq!(kinds(&answer)[3], "4 ParticipantJoined 3", "participant ids are not used again");
    }
}

#[tokio::test]
async fn a_transfer_hands_the_chat_and_its_transcript_over() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let transfer = chat.fill(r#"{"operation":"transfer","chatId":"$chat","to":"Omar"}"#);
    assert_eq!(jane.desk(&transfer).await["errors"][0]["code"], 249, "Omar is not there");
    let omar = agent(&jane.app, "Omar").await;
    let answer = jane.desk(&transfer).await;
    assert_eq!((&answer["statusCode"], &answer["chats"], &answer["queue"]), (&json!(0), &json!([]), &json!([])));
    let visitors = ann.events().await;
    assert_eq!(kinds(&visitors[0]), ["3 ParticipantJoined 3", "4 ParticipantLeft 2"]);
    let seen: Vec<Value> = omar.events().await;
    let entries: Vec<_> = seen.iter().flat_map(kinds).collect();
    assert_eq!(
        entries,
        ["1 ParticipantJoined 1", "2 ParticipantJoined 2", "3 ParticipantJoined 3", "4 ParticipantLeft 2"]
    );
    assert_eq!(seen.last().unwrap()["chats"][0]["chatId"], chat.id.as_str());
    omar.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Omar here"}"#)).await;
    assert_eq!(ann.events().await[0]["messages"][0]["from"]["nickname"], "Omar");
}

#[tokio::test]
async fn the_end_is_told_to_everybody() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let answer = jane.desk(&chat.fill(r#"{"operation":"endChat","chatId":"$chat"}"#)).await;
    assert_eq!(kinds(&answer), ["3 ParticipantLeft 2", "4 ParticipantLeft 1"]);
    assert_eq!((&answer["chats"], &answer["queue"]), (&json!([]), &json!([])));
    let seen = &ann.events().await[0];
    assert_eq!((&seen["chatEnded"], kinds(seen)), (&json!(true), kinds(&answer)));
}

#[tokio::test]
async fn every_page_of_an_agent_is_kept_in_step() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let other = agent(&jane.app, "Jane").await;
    ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    let texts: Vec<_> =
        other.events().await.iter().map(|data| data["messages"][0]["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["Hi", "Hello"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_stays_away_leaves_and_one_who_comes_back_does_not() {
    let app = swept(App::in_memory(config("[desk]\ngrace = 30", "")));
    let (ann, jane, chat) = in_chat(&app).await;
    let bye = r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#;
    jane.send(bye).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let jane = Client::new(&app).await;
    let answer = jane.desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await;
    assert_eq!(answer["chats"][0]["chatId"], chat.id.as_str(), "back in time");
    let visitor = ann.hold(r#","advice":{"timeout":200000}"#);
    tokio::task::yield_now().await;
    // This time without a word: the session expires first, then the grace is over.
    let seen = visitor.await.unwrap();
    assert_eq!(seen[0]["data"]["messages"][0]["type"], "ParticipantLeft");
    let omar = Client::new(&app).await;
    let answer = omar.desk(r#"{"operation":"signIn","name":"Omar","key":"omar-key"}"#).await;
    assert_eq!(answer["queue"][0]["chatId"], chat.id.as_str());
}
