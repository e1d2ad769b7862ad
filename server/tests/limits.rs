//! What is too much, and how it is said.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, FORM, Rest, agent, begin, config, in_chat, post, server, visitor};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_message_that_is_too_long_or_empty_is_refused() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let long = "x".repeat(65_537);
    for text in [long.as_str(), ""] {
        let answer = ann
            .chat(&chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#)))
            .await;
        assert_eq!(
            (&answer["statusCode"], &answer["errors"][0]["code"], &answer["chatEnded"]),
            (&json!(1), &json!(204), &json!(false))
        );
        let answer = jane
            .desk(&chat.fill(&format!(r#"{{"operation":"sendMessage","chatId":"$chat","message":"{text}"}}"#)))
            .await;
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(204)));
    }
    let longest = "é".repeat(65_536);
    let answer = ann
        .chat(&chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{longest}"}}"#)))
        .await;
    assert_eq!(answer["messages"][0]["text"], longest, "characters count, not bytes");
}

#[tokio::test(start_paused = true)]
async fn too_many_operations_have_to_wait() {
    let (ann, chat) = visitor(&server()).await;
    let send = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#);
    for _ in 0..100 {
        assert_eq!(ann.chat(&send).await["statusCode"], 0);
    }
    let answer = ann.chat(&send).await;
    assert_eq!(
        (&answer["statusCode"], &answer["errors"][0]["code"], &answer["errors"][0]["retryAfter"]),
        (&json!(1), &json!(429), &json!(1))
    );
    assert_eq!(answer["nextPosition"], 102, "the operation was not done");
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..10 {
        assert_eq!(ann.chat(&send).await["statusCode"], 0);
    }
    assert_eq!(ann.chat(&send).await["errors"][0]["code"], 429);
    assert_eq!(
        ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await["statusCode"],
        0,
        "leaving is always possible"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_overtakes_what_was_refused_and_may_come_again() {
    let (ann, chat) = visitor(&server()).await;
    let send = |id: &str| {
        let send = r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"ID"}"#;
        chat.fill(&send.replace("ID", id))
    };
    for n in 0..100 {
        assert_eq!(ann.chat(&send(&format!("one{n}"))).await["statusCode"], 0);
    }
    assert_eq!(ann.chat(&send("one100")).await["errors"][0]["retryAfter"], 1);
    tokio::time::advance(Duration::from_millis(500)).await;
    let answer = ann.chat(&send("one101")).await;
    assert_eq!(answer["errors"][0]["retryAfter"], 1, "there is room for it now, but what it follows was refused");
    assert_eq!(ann.chat(&send("other1")).await["statusCode"], 0, "another tab's follows nothing that was refused");
    tokio::time::advance(Duration::from_millis(999)).await;
    let answer = ann.chat(&send("one100")).await;
    assert_eq!(answer["errors"][0]["retryAfter"], 1, "before the time that was announced last nothing is taken");
    assert_eq!(ann.chat(&send("other2")).await["statusCode"], 0, "nobody else waits for that");
    tokio::time::advance(Duration::from_secs(1)).await;
    for n in 100..110 {
        assert_eq!(ann.chat(&send(&format!("one{n}"))).await["statusCode"], 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_answered_even_when_there_was_too_much() {
    let (ann, chat) = visitor(&server()).await;
    for n in 0..100 {
        ann.chat(
            &chat.fill(&format!(
                r#"{{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"m{n}"}}"#
            )),
        )
        .await;
    }
    let answer =
        ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"m3"}"#)).await;
    assert_eq!((&answer["statusCode"], &answer["messages"][0]["index"]), (&json!(0), &json!(5)));
}

/// What is read again and again of a long transcript would be a multiple of it in memory.
#[tokio::test(start_paused = true)]
async fn a_long_transcript_is_read_only_so_often() {
    let top = "[limits]\nmessage_length = 1000000\nsend_burst = 7\nsend_rate = 1.0";
    let app = App::in_memory(config(top, ""));
    let ann = Client::new(&app).await;
    let request = r#"{"operation":"requestChat","nickname":"Ann","messageId":"nobodyCanEverGuessThis"}"#;
    let begun = ann.chat(request).await;
    let chat = Rest::of(&app, begun);
    let message = "x".repeat(1_000_000);
    let answer = ann
        .chat(&chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{message}"}}"#)))
        .await;
    assert_eq!(answer["statusCode"], 0);
    let read = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1}"#);
    let batch =
        (0..100).map(|n| format!(r#"{{"id":"{n}","channel":"/service/chatV2/default","clientId":"$","data":{read}}}"#));
    let answers = ann.send(&format!("[{}]", batch.collect::<Vec<_>>().join(","))).await;
    let answers: Vec<_> = answers.iter().filter_map(|answer| answer.get("data")).collect();
    let (read, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer["statusCode"] == 0);
    assert_eq!((read.len(), refused.len()), (1, 99), "a megabyte counts as three more");
    assert_eq!((&refused[0]["errors"][0]["code"], &refused[0]["errors"][0]["retryAfter"]), (&json!(429), &json!(1)));
    // Nor by another way.
    assert_eq!(chat.post("refresh", "transcriptPosition=1").await["errors"][0]["code"], 429);
    assert_eq!(chat.post("startTyping", "transcriptPosition=1").await["errors"][0]["code"], 429);
    assert_eq!(Client::new(&app).await.chat(request).await["errors"][0]["code"], 429);
    let answer = chat.post("send", "message=Hi&transcriptPosition=1").await;
    assert_eq!((&answer["errors"][0]["code"], &answer["nextPosition"]), (&json!(429), &json!(3)), "it is not done");
    assert_eq!(chat.post("send", "message=Hi").await["statusCode"], 0, "who reads nothing goes on");
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(chat.post("refresh", "transcriptPosition=1").await["messages"].as_array().unwrap().len(), 3);
    assert_eq!(chat.post("disconnect", "transcriptPosition=1").await["statusCode"], 0, "leaving is always possible");
}

#[tokio::test]
async fn an_address_has_only_so_many_chats() {
    let app = server();
    let ann = Client::new(&app).await;
    let mut chats = Vec::new();
    for n in 0..100 {
        // From several sessions, for one may not begin so many at once.
        let client = if n < 50 { ann.clone() } else { Client::new(&app).await };
        chats.push(begin(&client, "Ann").await);
    }
    let late = Client::new(&app).await;
    let request = r#"{"operation":"requestChat","nickname":"Ann"}"#;
    let answer = late.chat(request).await;
    assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(240)));
    late.chat(&chats[0].fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(late.chat(request).await["statusCode"], 0, "an ended chat counts no more");
}

#[tokio::test]
async fn there_are_only_so_many_chats_in_all() {
    let app = App::in_memory(config("[limits]\nmax_sessions = 1", ""));
    visitor(&app).await;
    let answer = Client::new(&app).await.chat(r#"{"operation":"requestChat","nickname":"Ben"}"#).await;
    assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(240)));
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    for limit in ["connections_per_address", "max_connections"] {
        let app = App::in_memory(config(&format!("[limits]\n{limit} = 2"), ""));
        let (first, _) = (Client::new(&app).await, Client::new(&app).await);
        let handshake =
            r#"[{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
        let reply = &post(&app, &[], handshake).await.messages()[0];
        assert_eq!((&reply["successful"], &reply["error"]), (&json!(false), &json!("403::too_many_sessions")));
        assert_eq!(reply["advice"], json!({"reconnect": "handshake", "interval": 5000}));
        first.send(r#"[{"channel":"/meta/disconnect","clientId":"$"}]"#).await;
        assert_eq!(post(&app, &[], handshake).await.messages()[0]["successful"], true);
    }
}

#[tokio::test]
async fn a_transcript_has_an_end() {
    let app = App::in_memory(config("[limits]\ntranscript_entries = 2", ""));
    let (ann, chat) = visitor(&app).await;
    let send = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#);
    assert_eq!(ann.chat(&send).await["statusCode"], 0);
    let answer = ann.chat(&send).await;
    assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(249)));
}

#[tokio::test]
async fn a_transcript_has_an_end_in_bytes_too() {
    let app = App::in_memory(config("[limits]\ntranscript_bytes = 5000", ""));
    let (ann, chat) = visitor(&app).await;
    let say = |operation: &str, text: &str| {
        let words = "x".repeat(2200);
        chat.fill(&format!(r#"{{"operation":"{operation}","secureKey":"$key",{text}"{words}"}}"#))
    };
    assert_eq!(ann.chat(&say("sendMessage", r#""message":"#)).await["statusCode"], 0);
    assert_eq!(ann.chat(&say("customNotice", r#""message":"#)).await["statusCode"], 0);
    let answer = ann.chat(&say("pushUrl", r#""pushUrl":"#)).await;
    assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(249)));
    let (ben, chat) = visitor(&app).await;
    let send = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#);
    assert_eq!(ben.chat(&send).await["statusCode"], 0, "each chat has its own");
}

#[tokio::test(start_paused = true)]
async fn keys_cannot_be_tried_out() {
    let app = App::in_memory(config("[desk]\nsign_in_burst = 2", ""));
    let stranger = Client::new(&app).await;
    let wrong = r#"{"operation":"signIn","name":"Jane","key":"guess"}"#;
    for code in [8210, 8210, 429] {
        assert_eq!(stranger.desk(wrong).await["errors"][0]["code"], code);
    }
    assert_eq!(
        stranger.desk(r#"{"operation":"signIn","name":"Jane","key":"jane-key"}"#).await["errors"][0]["code"],
        429
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    agent(&app, "Jane").await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_addresses_apart() {
    for (trust, second) in [(true, true), (false, false)] {
        let app =
            App::in_memory(config(&format!("trust_forwarded = {trust}\n[limits]\nconnections_per_address = 1"), ""));
        let handshake =
            r#"[{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
        for (address, opened) in [("1.1.1.1, 2.2.2.2", true), ("2.2.2.2, 3.3.3.3", second), ("4.4.4.4, 3.3.3.3", false)]
        {
            let reply = &post(&app, &[("x-forwarded-for", address)], handshake).await.messages()[0];
            assert_eq!(reply["successful"], opened, "{trust} {address}");
        }
    }
}

#[tokio::test]
async fn whoever_has_many_addresses_of_ipv6_has_one() {
    let app = App::in_memory(config(
        "trust_forwarded = true\n[limits]\nconnections_per_address = 2\nsessions_per_address = 1\n[desk]\nsign_in_burst = 1",
        "",
    ));
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    for (address, opened) in [
        ("2001:db8:1:1::1", true),
        ("2001:db8:1:1:ffff::2", true),
        ("2001:db8:1:1::3", false),
        ("2001:db8:1:2::1", true),
    ] {
        let reply = &post(&app, &[("x-forwarded-for", address)], handshake).await.messages()[0];
        assert_eq!(reply["successful"], opened, "{address}");
    }
    for (address, status) in [("2001:db8:2::1", 0), ("2001:db8:2::2", 1), ("2001:db8:2:1::1", 0)] {
        let (_, begun) =
            Rest::raw(&app, "/2/chat/default", &[FORM, ("x-forwarded-for", address)], "nickname=Ann").await;
        assert_eq!(begun["statusCode"], status, "{address}");
    }
}
