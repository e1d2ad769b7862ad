//! Visitors whose clients read notices, and what is in notices.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::{Chat, Client};
use causerie_server::App;
use serde_json::Value;
use std::sync::Arc;

/// A visitor whose client reads notices, with the answer to the request.
pub async fn reading(app: &Arc<App>) -> (Client, Value, Chat) {
    let client = Client::new(app).await;
    let first = client.chat(r#"{"operation":"requestChat","nickname":"Ann","notices":1}"#).await;
    let text = |name: &str| first[name].as_str().unwrap_or_else(|| panic!("{first}")).to_owned();
    let chat = Chat { id: text("chatId"), key: text("secureKey") };
    (client, first, chat)
}

/// The same, with more members in the request.
pub async fn begin_reading(app: &Arc<App>, members: &str) -> (Client, Chat) {
    let client = Client::new(app).await;
    let request = format!(r#"{{"operation":"requestChat","nickname":"Ann","notices":1{members}}}"#);
    let first = client.chat(&request).await;
    let text = |name: &str| first[name].as_str().unwrap_or_else(|| panic!("{first}")).to_owned();
    (client, Chat { id: text("chatId"), key: text("secureKey") })
}

/// The status notices in some data: from, to, cause.
pub fn statuses(data: &Value) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry["userData"][name].as_str().unwrap().to_owned();
    let entries = data["messages"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["text"] == "status" && entry["type"] == "Notice")
        .map(|entry| format!("{} {} {}", text(entry, "old"), text(entry, "new"), text(entry, "cause")))
        .collect()
}

/// What the notice of this name carries.
pub fn notice(data: &Value, name: &str) -> Value {
    let entry = data["messages"].as_array().unwrap().iter().find(|entry| entry["text"] == name);
    entry.unwrap_or_else(|| panic!("no {name}: {data}"))["userData"].clone()
}

/// A form in a channel's configuration.
pub fn forms(kind: &str) -> String {
    format!(
        r#"[channels.{kind}]
fields = [
    {{ name = "nickname", label = "Your name", required = true, max_length = 40 }},
    {{ name = "email", label = "E-mail", type = "email", required = true }},
    {{ name = "topic", label = "Topic", type = "select", options = ["Tea", "Cups"] }},
    {{ name = "order", label = "Order", pattern = "[A-Z]{{2}}[0-9]+" }},
    {{ name = "terms", label = "I agree", type = "checkbox", required = true }},
    {{ name = "stars", label = "How was it?", type = "rating" }},
    {{ name = "words", label = "Tell us", type = "textarea" }},
]
"#
    )
}
