//! The program, killed without warning: what it acknowledged is there when it comes back.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Folder, Socket, free_port};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader as StdReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const CONFIG: &str = "[limits]\nsend_burst = 100000\nsend_rate = 100000.0\nsessions_per_address = 100000\n\
    [[channels]]\nname = \"default\"\n[[agents]]\nname = \"Jane\"\nkey = \"jane-key\"\n";

/// A channel with a bot, an offline form, and a receiver of webhooks at a port.
fn everything(port: u16) -> String {
    let bot = common::shipped("echo.js");
    format!(
        "[webhooks]\nretry_ms = 20\n[[channels]]\nname = \"default\"\n[channels.bot]\nfile = '{}'\n\
        [[channels.webhooks]]\nurl = \"http://127.0.0.1:{port}/hook\"\nsecret = \"a secret of some length\"\n\
        [[channels]]\nname = \"offline\"\n[channels.offline]\nfields = [{{ name = \"question\", label = \"Question\", required = true }}]\n\
        [[agents]]\nname = \"Jane\"\nkey = \"jane-key\"\n",
        bot.display()
    )
}

/// The program on a folder's file.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(folder: &Path) -> Self {
        Self::with(folder, CONFIG)
    }

    fn with(folder: &Path, config: &str) -> Self {
        std::fs::write(folder.join("chat.toml"), config).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_causerie-server"))
            .args(["--listen", "127.0.0.1:0", "--config", "chat.toml", "--store", "sqlite:chat.db"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        StdReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    /// SIGKILL: nothing of the program runs any more.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that requests go over one by one.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// The answer; none when the server is gone.
    async fn post(&mut self, path: &str, form: &str) -> Option<Value> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: chat\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        self.0.write_all(request.as_bytes()).await.ok()?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        Some(serde_json::from_slice(&body).unwrap())
    }
}

struct Begun {
    id: String,
    key: String,
    /// What was acknowledged: the message's id, and its place.
    acknowledged: HashMap<String, u64>,
}

/// Begins chats and says things in them until the server is gone.
async fn visitors(address: SocketAddr, chats: usize, acknowledged: Arc<(AtomicUsize, Notify)>) -> Vec<Begun> {
    let mut connection = Connection::open(address).await;
    let mut begun = Vec::new();
    for _ in 0..chats {
        let Some(answer) = connection.post("/2/chat/default", "nickname=Ann").await else { return begun };
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        begun.push(Begun { id: text("chatId"), key: text("secureKey"), acknowledged: HashMap::new() });
    }
    for n in 0.. {
        for chat in &mut begun {
            let id = format!("m{n}");
            let path = format!("/2/chat/default/{}/send", chat.id);
            let form = format!("secureKey={}&message=Hi&messageId={id}", chat.key);
            match connection.post(&path, &form).await {
                None => return begun,
                Some(answer) => {
                    assert_eq!(answer["statusCode"], 0, "{answer}");
                    chat.acknowledged.insert(id, answer["messages"][0]["index"].as_u64().unwrap());
                    acknowledged.0.fetch_add(1, Ordering::Relaxed);
                    acknowledged.1.notify_one();
                }
            }
        }
    }
    begun
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_chats_lose_nothing_that_was_acknowledged() {
    let folder = Folder::new();
    let mut program = Program::start(&folder.0);
    let acknowledged = Arc::new((AtomicUsize::new(0), Notify::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        tasks.spawn(visitors(program.address, 20, Arc::clone(&acknowledged)));
    }
    while acknowledged.0.load(Ordering::Relaxed) < 3000 {
        acknowledged.1.notified().await;
    }
    program.kill();
    let begun: Vec<Begun> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(begun.len(), 1000);

    let program = Program::start(&folder.0);
    let mut connection = Connection::open(program.address).await;
    for chat in begun {
        let path = format!("/2/chat/default/{}/refresh", chat.id);
        let answer = connection.post(&path, &format!("secureKey={}", chat.key)).await.unwrap();
        assert_eq!((&answer["statusCode"], &answer["chatEnded"]), (&Value::from(0), &Value::from(false)), "{answer}");
        let mut found = HashMap::new();
        for (n, entry) in answer["messages"].as_array().unwrap().iter().enumerate() {
            assert_eq!(entry["index"], n + 1, "the transcript is whole");
            if let Some(id) = entry["messageId"].as_str() {
                assert!(found.insert(id.to_owned(), entry["index"].as_u64().unwrap()).is_none(), "{id} is there twice");
            }
        }
        for (id, place) in chat.acknowledged {
            assert_eq!(found.get(&id), Some(&place), "{id} was acknowledged");
        }
    }
}

#[tokio::test]
async fn a_visitor_goes_on_over_bayeux_with_the_keys_after_a_crash() {
    let folder = Folder::new();
    let mut program = Program::start(&folder.0);
    let ask =
        |data: &str| format!(r#"[{{"id":"7","channel":"/service/chatV2/default","clientId":"$","data":{}}}]"#, data);
    let mut socket = Socket::handshaken(program.address).await;
    socket.send(&ask(r#"{"operation":"requestChat","nickname":"Ann"}"#)).await;
    let first = socket.frame().await[0]["data"].clone();
    let key = &first["secureKey"];
    program.kill();

    let program = Program::start(&folder.0);
    let mut socket = Socket::handshaken(program.address).await;
    socket
        .send(&ask(&format!(r#"{{"operation":"requestNotifications","secureKey":{key},"transcriptPosition":1}}"#)))
        .await;
    let again = socket.frame().await[0]["data"].clone();
    assert_eq!(again, first);
}

/// Takes requests on a port until an event of this type comes; returns the types of all, in order.
async fn events(listener: tokio::net::TcpListener, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let event: Value = serde_json::from_slice(&body).unwrap();
        all.push(event["type"].as_str().unwrap().to_owned());
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        if all.last().is_some_and(|kind| kind == last) {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_requests_events_and_the_bots_session_outlive_a_crash_too() {
    let folder = Folder::new();
    // Nobody listens to the webhooks yet: the port is free again before the server starts.
    let port = free_port();
    let mut program = Program::with(&folder.0, &everything(port));
    let mut connection = Connection::open(program.address).await;
    let word = |answer: &Value, name: &str| answer[name].as_str().unwrap().to_owned();

    let begun = connection.post("/2/chat/default", "nickname=Ann&notices=1&dataVersion=0").await.unwrap();
    let ann = format!("/2/chat/default/{}", word(&begun, "chatId"));
    let key = format!("secureKey={}", word(&begun, "secureKey"));
    let sent = connection.post(&format!("{ann}/send"), &format!("{key}&message=Hello&messageId=m1")).await.unwrap();
    assert_eq!(sent["statusCode"], 0);
    let set = connection.post(&format!("{ann}/updateData"), &format!("{key}&userData[cart]=3")).await.unwrap();
    assert_eq!(set["statusCode"], 0);
    let begun = connection.post("/2/chat/offline", "nickname=Ben&notices=1").await.unwrap();
    let form = "message=submit-form&userData[kind]=offline&userData[values][question]=When%3F";
    let path = format!("/2/chat/offline/{}/customNotice", word(&begun, "chatId"));
    let posted = connection.post(&path, &format!("secureKey={}&{form}", word(&begun, "secureKey"))).await.unwrap();
    assert_eq!(posted["chatEnded"], true, "{posted}");
    program.kill();

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let program = Program::with(&folder.0, &everything(port));
    let mut connection = Connection::open(program.address).await;
    let back = connection.post(&format!("{ann}/refresh"), &format!("{key}&notices=1&dataVersion=0")).await.unwrap();
    let notice = |name: &str| {
        let all = back["messages"].as_array().unwrap();
        all.iter().find(|entry| entry["text"] == name).unwrap_or_else(|| panic!("{name}: {back}"))["userData"].clone()
    };
    assert_eq!(notice("session-data")["set"], serde_json::json!({"cart": "3"}));
    assert_eq!(notice("status")["botActive"], "true");
    connection.post(&format!("{ann}/disconnect"), &key).await.unwrap();
    let told = events(listener, "chatSession.ended").await;
    assert_eq!(told.first().unwrap(), "chatSession.created", "what happened before the crash is told: {told:?}");
    assert!(told.iter().filter(|kind| *kind == "chatSession.messageReceived").count() >= 2, "{told:?}");
    drop(program);

    let requests = Command::new(env!("CARGO_BIN_EXE_causerie-server"))
        .args(["--store", "sqlite:chat.db", "--export-requests", "csv"])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let requests = String::from_utf8(requests.stdout).unwrap();
    assert!(requests.contains(",When?"), "{requests}");
}
