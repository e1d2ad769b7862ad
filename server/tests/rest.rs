//! Chat v2 by REST: paths, bodies, answers, and what is refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::Method;
use causerie_server::{App, app};
use common::{Client, FORM, JSON, Rest, agent, config, kinds, notice, request, server, swept, visitor};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The answer with what no test can know replaced.
fn known(mut answer: Value) -> Value {
    for name in ["chatId", "userId", "secureKey"] {
        if let Some(member) = answer.get_mut(name) {
            assert!(member.as_str().unwrap().len() >= 16);
            *member = json!(name);
        }
    }
    for entry in answer["messages"].as_array_mut().unwrap() {
        assert!(entry["utcTime"].as_u64().unwrap() > 1_600_000_000_000);
        entry["utcTime"] = json!(0);
    }
    answer
}

#[tokio::test]
async fn a_conversation_by_forms_word_for_word() {
    let app = server();
    let ann = Rest::begin(&app, "nickname=Ann&subject=Shoes&userData[size]=42").await;
    assert_eq!(
        known(ann.first.clone()),
        json!({"statusCode": 0, "chatId": "chatId", "userId": "userId", "alias": "1", "secureKey": "secureKey",
            "nextPosition": 2, "chatEnded": false, "messages": [
                {"index": 1, "type": "ParticipantJoined", "utcTime": 0,
                    "from": {"nickname": "Ann", "participantId": 1, "type": "Client"}}]})
    );
    let sent = ann.post("send", "message=Hello+%26+good+day&messageType=text&messageId=m1").await;
    assert_eq!(
        known(sent),
        json!({"statusCode": 0, "chatId": "chatId", "userId": "userId", "alias": "1", "secureKey": "secureKey",
            "nextPosition": 3, "chatEnded": false, "messages": [
                {"index": 2, "type": "Message", "utcTime": 0, "text": "Hello & good day", "messageType": "text",
                    "messageId": "m1", "from": {"nickname": "Ann", "participantId": 1, "type": "Client"}}]})
    );
    let end = ann.post("disconnect", "").await;
    assert_eq!((&end["statusCode"], &end["chatEnded"]), (&json!(0), &json!(true)));
    assert_eq!(kinds(&end), ["3 ParticipantLeft 1"]);
}

#[tokio::test]
async fn every_operation_has_its_address() {
    let app = server();
    let ann = Rest::begin(&app, "firstName=Ann&lastName=Bell").await;
    assert_eq!(ann.first["messages"][0]["from"]["nickname"], "Ann Bell");
    for (operation, body, made) in [
        ("send", "message=Hi", vec!["2 Message 1"]),
        ("pushUrl", "pushUrl=https%3A%2F%2Fshop.example%2F", vec!["3 PushUrl 1"]),
        ("updateNickname", "nickname=Annie", vec!["4 NicknameUpdated 1"]),
        ("customNotice", "message=looks-at-cart", vec!["5 CustomNotice 1"]),
        ("updateData", "userData[cart]=3", vec![]),
        ("startTyping", "message=I+am", vec![]),
        ("stopTyping", "", vec![]),
        ("refresh", "transcriptPosition=4", vec!["4 NicknameUpdated 1", "5 CustomNotice 1"]),
        ("refresh", "transcriptPosition=0", vec![]),
        ("disconnect", "", vec!["6 ParticipantLeft 1"]),
    ] {
        let answer = ann.post(operation, body).await;
        assert_eq!(answer["statusCode"], 0, "{operation}: {answer}");
        assert_eq!(kinds(&answer), made, "{operation}");
    }
    let all = ann.post("refresh", "").await;
    assert_eq!((kinds(&all).len(), &all["nextPosition"], &all["chatEnded"]), (6, &json!(7), &json!(true)));
}

