//! What visitors can do, one operation after the other.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, begin, config, in_chat, kinds, server, visitor};
use serde_json::{Value, json};

#[tokio::test]
async fn a_chat_begins_with_its_ids_its_key_and_its_first_entry() {
    let ann = Client::new(&server()).await;
    let answer = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","subject":"Shoes","emailAddress":"a@b.example","userData":{"cart":{"n":1}},"messageId":"abc"}"#).await;
    assert_eq!(answer["statusCode"], 0);
    assert_eq!(answer["nextPosition"], 2);
    assert_eq!(answer["chatEnded"], false);
    for member in ["chatId", "userId", "alias", "secureKey"] {
        assert!(!answer[member].as_str().unwrap().is_empty());
    }
    assert!(answer["secureKey"].as_str().unwrap().len() >= 48);
    let entry = &answer["messages"][0];
    assert_eq!(
        (&entry["index"], &entry["type"], &entry["messageId"]),
        (&json!(1), &json!("ParticipantJoined"), &json!("abc"))
    );
    assert_eq!(entry["from"], json!({"nickname": "Ann", "participantId": 1, "type": "Client"}));
    assert!(entry["utcTime"].as_u64().unwrap() > 1_500_000_000_000);
}

#[tokio::test]
async fn a_name_is_required_and_may_come_in_two_halves() {
    let ann = Client::new(&server()).await;
    for data in [
        r#"{"operation":"requestChat"}"#,
        r#"{"operation":"requestChat","nickname":" "}"#,
        r#"{"operation":"requestChat","nickname":null,"firstName":""}"#,
    ] {
        let answer = ann.chat(data).await;
        assert_eq!(
            (&answer["statusCode"], &answer["errors"][0]["code"], &answer["chatEnded"]),
            (&json!(1), &json!(161), &json!(false))
        );
    }
    let answer = ann.chat(r#"{"operation":"requestChat","firstName":"Ann","lastName":"Lee"}"#).await;
    assert_eq!(answer["messages"][0]["from"]["nickname"], "Ann Lee");
}

#[tokio::test]
async fn an_unknown_service_is_said_to_be_unknown() {
    let ann = Client::new(&server()).await;
    let answer = ann.publish("/service/chatV2/nowhere", r#"{"operation":"requestChat","nickname":"Ann"}"#).await;
    assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(2), &json!(404)));
}

