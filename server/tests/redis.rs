//! What goes wrong between a server and its Redis, and what comes of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind, Reason};
use causerie_server::json::Raw;
use causerie_server::status::Cause;
use causerie_server::store::{Created, RedisStore, Store, StoreError};
use causerie_server::webhook::outgoing::Outgoing;
use common::{Answers, Redis, Wire, config};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

fn store(port: u16) -> Arc<RedisStore> {
    let address = format!("redis://127.0.0.1:{port}").parse().unwrap();
    Arc::new(RedisStore::new(address, &config("", "ended_retention = 100")))
}

fn new(request: Option<&str>) -> Draft {
    let mut chat = Chat::new("default", "127.0.0.1".parse().unwrap(), 1).unwrap();
    chat.request = request.map(ToOwned::to_owned);
    let mut draft = Draft::of(&chat, 1, Rules::default());
    draft.add(Kind::ParticipantJoined, chat.visitor(), None);
    draft
}

async fn begun(store: &RedisStore) -> Chat {
    let draft = new(None);
    store.create(&draft).await.unwrap();
    draft.chat.into()
}

fn said(chat: &Chat, message: &str) -> Draft {
    let mut draft = Draft::of(chat, 2, Rules::default());
    draft.add(Kind::Message, chat.visitor(), Some(Raw::string("Hi"))).marked(Some(message.to_owned()), None);
    draft
}

async fn messages(store: &RedisStore, chat: &Chat) -> Vec<String> {
    let entries = store.entries(&chat.id, 1).await.unwrap();
    assert!(entries.iter().zip(1..).all(|(entry, place)| entry.index == Some(place)), "without holes");
    entries.into_iter().filter_map(|entry| entry.message_id).collect()
}

fn failed<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Failed(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_made_twice() {
    let Some(redis) = Redis::start().await else { return };
    let wire = Wire::to(redis.port).await;
    let store = store(wire.port);
    let chat = begun(&store).await;
    wire.answers(Answers::Lost);
    let draft = said(&chat, "m1");
    assert_eq!(failed(store.commit(&draft).await), "Redis cannot be reached");
    wire.answers(Answers::Pass);
    while store.load(&chat.id).await.is_err() {}
    assert!(matches!(store.commit(&draft).await, Err(StoreError::Conflict)), "it has happened");
    assert_eq!(store.find_message(&chat.id, 1, "m1").await.unwrap().unwrap().index, Some(2));
    assert_eq!(messages(&store, &chat).await, ["m1"]);
}

#[tokio::test]
async fn a_chat_whose_beginning_was_lost_begins_once() {
    let Some(redis) = Redis::start().await else { return };
    let wire = Wire::to(redis.port).await;
    let store = store(wire.port);
    begun(&store).await;
    // The answer to the request's pointer is lost, then nothing.
    let first = new(Some("r1"));
    wire.answers(Answers::Lost);
    failed(store.create(&first).await);
    wire.answers(Answers::Pass);
    while store.find_request("default", "r1").await.is_err() {}
    assert_eq!(store.find_request("default", "r1").await.unwrap(), None, "a pointer to no chat is none");
    // Time goes by in which the first might still have been made.
    let mut connection = redis.connect().await;
    let back = redis::cmd("HSET").arg("causerie:request:default:r1").arg("since").arg(0).to_owned();
    back.exec_async(&mut connection).await.unwrap();
    let second = new(Some("r1"));
    assert_eq!(store.create(&second).await.unwrap(), Created::New);
    assert_eq!(store.create(&second).await.unwrap(), Created::New, "the very same may be asked for again");
    assert_eq!(store.create(&first).await.unwrap(), Created::Known(second.chat.id.clone()));
    assert_eq!(store.chats().await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_two_servers_that_change_a_chat_one_is_told_of_the_conflict() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = (store(redis.port), store(redis.port));
    let mut chat = begun(&one).await;
    for round in 0..50 {
        let (first, second) = (said(&chat, &format!("a{round}")), said(&chat, &format!("b{round}")));
        let (ours, theirs) = tokio::join!(one.commit(&first), other.commit(&second));
        let won = match (ours, theirs) {
            (Ok(()), Err(StoreError::Conflict)) => first,
            (Err(StoreError::Conflict), Ok(())) => second,
            both => panic!("{both:?}"),
        };
        chat = won.chat.into();
    }
    assert_eq!(messages(&one, &chat).await.len(), 50);
}

#[tokio::test]
async fn of_two_servers_that_get_the_same_request_one_makes_the_chat() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = (store(redis.port), store(redis.port));
    for round in 0..50 {
        let request = format!("r{round}");
        let (first, second) = (new(Some(&request)), new(Some(&request)));
        let made = tokio::join!(one.create(&first), other.create(&second));
        let known = match (made.0.unwrap(), made.1.unwrap()) {
            (Created::New, Created::Known(id)) => (id, first.chat.id.clone()),
            (Created::Known(id), Created::New) => (id, second.chat.id.clone()),
            both => panic!("{both:?}"),
        };
        assert_eq!(known.0, known.1);
    }
    assert_eq!(one.chats().await.unwrap().len(), 50);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_redis_was_killed() {
    let Some(mut redis) = Redis::start().await else { return };
    let store = store(redis.port);
    let (mut chats, mut acknowledged) = (Vec::new(), HashMap::<String, Vec<String>>::new());
    for _ in 0..20 {
        chats.push(begun(&store).await);
    }
    for crash in 0..3 {
        let mut tasks = tokio::task::JoinSet::new();
        for mut chat in std::mem::take(&mut chats) {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let message = format!("{crash}-{}", done.len());
                    let draft = said(&chat, &message);
                    if store.commit(&draft).await.is_err() {
                        return (chat, done);
                    }
                    chat = draft.chat.into();
                    done.push(message);
                }
            });
        }
        // A message in every chat at least.
        let mut watch = redis.connect().await;
        let done = async |connection: &mut redis::aio::MultiplexedConnection| -> u64 {
            let info: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.unwrap();
            let stats = info.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or_default();
            stats.split(['=', ',']).nth(1).map_or(0, |calls| calls.parse().unwrap())
        };
        let before = done(&mut watch).await;
        while done(&mut watch).await < before + 300 {}
        redis.kill();
        let told = tasks.join_all().await;
        redis.start_again().await;
        for (chat, done) in told {
            acknowledged.entry(chat.id.clone()).or_default().extend(done);
            let now = loop {
                if let Ok(now) = store.load(&chat.id).await {
                    break now.unwrap();
                }
            };
            let kept = messages(&store, &now).await;
            let unique: HashSet<_> = kept.iter().collect();
            assert_eq!(unique.len(), kept.len(), "nothing twice");
            assert!(acknowledged[&chat.id].iter().all(|message| unique.contains(message)), "nothing lost");
            chats.push(now);
        }
    }
}

