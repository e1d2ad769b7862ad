//! The file of the SQLite store: whose it is, which ones are refused, and that a server finds there what another left.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::store::{MemoryStore, SqliteStore, Store};
use common::{Client, Folder, Rest, agent, begin, config, in_chat, kinds, on, visitor};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

fn refused(path: &Path, reason: &str) {
    match SqliteStore::open(path) {
        Ok(_) => panic!("it is opened"),
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with(&path.display().to_string()) && error.contains(reason), "{error}");
        }
    }
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let other = folder.file("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let before = std::fs::read(&other).unwrap();
    refused(&other, "it is a database of another program");
    assert_eq!(std::fs::read(&other).unwrap(), before);
    let text = folder.file("notes.txt");
    std::fs::write(&text, "Not a database at all. ".repeat(100)).unwrap();
    refused(&text, "file is not a database");
    refused(&folder.file("nowhere/chat.db"), "No such file or directory");
    refused(&folder.file(""), "directory");
}

#[test]
fn a_file_of_a_newer_program_is_refused() {
    let folder = Folder::new();
    let path = folder.file("chat.db");
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    refused(&path, "it is of version 999, and this program knows versions up to");
}

#[test]
fn one_server_at_a_time_has_the_file() {
    let folder = Folder::new();
    let path = folder.file("chat.db");
    let first = SqliteStore::open(&path).unwrap();
    assert!(SqliteStore::open(&path).err().unwrap().is_in_use());
    drop(first);
    SqliteStore::open(&path).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let app = on(&folder, config("", "")).await;
    visitor(&app).await;
    let mut names = Vec::new();
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        names.push(file.file_name());
    }
    assert!(names.len() >= 3, "{names:?}");
}

