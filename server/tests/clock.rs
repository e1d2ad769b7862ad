//! A system's clock that is set, forward or back: what waits goes on as it did.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use causerie_server::App;
use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::Chat;
use causerie_server::clock::Clock;
use causerie_server::config::Config;
use causerie_server::store::{MemoryStore, SqliteStore, Store};
use causerie_server::webhook::outgoing::Outgoing;
use common::{Client, Folder, Rest, config, swept, visitor};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

const START: u64 = 1_700_000_000_000;
const YEAR: i64 = 31_536_000_000;

/// A system's clock that can be set, beside one that cannot; that one may be hurried, so that nobody has to wait.
#[derive(Clone)]
struct Hands {
    since: Instant,
    set: Arc<AtomicI64>,
    hurried: Arc<AtomicU64>,
}

impl Hands {
    fn new() -> Self {
        Self { since: Instant::now(), set: Arc::default(), hurried: Arc::default() }
    }

    fn run(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap() + self.hurried.load(Ordering::Relaxed)
    }

    fn clock(&self) -> Clock {
        let (wall, run) = (self.clone(), self.clone());
        let wall = move || (START + wall.run()).checked_add_signed(wall.set.load(Ordering::Relaxed)).unwrap();
        Clock::watching(wall, move || run.run())
    }

    fn set(&self, millis: i64) {
        self.set.fetch_add(millis, Ordering::Relaxed);
    }
}

fn server(tables: &str) -> (Arc<App>, Hands) {
    let hands = Hands::new();
    (swept(App::new(config("", tables), hands.clock(), Arc::new(MemoryStore::default()))), hands)
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn an_ended_chat_is_kept_as_long_as_ever() {
    for jump in [YEAR, -YEAR] {
        let (app, hands) = server("ended_retention = 300");
        let ann = Rest::begin(&app, "nickname=Ann").await;
        ann.post("disconnect", "").await;
        seconds(1).await;
        hands.set(jump);
        seconds(290).await;
        let read = ann.post("refresh", "").await;
        assert_eq!((&read["statusCode"], &read["chatEnded"]), (&json!(0), &json!(true)), "{jump}");
        seconds(10).await;
        assert!(app.floor.is_empty(), "{jump}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_lasts_as_long_as_ever() {
    for jump in [YEAR, -YEAR] {
        let (app, hands) = server("idle_timeout = 0\nvisitor_timeout = 0\nlifetime = 1000");
        let (ann, chat) = visitor(&app).await;
        drop(ann);
        seconds(10).await;
        hands.set(jump);
        seconds(980).await;
        let read = chat.fill(r#"{"operation":"requestNotifications","secureKey":"$key"}"#);
        assert_eq!(Client::new(&app).await.chat(&read).await["chatEnded"], false, "{jump}");
        seconds(11).await;
        assert_eq!(Client::new(&app).await.chat(&read).await["chatEnded"], true, "{jump}");
    }
}

#[tokio::test(start_paused = true)]
async fn session_data_is_not_deleted_while_the_clock_is_in_doubt() {
    let store = Arc::new(MemoryStore::default());
    let hands = Hands::new();
    let tables = "ended_retention = 1\ndata_retention = 30";
    let app = App::new(config("", tables), hands.clock(), Arc::clone(&store) as Arc<dyn Store>);
    let members = "nickname=Ann&notices=1&dataVersion=0&userData[a]=1";
    let ann = Rest::begin(&app, members).await;
    let user = ann.first["userId"].as_str().unwrap().to_owned();
    let is_kept = async || store.read_data(&user, 0).await.unwrap().version == 1;
    ann.post("disconnect", "").await;
    let wait = async |time: u64| {
        seconds(time).await;
        app.sweep().await;
    };
    wait(100).await;
    hands.set(YEAR);
    wait(1).await;
    wait(61).await;
    assert_eq!(app.floor.len(), 0, "the chat itself is forgotten");
    wait(86_000).await;
    assert!(is_kept().await, "for a day somebody may still set it right");
    wait(500).await;
    assert!(!is_kept().await);
}

/// What came, and how often it was refused.
type Receiver = Arc<(AtomicU64, Notify)>;

/// Refuses what comes first.
async fn take(State(receiver): State<Receiver>) -> StatusCode {
    let came = receiver.0.fetch_add(1, Ordering::Relaxed);
    receiver.1.notify_one();
    if came == 0 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

async fn hook(receiver: &Receiver) -> Config {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(receiver));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let table = format!(
        "[[channels.webhooks]]\nurl = \"http://{address}/\"\nsecret = \"a secret of some length\"\nevents = [\"chatSession.created\"]\n"
    );
    config("[webhooks]\nretry_ms = 300", &table)
}

async fn came(receiver: &Receiver, count: u64) {
    let all = async {
        while receiver.0.load(Ordering::Relaxed) < count {
            receiver.1.notified().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it is told in time");
}

#[tokio::test]
async fn webhooks_are_told_again_in_time_though_the_clock_is_set_back() {
    let (receiver, hands) = (Receiver::default(), Hands::new());
    let clock = hands.clock();
    let store = Arc::new(MemoryStore::default());
    let app = App::new(hook(&receiver).await, clock.clone(), Arc::clone(&store) as Arc<dyn Store>);
    Rest::begin(&app, "nickname=Ann").await;
    came(&receiver, 1).await;
    // It is claimed for 40 seconds, then put off for less than one: whoever asks for what is due between the two gets it then.
    while store.claim_outgoing(START + 35_000, START + 500, 1, &[]).await.unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    hands.set(-3_600_000);
    assert!(clock.now() >= START, "it is not believed yet");
    hands.hurried.fetch_add(61_000, Ordering::Relaxed);
    assert!(clock.now() < START, "now it is");
    Rest::begin(&app, "nickname=Ben").await;
    came(&receiver, 3).await;
}

#[tokio::test]
async fn what_an_earlier_server_put_off_before_the_clock_was_set_back_is_told() {
    let folder = Folder::new();
    let file = SqliteStore::open(&folder.file("chat.db")).unwrap();
    let stores: [&dyn Store; 2] = [&MemoryStore::default(), &file];
    for store in stores {
        let chat = Chat::new("default", "127.0.0.1".parse().unwrap(), START).unwrap();
        let mut draft = Draft::of(&chat, START, Rules::default());
        let (hook, body) = ("hook".to_owned(), "{}".to_owned());
        draft.outgoing.push(Outgoing { id: 0, hook, chat: chat.id.clone(), body, tries: 0, since: START });
        store.create(&draft).await.unwrap();
        let claim = async |now: u64| store.claim_outgoing(now, now + 40_000, 10, &[]).await.unwrap().len();
        assert_eq!(claim(START - 3_600_000).await, 0, "so long it may have been put off");
        assert_eq!(claim(START - 86_400_000).await, 1, "so long it may not");
    }
}