#[tokio::test]
async fn while_redis_is_away_everything_is_refused_and_then_goes_on() {
    let Some(mut redis) = Redis::start().await else { return };
    let store = store(redis.port);
    let chat = begun(&store).await;
    redis.kill();
    let draft = said(&chat, "m1");
    for _ in 0..100 {
        assert_eq!(failed(store.commit(&draft).await), "Redis cannot be reached");
    }
    assert_eq!(failed(store.load(&chat.id).await), "Redis cannot be reached");
    redis.start_again().await;
    while let Err(error) = store.commit(&draft).await {
        assert!(matches!(error, StoreError::Failed(_)), "{error}");
    }
    assert_eq!(messages(&store, &chat).await, ["m1"]);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_not_waited_for() {
    let Some(redis) = Redis::start().await else { return };
    let wire = Wire::to(redis.port).await;
    let store = store(wire.port);
    let chat = begun(&store).await;
    wire.answers(Answers::Held);
    // Nothing else happens, so time goes to the end of the wait at once.
    tokio::time::pause();
    assert_eq!(failed(store.load(&chat.id).await), "Redis does not answer");
    tokio::time::resume();
    wire.answers(Answers::Pass);
    while store.load(&chat.id).await.is_err() {}
}

#[tokio::test]
async fn ended_chats_go_by_themselves_with_all_that_is_theirs() {
    let Some(redis) = Redis::start().await else { return };
    let store = store(redis.port);
    let mut watch = redis.connect().await;
    let mut lives = async || -> HashMap<String, i64> {
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut watch).await.unwrap();
        let mut lives = HashMap::new();
        for key in keys {
            let life = redis::cmd("TTL").arg(&key).query_async(&mut watch).await.unwrap();
            lives.insert(key, life);
        }
        lives
    };
    let first = new(Some("r1"));
    store.create(&first).await.unwrap();
    store.commit(&said(&first.chat, "m1")).await.unwrap();
    let old = store.load(&first.chat.id).await.unwrap().unwrap();
    let chat = Chat::in_place_of(&old, 3).unwrap();
    let mut renewed = Chat { previous: Some(old.id.clone()), ..chat };
    let mut closing = Draft::of(&old, 3, Rules::default());
    closing.give_way(&renewed, Reason::Timeout);
    let mut beginning = Draft::of(&renewed, 3, Rules::default());
    beginning.add(Kind::ParticipantJoined, renewed.visitor(), None);
    store.renew(&closing, &beginning).await.unwrap();
    assert!(lives().await.values().all(|life| *life == -1), "the old one is there as long as the new one");
    renewed = beginning.chat.into();
    let mut ending = Draft::of(&renewed, 4, Rules::default());
    ending.end(Cause::Leave);
    store.commit(&ending).await.unwrap();
    let lives = lives().await;
    for chat in [&old.id, &renewed.id] {
        let own: Vec<_> = lives.iter().filter(|(key, _)| key.ends_with(chat.as_str())).collect();
        assert!(own.len() >= 2 && own.iter().all(|(_, life)| (3600..=3700).contains(*life)), "{own:?}");
    }
    assert!((3600..=3700).contains(&lives[&format!("causerie:handle:{}", renewed.key.handle())]));
    // What is known of a chat that has gone goes when somebody looks for it.
    let keys: Vec<_> = lives.keys().filter(|key| key.contains(":chat:")).collect();
    redis::cmd("DEL").arg(keys).exec_async(&mut watch).await.unwrap();
    assert!(store.claim_unattended(u64::MAX / 4096, u64::MAX / 4096, 10).await.unwrap().is_empty());
    assert!(store.chats().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_to_be_told_is_told_by_one_of_two_servers() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = (store(redis.port), store(redis.port));
    for _ in 0..40 {
        let mut draft = said(&begun(&one).await, "m1");
        for body in ["first", "second"] {
            let (hook, chat, body) = ("h1".to_owned(), draft.chat.id.clone(), body.to_owned());
            draft.outgoing.push(Outgoing { id: 0, hook, chat, body, tries: 0, since: 100 });
        }
        one.commit(&draft).await.unwrap();
    }
    for body in ["first", "second"] {
        let mut claimed = Vec::new();
        while claimed.len() < 40 {
            let (ours, theirs) =
                tokio::join!(one.claim_outgoing(100, 200, 5, &[]), other.claim_outgoing(100, 200, 5, &[]));
            claimed.extend(ours.unwrap());
            claimed.extend(theirs.unwrap());
        }
        let chats: HashSet<_> = claimed.iter().map(|item| &item.chat).collect();
        assert_eq!((claimed.len(), chats.len()), (40, 40), "each by one");
        assert!(claimed.iter().all(|item| item.body == body));
        for item in claimed {
            other.settle_outgoing(item.id, None).await.unwrap();
        }
    }
    assert!(one.claim_outgoing(1000, 2000, 5, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redis_with_a_password_wants_it_and_no_message_tells_it() {
    let Some(redis) = Redis::start().await else { return };
    let mut connection = redis.connect().await;
    let demand = redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("open-sesame").to_owned();
    demand.exec_async(&mut connection).await.unwrap();
    let at = |login: &str| {
        let address = format!("redis://{login}127.0.0.1:{}", redis.port).parse().unwrap();
        RedisStore::new(address, &config("", ""))
    };
    for wrong in [at(""), at(":open-barley@")] {
        let reason = failed(wrong.look().await);
        assert_eq!(reason, "Redis refuses: it wants a user and password");
    }
    at(":open-sesame@").look().await.unwrap();
}

#[tokio::test]
async fn a_full_redis_refuses_and_keeps_what_it_has() {
    let Some(redis) = Redis::start().await else { return };
    let store = store(redis.port);
    let chat = begun(&store).await;
    let mut connection = redis.connect().await;
    let mut limit = async |bytes: &str| {
        let limit = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).to_owned();
        limit.exec_async(&mut connection).await.unwrap();
    };
    limit("1").await;
    let draft = said(&chat, "m1");
    assert_eq!(failed(store.commit(&draft).await), "Redis refuses: its memory is full");
    assert_eq!(messages(&store, &chat).await, Vec::<String>::new(), "nothing of it is done");
    assert_eq!(store.load(&chat.id).await.unwrap().unwrap().version, 1);
    limit("0").await;
    store.commit(&draft).await.unwrap();
    assert_eq!(messages(&store, &chat).await, ["m1"]);
}

#[tokio::test]
async fn the_program_prints_the_offline_requests_that_are_in_redis() {
    let Some(redis) = Redis::start().await else { return };
    let store = store(redis.port);
    let mut draft = Draft::of(&begun(&store).await, 0, Rules::default());
    draft.post([("email".to_owned(), "ann@mail.example".to_owned())].into());
    store.commit(&draft).await.unwrap();
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_causerie-server"));
    let printed =
        program.env("CAUSERIE_STORE", redis.address()).args(["--export-requests", "csv"]).output().await.unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(text, "id,service,time,email\r\n1,default,1970-01-01T00:00:00Z,ann@mail.example\n");
}