#[tokio::test]
async fn a_chat_goes_on_at_the_next_server() {
    let folder = Folder::new();
    let app = on(&folder, config("", "")).await;
    let (ann, jane, chat) = in_chat(&app).await;
    let message = chat.fill(r#"{"operation":"sendMessage","secureKey":"$key","message":"Hi","messageId":"m1"}"#);
    let said = ann.chat(&message).await;
    drop((app, ann, jane));

    let app = on(&folder, config("", "")).await;
    let ann = Client::new(&app).await;
    let resume = r#"{"operation":"requestNotifications","secureKey":"$key","transcriptPosition":1}"#;
    let answer = ann.chat(&chat.fill(resume)).await;
    assert_eq!(
        (&answer["statusCode"], &answer["chatId"], &answer["chatEnded"]),
        (&json!(0), &json!(chat.id), &json!(false))
    );
    assert_eq!(kinds(&answer), ["1 ParticipantJoined 1", "2 ParticipantJoined 2", "3 Message 1"]);
    assert_eq!(answer["userId"], said["userId"]);
    assert_eq!(ann.chat(&message).await["messages"], said["messages"], "what was sent twice is there once");
    let jane = agent(&app, "Jane").await;
    let hello = jane.desk(&chat.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hello"}"#)).await;
    assert_eq!((kinds(&hello), &hello["chats"][0]["chatId"]), (vec!["4 Message 2".to_owned()], &json!(chat.id)));
    assert_eq!(kinds(&ann.events().await[0]), ["4 Message 2"]);
}

#[tokio::test]
async fn the_queue_and_repeated_requests_are_known_to_the_next_server() {
    let folder = Folder::new();
    let app = on(&folder, config("", "")).await;
    let ann = Client::new(&app).await;
    let ben = begin(&ann, "Ben").await;
    let request = format!("nickname=Ann&messageId={}", "r".repeat(24));
    let Rest { id, key, .. } = Rest::begin(&app, &request).await;
    drop((app, ann));

    let app = on(&folder, config("", "")).await;
    let again = Rest::begin(&app, &request).await;
    assert_eq!((&again.id, &again.key), (&id, &key));
    let jane = agent(&app, "Jane").await;
    let answer = jane.desk(&ben.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(answer["queue"].as_array().unwrap().len(), 1);
    assert_eq!(answer["queue"][0]["chatId"], json!(id));
    assert_eq!(answer["chats"][0]["nickname"], "Ben");
}

#[tokio::test]
async fn places_of_open_chats_stay_taken_at_the_next_server() {
    let folder = Folder::new();
    let few = || config("[limits]\nsessions_per_address = 2", "");
    let app = on(&folder, few()).await;
    let Rest { id, key, .. } = Rest::begin(&app, "nickname=Ann").await;
    Rest::begin(&app, "nickname=Ben").await;
    drop(app);

    let app = on(&folder, few()).await;
    let refused = Rest::raw(&app, "/2/chat/default", &[common::FORM], "nickname=Cid").await.1;
    assert_eq!(refused["errors"][0]["code"], 240);
    let ann = Rest { app: app.clone(), id, key, first: json!(null) };
    assert_eq!(ann.post("disconnect", "").await["chatEnded"], true);
    Rest::begin(&app, "nickname=Cid").await;
}

#[tokio::test]
async fn an_ended_chat_is_kept_for_its_time_whoever_serves() {
    let folder = Folder::new();
    let app = on(&folder, config("", "ended_retention = 60")).await;
    let Rest { app: same, id, key, .. } = Rest::begin(&app, "nickname=Ann").await;
    Rest { app: same, id: id.clone(), key: key.clone(), first: json!(null) }.post("disconnect", "").await;
    let Clock::Steady { base, since } = Clock::steady() else { panic!("steady") };
    drop(app);

    for (later, found) in [(50_000, true), (61_000, false)] {
        let store = Arc::new(SqliteStore::open(&folder.file("chat.db")).unwrap());
        let clock = Clock::Steady { base: base + later, since };
        let app = App::new(config("", "ended_retention = 60"), clock, store);
        app.floor.take_up().await.unwrap();
        app.sweep().await;
        let ann = Rest { app: app.clone(), id: id.clone(), key: key.clone(), first: json!(null) };
        let answer = ann.post("refresh", "").await;
        assert_eq!((answer["statusCode"] == 0, answer["chatEnded"] == true), (found, true), "{later}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_does_not_come_back_to_the_next_server_loses_the_chat() {
    let store = Arc::new(MemoryStore::default());
    let app = App::new(config("", ""), Clock::steady(), Arc::clone(&store) as Arc<dyn Store>);
    let (_, _, chat) = in_chat(&app).await;

    let app = common::swept(App::new(config("", ""), Clock::steady(), store));
    app.floor.take_up().await.unwrap();
    let omar = agent(&app, "Omar").await;
    assert_eq!(omar.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await["statusCode"], 1);
    tokio::time::sleep(std::time::Duration::from_secs(31)).await;
    let omar = agent(&app, "Omar").await;
    let answer = omar.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(kinds(&answer).last().unwrap(), "4 ParticipantJoined 3");
}

#[tokio::test]
async fn two_servers_on_one_store_agree() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let node = || App::new(config("", ""), Clock::steady(), Arc::clone(&store));
    let (one, other) = (node(), node());
    let (ann, chat) = visitor(&one).await;
    let elsewhere = Client::new(&other).await;
    let say =
        |text: &str| chat.fill(&format!(r#"{{"operation":"sendMessage","secureKey":"$key","message":"{text}"}}"#));
    assert_eq!(kinds(&elsewhere.chat(&say("There")).await), ["2 Message 1"], "a chat of another server is taken up");
    // This server's copy is behind: it catches up, and tells its visitor what it has missed.
    let data = say("Here");
    let came =
        ann.send(&format!(r#"[{{"id":"p","channel":"/service/chatV2/default","clientId":"$","data":{data}}}]"#)).await;
    assert_eq!(kinds(&came[0]["data"]), ["2 Message 1"]);
    assert_eq!((&came[1]["id"], kinds(&came[1]["data"])), (&json!("p"), vec!["3 Message 1".to_owned()]));
}

/// The tables and a chat as the first version kept them.
const FIRST: &str = r#"
PRAGMA application_id = 1128355155;
PRAGMA user_version = 1;
CREATE TABLE chats (id TEXT NOT NULL PRIMARY KEY, service TEXT NOT NULL, request TEXT, handle TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX chats_by_request ON chats (service, request) WHERE request IS NOT NULL;
CREATE TABLE entries (chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE, place INTEGER NOT NULL, who INTEGER NOT NULL,
    message TEXT, entry TEXT NOT NULL, PRIMARY KEY (chat, place)) STRICT;
CREATE INDEX entries_by_message ON entries (chat, who, message) WHERE message IS NOT NULL;
INSERT INTO chats VALUES ('c1', 'default', NULL, 'aaaaaaaaaaaaaaaa', 1, '{"version":1,"id":"c1","service":"default",
    "key":"aaaaaaaaaaaaaaaabbbb","user_id":"u1","request":null,"address":"127.0.0.1","nickname":"Ann","subject":"","email":null,
    "user_data":null,"since":1700000000000,"next_index":2,"next_participant":2,"agents":[],"ended":null}');
INSERT INTO entries VALUES ('c1', 1, 1, NULL, '{"index":1,"type":"ParticipantJoined","utcTime":1700000000000,
    "from":{"nickname":"Ann","participantId":1,"type":"Client"}}');
"#;

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = Folder::new();
    Connection::open(folder.file("chat.db")).unwrap().execute_batch(FIRST).unwrap();
    let app = on(&folder, config("", "")).await;
    let ann = Rest { app: app.clone(), id: "c1".into(), key: "aaaaaaaaaaaaaaaabbbb".into(), first: json!(null) };
    assert_eq!(
        kinds(&ann.post("send", "message=Hi&transcriptPosition=1").await),
        ["1 ParticipantJoined 1", "2 Message 1"]
    );
    let jane = agent(&app, "Jane").await;
    assert_eq!(jane.desk(r#"{"operation":"accept","chatId":"c1"}"#).await["statusCode"], 0);
    assert!(app.floor.take_up().await.is_ok());
}
