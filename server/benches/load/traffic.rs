//! What is sent, and how what arrives is found in it.

use crate::{Kind, Options};
use serde_json::Value;
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::mpsc;

const CHAT: &str = "/service/chatV2/default";

/// What all clients share.
pub struct World {
    pub options: Options,
    pub start: Instant,
    /// What desks see: when a message should have been sent, and when it arrived, in microseconds since `start`.
    pub seen: mpsc::UnboundedSender<(u64, u64)>,
    /// What each desk is told: chats to accept.
    pub desks: Vec<mpsc::UnboundedSender<String>>,
}

impl World {
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).expect("a time")
    }

    pub fn desk_of(&self, visitor: usize) -> usize {
        visitor % self.options.desks
    }

    /// A desk got this: reports the messages in it.
    pub fn desk_got(&self, text: &str) {
        let now = self.now();
        // On the way to a desk a text may be in another: the mark has no quotes.
        for part in text.split("mark:").skip(1) {
            if let Some(sent) = part.split(':').next().and_then(|sent| sent.parse().ok()) {
                self.seen.send((sent, now)).expect("somebody counts");
            }
        }
    }
}

/// A client, as the server knows it.
#[derive(Clone, Default)]
pub struct Client {
    pub id: String,
    /// On our server: the members that each operation has.
    pub key: String,
    pub chat: String,
}

pub fn handshake(kind: Kind) -> String {
    let wire = if kind == Kind::Cometd { "long-polling" } else { "websocket" };
    format!(
        r#"[{{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["{wire}"]}}]"#
    )
}

pub fn connect(kind: Kind, client: &str) -> String {
    let wire = if kind == Kind::Cometd { "long-polling" } else { "websocket" };
    format!(r#"[{{"channel":"/meta/connect","id":"c","clientId":"{client}","connectionType":"{wire}"}}]"#)
}

pub fn subscribe(client: &str, channels: &[String]) -> String {
    let channels = serde_json::to_string(channels).expect("JSON");
    format!(r#"[{{"channel":"/meta/subscribe","id":"s","clientId":"{client}","subscription":{channels}}}]"#)
}

/// The channel of a visitor and its desk, where there is no chat.
pub fn channel(visitor: usize) -> String {
    format!("/chat/{visitor}")
}

pub fn request_chat(client: &str, visitor: usize) -> String {
    format!(
        r#"[{{"channel":"{CHAT}","id":"r","clientId":"{client}","data":{{"operation":"requestChat","nickname":"Visitor {visitor}","messageId":"request{visitor}"}}}}]"#
    )
}

pub fn desk(client: &str, operation: &str) -> String {
    format!(r#"[{{"channel":"/service/desk","id":"d","clientId":"{client}","data":{operation}}}]"#)
}

/// A message of 60 characters that says when it should have left.
pub fn message(kind: Kind, client: &Client, visitor: usize, sent: u64) -> String {
    let text = format!("{:.<60}", format!("mark:{sent}:"));
    let Client { id, key, .. } = client;
    match kind {
        Kind::Causerie => format!(
            r#"[{{"channel":"{CHAT}","id":"m","clientId":"{id}","data":{{"operation":"sendMessage","message":"{text}","messageId":"m{visitor}x{sent}",{key}}}}}]"#
        ),
        Kind::Faye | Kind::Cometd => format!(
            r#"[{{"channel":"{}","id":"m","clientId":"{id}","data":{{"message":"{text}","messageId":"m{visitor}x{sent}"}}}}]"#,
            channel(visitor)
        ),
    }
}

/// The client's id in the answer to a handshake.
pub fn client_id(answer: &str) -> String {
    let messages: Value = serde_json::from_str(answer).expect("JSON");
    messages[0]["clientId"].as_str().unwrap_or_else(|| panic!("a client id is expected: {answer}")).to_owned()
}

/// The chat that a frame is the answer to `requestChat` of.
pub fn chat(frame: &str, id: &str) -> Option<Client> {
    let messages: Value = serde_json::from_str(frame).expect("JSON");
    let data = messages.as_array()?.iter().find_map(|message| message.get("data"))?;
    assert_eq!(data["statusCode"], 0, "the server takes the chat: {data}");
    let key = format!(r#""secureKey":{},"userId":{},"alias":{}"#, data["secureKey"], data["userId"], data["alias"]);
    Some(Client { id: id.to_owned(), key, chat: data["chatId"].as_str()?.to_owned() })
}

/// Nothing that is refused is counted as done.
pub fn check(text: &str) {
    let refused = text.contains(r#""successful":false"#)
        || text.contains(r#""statusCode":1"#)
        || text.contains(r#""statusCode":2"#);
    assert!(!refused, "refused: {text}");
}

pub type Shared = Rc<World>;
