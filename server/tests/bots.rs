//! Bots: the shipped ones, and the statements of the published documentation about scripts.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::store::{MemoryStore, Store};
use common::{
    Client, Folder, Rest, agent, config, forms, heard, kinds, logged, notice, quiet, reading, said, say, scripted,
    shipped, statuses, with_bot,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn all_statuses(all: &[Value]) -> Vec<String> {
    all.iter().flat_map(statuses).collect()
}

#[tokio::test(start_paused = true)]
async fn the_bot_says_welcome_which_keeps_the_session_off_the_queue() {
    let app = with_bot(&shipped("echo.js"), "", "", "");
    let jane = agent(&app, "Jane").await;
    let (ann, first, chat) = reading(&app).await;
    assert_eq!(notice(&first, "status"), json!({"old": "0", "new": "4", "botActive": "true", "cause": "begin"}));
    let came = heard(&ann).await;
    assert_eq!(said(&came), ["Robin: Welcome human. Say 'human' to transfer. Say 'quit' to end session."]);
    let from = &came[0]["messages"][0]["from"];
    assert_eq!((&from["type"], &from["participantId"]), (&json!("External"), &json!(2)));
    assert_eq!(all_statuses(&came), ["4 6 bot-message"]);
    let answer = say(&ann, &chat, "Hello").await;
    assert_eq!(statuses(&answer), ["6 5 visitor-message"]);
    let came = heard(&ann).await;
    assert_eq!(
        (said(&came), all_statuses(&came)),
        (vec!["Robin: You said: Hello".into()], vec!["5 6 bot-message".into()])
    );
    assert!(jane.events().await.is_empty(), "it was never in the queue");
    assert_eq!(jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await["statusCode"], 1);
}

#[tokio::test(start_paused = true)]
async fn resetchat_hands_off_to_the_queue_and_the_bot_is_not_called_any_more() {
    let app = with_bot(&shipped("echo.js"), "", "", "");
    let jane = agent(&app, "Jane").await;
    let (ann, _, chat) = reading(&app).await;
    heard(&ann).await;
    say(&ann, &chat, "Human").await;
    let came = heard(&ann).await;
    assert_eq!(said(&came), ["Robin: I ask a human to take over."]);
    assert_eq!(all_statuses(&came), ["5 6 bot-message", "6 4 hand-off"]);
    assert_eq!(
        notice(&json!({"messages": [came.last().unwrap()["messages"].as_array().unwrap().last()]}), "status")["botActive"],
        "false"
    );
    assert_eq!(jane.events().await.last().unwrap()["queue"][0]["chatId"], json!(chat.id));
    say(&ann, &chat, "Hello?").await;
    assert!(said(&heard(&ann).await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_humans_the_hand_off_leads_to_the_offline_form() {
    let app = with_bot(&shipped("echo.js"), "", "", &forms("offline"));
    let (ann, first, chat) = reading(&app).await;
    assert_eq!(statuses(&first), ["0 4 begin"], "the bot is always present");
    heard(&ann).await;
    say(&ann, &chat, "human").await;
    let came = heard(&ann).await;
    assert_eq!(all_statuses(&came).last().unwrap(), "6 3 hand-off");
    assert_eq!(notice(came.last().unwrap(), "form")["kind"], "offline");
}

#[tokio::test(start_paused = true)]
async fn setchatstatus_7_ends_the_session_and_triggers_the_post_form() {
    let app = with_bot(&shipped("echo.js"), "", "", &forms("post_chat"));
    let (ann, _, chat) = reading(&app).await;
    heard(&ann).await;
    say(&ann, &chat, "quit").await;
    let came = heard(&ann).await;
    assert_eq!((all_statuses(&came), &came[0]["chatEnded"]), (vec!["5 7 finish".into()], &json!(false)));
    assert_eq!(notice(&came[0], "form")["kind"], "post-chat");
    let back = say(&ann, &chat, "One more").await;
    assert_eq!(statuses(&back), ["7 5 visitor-message"], "the bot still leads");
    assert_eq!(said(&heard(&ann).await), ["Robin: You said: One more"]);
    let plain = with_bot(&shipped("echo.js"), "", "", "");
    let ben = Rest::begin(&plain, "nickname=Ben").await;
    quiet().await;
    ben.post("send", "message=quit").await;
    quiet().await;
    assert_eq!(ben.post("refresh", "").await["chatEnded"], true);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_says_hello_before_the_queue_skips_form_and_faq() {
    let faq = "[channels.faq]\nentries = [{ question = \"Hats?\", answer = \"No.\" }]";
    let app = with_bot(&shipped("echo.js"), "", "", &format!("{}{faq}", forms("pre_chat")));
    let (ann, first, chat) = reading(&app).await;
    assert_eq!(statuses(&first), ["0 1 begin"]);
    assert_eq!(all_statuses(&heard(&ann).await), ["1 6 bot-message"]);
    // Handed off, the visitor is asked what people want to know.
    say(&ann, &chat, "human").await;
    let came = heard(&ann).await;
    assert_eq!(
        (all_statuses(&came).last().unwrap().as_str(), &notice(came.last().unwrap(), "form")["kind"]),
        ("6 1 hand-off", &json!("pre-chat"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_does_nothing_at_first_leaves_the_form_its_turn() {
    let app = with_bot(&shipped("form-first.js"), "", "", &forms("pre_chat"));
    let (ann, _, chat) = reading(&app).await;
    assert!(heard(&ann).await.is_empty());
    let filled = r#"{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{"kind":"pre-chat","values":{"nickname":"Ann Bell","email":"a@b.example","terms":true}}}"#;
    assert_eq!(statuses(&ann.chat(&chat.fill(filled)).await), ["1 4 pre-chat-submitted"]);
    let came = heard(&ann).await;
    assert_eq!(said(&came), ["Robin: Hello Ann Bell! What is it about? Should we be cut off, I write to a@b.example."]);
    say(&ann, &chat, "A broken pot").await;
    let came = heard(&ann).await;
    assert_eq!(all_statuses(&came), ["5 6 bot-message", "6 4 hand-off"]);
}

#[tokio::test(start_paused = true)]
async fn form_first_calls_the_bot_when_the_session_reaches_the_queue() {
    let app = with_bot(&shipped("echo.js"), "", "first = \"form\"", &forms("pre_chat"));
    let (ann, _, chat) = reading(&app).await;
    assert!(heard(&ann).await.is_empty());
    let filled = r#"{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{"kind":"pre-chat","values":{"nickname":"Ann Bell","email":"a@b.example","terms":true}}}"#;
    ann.chat(&chat.fill(filled)).await;
    assert_eq!(said(&heard(&ann).await).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_faq_bot_answers_and_hands_off() {
    let app = with_bot(&shipped("faq.js"), "", "", "");
    let (ann, _, chat) = reading(&app).await;
    heard(&ann).await;
    say(&ann, &chat, "How do I send it back?").await;
    assert_eq!(
        said(&heard(&ann).await),
        ["Robin: You can return anything within 30 days. The label is in the parcel. Does that help?"]
    );
    say(&ann, &chat, "No, it is broken").await;
    assert_eq!(all_statuses(&heard(&ann).await).last().unwrap(), "6 4 hand-off");
    let (ben, _, chat) = reading(&app).await;
    heard(&ben).await;
    say(&ben, &chat, "When do you open?").await;
    heard(&ben).await;
    say(&ben, &chat, "Thanks!").await;
    let came = heard(&ben).await;
    assert_eq!((said(&came), &came[0]["chatEnded"]), (vec!["Robin: Glad to help. Goodbye!".into()], &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn the_bot_of_the_readme_does_what_it_says() {
    let folder = Folder::new();
    let readme = include_str!("../../README.md");
    let script = readme.split("```js\n").find(|part| part.starts_with("bind(")).unwrap().split("```").next().unwrap();
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "Hello").await;
    assert_eq!(said(&heard(&ann).await), ["Robin: You said: Hello"]);
    say(&ann, &chat, "A human, please").await;
    assert_eq!(all_statuses(&heard(&ann).await), ["5 4 hand-off"]);
}

#[tokio::test(start_paused = true)]
async fn input_values_have_their_published_names() {
    let folder = Folder::new();
    let names = [
        "id",
        "topicId",
        "customerAlias",
        "sessionKey",
        "customerHost",
        "status",
        "chatbot_isactive",
        "botActive",
        "customerId",
        "customerName",
        "customerEmail",
        "companyName",
        "customerPhone",
        "userId",
    ];
    let script = format!(
        "bind('sessionCreated', function () {{ var ed = getEventData();
            {:?}.forEach(function (name) {{ log(name + '=' + ed.getInputValue('chatSession.' + name)); }});
            ['chatTopic.id', 'chatTopic.name', 'chatTopic.botName', 'foundAgents', 'nothing'].forEach(function (name) {{ log(name + '=' + ed.getInputValue(name)); }});
        }});", names);
    let app = scripted(&folder, &script, "");
    let (ann, first, chat) = reading(&app).await;
    let lines = logged(&heard(&ann).await);
    let key = &chat.key[..16];
    let user = first["userId"].as_str().unwrap();
    let expected = [
        format!("id={}", chat.id),
        "topicId=default".into(),
        "customerAlias=Ann".into(),
        format!("sessionKey={key}"),
        "customerHost=127.0.0.1".into(),
        "status=4".into(),
        "chatbot_isactive=1".into(),
        "botActive=true".into(),
        format!("customerId={user}"),
        "customerName=Ann".into(),
        "customerEmail=".into(),
        "companyName=".into(),
        "customerPhone=".into(),
        "userId=".into(),
        "chatTopic.id=default".into(),
        "chatTopic.name=default".into(),
        "chatTopic.botName=Robin".into(),
        "foundAgents=false".into(),
        "nothing=".into(),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn the_script_is_called_with_old_and_new_status() {
    let folder = Folder::new();
    let script = "bind('sessionChanged', function () { var ed = getEventData();
        log(ed.getInputValue('status.old') + ' to ' + ed.getInputValue('status.new') + ', ' + ed.getInputValue('chatSession.status')); });";
    let app = scripted(&folder, script, &forms("pre_chat"));
    let (ann, _, chat) = reading(&app).await;
    let filled = r#"{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{"kind":"pre-chat","values":{"nickname":"Ann","email":"a@b.example","terms":true}}}"#;
    ann.chat(&chat.fill(filled)).await;
    assert_eq!(logged(&heard(&ann).await), ["1 to 4, 4"]);
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(logged(&heard(&ann).await), ["4 to 11, 11"]);
}

#[tokio::test(start_paused = true)]
async fn the_variables_status_old_and_status_new_contain_old_and_new_values() {
    let folder = Folder::new();
    let script = "bind('sessionChanged', function () { log(status.old + ' to ' + status.new); });
        bind('messageReceived', function () { log(typeof status); });";
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "Hello").await;
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(logged(&heard(&ann).await), ["undefined", "4 to 11"]);
    let own = Folder::new();
    let script = "var status = 'mine'; bind('messageReceived', function () { log(status); });
        bind('sessionChanged', function () { log(status, getEventData().getInputValue('status.new')); });";
    let (ann, _, chat) = reading(&scripted(&own, script, "")).await;
    say(&ann, &chat, "Hello").await;
    ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    assert_eq!(logged(&heard(&ann).await), ["mine", "mine 11"]);
}

#[tokio::test(start_paused = true)]
async fn in_the_faq_the_first_message_is_looked_up_and_calls_the_bot_too() {
    let folder = Folder::new();
    let faq = "[channels.faq]\nentries = [{ id = \"hats\", question = \"Do you sell hats?\", answer = \"No.\" }]";
    let script = "bind('messageReceived', function () { log('received', getEventData().getInputValue('chatSession.status')); });";
    let (ann, first, chat) = reading(&scripted(&folder, script, faq)).await;
    assert_eq!(statuses(&first), ["0 2 begin"]);
    let answer = say(&ann, &chat, "Do you sell hats?").await;
    assert_eq!(notice(&answer, "faq")["id"], "hats");
    assert_eq!(logged(&heard(&ann).await), ["received 2"]);
}

#[tokio::test(start_paused = true)]
async fn addchatmessage_takes_its_arguments_in_the_published_order() {
    let folder = Folder::new();
    let script = "bind('sessionCreated', function () { var id = getEventData().getInputValue('chatSession.id');
        addChatMessage(id, 'plain', 1, 'Otto', 0, '');
        addChatMessage(id, 'special', 1, '', 6, '{\"buttons\":2}', new Date(1700000000000)); });";
    let (ann, _, _) = reading(&scripted(&folder, script, "")).await;
    let came = heard(&ann).await;
    assert_eq!(said(&came), ["Otto: plain", "Robin: special"]);
    let special =
        &came[0]["messages"].as_array().unwrap().iter().find(|entry| entry["text"] == "special").unwrap().clone();
    assert_eq!((&special["messageType"], &special["utcTime"]), (&json!("special-6"), &json!(1_700_000_000_000_u64)));
    assert_eq!(special["userData"], json!({"specialParams": "{\"buttons\":2}"}));
}

#[tokio::test(start_paused = true)]
async fn before_and_after_processing_have_their_turn() {
    let folder = Folder::new();
    let script = "bind('preProcess', function ($context) { log('pre', $context.request.query); $request.query = $request.query.toUpperCase(); });
        bind('postProcess', function ($context) { log('post', $context.session.n = ($context.session.n || 0) + 1); });
        bind('messageReceived', function ($context) { log('message', $request.query, $request.rawRequest.messages[0].text, getEventData().getInputValue('chatMessage.message')); });
        bind('event:looked-at-cart', function ($context) { log('event', $request.event, $request.data.items, $context.session); });";
    let (ann, _, chat) = reading(&scripted(&folder, script, "")).await;
    say(&ann, &chat, "hi").await;
    assert_eq!(logged(&heard(&ann).await), ["pre hi", "message HI hi hi", "post 1"]);
    ann.chat(
        &chat.fill(
            r#"{"operation":"customNotice","secureKey":"$key","message":"looked-at-cart","userData":{"items":3}}"#,
        ),
    )
    .await;
    assert_eq!(logged(&heard(&ann).await), ["pre ", "event looked-at-cart 3 {\"n\":1}", "post 2"]);
}

#[tokio::test(start_paused = true)]
async fn bots_keep_session_data_and_may_not_tamper_with_internal_data() {
    let folder = Folder::new();
    let script = "bind('messageReceived', function () {
        sessionData.set({ cart: { items: [1, 2] }, gone: 1 });
        sessionData.delete('gone');
        try { internal.botId = 'mine'; internal.user.firstName = 'Eve'; } catch (e) { log('refused'); }
        log(sessionData.get('shoe'), sessionData.get().cart.items.length, internal.botId, internal.user.firstName, internal.messageContent);
    });";
    let app = scripted(&folder, script, "");
    let ann = Client::new(&app).await;
    let first = ann.chat(r#"{"operation":"requestChat","nickname":"Ann","notices":1,"dataVersion":0,"userData":{"shoe":42,"gone":0}}"#).await;
    let chat = common::Chat { id: String::new(), key: first["secureKey"].as_str().unwrap().to_owned() };
    say(&ann, &chat, "Hello").await;
    let came = heard(&ann).await;
    assert_eq!(logged(&came), ["42 2 bot.js Ann Hello"]);
    let told = notice(&came[0], "session-data");
    assert_eq!(
        (&told["set"], &told["deleted"], &told["version"]),
        (&json!({"cart": {"items": [1, 2]}}), &json!(["gone"]), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn plain_clients_chat_with_bots_too() {
    let app = with_bot(&shipped("echo.js"), "", "", &forms("pre_chat"));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    quiet().await;
    ann.post("send", "message=Hi").await;
    quiet().await;
    let all = ann.post("refresh", "").await;
    assert_eq!(kinds(&all), ["1 ParticipantJoined 1", "2 Message 2", "3 Message 1", "4 Message 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_bot_passes_on_even_half_a_character() {
    let app = with_bot(&shipped("echo.js"), "", "", "");
    let (ann, _, chat) = reading(&app).await;
    heard(&ann).await;
    ann.raw(&format!(
        r#"[{{"id":"1","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#,
        chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"a\ud83d"}"#)
    ))
    .await;
    quiet().await;
    let response = ann.raw(r#"[{"id":"c","channel":"/meta/connect","clientId":"$","connectionType":"long-polling","advice":{"timeout":0}}]"#).await;
    assert!(response.body.contains(r#""text":"You said: a\ud83d""#), "{}", response.body);
}

#[tokio::test(start_paused = true)]
async fn what_a_bot_is_to_be_called_for_outlives_the_server() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let bot = format!("[channels.bot]\nfile = '{}'\n", shipped("echo.js").display());
    let node = || App::new(config("", &bot), Clock::steady(), Arc::clone(&store));
    let ann = Rest::begin(&node(), "nickname=Ann&text=Hello").await;
    // The first server is gone before the bot had its turn.
    let Rest { id, key, .. } = ann;
    assert_eq!(store.load(&id).await.unwrap().unwrap().calls.len(), 2);
    let app = node();
    app.floor.take_up().await.unwrap();
    quiet().await;
    let ann = Rest { app, id, key, first: json!(null) };
    let all = ann.post("refresh", "").await;
    assert_eq!(
        said(&[all])[1..],
        ["Bot: Welcome human. Say 'human' to transfer. Say 'quit' to end session.", "Bot: You said: Hello"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_takes_the_chat_takes_the_bots_place() {
    let folder = Folder::new();
    let app = scripted(&folder, "bind('messageReceived', function () { log('called'); });", "");
    let (ann, _, chat) = reading(&app).await;
    quiet().await;
    let jane = agent(&app, "Jane").await;
    let accepted = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(accepted["statusCode"], 0, "the bot did nothing, so it waits in the queue");
    ann.events().await;
    say(&ann, &chat, "Hello").await;
    assert!(logged(&heard(&ann).await).is_empty());
}
