//! The bot's last word: a chat that is finished ends when its bot, told of the status, has signed off.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::Chat;
use causerie_server::status::{Cause, Status};
use common::{Folder, Rest, heard, logged, quiet, reading, said, say, scripted, statuses};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Ends the session at any word, and signs off when it is told so.
const SIGNS_OFF: &str = r#"
bind("messageReceived", function () { setChatStatus(getEventData().getInputValue("chatSession.id"), 7); });
bind("sessionChanged", function () {
    if (status.new !== "7") return;
    var ed = getEventData();
    addChatMessage(ed.getInputValue("chatSession.id").toInteger(), "Goodbye!", 1, ed.getInputValue("chatTopic.botName"), 0, "");
});
"#;

fn all_statuses(all: &[Value]) -> Vec<String> {
    all.iter().flat_map(statuses).collect()
}

fn has_ended(all: &[Value]) -> Value {
    all.last().unwrap()["chatEnded"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_ends_the_session_can_sign_off_when_the_status_changes() {
    let folder = Folder::new();
    let (ann, _, chat) = reading(&scripted(&folder, SIGNS_OFF, "")).await;
    say(&ann, &chat, "quit").await;
    let came = heard(&ann).await;
    assert_eq!((all_statuses(&came), said(&came)), (vec!["4 7 finish".into()], vec!["Robin: Goodbye!".into()]));
    assert_eq!(has_ended(&came), true);
    let ended: Vec<_> = came.iter().filter(|data| data["chatEnded"] == true).collect();
    assert_eq!(ended.len(), 1, "it ends once, with the last word: {came:?}");
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_leads_the_chat_of_a_plain_client() {
    let folder = Folder::new();
    let ben = Rest::begin(&scripted(&folder, SIGNS_OFF, ""), "nickname=Ben").await;
    quiet().await;
    ben.post("send", "message=quit").await;
    quiet().await;
    let all = ben.post("refresh", "").await;
    assert_eq!(
        (said(std::slice::from_ref(&all)).last().unwrap().as_str(), &all["chatEnded"]),
        ("Robin: Goodbye!", &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_helped_is_the_end_after_the_bots_last_word() {
    let folder = Folder::new();
    let faq = "[channels.faq]\nentries = [{ id = \"hats\", question = \"Do you sell hats?\", answer = \"No.\" }]";
    let script = SIGNS_OFF.replace("messageReceived", "event:none");
    let (ann, _, chat) = reading(&scripted(&folder, &script, faq)).await;
    say(&ann, &chat, "Do you sell hats?").await;
    let answer = r#"{"operation":"customNotice","secureKey":"$key","message":"answer-faq","userData":{"id":"hats","accepted":true}}"#;
    let answered = ann.chat(&chat.fill(answer)).await;
    assert_eq!((statuses(&answered), &answered["chatEnded"]), (vec!["2 7 faq-accepted".into()], &json!(false)));
    let came = heard(&ann).await;
    assert_eq!((said(&came), has_ended(&came)), (vec!["Robin: Goodbye!".into()], json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_fails_at_its_last_word_does_not_keep_the_session_open() {
    let folder = Folder::new();
    let script = SIGNS_OFF.replace("var ed", "throw new Error('no'); var ed");
    let (ann, _, chat) = reading(&scripted(&folder, &script, "")).await;
    say(&ann, &chat, "quit").await;
    let came = heard(&ann).await;
    assert_eq!((said(&came).len(), has_ended(&came)), (0, json!(true)));
}

#[test]
fn what_is_said_before_the_last_word_does_not_bring_the_session_back() {
    let mut chat = Chat::new("default", Ipv4Addr::LOCALHOST.into(), 0).unwrap();
    (chat.status, chat.bot_active, chat.bot_called) = (Status::CustomerLast, true, true);
    let mut draft = Draft::of(&chat, 0, Rules::default());
    draft.finish(Cause::Finish);
    assert_eq!((draft.chat.status, draft.chat.ended), (Status::Finished, None), "it waits for the bot");
    draft.happened(Cause::VisitorMessage);
    assert_eq!(draft.chat.status, Status::Finished);
    draft.chat.calls.clear();
    draft.hand_off();
    assert_eq!(draft.chat.ended, Some(0), "a bot that is not called any more has had its last word");
}

#[tokio::test(start_paused = true)]
async fn the_status_of_the_session_is_the_one_that_the_script_is_told_of() {
    let folder = Folder::new();
    let script = r#"
        bind("messageReceived", function () {
            var id = getEventData().getInputValue("chatSession.id");
            addChatMessage(id, "One moment");
            setChatStatus(id, 7);
        });
        bind("sessionChanged", function () { log(status.old, status.new, getEventData().getInputValue("chatSession.status")); });
    "#;
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "quit").await;
    assert_eq!(logged(&heard(&ann).await), ["4 6 6", "6 7 7"]);
}
