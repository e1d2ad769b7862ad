//! The FAQ: asked with the visitor's first message, its answer taken or refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::config::Config;
use common::{Chat, Client, Rest, agent, config, forms, kinds, notice, reading, server, statuses};
use serde_json::{Value, json};
use std::sync::Arc;

const FAQ: &str = r#"[channels.faq]
entries = [
    { id = "return", question = "How do I return a teapot?", answer = "Within 30 days.", keywords = ["refund"] },
    { id = "delivery", question = "How long does delivery take?", answer = "Three days." },
]
"#;

fn with_faq() -> Arc<App> {
    App::in_memory(config("", FAQ))
}

async fn say(client: &Client, chat: &Chat, text: &str) -> Value {
    client.chat(&chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#))).await
}

async fn answer(client: &Client, chat: &Chat, id: &str, accepted: &str) -> Value {
    let operation = format!(
        r#"{{"operation":"customNotice","secureKey":"$key","message":"answer-faq","userData":{{"id":"{id}","accepted":{accepted}}},"messageId":"a{id}"}}"#
    );
    client.chat(&chat.fill(&operation)).await
}

#[tokio::test]
async fn the_first_message_is_looked_up_in_the_faq() {
    let (ann, first, chat) = reading(&with_faq()).await;
    assert_eq!(statuses(&first), ["0 2 begin"]);
    let said = say(&ann, &chat, "I am returning my teapots, how?").await;
    assert_eq!(kinds(&said), ["3 Message 1", "4 Notice 0"]);
    assert_eq!(
        notice(&said, "faq"),
        json!({"id": "return", "question": "How do I return a teapot?", "answer": "Within 30 days."})
    );
}

#[tokio::test]
async fn an_answer_that_helps_finishes_the_chat() {
    let (ann, _, chat) = reading(&with_faq()).await;
    say(&ann, &chat, "return a teapot").await;
    let done = answer(&ann, &chat, "return", "true").await;
    assert_eq!(notice(&done, "faq-answered"), json!({"id": "return", "accepted": "true"}));
    assert_eq!((statuses(&done), &done["chatEnded"]), (vec!["2 7 faq-accepted".into()], &json!(true)));
    assert_eq!(answer(&ann, &chat, "return", "true").await["messages"][0], done["messages"][0], "known again");
}

#[tokio::test]
async fn an_answer_that_does_not_help_forwards_the_visitor_to_the_queue() {
    let app = with_faq();
    let jane = agent(&app, "Jane").await;
    let (ann, _, chat) = reading(&app).await;
    say(&ann, &chat, "return a teapot").await;
    assert!(jane.events().await.is_empty(), "nobody is troubled yet");
    let done = answer(&ann, &chat, "return", "false").await;
    assert_eq!((statuses(&done), &done["chatEnded"]), (vec!["2 4 faq-refused".into()], &json!(false)));
    assert_eq!(jane.events().await[0]["queue"][0]["chatId"], json!(chat.id));
    let more = say(&ann, &chat, "delivery?").await;
    assert_eq!(kinds(&more).len(), 1, "the FAQ is done with");
}

#[tokio::test]
async fn what_the_faq_does_not_know_goes_to_the_queue() {
    let (ann, _, chat) = reading(&with_faq()).await;
    let said = say(&ann, &chat, "Do you have hats?").await;
    assert_eq!((kinds(&said).len(), statuses(&said)), (2, vec!["2 4 faq-missed".into()]));
}

#[tokio::test]
async fn another_question_is_looked_up_too() {
    let (ann, _, chat) = reading(&with_faq()).await;
    say(&ann, &chat, "return a teapot").await;
    assert_eq!(notice(&say(&ann, &chat, "And the delivery?").await, "faq")["id"], "delivery");
    assert_eq!(answer(&ann, &chat, "return", "false").await["errors"][0]["code"], 249, "that one is no longer open");
    let insisting = say(&ann, &chat, "delivery!").await;
    assert_eq!(statuses(&insisting), ["2 4 faq-missed"], "the same answer twice helps nobody");
}

#[tokio::test]
async fn wrong_answers_to_the_faq_are_refused() {
    let (ann, _, chat) = reading(&with_faq()).await;
    assert_eq!(answer(&ann, &chat, "return", "true").await["errors"][0]["code"], 249, "nothing was suggested");
    say(&ann, &chat, "return a teapot").await;
    assert_eq!(answer(&ann, &chat, "return", "\"perhaps\"").await["errors"][0]["code"], 400);
    assert_eq!(answer(&ann, &chat, "delivery", "true").await["errors"][0]["code"], 249);
}

#[tokio::test]
async fn the_form_comes_first_and_the_offline_form_last() {
    let app = App::in_memory(config("", &format!("{}{FAQ}{}", forms("pre_chat"), forms("offline"))));
    let (ann, first, chat) = reading(&app).await;
    assert_eq!(statuses(&first), ["0 1 begin"]);
    let filled = r#"{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{"kind":"pre-chat","values":{"nickname":"Ann","email":"a@b.example","terms":true}}}"#;
    assert_eq!(statuses(&ann.chat(&chat.fill(filled)).await), ["1 2 pre-chat-submitted"]);
    let missed = say(&ann, &chat, "Do you have hats?").await;
    assert_eq!(statuses(&missed), ["2 3 faq-missed"]);
    assert_eq!(notice(&missed, "form")["kind"], "offline");
}

#[tokio::test]
async fn first_words_are_looked_up_and_by_rest_it_is_the_same() {
    let ann = Rest::begin(&with_faq(), "nickname=Ann&notices=1&text=refund").await;
    assert_eq!(notice(&ann.first, "faq")["id"], "return");
    let refused = ann.post("customNotice", "message=answer-faq&userData[id]=return&userData[accepted]=false").await;
    assert_eq!(statuses(&refused), ["2 4 faq-refused"]);
}

#[tokio::test]
async fn without_an_faq_there_is_none() {
    let (ann, _, chat) = reading(&server()).await;
    assert_eq!(answer(&ann, &chat, "return", "true").await["errors"][0]["code"], 249);
}

#[test]
fn a_wrong_faq_is_refused() {
    for (faq, reason) in [
        ("entries = [{ question = \"\", answer = \"A\" }]", "an FAQ entry needs a question and an answer"),
        (
            "entries = [{ id = \"x1\", question = \"Q\", answer = \"A\" }, { id = \"x1\", question = \"Q\", answer = \"A\" }]",
            "is there twice",
        ),
        ("threshold = 2.0\nentries = []", "a number from 0 to 1 is expected"),
    ] {
        let text = format!("[[channels]]\nname = \"default\"\n[channels.faq]\n{faq}\n");
        let error = Config::parse(&text, "chat.toml").unwrap_err().to_string();
        assert!(error.starts_with("chat.toml, line 4: ") && error.contains(reason), "{faq}: {error}");
    }
}
