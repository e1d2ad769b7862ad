//! Webhooks: what happens in chats is told to other programs, signed, in order, and until they have it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use causerie_server::App;
use causerie_server::config::Config;
use causerie_server::store::{SqliteStore, Store};
use causerie_server::webhook::sign;
use common::{Folder, Rest, agent, config, forms, on, shipped};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const SECRET: &str = "a secret of some length";

/// Somebody who is told: what came, and what is answered next (200 when nothing is said).
#[derive(Clone, Default)]
struct Receiver {
    came: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    news: Arc<Notify>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    receiver.came.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    receiver.news.notify_one();
    StatusCode::from_u16(status).unwrap()
}

impl Receiver {
    /// Listens; returns its table in a channel's configuration.
    async fn listen(&self, members: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum_serve(listener, router).await });
        format!("[[channels.webhooks]]\nurl = \"http://{address}/hook\"\nsecret = \"{SECRET}\"\n{members}\n")
    }

    /// The first so many requests, as soon as they have come.
    async fn wait(&self, count: usize) -> Vec<(HeaderMap, Value)> {
        let all = async {
            while self.came.lock().unwrap().len() < count {
                self.news.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("all requests in time");
        let came = self.came.lock().unwrap();
        came.iter().map(|(headers, body)| (headers.clone(), serde_json::from_str(body).unwrap())).collect()
    }

    async fn kinds(&self, count: usize) -> Vec<String> {
        let words = |event: Value| {
            let kind = event["type"].as_str().unwrap().strip_prefix("chatSession.").unwrap().to_owned();
            match kind.as_str() {
                "changed" => format!("changed {} {} {}", event["old"], event["new"], event["cause"].as_str().unwrap()),
                "messageReceived" => format!("said {}", event["message"]["text"].as_str().unwrap()),
                _ => kind,
            }
        };
        self.wait(count).await.into_iter().map(|(_, event)| words(event)).collect()
    }
}

/// HTTP/1.1 for a router, one task for each connection.
async fn axum_serve(listener: TcpListener, router: Router) {
    use tower::ServiceExt;
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let router = router.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                router.clone().oneshot(request.map(axum::body::Body::new))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

fn told(receiver_tables: &str) -> Config {
    config("[webhooks]\nretry_ms = 20", receiver_tables)
}

#[tokio::test]
async fn what_happens_is_told_in_order() {
    let receiver = Receiver::default();
    let app = App::in_memory(told(&receiver.listen("").await));
    let ann = Rest::begin(&app, "nickname=Ann&subject=Shoes&notices=1").await;
    let jane = agent(&app, "Jane").await;
    jane.desk(&ann.fill(r#"{"operation":"accept","chatId":"$chat"}"#)).await;
    ann.post("send", "message=Hello").await;
    jane.desk(&ann.fill(r#"{"operation":"sendMessage","chatId":"$chat","message":"Hi"}"#)).await;
    ann.post("disconnect", "").await;
    assert_eq!(
        receiver.kinds(8).await,
        [
            "created",
            "changed 0 4 begin",
            "changed 4 5 agent-accepted",
            "said Hello",
            "said Hi",
            "changed 5 6 agent-message",
            "changed 6 9 leave",
            "ended"
        ]
    );
}

#[tokio::test]
async fn an_event_has_its_shape_and_its_signature() {
    let receiver = Receiver::default();
    let app = App::in_memory(told(&receiver.listen("events = [\"chatSession.messageReceived\"]").await));
    let ann = Rest::begin(&app, "nickname=Ann&subject=Shoes&emailAddress=a@b.example&text=Hello").await;
    let (headers, event) = receiver.wait(1).await.remove(0);
    let index = event["message"]["index"].clone();
    assert_eq!(
        event,
        json!({"id": event["id"], "type": "chatSession.messageReceived", "time": event["time"],
            "session": {"id": ann.id, "service": "default", "status": 4, "statusName": "inQueue", "botActive": false,
                "customerId": ann.first["userId"], "customerName": "Ann", "customerEmail": "a@b.example",
                "subject": "Shoes", "agents": []},
            "message": {"index": index, "type": "Message", "utcTime": event["message"]["utcTime"], "text": "Hello",
                "from": {"nickname": "Ann", "participantId": 1, "type": "Client"}}})
    );
    assert_eq!(event["id"].as_str().unwrap().len(), 16);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["causerie-delivery"], "1");
    let signature = headers["causerie-signature"].to_str().unwrap();
    let seconds: u64 = signature.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    let body = receiver.came.lock().unwrap()[0].1.clone();
    assert_eq!(signature, sign(SECRET, seconds, &body));
    assert!(!body.contains(&ann.key));
}

#[test]
fn the_signature_is_hmac_sha256_of_time_and_body() {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac 'a secret of some length'
    let expected = "t=1700000000,v1=9008b8e96ac884fb56cbbbb39d8c4b578c2c6de7951cbcce7f1f18311f3cd9f2";
    assert_eq!(sign(SECRET, 1_700_000_000, "{}"), expected);
}

#[tokio::test]
async fn an_event_is_told_again_until_it_is_taken_and_none_overtakes_it() {
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().extend([500, 503, 429, 200]);
    let app = App::in_memory(told(&receiver.listen("").await));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    ann.post("send", "message=Hello").await;
    assert_eq!(
        receiver.kinds(6).await,
        ["created", "created", "created", "created", "changed 0 4 begin", "said Hello"]
    );
    let came = receiver.wait(6).await;
    assert!(came[..4].iter().all(|(_, event)| event["id"] == came[0].1["id"]), "it is the same event");
}

#[tokio::test]
async fn sessions_do_not_wait_for_each_other_nor_receivers() {
    let (slow, quick) = (Receiver::default(), Receiver::default());
    slow.answers.lock().unwrap().extend([500; 10_000]);
    let tables = format!("{}{}", slow.listen("").await, quick.listen("").await);
    let app = App::in_memory(told(&tables));
    for name in ["Ann", "Ben"] {
        Rest::begin(&app, &format!("nickname={name}")).await;
    }
    assert_eq!(quick.kinds(4).await.len(), 4);
    let names: std::collections::BTreeSet<_> =
        slow.wait(6).await.into_iter().map(|(_, event)| event["session"]["customerName"].to_string()).collect();
    assert_eq!(names.len(), 2);
}

/// A receiver that answers each request with these words, and nothing more: its table in the configuration, and what comes.
async fn mute(words: &'static str) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, came) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let told = told.clone();
            tokio::spawn(async move {
                let (mut text, mut read) = (String::new(), [0; 4096]);
                while !text.contains("\"session\"") {
                    let length = stream.read(&mut read).await.unwrap();
                    text.push_str(&String::from_utf8_lossy(&read[..length]));
                }
                stream.write_all(words.as_bytes()).await.unwrap();
                let _ = told.send(text);
                // Until the other end has had enough.
                while stream.read(&mut read).await.is_ok_and(|length| length > 0) {}
            });
        }
    });
    (format!("[[channels.webhooks]]\nurl = \"http://{address}/\"\nsecret = \"{SECRET}\"\n"), came)
}

#[tokio::test]
async fn nobody_waits_for_a_receiver_that_hangs() {
    let (hanging, _came) = mute("").await;
    let quick = Receiver::default();
    let tables = format!("{hanging}{}", quick.listen("").await);
    let app = App::in_memory(config("[webhooks]\ntimeout_ms = 600000", &tables));
    for n in 0..40 {
        Rest::begin(&app, &format!("nickname=Ann{n}")).await;
    }
    quick.wait(80).await;
}

#[tokio::test]
async fn what_is_answered_counts_even_if_the_answer_has_no_end() {
    let (table, mut came) = mute("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
    let app = App::in_memory(config("[webhooks]\ntimeout_ms = 50\nretry_ms = 20", &table));
    Rest::begin(&app, "nickname=Ann").await;
    assert!(came.recv().await.unwrap().contains("chatSession.created"));
    assert!(came.recv().await.unwrap().contains("chatSession.changed"), "it is not told again");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_no_more_of_that_event() {
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().extend([410]);
    let app = App::in_memory(told(&receiver.listen("").await));
    Rest::begin(&app, "nickname=Ann").await;
    assert_eq!(receiver.kinds(2).await, ["created", "changed 0 4 begin"]);
}

#[tokio::test]
async fn what_was_not_told_is_told_by_the_next_server() {
    let receiver = Receiver::default();
    let tables = receiver.listen("").await;
    receiver.answers.lock().unwrap().extend([500; 10_000]);
    let folder = Folder::new();
    let app = on(&folder, told(&tables)).await;
    let Rest { id, .. } = Rest::begin(&app, "nickname=Ann").await;
    receiver.wait(1).await;
    app.stop.cancel();
    app.tasks.close();
    app.tasks.wait().await;
    drop(app);
    receiver.answers.lock().unwrap().clear();
    let before = receiver.came.lock().unwrap().len();
    let store = SqliteStore::open(&folder.file("chat.db")).unwrap();
    // The claim of the server that is gone is over.
    let left = store.claim_outgoing(u64::MAX / 4, 0, 10, &[]).await.unwrap();
    assert_eq!((left.len(), &left[0].chat), (1, &id), "the first of the session");
    drop(store);
    let app = on(&folder, told(&tables)).await;
    let came = receiver.wait(before + 2).await;
    let kinds: Vec<_> = came[before..].iter().map(|(_, event)| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["chatSession.created", "chatSession.changed"]);
    drop(app);
}

#[tokio::test]
async fn they_go_on_after_a_hand_off_when_bots_no_longer_do() {
    let receiver = Receiver::default();
    let bot = format!("[channels.bot]\nfile = '{}'\n", shipped("echo.js").display());
    let app = App::in_memory(told(&format!("{}{bot}", receiver.listen("").await)));
    let ann = Rest::begin(&app, "nickname=Ann").await;
    receiver.wait(4).await;
    ann.post("send", "message=human").await;
    receiver.wait(9).await;
    ann.post("send", "message=Anybody?").await;
    let kinds = receiver.kinds(10).await;
    assert_eq!(
        kinds[4..],
        [
            "said human",
            "changed 6 5 visitor-message",
            "said I ask a human to take over.",
            "changed 5 6 bot-message",
            "changed 6 4 hand-off",
            "said Anybody?"
        ]
    );
}

#[tokio::test]
async fn forms_and_deletion_are_told_too() {
    let receiver = Receiver::default();
    let tables = format!("ended_retention = 0\n{}{}", forms("offline"), receiver.listen("").await);
    let app = App::in_memory(told(&tables));
    let ann = Rest::begin(&app, "nickname=Ann&notices=1").await;
    let values = "userData[kind]=offline&userData[values][nickname]=Ann&userData[values][email]=a@b.example&userData[values][terms]=true";
    assert_eq!(ann.post("customNotice", &format!("message=submit-form&{values}")).await["statusCode"], 0);
    app.sweep().await;
    assert_eq!(
        receiver.kinds(5).await,
        ["created", "changed 0 3 begin", "changed 3 10 offline-submitted", "ended", "changed 10 8 delete"]
    );
    let event = receiver.wait(5).await[3].1.clone();
    assert_eq!(
        (&event["cause"], &event["session"]["forms"]["offline"]["email"]),
        (&json!("offline-submitted"), &json!("a@b.example"))
    );
}

#[test]
fn a_wrong_webhook_is_refused_with_its_line() {
    for (hook, reason) in [
        ("url = \"ftp://x\"\nsecret = \"0123456789abcdef\"", "http:// or https://"),
        ("url = \"https://\"\nsecret = \"0123456789abcdef\"", "http:// or https://"),
        ("url = \"https://x.example/\"\nsecret = \"short\"", "16 characters and more"),
        (
            "url = \"https://x.example/\"\nsecret = \"0123456789abcdef\"\nevents = [\"created\"]",
            "chatSession.created, ",
        ),
        ("url = \"https://x.example/\"", "missing field `secret`"),
    ] {
        let text = format!("[[channels]]\nname = \"default\"\n[[channels.webhooks]]\n{hook}\n");
        let error = Config::parse(&text, "chat.toml").unwrap_err().to_string();
        assert!(error.starts_with("chat.toml, line ") && error.contains(reason), "{hook}: {error}");
    }
}