#[tokio::test]
async fn a_welcome_is_the_second_entry() {
    let app = App::in_memory(config("", r#"welcome = "Hello!""#));
    let answer = Client::new(&app).await.chat(r#"{"operation":"requestChat","nickname":"Ann"}"#).await;
    assert_eq!(answer["messages"][1]["text"], "Hello!");
    assert_eq!(answer["messages"][1]["from"], json!({"nickname": "System", "participantId": 0, "type": "External"}));
}

#[tokio::test]
async fn a_message_is_answered_with_its_entry_and_pushed_to_the_others_only() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let tab = Client::new(&ann.app).await;
    tab.chat(&chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0}"#)).await;
    let answer = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","userId":"u","alias":"1","message":"Hi","messageType":"text","messageId":"m1"}"#)).await;
    let entry = &answer["messages"][0];
    assert_eq!(answer["nextPosition"], 4);
    assert_eq!(
        (&entry["index"], &entry["text"], &entry["messageType"], &entry["messageId"]),
        (&json!(3), &json!("Hi"), &json!("text"), &json!("m1"))
    );
    assert_eq!(ann.events().await, Vec::<Value>::new());
    assert_eq!(tab.events().await[0]["messages"][0], *entry);
    let seen = jane.events().await;
    assert_eq!(seen[0]["messages"][0]["chatId"], chat.id.as_str());
    assert_eq!(seen[0]["messages"][0]["text"], "Hi");
}

#[tokio::test]
async fn typing_passes_by_without_an_index() {
    let (ann, jane, chat) = in_chat(&server()).await;
    for (operation, kind) in [("startTyping", "TypingStarted"), ("stopTyping", "TypingStopped")] {
        let answer = ann
            .chat(&chat.fill(&format!(r#"{{"operation":"{operation}","secureKey":"$key","message":"so f"}}"#)))
            .await;
        assert_eq!(
            (&answer["statusCode"], &answer["messages"], &answer["nextPosition"]),
            (&json!(0), &json!([]), &json!(3))
        );
        let entry = &jane.events().await[0]["messages"][0];
        assert_eq!((&entry["type"], &entry["text"]), (&json!(kind), &json!("so f")));
        assert!(entry.get("index").is_none());
    }
}

#[tokio::test]
async fn addresses_are_pushed_unless_they_run_code() {
    let (ann, jane, chat) = in_chat(&server()).await;
    for url in ["https://shop.example/a?b#c", "/relative:path", "mailto:a@b.example"] {
        let answer =
            ann.chat(&chat.fill(&format!(r#"{{"operation":"pushUrl","secureKey":"$key","pushUrl":"{url}"}}"#))).await;
        assert_eq!((&answer["messages"][0]["type"], &answer["messages"][0]["text"]), (&json!("PushUrl"), &json!(url)));
        assert_eq!(jane.events().await[0]["messages"][0]["text"], url);
    }
    for url in ["javascript:alert(1)", " java\\nscript:alert(1)", "data:text/html,x", ""] {
        let answer =
            ann.chat(&chat.fill(&format!(r#"{{"operation":"pushUrl","secureKey":"$key","pushUrl":"{url}"}}"#))).await;
        assert_eq!(answer["statusCode"], 1, "{url}");
    }
}

#[tokio::test]
async fn a_new_name_a_notice_and_data_are_told() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let answer = ann.chat(&chat.fill(r#"{"operation":"updateNickname","secureKey":"$key","nickname":"Anna"}"#)).await;
    assert_eq!(answer["messages"][0]["type"], "NicknameUpdated");
    let seen = &jane.events().await[0];
    assert_eq!(
        (&seen["messages"][0]["from"]["nickname"], &seen["chats"][0]["nickname"]),
        (&json!("Anna"), &json!("Anna"))
    );
    let answer = ann.chat(&chat.fill(r#"{"operation":"customNotice","secureKey":"$key","message":"ping"}"#)).await;
    assert_eq!(
        (&answer["messages"][0]["type"], &answer["messages"][0]["text"]),
        (&json!("CustomNotice"), &json!("ping"))
    );
    assert_eq!(jane.events().await[0]["messages"][0]["text"], "ping");
    let answer = ann.chat(&chat.fill(r#"{"operation":"updateData","secureKey":"$key","userData":{"a":"b"}}"#)).await;
    assert_eq!((&answer["statusCode"], &answer["messages"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn notifications_can_be_had_from_any_position() {
    let (ann, _, chat) = in_chat(&server()).await;
    ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    let again = Client::new(&ann.app).await;
    for (position, expected) in
        [("1", vec![1, 2, 3]), ("0", vec![]), ("3", vec![3]), ("4", vec![]), ("\"2\"", vec![2, 3])]
    {
        let answer = again
            .chat(&chat.fill(&format!(
                r#"{{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":{position}}}"#
            )))
            .await;
        let indexes: Vec<_> =
            answer["messages"].as_array().unwrap().iter().map(|entry| entry["index"].as_u64().unwrap()).collect();
        assert_eq!((&answer["nextPosition"], indexes), (&json!(4), expected));
    }
}

#[tokio::test]
async fn a_wrong_key_is_an_unknown_session() {
    let (ann, chat) = visitor(&server()).await;
    let mut wrong = chat.key.clone();
    wrong.truncate(16);
    for key in ["", "x", &"0".repeat(64), &wrong, &format!("{wrong}{}", "0".repeat(48)), &format!("{}0", chat.key)] {
        let answer = ann.chat(&format!(r#"{{"operation":"sendMessage","secureKey":"{key}","message":"Hi"}}"#)).await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(2), &json!(8210)));
        assert!(answer.get("secureKey").is_none() && answer.get("chatId").is_none());
    }
}

#[tokio::test]
async fn a_disconnect_ends_the_chat_and_is_answered_with_the_closing_entries() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let disconnect = chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#);
    let answer = ann.chat(&disconnect).await;
    assert_eq!(answer["chatEnded"], true);
    assert_eq!(kinds(&answer), ["3 ParticipantLeft 2", "4 ParticipantLeft 1"]);
    let seen = &jane.events().await[0];
    assert_eq!(kinds(seen), kinds(&answer));
    assert_eq!((&seen["chats"], &seen["queue"]), (&json!([]), &json!([])));
    assert_eq!(kinds(&ann.chat(&disconnect).await), kinds(&answer), "again, the same");
    let late = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    assert_eq!(
        (&late["statusCode"], &late["errors"][0]["code"], &late["chatEnded"]),
        (&json!(2), &json!(249), &json!(true))
    );
    let read =
        ann.chat(&chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1}"#)).await;
    assert_eq!((&read["statusCode"], &read["chatEnded"], kinds(&read).len()), (&json!(0), &json!(true), 4));
}

#[tokio::test]
async fn one_session_may_drive_several_chats() {
    let (ann, first) = visitor(&server()).await;
    let second = begin(&ann, "Ann").await;
    assert_ne!(first.id, second.id);
    assert_ne!(first.key, second.key);
}
