//! The log tells nothing of what was said, and nothing of who said it: at its most verbose level, over every way to talk.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::config::Config;
use causerie_server::{App, serve};
use common::{Chat, Client, FORM, JSON, Rest, Socket, agent, begin_reading, config, notice, running};
use serde_json::Value;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for &Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field} {value:?}").unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut &*self);
    }
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        attributes.record(&mut &*self);
    }
    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        values.record(&mut &*self);
    }
}

/// What is logged at any level, by all tests of this file together.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        tracing_subscriber::registry().with(log.clone()).init();
        log
    })
}

/// All that people say, and all that they are called, has this in it.
const MARK: &str = "quokka";

/// The log was heard, and has neither the mark nor these secrets in it.
fn silent(heard: &[&str], secrets: &[&str]) {
    let log = log().0.lock().unwrap().to_lowercase();
    for line in heard {
        assert!(log.contains(line), "the log is heard at all, {line}: {log}");
    }
    for secret in secrets.iter().chain([&MARK]) {
        assert!(!secret.is_empty() && !log.contains(&secret.to_lowercase()), "{secret} is in the log: {log}");
    }
}

fn word(data: &Value, name: &str) -> String {
    data[name].as_str().unwrap_or_else(|| panic!("{name}: {data}")).to_owned()
}

#[tokio::test]
async fn nothing_of_a_conversation_is_logged_at_any_level() {
    log();
    let running = running(config("", "welcome = \"Quokka-Welcome\"")).await;
    let jane = agent(&running.app, "Jane").await;
    let wrong = jane.desk(r#"{"operation":"signIn","name":"Omar","key":"quokka-guessed"}"#).await;
    assert_eq!(wrong["statusCode"], 2);
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Quokka-Name","subject":"Quokka-Subject","emailAddress":"mail@quokka.example","userData":{"card":"Quokka-Data"},"messageId":"quokkarequestid"}}]"#).await;
    let data = ann.frame().await[0]["data"].clone();
    let chat = Chat { id: word(&data, "chatId"), key: word(&data, "secureKey") };
    ann.send("[{ half of Quokka-Broken").await;
    for operation in [
        r#"{"operation":"sendMessage","secureKey":"$key","message":"Quokka-Message"}"#,
        r#"{"operation":"startTyping","secureKey":"$key","message":"Quokka-Typing"}"#,
        r#"{"operation":"updateNickname","secureKey":"$key","nickname":"Quokka-Other"}"#,
        r#"{"operation":"sendMessage","secureKey":"quokka-wrong","message":"Quokka-Message"}"#,
        r#"{"operation":"Quokka-Operation","secureKey":"$key"}"#,
    ] {
        ann.send(&format!(
            r#"[{{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#,
            chat.fill(operation)
        ))
        .await;
    }
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Quokka-Agent"}"#)).await;
    ann.send(&format!(
        r#"[{{"id":"last","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#,
        chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)
    ))
    .await;
    while ann.frame().await.iter().all(|message| message["id"] != "last") {}
    running.stop.send(()).unwrap();
    drop(ann);
    running.done.await.unwrap();
    let cookie = jane.cookie.split('=').nth(1).unwrap();
    silent(
        &["a chat has begun", "a chat has ended", "an operation is refused", "an operation of the desk is refused"],
        &["jane", "omar", &chat.id, &chat.key, &word(&data, "userId"), &jane.id, cookie],
    );
}

