//! The connect over HTTP: held, released, renewed, expired.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use common::{Client, begin, config, in_chat, post, server, swept};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_connect_is_held_for_the_advised_time() {
    let client = Client::new(&server()).await;
    let start = Instant::now();
    let replies = client.hold("").await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(replies[0]["successful"], true);
    assert_eq!(replies[0]["id"], "h");
    assert_eq!(replies[0]["advice"], json!({"reconnect": "retry", "interval": 0, "timeout": 30000}));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_that_a_client_asks_for_is_honoured() {
    let client = Client::new(&server()).await;
    for seconds in [0, 5, 60] {
        let start = Instant::now();
        client.hold(&format!(r#","advice":{{"timeout":{}}}"#, seconds * 1000)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_releases_the_held_connect_and_comes_before_the_reply() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let held = ann.hold("");
    tokio::task::yield_now().await;
    let start = Instant::now();
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    let messages = held.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(messages[0]["data"]["messages"][0]["text"], "Hello");
    assert!(messages[0].get("id").is_none(), "what is pushed carries no id");
    assert_eq!(messages[1]["channel"], "/meta/connect");
}

#[tokio::test(start_paused = true)]
async fn a_second_connect_releases_the_older() {
    let (ann, jane, chat) = in_chat(&server()).await;
    let older = ann.hold("");
    tokio::task::yield_now().await;
    let newer = ann.hold("");
    let start = Instant::now();
    let released = older.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(released[0]["advice"]["multiple-clients"], true);
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    assert_eq!(newer.await.unwrap().len(), 2, "the event goes to the newer");
}

#[tokio::test(start_paused = true)]
async fn a_connect_among_other_messages_is_not_held() {
    let client = Client::new(&server()).await;
    let start = Instant::now();
    let replies = client
        .send(r#"[{"id":"2","channel":"/meta/subscribe","clientId":"$","subscription":"/service/chatV2/default"},{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Ann"}},{"id":"4","channel":"/meta/connect","clientId":"$","connectionType":"long-polling"}]"#)
        .await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    let ids: Vec<_> =
        replies.iter().map(|reply| (reply["id"].as_str().unwrap(), reply.get("data").is_some())).collect();
    assert_eq!(ids, [("3", true), ("2", false), ("3", false), ("4", false)], "events before replies");
}

#[tokio::test]
async fn connects_with_missing_or_wrong_members_are_refused() {
    let client = Client::new(&server()).await;
    let replies = client.send(r#"[{"channel":"/meta/connect","clientId":"$"},{"channel":"/meta/connect","clientId":"$","connectionType":"pigeon"},{"channel":"/meta/connect","clientId":7,"connectionType":"long-polling"}]"#).await;
    assert_eq!(replies[0]["error"], "400::connectionType_missing");
    assert_eq!(replies[1]["error"], "400::connectionType_unsupported");
    assert_eq!(replies[2]["error"], "400:clientId:a string is expected, a number came");
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_connect_expires() {
    let app = swept(server());
    let client = Client::new(&app).await;
    client.events().await;
    advance(Duration::from_secs(9)).await;
    client.events().await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let reply =
        &client.send(r#"[{"channel":"/meta/connect","clientId":"$","connectionType":"long-polling"}]"#).await[0];
    assert_eq!(reply["error"], "402::session_unknown");
    assert!(app.hub.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_expire_while_its_connect_is_held() {
    let app = swept(server());
    let client = Client::new(&app).await;
    client.hold(r#","advice":{"timeout":120000}"#).await.unwrap();
    assert_eq!(app.hub.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_lets_its_session_expire() {
    let app = swept(server());
    let client = Client::new(&app).await;
    let held = client.hold(r#","advice":{"timeout":120000}"#);
    tokio::task::yield_now().await;
    held.abort();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(app.hub.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_releases_the_held_connect_for_good() {
    let app = server();
    let client = Client::new(&app).await;
    let held = client.hold("");
    tokio::task::yield_now().await;
    let start = Instant::now();
    let reply = &client.send(r#"[{"id":"9","channel":"/meta/disconnect","clientId":"$"}]"#).await[0];
    assert_eq!((&reply["successful"], &reply["id"]), (&json!(true), &json!("9")));
    assert_eq!(held.await.unwrap()[0]["advice"]["reconnect"], "none");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(app.hub.is_empty());
}

#[tokio::test]
async fn only_the_chat_and_the_desk_may_be_subscribed_to() {
    let client = Client::new(&server()).await;
    for (subscription, error) in [
        (r#""/service/chatV2/default""#, None),
        (r#"["/service/chatV2/default","/service/desk"]"#, None),
        (r#""/service/other""#, Some("403::subscribe_denied")),
        (r#"["/service/desk","/chat/**"]"#, Some("403::subscribe_denied")),
        (r#""/service/chatV2/*""#, Some("403::subscribe_denied")),
        (r#""no slash""#, Some("405::subscription_invalid")),
        ("7", Some("400:subscription:a string or an array of strings is expected, a number came")),
        ("[]", Some("400:subscription:a string or an array of strings is expected, an array came")),
    ] {
        let reply = &client
            .send(&format!(
                r#"[{{"id":"5","channel":"/meta/subscribe","clientId":"$","subscription":{subscription}}}]"#
            ))
            .await[0];
        assert_eq!(reply["successful"], error.is_none(), "{subscription}");
        assert_eq!(reply.get("error").and_then(|error| error.as_str()), error);
    }
    let reply =
        &client.send(r#"[{"channel":"/meta/unsubscribe","clientId":"$","subscription":"/service/desk"}]"#).await[0];
    assert_eq!(reply["successful"], true);
    let replies = client.send(r#"[{"channel":"/meta/subscribe","clientId":"$"},{"channel":"/meta/other","clientId":"$"},{"channel":"/other","clientId":"$","data":1}]"#).await;
    let errors: Vec<_> = replies.iter().map(|reply| reply["error"].as_str().unwrap()).collect();
    assert_eq!(errors, ["400::subscription_missing", "404::channel_unknown", "403::publish_denied"]);
}

#[tokio::test]
async fn a_client_that_fetches_nothing_loses_its_session_not_single_events() {
    let app = App::in_memory(config("[limits]\nqueue_events = 3", ""));
    let (ann, jane, chat) = in_chat(&app).await;
    for _ in 0..4 {
        jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    }
    let reply = &ann.send(r#"[{"channel":"/meta/connect","clientId":"$","connectionType":"long-polling"}]"#).await[0];
    assert_eq!(reply["advice"]["reconnect"], "handshake");
    let again = Client::new(&app).await;
    let answer = again
        .chat(&chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":3}"#))
        .await;
    assert_eq!(answer["messages"].as_array().unwrap().len(), 4);
    begin(&again, "Ben").await;
}

#[tokio::test(start_paused = true)]
async fn the_tabs_of_a_browser_leave_it_connections_for_everything_else() {
    let app = server();
    let first = Client::new(&app).await;
    let mut tabs = vec![first.clone()];
    while tabs.len() < 5 {
        let body = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
        let reply = &post(&app, &[("cookie", &first.cookie)], body).await.messages()[0];
        tabs.push(Client { id: reply["clientId"].as_str().unwrap().to_owned(), ..first.clone() });
    }
    let held: Vec<_> = tabs[..4].iter().map(|tab| tab.hold("")).collect();
    tokio::task::yield_now().await;
    let start = Instant::now();
    let reply = tabs[4].hold("").await.unwrap().remove(0);
    assert_eq!(start.elapsed(), Duration::ZERO, "it is not held");
    assert_eq!(reply["successful"], true);
    let advice = json!({"reconnect": "retry", "interval": 2000, "timeout": 30000, "multiple-clients": true});
    assert_eq!(reply["advice"], advice);
    // A browser of its own is another matter, and so is a tab that begins its own connect anew.
    let stranger = Client::new(&app).await.hold("");
    let again = tabs[0].hold("");
    assert!(!held[1].is_finished());
    for reply in [stranger, again] {
        assert_eq!(reply.await.unwrap()[0]["advice"]["interval"], 0);
        assert_eq!(start.elapsed().as_secs(), 30);
    }
    for held in held {
        held.await.unwrap();
    }
    let held = tabs[4].hold("");
    held.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 60, "there is room again");
}

#[tokio::test]
async fn who_holds_a_connect_when_there_were_too_many_events_begins_anew_and_does_not_stop() {
    let app = App::in_memory(config("[limits]\nqueue_events = 3", ""));
    let (ann, jane, chat) = in_chat(&app).await;
    let held = ann.hold("");
    tokio::task::yield_now().await;
    let say = chat.fill(
        r#"{"channel":"/service/desk","clientId":"$","data":{"operation":"sendMessage","chatId":"$chat","message":"Hello"}}"#,
    );
    jane.send(&format!("[{say},{say},{say},{say}]").replace("$chat", &chat.id)).await;
    let reply = held.await.unwrap().remove(0);
    assert_eq!((&reply["id"], &reply["successful"]), (&json!("h"), &json!(false)));
    assert_eq!((&reply["error"], &reply["advice"]["reconnect"]), (&json!("402::session_unknown"), &json!("handshake")));
}