#[tokio::test]
async fn json_says_the_same_as_a_form() {
    let app = server();
    let body = r#" {"nickname":"Ann","userData":{"cart":{"items":3}}} "#;
    let (_, first) = Rest::raw(&app, "/2/chat/default", &[JSON], body).await;
    assert_eq!(first["statusCode"], 0, "{first}");
    let ann = Rest::of(&app, first);
    let path = format!("/2/chat/default/{}/send", ann.id);
    let body = format!(r#"{{"secureKey":"{}","message":"a\ud83d","operation":"disconnect"}}"#, ann.key);
    let response = request(causerie_server::app(app), Method::POST, &path, &[JSON], body).await;
    assert_eq!(response.status, 200);
    assert!(response.body.contains(r#""text":"a\ud83d""#), "even half a character: {}", response.body);
}

#[tokio::test]
async fn what_a_form_can_not_say_of_user_data_stands_beside_it_as_json() {
    let app = server();
    let user_data = "userData[cart][items]=3&userDataJson=%7B%22cart%22%3A%7B%22items%22%3A%5B3%2Cnull%5D%7D%7D";
    let ann = Rest::begin(&app, &format!("nickname=Ann&notices=1&dataVersion=0&{user_data}")).await;
    assert_eq!(notice(&ann.first, "session-data")["set"], json!({"cart": {"items": [3, null]}}));
    let ben = Rest::raw(&app, "/2/chat/default", &[FORM], "nickname=Ben&userDataJson=%7B%22cart%22").await.1;
    assert_eq!(ben["statusCode"], 1, "what is no JSON is refused");
}

#[tokio::test]
async fn an_answer_holds_the_transcript_from_where_it_is_asked_for() {
    let app = server();
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&ann.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let all = ann.post("send", "message=Hi&transcriptPosition=2").await;
    assert_eq!(kinds(&all), ["2 ParticipantJoined 2", "3 Message 1"]);
    assert!(kinds(&ann.post("send", "message=Hi&transcriptPosition=0").await).is_empty());
    let end = ann.post("disconnect", "transcriptPosition=4").await;
    assert_eq!(kinds(&end), ["4 Message 1", "5 ParticipantLeft 2", "6 ParticipantLeft 1"]);
}

#[tokio::test]
async fn a_chat_goes_on_over_the_other_wire() {
    let app = server();
    let (bayeux, chat) = visitor(&app).await;
    let rest = Rest { app: app.clone(), id: chat.id.clone(), key: chat.key.clone(), first: Value::Null };
    rest.post("send", "message=From+REST&messageId=m1").await;
    assert_eq!(kinds(&bayeux.events().await[0]), ["2 Message 1"]);
    bayeux.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"From Bayeux"}"#)).await;
    assert_eq!(kinds(&rest.post("refresh", "transcriptPosition=3").await), ["3 Message 1"]);
    let again = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"From REST","messageId":"m1"}"#);
    assert_eq!(kinds(&bayeux.chat(&again).await), ["2 Message 1"], "known over both wires");
    let begun = Rest::begin(&app, "nickname=Ben").await;
    let client = Client::new(&app).await;
    let resume = begun.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1}"#);
    assert_eq!(kinds(&client.chat(&resume).await), ["1 ParticipantJoined 1"]);
}