#[tokio::test]
async fn nothing_of_a_chat_by_rest_is_logged() {
    log();
    let app = App::in_memory(config("", "welcome = \"Quokka-Welcome\""));
    let chat = Rest::begin(
        &app,
        "nickname=Quokka-Name&subject=Quokka-Subject&emailAddress=a%40quokka.example&userData[card]=Quokka-Card&text=Quokka-First",
    )
    .await;
    for (operation, members) in [
        ("send", "message=Quokka-Message&messageId=quokka1"),
        ("send", "message="),
        ("pushUrl", "pushUrl=https%3A%2F%2Fquokka.example"),
        ("pushUrl", "pushUrl=javascript%3Aquokka"),
        ("startTyping", "message=Quokka-Typing"),
        ("updateNickname", "nickname=Quokka-Other"),
        ("updateData", "userData[quokka]=Quokka-Data"),
        ("customNotice", "message=Quokka-Notice"),
        ("send", "message=Quokka&messageId=not+a+quokka"),
    ] {
        chat.post(operation, members).await;
    }
    let path = format!("/2/chat/default/{}/send", chat.id);
    for (path, kind, body) in [
        (path.as_str(), FORM, "secureKey=quokka-wrong&message=Quokka"),
        (&path, FORM, "quokka=1&quokka=2"),
        (&path, FORM, "quokka=%ff"),
        (&path, JSON, r#"{"message":"Quokka"#),
        (&path, JSON, r#"["Quokka"]"#),
        ("/2/chat/default/quokka/send", FORM, "secureKey=quokka"),
        ("/2/chat/quokka", FORM, "nickname=Quokka"),
        ("/2/chat/default/quokka/quokka", FORM, ""),
    ] {
        Rest::raw(&app, path, &[kind], body.to_owned()).await;
    }
    chat.post("disconnect", "").await;
    silent(
        &["a chat has begun", "a chat has ended", "an operation is refused"],
        &[&chat.id, &chat.key, &word(&chat.first, "userId")],
    );
}

const EVERYTHING: &str = r#"
[[channels]]
name = "default"
idle_timeout = 60
[channels.pre_chat]
fields = [
    { name = "nickname", label = "Quokka-Label", required = true },
    { name = "email", label = "E-mail", type = "email" },
]
[channels.post_chat]
fields = [{ name = "words", label = "Quokka-Label", type = "textarea" }]
[channels.offline]
fields = [{ name = "question", label = "Quokka-Label", type = "textarea", required = true }]
[channels.faq]
entries = [{ id = "quokka", question = "How do I feed a quokka?", answer = "Quokka-Answer.", keywords = ["quokkas"] }]
[[agents]]
name = "Quokka-Jane"
key = "quokka-key"
[[agents]]
name = "Quokka-Omar"
key = "quokka-key"
"#;

async fn signed_in(app: &Arc<App>, name: &str) -> Client {
    let client = Client::new(app).await;
    let answer = client.desk(&format!(r#"{{"operation":"signIn","name":"{name}","key":"quokka-key"}}"#)).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    client
}

async fn submit(client: &Client, chat: &Chat, kind: &str, values: &str) -> Value {
    let operation = format!(
        r#"{{"operation":"customNotice","secureKey":"$key","message":"submit-form","userData":{{"kind":"{kind}","values":{values}}}}}"#
    );
    client.chat(&chat.fill(&operation)).await
}

#[tokio::test(start_paused = true)]
async fn nothing_of_forms_faq_data_renewals_and_requests_is_logged() {
    log();
    let app = App::in_memory(Config::parse(EVERYTHING, "test").unwrap());
    tokio::spawn(serve::sweep(Arc::clone(&app)));
    let (left, asked) = begin_reading(&app, "").await;
    submit(&left, &asked, "offline", r#"{"question":"","quokka":"Quokka"}"#).await;
    submit(&left, &asked, "offline", r#"{"question":"Quokka-Question"}"#).await;

    let jane = signed_in(&app, "Quokka-Jane").await;
    let omar = signed_in(&app, "Quokka-Omar").await;
    let (ann, chat) = begin_reading(&app, r#","userData":{"quokka":"Quokka-Data"}"#).await;
    submit(&ann, &chat, "pre-chat", r#"{"nickname":"Quokka-Name","email":"no quokka"}"#).await;
    submit(&ann, &chat, "pre-chat", r#"{"nickname":"Quokka-Name","email":"a@quokka.example"}"#).await;
    for operation in [
        r#"{"operation":"sendMessage","secureKey":"$key","message":"how is a quokka fed?"}"#,
        r#"{"operation":"customNotice","secureKey":"$key","message":"answer-faq","userData":{"id":"quokka","accepted":false}}"#,
        r#"{"operation":"customNotice","secureKey":"$key","message":"Quokka-Notice","userData":{"quokka":"quokka"}}"#,
        r#"{"operation":"updateData","secureKey":"$key","userData":{"quokka":{"quokka":1}},"deleted":["quokka"]}"#,
        r#"{"operation":"updateData","secureKey":"$key","userData":"quokka","dataVersion":"quokka"}"#,
    ] {
        ann.chat(&chat.fill(operation)).await;
    }
    for operation in [
        r#"{"operation":"accept","chatId":"$chat"}"#,
        r#"{"operation":"sendMessage","chatId":"$chat","message":"Quokka-Message"}"#,
        r#"{"operation":"readTranscript","chatId":"$chat"}"#,
        r#"{"operation":"readTranscript","chatId":"quokka"}"#,
        r#"{"operation":"listRequests"}"#,
        r#"{"operation":"deleteRequest","id":1}"#,
        r#"{"operation":"deleteRequest","id":"quokka"}"#,
        r#"{"operation":"transfer","chatId":"$chat","to":"Quokka-Nobody"}"#,
        r#"{"operation":"transfer","chatId":"$chat","to":"Quokka-Omar"}"#,
        r#"{"operation":"quokka"}"#,
    ] {
        jane.desk(&chat.fill(operation)).await;
    }
    omar.desk(&chat.fill(r#"{"operation":"leave","chatId":"$chat"}"#)).await;
    // Its time is over; what is said then opens another.
    tokio::time::sleep(Duration::from_secs(70)).await;
    let again = Client::new(&app).await;
    let said = r#"{"operation":"sendMessage","secureKey":"$key","message":"Quokka-Again"}"#;
    let renewed = again.chat(&chat.fill(said)).await;
    let jane = signed_in(&app, "Quokka-Jane").await;
    let newer = Chat { id: word(&renewed, "chatId"), key: word(&renewed, "secureKey") };
    assert_ne!(newer.id, chat.id, "it is renewed: {renewed}");
    jane.desk(&newer.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    jane.desk(&newer.fill(r#"{"operation":"endChat","chatId":"$chat"}"#)).await;
    submit(&again, &newer, "post-chat", r#"{"words":"Quokka-Words"}"#).await;
    let data =
        r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":0,"notices":1,"dataVersion":0}"#;
    let told = again.chat(&newer.fill(data)).await;
    let key = word(&notice(&told, "session-data"), "dataKey");
    silent(
        &["a chat is renewed", "a chat has ended", "an operation of the desk is refused", "an agent has signed in"],
        &[&asked.id, &asked.key, &chat.id, &chat.key, &newer.id, &newer.key, &key, &again.id, "no such quokka"],
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_of_what_a_bot_hears_is_logged_even_if_it_throws_it() {
    log();
    let folder = common::Folder::new();
    let script = "bind('messageReceived', function () { log($request.query); throw new Error($request.query); });";
    std::fs::write(folder.file("bot.js"), script).unwrap();
    let app = App::in_memory(config("", &format!("[channels.bot]\nfile = '{}'", folder.file("bot.js").display())));
    let chat = Rest::begin(&app, "nickname=Quokka-Name&text=Quokka-Message").await;
    common::quiet().await;
    silent(&["bot.js, line 1: it threw a error"], &[&chat.id, &chat.key]);
    // Whatever way the words take into an error.
    let script = "bind('messageReceived', function () {
        var said = $request.query, kind = said[0], rest = said.slice(1);
        if (kind === 'j') JSON.parse(rest);
        if (kind === 'f') new Function(rest)();
        if (kind === 'e') throw new Error(rest);
        if (kind === 'n') { var error = new Error(''); error.name = rest; throw error; }
        if (kind === 't') throw rest;
        if (kind === 'a') addChatMessage(rest, rest, rest);
        if (kind === 'w') setChatStatus(getEventData().getInputValue('chatSession.id'), rest);
    });";
    std::fs::write(folder.file("bot.js"), script).unwrap();
    let app = App::in_memory(config(
        "[limits]\nsessions_per_address = 100",
        &format!("[channels.bot]\nfile = '{}'", folder.file("bot.js").display()),
    ));
    for words in [
        "j{quokka",
        "jquokka",
        "fquokka()",
        "f}quokka{",
        "e$quokka",
        "ebind: quokka",
        "equokka is not defined",
        "nquokka",
        "tquokka",
        "aquokka",
        "wquokka",
    ] {
        Rest::begin(&app, &format!("nickname=Ann&text={words}")).await;
    }
    common::quiet().await;
    silent(
        &[
            "it threw a syntaxerror",
            "it threw a referenceerror",
            "it threw something that is no error",
            "from 4 to nan",
        ],
        &[],
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_inspected_is_logged() {
    log();
    let folder = common::Folder::new();
    std::fs::write(folder.file("bot.js"), "bind('messageReceived', function () { log($request.query); });").unwrap();
    let ivy = "[[agents]]\nname = \"Quokka-Ivy\"\nkey = \"quokka-key\"\ninspector = true";
    let app =
        App::in_memory(config("", &format!("{ivy}\n[channels.bot]\nfile = '{}'", folder.file("bot.js").display())));
    let chat = Rest::begin(&app, "nickname=Quokka-Name&text=Quokka-Message&userData[quokka]=1").await;
    common::quiet().await;
    let inspector = Client::new(&app).await;
    for operation in [
        r#"{"operation":"signIn","name":"Quokka-Ivy","key":"quokka-guessed"}"#,
        r#"{"operation":"signIn","name":"Quokka-Ivy","key":"quokka-key"}"#,
        r#"{"operation":"watch","chatId":"quokka"}"#,
        r#"{"operation":"watch","chatId":"$chat"}"#,
        r#"{"operation":"quokka"}"#,
    ] {
        inspector.publish("/service/inspector", &chat.fill(operation)).await;
    }
    silent(&["an agent inspects", "an operation of the inspector is refused"], &[&chat.id, &chat.key, &inspector.id]);
}
