//! Channels with bots.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::{Chat, Client, Folder, config};
use causerie_server::App;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A bot that ships with the server.
pub fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bots").join(name)
}

/// A server whose channel has a bot, with more at the top, in the bot's table and below.
pub fn with_bot(file: &std::path::Path, top: &str, bot: &str, tables: &str) -> Arc<App> {
    let tables = format!("{tables}\n[channels.bot]\nfile = '{}'\nname = \"Robin\"\n{bot}\n", file.display());
    App::in_memory(config(top, &tables))
}

/// A server whose channel has this script.
pub fn scripted(folder: &Folder, script: &str, tables: &str) -> Arc<App> {
    let file = folder.file("bot.js");
    std::fs::write(&file, script).unwrap();
    with_bot(&file, "", "debug = true", tables)
}

/// Waits until bots have done what they have to.
pub async fn quiet() {
    sleep(Duration::from_millis(600)).await;
}

/// What has come for a client, once bots have done what they have to.
pub async fn heard(client: &Client) -> Vec<Value> {
    quiet().await;
    let mut all = std::mem::take(&mut *client.beside.lock().unwrap());
    all.extend(client.events().await);
    all
}

/// Says something, and returns the answer.
pub async fn say(client: &Client, chat: &Chat, text: &str) -> Value {
    let text = serde_json::to_string(text).unwrap();
    client.chat(&chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":{text}}}"#))).await
}

/// What was said in some data: who, and what.
pub fn said(all: &[Value]) -> Vec<String> {
    let entries = all.iter().flat_map(|data| data["messages"].as_array().unwrap());
    entries
        .filter(|entry| entry["type"] == "Message")
        .map(|entry| format!("{}: {}", entry["from"]["nickname"].as_str().unwrap(), entry["text"].as_str().unwrap()))
        .collect()
}

/// What a bot has logged.
pub fn logged(all: &[Value]) -> Vec<String> {
    let entries = all.iter().flat_map(|data| data["messages"].as_array().unwrap());
    entries
        .filter(|entry| entry["text"] == "bot-log")
        .flat_map(|entry| entry["userData"]["lines"].as_array().unwrap().clone())
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}