#[tokio::test(start_paused = true)]
async fn an_agents_typing_is_told_while_it_lasts() {
    let app = server();
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&ann.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let typing = async || {
        let answer = ann.post("refresh", "transcriptPosition=3").await;
        kinds(&answer)
    };
    assert!(typing().await.is_empty());
    jane.desk(&ann.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    assert_eq!(typing().await, ["null TypingStarted 2"]);
    jane.desk(&ann.fill(r#"{"operation":"stopTyping","chatId":"$chat"}"#)).await;
    assert_eq!(typing().await, ["null TypingStopped 2"]);
    jane.desk(&ann.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    jane.desk(&ann.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    assert_eq!(typing().await, ["3 Message 2"]);
    jane.desk(&ann.fill(r#"{"operation":"startTyping","chatId":"$chat"}"#)).await;
    sleep(Duration::from_secs(16)).await;
    assert_eq!(typing().await, ["3 Message 2"]);
}

#[tokio::test]
async fn requests_and_messages_that_are_repeated_are_done_once() {
    let app = server();
    let request = format!("nickname=Ann&messageId={}", "r".repeat(24));
    let (first, again) = (Rest::begin(&app, &request).await, Rest::begin(&app, &request).await);
    assert_eq!((&first.id, &first.key), (&again.id, &again.key));
    let answer = first.post("send", "message=Hi&messageId=m1").await;
    assert_eq!(first.post("send", "message=Hi&messageId=m1").await, answer);
    let (status, guessed) = Rest::raw(&app, "/2/chat/default", &[FORM], "nickname=Ann&messageId=m1").await;
    assert_eq!((status, &guessed["statusCode"]), (200, &json!(0)));
    let (_, guessed) = Rest::raw(&app, "/2/chat/default", &[FORM], "nickname=Ann&messageId=m1").await;
    assert_eq!((&guessed["statusCode"], &guessed["errors"][0]["code"]), (&json!(1), &json!(400)));
    assert_eq!(app.floor.len(), 2);
}

#[tokio::test]
async fn chat_v2s_own_refusals_are_answers() {
    let app = server();
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let other = Rest::begin(&app, "nickname=Ben").await;
    let path = |id: &str| format!("/2/chat/default/{id}/send");
    for (path, body, status, code, ended) in [
        ("/2/chat/default".to_owned(), "subject=x".to_owned(), 1, 161, false),
        ("/2/chat/nowhere".to_owned(), "nickname=Ann".to_owned(), 2, 404, true),
        (path(&ann.id), "message=Hi".to_owned(), 1, 400, false),
        (path(&ann.id), "secureKey=wrong&message=Hi".to_owned(), 2, 8210, true),
        (path(&other.id), format!("secureKey={}&message=Hi", ann.key), 2, 8210, true),
        (path(&ann.id), format!("secureKey={}&message=", ann.key), 1, 204, false),
        (path(&ann.id), format!("secureKey={}&message=Hi&transcriptPosition=-1", ann.key), 1, 400, false),
    ] {
        let (http, answer) = Rest::raw(&app, &path, &[FORM], body.clone()).await;
        let got = (http, &answer["statusCode"], &answer["errors"][0]["code"], &answer["chatEnded"]);
        assert_eq!(got, (200, &json!(status), &json!(code), &json!(ended)), "{path} {body}: {answer}");
        assert_eq!(answer["messages"], json!([]));
    }
}

#[tokio::test]
async fn what_is_no_chat_v2_is_an_http_error_of_the_same_shape() {
    let app = App::in_memory(config("[limits]\nframe_bytes = 1000", ""));
    for (path, headers, body, status) in [
        ("/2/chat/default/id/frobnicate", vec![FORM], String::new(), 404),
        ("/2/chat/default/id", vec![FORM], String::new(), 404),
        ("/2/chat/default/id/send/more", vec![FORM], String::new(), 404),
        ("/2/chat/", vec![FORM], "nickname=Ann".to_owned(), 404),
        ("/2/chat/default/%ff/send", vec![FORM], String::new(), 404),
        ("/2/chat/default", vec![("content-type", "multipart/form-data")], String::new(), 415),
        ("/2/chat/default", vec![], String::new(), 415),
        ("/2/chat/default", vec![JSON], "{".to_owned(), 400),
        ("/2/chat/default", vec![JSON], "[]".to_owned(), 400),
        ("/2/chat/default", vec![JSON], format!("{{\"userData\":{}1{}}}", "[".repeat(70), "]".repeat(70)), 400),
        ("/2/chat/default", vec![FORM], "nickname=%ff".to_owned(), 400),
        ("/2/chat/default", vec![FORM], format!("nickname={}", "a".repeat(1001)), 413),
        ("/2/chat/default", vec![FORM, ("origin", "https://evil.example")], "nickname=Ann".to_owned(), 403),
    ] {
        let (http, answer) = Rest::raw(&app, path, &headers, body.clone()).await;
        assert_eq!(http, status, "{path} {body}: {answer}");
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(status)));
        assert_eq!((&answer["chatEnded"], &answer["messages"]), (&json!(false), &json!([])));
    }
    let get = request(causerie_server::app(app), Method::GET, "/2/chat/default", &[], "").await;
    assert_eq!((get.status.as_u16(), &get.headers["allow"]), (405, &"POST, OPTIONS".parse().unwrap()));
}

#[tokio::test]
async fn pages_of_other_origins_are_granted_or_refused_as_on_bayeux() {
    let state = App::in_memory(config(r#"allowed_origins = ["https://shop.example"]"#, ""));
    let headers = [FORM, ("origin", "https://shop.example")];
    let post = request(app(state.clone()), Method::POST, "/2/chat/default", &headers, "nickname=Ann").await;
    assert_eq!(post.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", "https://shop.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "Retry-After"),
        ("vary", "Origin"),
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(post.headers[name], value);
    }
    let preflight = request(app(state.clone()), Method::OPTIONS, "/2/chat/default/id/send", &headers, "").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-methods"], "POST, OPTIONS");
    assert_eq!(preflight.headers["access-control-allow-headers"], "Content-Type");
    let foreign = [FORM, ("origin", "https://evil.example")];
    assert_eq!(request(app(state), Method::OPTIONS, "/2/chat/default", &foreign, "").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn too_many_operations_are_told_when_to_come_again() {
    let app = App::in_memory(config("[limits]\nsend_burst = 2\nsend_rate = 0.5\nsessions_per_address = 3", ""));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    for (operation, body) in [("send", "message=Hi"), ("refresh", ""), ("startTyping", "")] {
        for _ in 0..2 {
            assert_eq!(ann.post(operation, body).await["statusCode"], 0);
        }
        let response = ann.response(operation, body).await;
        let answer: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!((&answer["statusCode"], &answer["errors"][0]["code"]), (&json!(1), &json!(429)), "{operation}");
        assert_eq!(answer["errors"][0]["retryAfter"], 2);
        assert_eq!((response.status.as_u16(), &response.headers["retry-after"]), (200, &"2".parse().unwrap()));
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(ann.post("send", "message=Hi").await["statusCode"], 0);
}

#[tokio::test(start_paused = true)]
async fn starts_are_limited_by_address() {
    let app = swept(App::in_memory(config("[limits]\nsend_burst = 3\nsessions_per_address = 2", "")));
    let start =
        async || Rest::raw(&app, "/2/chat/default", &[FORM], "nickname=Ann").await.1["errors"][0]["code"].clone();
    assert_eq!([start().await, start().await, start().await], [Value::Null, Value::Null, json!(240)]);
    assert_eq!(start().await, 429);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(start().await, 240);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_is_there_as_long_as_requests_come() {
    let app = swept(App::in_memory(config("", "idle_timeout = 0\nvisitor_timeout = 40")));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    for _ in 0..5 {
        sleep(Duration::from_secs(39)).await;
        assert_eq!(ann.post("refresh", "transcriptPosition=0").await["chatEnded"], false);
    }
    let jane = agent(&app, "Jane").await;
    let start = Instant::now();
    jane.desk(&ann.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    let held = jane.hold(r#","advice":{"timeout":300000}"#).await.unwrap();
    assert_eq!((start.elapsed().as_secs(), kinds(&held[0]["data"]).len()), (40, 2));
    assert_eq!(ann.post("refresh", "transcriptPosition=0").await["chatEnded"], true);
}
