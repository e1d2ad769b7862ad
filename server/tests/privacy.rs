//! The log tells nothing of what was said, and nothing of who said it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Chat, Socket, agent, config, running};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
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

#[tokio::test]
async fn nothing_of_a_conversation_is_logged_at_any_level() {
    let log = Log::default();
    tracing_subscriber::registry().with(log.clone()).init();
    let running = running(config("", "welcome = \"Welcome-Text\"")).await;
    let jane = agent(&running.app, "Jane").await;
    let wrong = jane.desk(r#"{"operation":"signIn","name":"Omar","key":"guessed-key"}"#).await;
    assert_eq!(wrong["statusCode"], 2);
    let mut ann = Socket::handshaken(running.address).await;
    ann.send(r#"[{"id":"2","channel":"/service/chatV2/default","clientId":"$","data":{"operation":"requestChat","nickname":"Visitor-Name","subject":"Visitor-Subject","emailAddress":"mail@visitor.example","userData":{"card":"Visitor-Data"},"messageId":"visitorrequestid"}}]"#).await;
    let data = ann.frame().await[0]["data"].clone();
    let text = |member: &str| data[member].as_str().unwrap().to_owned();
    let chat = Chat { id: text("chatId"), key: text("secureKey") };
    ann.send("[{ half of Broken-Json").await;
    for operation in [
        r#"{"operation":"sendMessage","secureKey":"$key","message":"Visitor-Message"}"#,
        r#"{"operation":"startTyping","secureKey":"$key","message":"Visitor-Typing"}"#,
        r#"{"operation":"updateNickname","secureKey":"$key","nickname":"Visitor-Other"}"#,
        r#"{"operation":"sendMessage","secureKey":"wrong-secure-key","message":"Visitor-Message"}"#,
        r#"{"operation":"Visitor-Operation","secureKey":"$key"}"#,
    ] {
        ann.send(&format!(
            r#"[{{"id":"3","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#,
            chat.fill(operation)
        ))
        .await;
    }
    jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Agent-Message"}"#)).await;
    ann.send(&format!(
        r#"[{{"id":"last","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#,
        chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)
    ))
    .await;
    while ann.frame().await.iter().all(|message| message["id"] != "last") {}
    running.stop.send(()).unwrap();
    drop(ann);
    running.done.await.unwrap();
    let log = log.0.lock().unwrap().to_lowercase();
    assert!(
        log.contains("a chat has begun") && log.contains("a chat has ended") && log.contains("an operation is refused"),
        "the log is heard at all: {log}"
    );
    let cookie = jane.cookie.split('=').nth(1).unwrap();
    for secret in [
        "visitor",
        "welcome-text",
        "agent-message",
        "jane",
        "omar",
        "guessed",
        "jane-key",
        "wrong-secure-key",
        "broken-json",
        &chat.id,
        &chat.key,
        &text("userId"),
        &jane.id,
        cookie,
    ] {
        assert!(!log.contains(&secret.to_lowercase()), "{secret} is in the log");
    }
}
