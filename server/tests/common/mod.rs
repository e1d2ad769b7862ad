//! What the tests speak with: raw envelopes over HTTP (no socket, so that time can be paused), and a WebSocket.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bots;
mod cluster;
mod nodes;
mod port;
mod reading;
mod redis;
mod rest;

pub use bots::*;
pub use cluster::*;
pub use nodes::*;
pub use port::*;
pub use reading::*;
pub use redis::*;
pub use rest::*;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use causerie_server::clock::Clock;
use causerie_server::config::Config;
use causerie_server::origin::Peer as Origin;
use causerie_server::store::SqliteStore;
use causerie_server::{App, app, serve};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt;

pub const CHAT: &str = "/service/chatV2/default";
pub const DESK: &str = "/service/desk";

/// The smallest configuration; what a test adds at the top and below.
pub fn config(top: &str, tables: &str) -> Config {
    Config::parse(
        &format!("{top}\n[[channels]]\nname = \"default\"\n{tables}\n[[agents]]\nname = \"Jane\"\nkey = \"jane-key\"\n[[agents]]\nname = \"Omar\"\nkey = \"omar-key\"\n"),
        "test",
    )
    .unwrap()
}

pub fn server() -> Arc<App> {
    App::in_memory(config("", ""))
}

/// A folder of its own, until the test is over.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("causerie-{}", causerie_server::secret::random_hex(8).unwrap());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server on the SQLite file of a folder.
pub async fn on(folder: &Folder, config: Config) -> Arc<App> {
    let store = SqliteStore::open(&folder.file("chat.db")).unwrap();
    let app = App::new(config, Clock::steady(), Arc::new(store));
    app.floor.take_up().await.unwrap();
    app
}

/// A server whose time passes: expired things are swept.
pub fn swept(app: Arc<App>) -> Arc<App> {
    tokio::spawn(serve::sweep(Arc::clone(&app)));
    app
}

pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Response {
    pub fn messages(&self) -> Vec<Value> {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Any request.
pub async fn request(
    router: Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response {
    let mut request = Request::builder().method(method).uri(path).header("host", "chat.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(Origin { address: "127.0.0.1:1".parse::<SocketAddr>().unwrap(), tls: false });
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    Response { status: parts.status, headers: parts.headers, body }
}

pub async fn post(app: &Arc<App>, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let headers: Vec<_> = [("content-type", "application/json")].into_iter().chain(headers.iter().copied()).collect();
    request(causerie_server::app(Arc::clone(app)), Method::POST, "/cometd", &headers, body).await
}

/// A request over a connection of its own; returns the body of the answer.
pub async fn http(address: SocketAddr, cookie: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /cometd HTTP/1.1\r\nHost: chat.example\r\nContent-Type: application/json\r\nCookie: {cookie}\r\n\
        Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    match answer.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        false => body,
        true => body.lines().filter(|line| line.starts_with('[')).collect(),
    }
}

/// A Bayeux client over HTTP. `$` in what it sends stands for its client id.
#[derive(Clone)]
pub struct Client {
    pub app: Arc<App>,
    pub id: String,
    pub cookie: String,
    /// What came beside the answers to what was published.
    pub beside: Arc<Mutex<Vec<Value>>>,
}

impl Client {
    pub async fn new(app: &Arc<App>) -> Self {
        Self::with(app, "").await
    }

    /// With more members in the handshake.
    pub async fn with(app: &Arc<App>, members: &str) -> Self {
        let body = format!(
            r#"[{{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]{members}}}]"#
        );
        let response = post(app, &[], body).await;
        assert_eq!(response.status, 200);
        let cookie = response.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let id = response.messages()[0]["clientId"].as_str().unwrap().to_owned();
        Self { app: Arc::clone(app), id, cookie, beside: Arc::default() }
    }

    pub async fn raw(&self, envelope: &str) -> Response {
        post(&self.app, &[("cookie", &self.cookie)], envelope.replace('$', &self.id)).await
    }

    pub async fn send(&self, envelope: &str) -> Vec<Value> {
        let response = self.raw(envelope).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.messages()
    }

    /// A connect that is answered at once: the events that waited.
    pub async fn events(&self) -> Vec<Value> {
        let mut messages = self.send(r#"[{"id":"c","channel":"/meta/connect","clientId":"$","connectionType":"long-polling","advice":{"timeout":0}}]"#).await;
        let reply = messages.pop().unwrap();
        assert_eq!(reply["successful"], true, "{reply}");
        messages.into_iter().map(|message| message["data"].clone()).collect()
    }

    /// A held connect, in a task of its own.
    pub fn hold(&self, members: &str) -> JoinHandle<Vec<Value>> {
        let client = self.clone();
        let envelope = format!(
            r#"[{{"id":"h","channel":"/meta/connect","clientId":"$","connectionType":"long-polling"{members}}}]"#
        );
        tokio::spawn(async move { client.send(&envelope).await })
    }

    /// Publishes, and returns the `data` of the answer; its id and its place before the acknowledgement are checked.
    pub async fn publish(&self, channel: &str, data: &str) -> Value {
        let messages =
            self.send(&format!(r#"[{{"id":"p7","channel":"{channel}","clientId":"$","data":{data}}}]"#)).await;
        let at = messages
            .iter()
            .position(|message| message.get("data").is_some() && message["id"] == "p7")
            .unwrap_or_else(|| panic!("no answer: {messages:?}"));
        let ack = messages.last().unwrap();
        assert_eq!(
            (&ack["id"], &ack["channel"], &ack["successful"]),
            (&Value::from("p7"), &Value::from(channel), &Value::from(true))
        );
        assert!(at < messages.len() - 1);
        assert_eq!(messages[at]["channel"], channel);
        let others = messages.iter().enumerate().filter(|(n, message)| *n != at && message.get("data").is_some());
        self.beside.lock().unwrap().extend(others.map(|(_, message)| message["data"].clone()));
        messages[at]["data"].clone()
    }

    pub async fn chat(&self, data: &str) -> Value {
        self.publish(CHAT, data).await
    }

    pub async fn desk(&self, data: &str) -> Value {
        self.publish(DESK, data).await
    }
}

/// A visitor with a chat.
pub async fn visitor(app: &Arc<App>) -> (Client, Chat) {
    let client = Client::new(app).await;
    let chat = begin(&client, "Ann").await;
    (client, chat)
}

#[derive(Clone)]
pub struct Chat {
    pub id: String,
    pub key: String,
}

pub async fn begin(client: &Client, name: &str) -> Chat {
    let answer = client.chat(&format!(r#"{{"operation":"requestChat","nickname":"{name}","subject":"Shoes"}}"#)).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    Chat { id: answer["chatId"].as_str().unwrap().to_owned(), key: answer["secureKey"].as_str().unwrap().to_owned() }
}

impl Chat {
    /// `$key` and `$chat` in an operation stand for this chat's.
    pub fn fill(&self, operation: &str) -> String {
        operation.replace("$key", &self.key).replace("$chat", &self.id)
    }
}

/// An agent who is signed in.
pub async fn agent(app: &Arc<App>, name: &str) -> Client {
    let client = Client::new(app).await;
    let answer =
        client.desk(&format!(r#"{{"operation":"signIn","name":"{name}","key":"{}-key"}}"#, name.to_lowercase())).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    client
}

/// A visitor and an agent in a chat, with nothing waiting for either.
pub async fn in_chat(app: &Arc<App>) -> (Client, Client, Chat) {
    let (ann, chat) = visitor(app).await;
    let jane = agent(app, "Jane").await;
    let answer = jane.desk(&chat.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    assert_eq!(answer["statusCode"], 0, "{answer}");
    ann.events().await;
    jane.events().await;
    (ann, jane, chat)
}

/// The kinds and makers of entries, for a comparison at a glance.
pub fn kinds(data: &Value) -> Vec<String> {
    let entry = |entry: &Value| {
        format!("{} {} {}", entry["index"], entry["type"].as_str().unwrap(), entry["from"]["participantId"])
    };
    data["messages"].as_array().map(|entries| entries.iter().map(entry).collect()).unwrap_or_default()
}

/// A server on a port of its own, until it is stopped.
pub struct Running {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub done: JoinHandle<()>,
}

pub async fn running(config: Config) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = App::in_memory(config);
    let (stop, stopped) = oneshot::channel();
    let tls = state.config.tls.as_ref().map(|tls| serve::tls(tls).unwrap());
    let router = app(Arc::clone(&state));
    let served = Arc::clone(&state);
    let done = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serve::run(listener, tls, served, router, stopped).await.unwrap();
    });
    Running { app: state, address, stop, done }
}

/// A WebSocket. `$` in what it sends stands for its client id.
pub struct Socket<S = MaybeTlsStream<TcpStream>> {
    pub socket: WebSocketStream<S>,
    pub id: String,
}

pub const HANDSHAKE: &str =
    r#"[{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]"#;

impl Socket {
    pub async fn open(address: SocketAddr) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/cometd")).await.unwrap();
        Self { socket, id: String::new() }
    }

    pub async fn handshaken(address: SocketAddr) -> Self {
        let mut socket = Self::open(address).await;
        socket.send(HANDSHAKE).await;
        socket.id = socket.frame().await[0]["clientId"].as_str().unwrap().to_owned();
        socket
    }
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Socket<S> {
    pub async fn send(&mut self, envelope: &str) {
        self.socket.send(Message::Text(envelope.replace('$', &self.id).into())).await.unwrap();
    }

    /// The next frame of any kind but pings.
    pub async fn any(&mut self) -> Message {
        loop {
            let next =
                tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.expect("a frame in time");
            match next.expect("an open socket").expect("a frame") {
                Message::Ping(_) | Message::Pong(_) => {}
                frame => return frame,
            }
        }
    }

    pub async fn text(&mut self) -> String {
        match self.any().await {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn frame(&mut self) -> Vec<Value> {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The code that the server closes with.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.any().await {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
