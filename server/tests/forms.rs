//! Forms: asked for, filled in, refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::config::Config;
use common::{
    Chat, Client, FORM, Folder, JSON, Rest, agent, config, forms, heard, kinds, logged, notice, reading, scripted,
    statuses, swept,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

fn with(kind: &str) -> Arc<App> {
    App::in_memory(config("", &forms(kind)))
}

async fn submit(client: &Client, chat: &Chat, kind: &str, values: &Value) -> Value {
    let operation = format!(
        r#"{{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{{"kind":"{kind}","values":{values}}}}}"#
    );
    client.chat(&chat.fill(&operation)).await
}

fn filled() -> Value {
    json!({"nickname": "Ann Bell", "email": "ann@mail.example", "topic": "Tea", "terms": true, "stars": 5})
}

#[tokio::test]
async fn the_pre_chat_form_is_asked_for_word_for_word() {
    let (_, first, _) = reading(&with("pre_chat")).await;
    assert_eq!(statuses(&first), ["0 1 begin"]);
    let form = &first["messages"][2];
    assert_eq!(
        *form,
        json!({"type": "Notice", "utcTime": form["utcTime"], "text": "form",
            "from": {"nickname": "System", "participantId": 0, "type": "External"},
            "userData": {"kind": "pre-chat", "fields": [
                {"name": "nickname", "label": "Your name", "type": "text", "required": true, "maxLength": 40},
                {"name": "email", "label": "E-mail", "type": "email", "required": true},
                {"name": "topic", "label": "Topic", "type": "select", "required": false, "options": ["Tea", "Cups"]},
                {"name": "order", "label": "Order", "type": "text", "required": false, "pattern": "[A-Z]{2}[0-9]+"},
                {"name": "terms", "label": "I agree", "type": "checkbox", "required": true},
                {"name": "stars", "label": "How was it?", "type": "rating", "required": false},
                {"name": "words", "label": "Tell us", "type": "textarea", "required": false}]}})
    );
}

#[tokio::test]
async fn a_form_that_is_filled_in_leads_to_the_queue_and_is_shown_to_agents() {
    let app = with("pre_chat");
    let (ann, _, chat) = reading(&app).await;
    let jane = agent(&app, "Jane").await;
    let answer = submit(&ann, &chat, "pre-chat", &filled()).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    assert_eq!(kinds(&answer), ["3 Notice 0", "4 NicknameUpdated 1", "5 Notice 0"]);
    assert_eq!(
        (notice(&answer, "form-submitted"), statuses(&answer)),
        (json!({"kind": "pre-chat"}), vec!["1 4 pre-chat-submitted".into()])
    );
    let queue = jane.events().await[0]["queue"].clone();
    assert_eq!((&queue[0]["nickname"], &queue[0]["status"]), (&json!("Ann Bell"), &json!(4)));
    assert_eq!(
        queue[0]["forms"],
        json!({"pre-chat": {"nickname": "Ann Bell", "email": "ann@mail.example", "topic": "Tea", "terms": "true", "stars": "5"}})
    );
    let twice = submit(&ann, &chat, "pre-chat", &filled()).await;
    assert_eq!((&twice["statusCode"], &twice["errors"][0]["code"]), (&json!(1), &json!(249)));
}

#[tokio::test]
async fn each_wrong_field_is_named_and_the_form_stays() {
    let (ann, _, chat) = reading(&with("pre_chat")).await;
    let values = json!({"nickname": "  ", "email": "ann@", "topic": "Soup", "order": "xAB1", "terms": "false",
        "stars": 6, "words": "fine\nreally", "other": "1"});
    let answer = submit(&ann, &chat, "pre-chat", &values).await;
    let wrong: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(
        (&answer["statusCode"], wrong),
        (&json!(1), vec!["nickname", "email", "topic", "order", "terms", "stars", "other"])
    );
    assert!(
        answer["errors"].as_array().unwrap().iter().all(|error| error["code"] == 422 && error["advice"].is_string())
    );
    assert_eq!(answer["messages"], json!([]));
    assert!(!answer.to_string().contains("Soup"), "what was filled in is not repeated");
    assert_eq!(submit(&ann, &chat, "pre-chat", &filled()).await["statusCode"], 0);
}

#[tokio::test]
async fn hostile_values_are_refused_or_kept_as_they_are() {
    let (ann, _, chat) = reading(&with("pre_chat")).await;
    let with = |name: &str, value: &str| {
        let mut values = filled();
        values[name] = json!(value);
        values
    };
    for (name, value) in [
        ("nickname", "Ann\r\nBcc: all@mail.example"),
        ("nickname", "Ann\u{0}"),
        ("nickname", &"a".repeat(41)),
        ("email", "ann@mail.example\r\n"),
        ("email", "a@b@c.example"),
        ("email", "<ann@mail.example>"),
        ("words", &"a".repeat(5001)),
        ("order", "AB12\nCD34"),
    ] {
        assert_eq!(submit(&ann, &chat, "pre-chat", &with(name, value)).await["errors"][0]["field"], name, "{value:?}");
    }
    for carried in
        [r#""x""#, "[]", "{}", r#"{"kind":"pre-chat","values":[]}"#, r#"{"kind":"pre-chat","values":{"email":{}}}"#]
    {
        let operation = format!(
            r#"{{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{carried}}}"#
        );
        assert_eq!(ann.chat(&chat.fill(&operation)).await["errors"][0]["code"], 400, "{carried}");
    }
    let answer = submit(&ann, &chat, "pre-chat", &with("nickname", "<script>alert(1)</script>")).await;
    assert_eq!(answer["messages"][1]["from"]["nickname"], "<script>alert(1)</script>");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_taken_once() {
    let (ann, _, chat) = reading(&with("pre_chat")).await;
    let operation = chat.fill(&format!(
        r#"{{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{{"kind":"pre-chat","values":{}}},"messageId":"f1"}}"#,
        filled()
    ));
    let first = ann.chat(&operation).await;
    let again = ann.chat(&operation).await;
    assert_eq!((&again["statusCode"], &again["messages"][0]), (&json!(0), &first["messages"][0]));
    assert_eq!((&again["messages"][0]["messageId"], &again["nextPosition"]), (&json!("f1"), &first["nextPosition"]));
}

#[tokio::test]
async fn a_form_is_asked_for_again_after_a_reload_and_by_rest() {
    let app = with("pre_chat");
    let (_, _, chat) = reading(&app).await;
    let again = Client::new(&app).await;
    let resume = r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1}"#;
    assert_eq!(notice(&again.chat(&chat.fill(resume)).await, "form")["kind"], "pre-chat");
    let ben = Rest::begin(&app, "nickname=Ben&notices=1").await;
    assert_eq!(notice(&ben.first, "form")["kind"], "pre-chat");
    let wrong = ben.post("customNotice", "message=submit-form&userData[kind]=pre-chat&userData[values][email]=x").await;
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 3);
    assert_eq!(notice(&ben.post("refresh", "transcriptPosition=3&notices=1").await, "form")["kind"], "pre-chat");
    let body = format!(
        r#"{{"secureKey":"{}","message":"submit-form","userData":{{"kind":"pre-chat","values":{}}}}}"#,
        ben.key,
        filled()
    );
    let path = format!("/2/chat/default/{}/customNotice", ben.id);
    assert_eq!(statuses(&Rest::raw(&app, &path, &[JSON], body).await.1), ["1 4 pre-chat-submitted"]);
}

#[tokio::test]
async fn what_is_written_meanwhile_is_not_lost() {
    let app = with("pre_chat");
    let (ann, _, chat) = reading(&app).await;
    let answer = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi"}"#)).await;
    assert_eq!((&answer["statusCode"], statuses(&answer).len()), (&json!(0), 0));
    submit(&ann, &chat, "pre-chat", &filled()).await;
    let jane = agent(&app, "Jane").await;
    let all = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert!(kinds(&all).contains(&"3 Message 1".to_owned()));
}

/// A visitor whose chat an agent has finished.
async fn finished(app: &Arc<App>) -> (Client, Client, Chat) {
    let (ann, _, chat) = reading(app).await;
    let jane = agent(app, "Jane").await;
    for operation in ["accept", "endChat"] {
        jane.desk(&chat.fill(&format!(r#"{{"operation":"{operation}","chatId":"$chat"}}"#))).await;
    }
    (ann, jane, chat)
}

#[tokio::test]
async fn the_post_chat_form_is_asked_for_when_the_chat_is_finished() {
    let app = with("post_chat");
    let (ann, jane, chat) = finished(&app).await;
    let end = ann.events().await.pop().unwrap();
    assert_eq!((statuses(&end), &end["chatEnded"]), (vec!["5 7 finish".into()], &json!(false)));
    assert_eq!((kinds(&end)[0].as_str(), &notice(&end, "form")["kind"]), ("5 ParticipantLeft 2", &json!("post-chat")));
    assert_eq!(jane.desk(r#"{"operation":"accept","chatId":"none"}"#).await["queue"], json!([]));
    let answer = submit(&ann, &chat, "post-chat", &filled()).await;
    assert_eq!((statuses(&answer), &answer["chatEnded"]), (vec!["7 9 post-chat-submitted".into()], &json!(true)));
    assert_eq!(kinds(&answer).last().unwrap(), "9 ParticipantLeft 1");
}

#[tokio::test]
async fn a_visitor_comes_back_from_finished_by_writing() {
    let app = with("post_chat");
    let (ann, jane, chat) = finished(&app).await;
    jane.events().await;
    let answer = ann.chat(&chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"One more"}"#)).await;
    assert_eq!((statuses(&answer), &answer["chatEnded"]), (vec!["7 4 visitor-message".into()], &json!(false)));
    assert_eq!(jane.events().await.last().unwrap()["queue"][0]["chatId"], json!(chat.id));
    let again = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(again["statusCode"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_post_chat_form_that_nobody_fills_in_closes_by_itself() {
    let app = swept(App::in_memory(config("", &format!("idle_timeout = 60\n{}", forms("post_chat")))));
    let (ann, _, _) = finished(&app).await;
    ann.events().await;
    let held = ann.hold(r#","advice":{"timeout":300000}"#);
    sleep(Duration::from_secs(61)).await;
    let data = held.await.unwrap()[0]["data"].clone();
    assert_eq!((statuses(&data), &data["chatEnded"]), (vec!["7 9 timeout".into()], &json!(true)));
}

#[tokio::test]
async fn the_offline_form_posts_a_request() {
    let (ann, first, chat) = reading(&with("offline")).await;
    assert_eq!((statuses(&first), &notice(&first, "form")["kind"]), (vec!["0 3 begin".into()], &json!("offline")));
    let answer = submit(&ann, &chat, "offline", &filled()).await;
    assert_eq!((statuses(&answer), &answer["chatEnded"]), (vec!["3 10 offline-submitted".into()], &json!(true)));
    let jane = agent(&ann.app, "Jane").await;
    let listed = jane.desk(r#"{"operation":"listRequests"}"#).await;
    let request = &listed["requests"][0];
    assert_eq!((&listed["requests"].as_array().unwrap().len(), &request["service"]), (&1, &json!("default")));
    assert_eq!((&request["values"]["email"], &request["id"]), (&json!("ann@mail.example"), &json!(1)));
    assert!(request["time"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(jane.desk(r#"{"operation":"listRequests","after":1}"#).await["requests"], json!([]));
    assert_eq!(jane.desk(r#"{"operation":"deleteRequest","id":1}"#).await["statusCode"], 0);
    assert_eq!(jane.desk(r#"{"operation":"deleteRequest","id":1}"#).await["errors"][0]["code"], 249);
    assert_eq!(jane.desk(r#"{"operation":"listRequests"}"#).await["requests"], json!([]));
    assert_eq!(ann.desk(r#"{"operation":"listRequests"}"#).await["errors"][0]["code"], 8210, "agents only");
}

#[tokio::test]
async fn a_client_that_reads_no_notices_submits_nothing() {
    let app = with("pre_chat");
    let ann = Rest::begin(&app, "nickname=Ann").await;
    let answer = ann.post("customNotice", "message=submit-form").await;
    assert_eq!(kinds(&answer), ["2 CustomNotice 1"], "to chat v2 it is a notice like any other");
    assert_eq!(Rest::raw(&app, "/2/chat/default", &[FORM], "nickname=Ben").await.1["nextPosition"], 2);
}

#[test]
fn a_wrong_form_is_refused_with_its_line() {
    for (form, line, reason) in [
        ("fields = []", 4, "a form needs a field"),
        ("fields = [{ name = \"a b\", label = \"A\" }]", 4, "a field's name is"),
        ("fields = [{ name = \"x1\", label = \"A\" },\n{ name = \"x1\", label = \"B\" }]", 5, "is there twice"),
        ("fields = [{ name = \"sel\", label = \"A\", type = \"select\" }]", 4, "a select has options"),
        ("fields = [{ name = \"x1\", label = \"A\", type = \"date\" }]", 4, "unknown variant `date`"),
        ("fields = [{ name = \"x1\", label = \"A\", pattern = \"(\" }]", 4, "a regular expression is expected"),
        ("fields = [{ name = \"x1\" }]", 4, "missing field `label`"),
    ] {
        let text = format!("[[channels]]\nname = \"default\"\n[channels.pre_chat]\n{form}\n");
        let error = Config::parse(&text, "chat.toml").unwrap_err().to_string();
        assert!(error.starts_with(&format!("chat.toml, line {line}: ")) && error.contains(reason), "{form}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn bots_get_what_is_filled_in_by_its_published_names() {
    for fields in [
        ["customerName", "customerEmail", "companyName", "customerPhone"],
        ["name", "email", "company", "phone"],
        ["nickname", "emailAddress", "companyName", "tel"],
    ] {
        let folder = Folder::new();
        let declared = fields.map(|name| format!("{{ name = \"{name}\", label = \"{name}\" }}")).join(", ");
        let script = "bind('sessionChanged', function () { var ed = getEventData();
            ['customerName', 'customerEmail', 'companyName', 'customerPhone'].forEach(function (name) {
                log(ed.getInputValue('chatSession.' + name)); }); });";
        let app = scripted(&folder, script, &format!("[channels.pre_chat]\nfields = [{declared}]\n"));
        let (ann, _, chat) = reading(&app).await;
        let values = ["Ann Bell", "ann@b.example", "Pots & Co", "12345"];
        let values: Value =
            fields.into_iter().zip(values).map(|(name, value)| (name.to_owned(), json!(value))).collect();
        submit(&ann, &chat, "pre-chat", &values).await;
        assert_eq!(logged(&heard(&ann).await), ["Ann Bell", "ann@b.example", "Pots & Co", "12345"], "{fields:?}");
    }
}
