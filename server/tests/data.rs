//! Session data and the internal data: set, told, kept, and refused when there is too much.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::store::{MemoryStore, Store};
use common::{Chat, Client, Folder, JSON, Rest, config, kinds, notice, on, server, swept};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A visitor whose client reads session data, with the answer to the request.
async fn reader(app: &Arc<App>, members: &str) -> (Client, Value, Chat) {
    let client = Client::new(app).await;
    let request = format!(
        r#"{{"operation":"requestChat","nickname":"Ann","notices":1,"dataVersion":0,"emailAddress":"a@b.example"{members}}}"#
    );
    let first = client.chat(&request).await;
    assert_eq!(first["statusCode"], 0, "{first}");
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    let chat = Chat { id: text("chatId"), key: text("secureKey") };
    (client, first, chat)
}

fn update(chat: &Chat, members: &str) -> String {
    chat.fill(&format!(r#"{{"operation":"updateData","secureKey":"$key",{members}}}"#))
}

/// What the session data is, told to a client that has nothing of it.
async fn whole(app: &Arc<App>, chat: &Chat) -> Value {
    let resume =
        r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1,"dataVersion":0}"#;
    notice(&Client::new(app).await.chat(&chat.fill(resume)).await, "session-data")
}

#[tokio::test]
async fn session_data_is_told_word_for_word() {
    let (ann, first, chat) = reader(&server(), r#","userData":{"cart":{"items":3}}"#).await;
    let told = notice(&first, "session-data");
    let key = told["dataKey"].as_str().unwrap();
    assert_eq!(key.len(), 64);
    assert_eq!(
        told,
        json!({"version": 1, "from": 0, "set": {"cart": {"items": 3}}, "deleted": [], "limit": 10_485_760, "dataKey": key})
    );
    let answer = ann.chat(&update(&chat, r#""userData":{"name":"Ann"},"deleted":["cart"]"#)).await;
    assert_eq!(
        notice(&answer, "session-data"),
        json!({"version": 2, "from": 1, "set": {"name": "Ann"}, "deleted": ["cart"], "limit": 10_485_760})
    );
    assert_eq!((kinds(&answer), &answer["nextPosition"]), (vec!["null Notice 0".to_owned()], &json!(3)));
}

#[tokio::test]
async fn by_rest_too_the_answer_to_a_change_tells_it() {
    let ann = Rest::begin(&server(), "nickname=Ann&notices=1&dataVersion=0").await;
    for position in ["", "&transcriptPosition=3", "&transcriptPosition=0"] {
        let answer = ann.post("updateData", &format!("userData[cart]=3{position}")).await;
        assert_eq!(notice(&answer, "session-data")["set"], json!({"cart": "3"}), "{position}");
    }
}

#[tokio::test]
async fn by_rest_values_keep_their_types_where_they_come_as_json() {
    let ann = Rest::begin(&server(), "nickname=Ann&notices=1&dataVersion=0").await;
    let set = "userData=%7B%22n%22%3A1%2C%22all%22%3A%5B1%2C%222%22%2Cnull%5D%2C%22text%22%3A%22%7B%7D%22%7D";
    let answer = ann.post("updateData", set).await;
    assert_eq!(notice(&answer, "session-data")["set"], json!({"n": 1, "all": [1, "2", null], "text": "{}"}));
    let answer = ann.post("updateData", "deleted=%5B%22n%22%2C%22text%22%5D").await;
    assert_eq!(notice(&answer, "session-data")["deleted"], json!(["n", "text"]));
    let deep = format!("userData={}1{}", "%5B".repeat(100), "%5D".repeat(100));
    for wrong in [
        "userData=%7B",
        "userData=%5B1%5D",
        "userData=%7B%22a%22%3A%22%5Cud83d%22%7D",
        "deleted=%7B%7D",
        "deleted=%5B1%5D",
        &deep,
    ] {
        let answer = ann.post("updateData", wrong).await;
        assert_eq!(
            (&answer["statusCode"], &answer["errors"][0]["code"]),
            (&json!(1), &json!(400)),
            "{wrong}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_change_is_pushed_to_the_visitors_other_connections_only() {
    let app = server();
    let (ann, _, chat) = reader(&app, "").await;
    let (other, plain) = (Client::new(&app).await, Client::new(&app).await);
    let resume =
        r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1,"dataVersion":0}"#;
    other.chat(&chat.fill(resume)).await;
    plain.chat(&chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0}"#)).await;
    ann.chat(&update(&chat, r#""userData":{"a":1}"#)).await;
    assert_eq!(notice(&other.events().await[0], "session-data")["set"], json!({"a": 1}));
    assert!(plain.events().await.is_empty() && ann.events().await.is_empty());
}

#[tokio::test]
async fn a_client_is_told_what_it_has_not_had() {
    let app = server();
    let (ann, _, chat) = reader(&app, r#","userData":{"a":1,"b":2}"#).await;
    ann.chat(&update(&chat, r#""userData":{"c":3},"deleted":["a"]"#)).await;
    let resume =
        r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1,"dataVersion":1}"#;
    let told = notice(&Client::new(&app).await.chat(&chat.fill(resume)).await, "session-data");
    assert_eq!((&told["from"], &told["set"], &told["deleted"]), (&json!(1), &json!({"c": 3}), &json!(["a"])));
    assert_eq!(whole(&app, &chat).await["set"], json!({"b": 2, "c": 3}));
    let rest = Rest { app: app.clone(), id: chat.id.clone(), key: chat.key.clone(), first: json!(null) };
    let told = notice(&rest.post("refresh", "transcriptPosition=0&notices=1&dataVersion=2").await, "session-data");
    assert_eq!((&told["from"], &told["set"]), (&json!(2), &json!({})));
}

#[tokio::test]
async fn a_change_of_an_old_version_is_refused_with_what_came_since() {
    let (ann, _, chat) = reader(&server(), r#","userData":{"a":1}"#).await;
    assert_eq!(ann.chat(&update(&chat, r#""userData":{"a":2},"dataVersion":1"#)).await["statusCode"], 0);
    let refused = ann.chat(&update(&chat, r#""userData":{"a":3},"dataVersion":1"#)).await;
    assert_eq!((&refused["statusCode"], &refused["errors"][0]["code"]), (&json!(1), &json!(409)));
    let told = notice(&refused, "session-data");
    assert_eq!((&told["version"], &told["from"], &told["set"]), (&json!(2), &json!(1), &json!({"a": 2})));
}

#[tokio::test]
async fn a_repeated_change_is_done_once() {
    let (ann, _, chat) = reader(&server(), "").await;
    let change = update(&chat, r#""userData":{"a":1},"dataVersion":0,"messageId":"d1""#);
    let first = ann.chat(&change).await;
    ann.chat(&update(&chat, r#""userData":{"a":2}"#)).await;
    let again = ann.chat(&change).await;
    assert_eq!((&again["statusCode"], &first["statusCode"]), (&json!(0), &json!(0)));
    assert_eq!(notice(&again, "session-data")["set"], json!({"a": 2}), "it does not undo what came after");
}

#[tokio::test]
async fn beyond_ten_megabytes_nothing_is_stored() {
    let app = App::in_memory(config("[limits]\nsend_burst = 100", ""));
    let (ann, _, chat) = reader(&app, "").await;
    let part = "x".repeat(2_621_430);
    for name in ["a", "b", "c"] {
        assert_eq!(ann.chat(&update(&chat, &format!(r#""userData":{{"{name}":"{part}"}}"#))).await["statusCode"], 0);
    }
    let both = update(&chat, &format!(r#""userData":{{"d":"{part}","e":"and a few bytes more than there may be"}}"#));
    let refused = ann.chat(&both).await;
    assert_eq!((&refused["statusCode"], &refused["errors"][0]["code"]), (&json!(1), &json!(413)));
    let told = whole(&app, &chat).await;
    assert_eq!((told["set"].as_object().unwrap().len(), &told["version"]), (3, &json!(3)), "nothing of it");
    assert_eq!(ann.chat(&update(&chat, &format!(r#""userData":{{"d":"{part}"}}"#))).await["statusCode"], 0);
    let begun =
        format!(r#"{{"operation":"requestChat","nickname":"Ben","userData":{{"a":"{}"}}}}"#, "x".repeat(10_485_760));
    assert_eq!(ann.chat(&begun).await["errors"][0]["code"], 413);
}

#[tokio::test]
async fn what_is_no_data_is_refused() {
    let (ann, _, chat) = reader(&server(), "").await;
    let long = "n".repeat(257);
    for members in [
        r#""userData":"x""#,
        r#""userData":{"":1}"#,
        &format!(r#""userData":{{"{long}":1}}"#),
        r#""deleted":"a""#,
        r#""deleted":[1]"#,
        r#""userData":{"a":1},"dataVersion":"new""#,
        r#""message":"x""#,
    ] {
        assert_eq!(ann.chat(&update(&chat, members)).await["errors"][0]["code"], 400, "{members}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_spans_the_conversations_of_one_visitor() {
    let app = App::in_memory(config("", "ended_retention = 10\ndata_retention = 30"));
    let later = async |days: u64| {
        sleep(Duration::from_secs(days * 86_400)).await;
        app.sweep().await;
    };
    let (ann, first, chat) = reader(&app, r#","userData":{"a":1}"#).await;
    let key = notice(&first, "session-data")["dataKey"].as_str().unwrap().to_owned();
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    later(29).await;
    let (_, again, _) = reader(&app, &format!(r#","dataKey":"{key}","userData":{{"b":2}}"#)).await;
    let told = notice(&again, "session-data");
    assert_eq!((&told["set"], &told["dataKey"]), (&json!({"a": 1, "b": 2}), &json!(key)));
    assert_eq!(again["userId"], first["userId"]);
    let (_, stranger, _) = reader(&app, &format!(r#","dataKey":"{}x""#, &key[..63])).await;
    assert_eq!(notice(&stranger, "session-data")["set"], json!({}), "a key that is not right opens nothing");
    later(31).await;
    let (_, late, _) = reader(&app, &format!(r#","dataKey":"{key}""#)).await;
    assert_eq!(notice(&late, "session-data")["set"], json!({}), "after 30 days without activity it is deleted");
}

#[tokio::test(start_paused = true)]
async fn data_that_no_client_has_the_key_of_ends_with_the_session() {
    let store = Arc::new(MemoryStore::default());
    let app =
        swept(App::new(config("", "ended_retention = 10"), Clock::steady(), Arc::clone(&store) as Arc<dyn Store>));
    let ann = Rest::begin(&app, "nickname=Ann&userData[a]=1").await;
    let user = ann.first["userId"].as_str().unwrap().to_owned();
    assert_eq!(store.read_data(&user, 0).await.unwrap().set["a"].get(), "\"1\"");
    ann.post("disconnect", "").await;
    sleep(Duration::from_secs(11)).await;
    assert_eq!(store.read_data(&user, 0).await.unwrap().version, 0);
}

#[tokio::test(start_paused = true)]
async fn a_renewed_session_has_the_data_of_the_one_before() {
    let app = swept(App::in_memory(config("", "idle_timeout = 60")));
    let (ann, _, chat) = reader(&app, r#","userData":{"a":1}"#).await;
    ann.hold(r#","advice":{"timeout":300000}"#).await.unwrap();
    let renewed = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    let next = Chat { id: String::new(), key: renewed["secureKey"].as_str().unwrap().to_owned() };
    assert_eq!(whole(&app, &next).await["set"], json!({"a": 1}));
}

#[tokio::test]
async fn data_outlives_the_server() {
    let folder = Folder::new();
    let app = on(&folder, config("", "")).await;
    let (ann, _, chat) = reader(&app, r#","userData":{"a":{"b":["é",null]}}"#).await;
    ann.chat(&update(&chat, r#""userData":{"c":3}"#)).await;
    drop((app, ann));
    let app = on(&folder, config("", "")).await;
    assert_eq!(whole(&app, &chat).await["set"], json!({"a": {"b": ["é", null]}, "c": 3}));
}

#[tokio::test]
async fn the_internal_data_is_made_by_the_server() {
    let (ann, first, chat) = reader(&server(), r#","locale":"de-AT","userData":{"internal":{"botId":"mine"}}"#).await;
    assert_eq!(
        notice(&first, "internal"),
        json!({"botId": "", "sessionId": chat.id, "version": "LIVE", "channel": "default",
            "user": {"firstName": "Ann", "email": "a@b.example"}, "preferredLanguage": "de", "locale": "de-at",
            "nlp": {"expression": "", "intent": null, "entities": [], "intents": [],
                "sentiment": {"name": "neutral", "score": 0.5}},
            "currentDialogstate": {"name": "inQueue", "id": "4", "type": "STATUS"},
            "previousDialogstate": {"name": "invalid", "id": "0", "type": "STATUS"},
            "messageContent": "", "messageType": "intro"})
    );
    let said = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    let internal = notice(&said, "internal");
    assert_eq!((&internal["messageContent"], &internal["messageType"]), (&json!("Hi"), &json!("text")));
    assert_eq!(internal["nlp"]["expression"], "Hi");
    let thanks = r#"{"operation":"sendMessage","secureKey":"$key","message":"Thank you, that is great"}"#;
    let sentiment = notice(&ann.chat(&chat.fill(thanks)).await, "internal")["nlp"]["sentiment"].clone();
    assert_eq!(sentiment["name"], "positive");
    assert!(sentiment["score"].as_f64().is_some_and(|score| score > 0.5 && score <= 1.0), "{sentiment}");
}

#[tokio::test]
async fn the_internal_data_has_the_visitors_first_and_last_name() {
    let names = r#","firstName":"Anna","lastName":"Blum""#;
    let (_, first, _) = reader(&server(), names).await;
    let user = json!({"firstName": "Anna", "lastName": "Blum", "email": "a@b.example"});
    assert_eq!(notice(&first, "internal")["user"], user, "not the nickname beside them");
}

#[tokio::test]
async fn the_language_of_the_visitor_is_the_one_that_the_browser_asks_for() {
    let app = server();
    for (header, locale, expected) in [
        ("de-AT,de;q=0.9,en;q=0.8", "", ("de", "de-at")),
        ("fr;q=0.7", "", ("fr", "fr")),
        ("fr", r#","locale":"ja_JP""#, ("ja", "ja-jp")),
        ("*", "", ("en", "en-us")),
        ("<script>", "", ("en", "en-us")),
    ] {
        let body = format!(r#"{{"nickname":"Ann","notices":1,"dataVersion":0{locale}}}"#);
        let answer = Rest::raw(&app, "/2/chat/default", &[JSON, ("accept-language", header)], body).await.1;
        let internal = notice(&answer, "internal");
        assert_eq!((&internal["preferredLanguage"], &internal["locale"]), (&json!(expected.0), &json!(expected.1)));
    }
    let hello = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let shaken = common::post(&app, &[("accept-language", "es-MX")], hello).await;
    let cookie = shaken.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let client = shaken.messages()[0]["clientId"].as_str().unwrap().to_owned();
    let begin = format!(
        r#"[{{"channel":"/service/chatV2/default","clientId":"{client}","data":{{"operation":"requestChat","nickname":"Ann","notices":1,"dataVersion":0}}}},
            {{"channel":"/meta/connect","connectionType":"long-polling","clientId":"{client}","advice":{{"timeout":0}}}}]"#
    );
    let begun = common::post(&app, &[("cookie", &cookie)], begin).await.messages();
    let event = begun.iter().find(|message| message["data"].is_object()).unwrap();
    assert_eq!(notice(&event["data"], "internal")["locale"], "es-mx", "as the handshake said");
}

#[tokio::test]
async fn what_the_faq_finds_is_the_intent() {
    let faq = "[channels.faq]\nentries = [{ id = \"return\", question = \"How to return?\", answer = \"So.\" }]";
    let (ann, _, chat) = reader(&App::in_memory(config("", faq)), "").await;
    let said = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"return"}"#)).await;
    let nlp = notice(&said, "internal")["nlp"].clone();
    assert_eq!((&nlp["intent"], &nlp["intents"][0]), (&json!({"name": "return", "score": 1.0}), &nlp["intent"]));
    let answer = r#"{"operation":"customNotice","secureKey":"$key","message":"answer-faq","userData":{"id":"return","accepted":false}}"#;
    assert_eq!(notice(&ann.chat(&chat.fill(answer)).await, "internal")["messageType"], "postback");
}

#[tokio::test]
async fn a_client_that_does_not_ask_for_data_gets_none() {
    let app = server();
    let (ann, first, chat) = common::reading(&app).await;
    assert!(!first.to_string().contains("session-data") && !first.to_string().contains("internal"));
    let answer = ann.chat(&update(&chat, r#""userData":{"a":1}"#)).await;
    assert_eq!(notice(&answer, "session-data")["set"], json!({"a": 1}), "but the answer to what it asks");
    let plain = Rest::begin(&app, "nickname=Ann").await;
    let path = format!("/2/chat/default/{}/updateData", plain.id);
    let body = format!(r#"{{"secureKey":"{}","userData":{{"a":1}}}}"#, plain.key);
    assert_eq!(Rest::raw(&app, &path, &[JSON], body).await.1["messages"], json!([]));
}
