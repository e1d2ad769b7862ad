//! A Redis Cluster one of whose masters is killed, and what the store and the nodes on it do meanwhile and afterwards.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind};
use causerie_server::json::Raw;
use causerie_server::node::redis::RedisBus;
use causerie_server::node::{Bus as _, Heard};
use causerie_server::store::{RedisStore, Store, StoreError};
use common::{Answers, Cluster, config};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// Longer than anything may take, in a cluster that is away.
const HANGING: Duration = Duration::from_secs(10);
/// What there is to say of a cluster that is away.
const AWAY: [&str; 4] = [
    "Redis cannot be reached",
    "Redis does not answer",
    "Redis refuses: the cluster is down",
    "Redis refuses: the cluster is changing",
];

fn store(address: &str) -> RedisStore {
    RedisStore::new(address.parse().unwrap(), &config("", ""))
}

async fn begun(store: &RedisStore) -> Chat {
    let chat = Chat::new("default", "127.0.0.1".parse().unwrap(), 1).unwrap();
    let mut draft = Draft::of(&chat, 1, Rules::default());
    draft.add(Kind::ParticipantJoined, chat.visitor(), None);
    store.create(&draft).await.unwrap();
    draft.chat.into()
}

/// Says something until it is acknowledged; what is refused is refused in time and in clear words.
async fn say(store: &RedisStore, chat: &mut Chat, message: &str) {
    let mut draft = Draft::of(chat, 2, Rules::default());
    draft.add(Kind::Message, chat.visitor(), Some(Raw::string("Hi"))).marked(Some(message.to_owned()), None);
    let mut refused = false;
    loop {
        match timeout(HANGING, store.commit(&draft)).await.expect("nothing hangs") {
            Ok(()) => break,
            // It was done though its answer was lost.
            Err(StoreError::Conflict) if refused => break,
            Err(StoreError::Failed(reason)) => assert!(AWAY.contains(&reason.as_str()), "{reason}"),
            Err(error) => panic!("{error}"),
        }
        refused = true;
    }
    *chat = draft.chat.into();
}

async fn messages(store: &RedisStore, chat: &Chat) -> Vec<String> {
    let entries = store.entries(&chat.id, 1).await.unwrap();
    assert!(entries.iter().zip(1..).all(|(entry, place)| entry.index == Some(place)), "without holes");
    entries.into_iter().filter_map(|entry| entry.message_id).collect()
}

#[tokio::test]
async fn a_master_is_killed_and_what_was_acknowledged_is_at_its_replica() {
    let Some(mut cluster) = Cluster::start_with_replicas().await else { return };
    let (store, bus) = (store(&cluster.address()), RedisBus::new(&cluster.address().parse().unwrap()));
    let mut words = bus.listen().unwrap();
    assert_eq!(words.recv().await, Some(Heard::Resumed));
    let mut chats = Vec::new();
    while chats.iter().map(|chat: &Chat| chat.id.get(..1).unwrap().to_owned()).collect::<BTreeSet<_>>().len() < 16 {
        let mut chat = begun(&store).await;
        say(&store, &mut chat, "before").await;
        chats.push(chat);
    }
    cluster.replicated().await;
    // The node that the address names is the one that dies.
    cluster.kill(0);
    for chat in &mut chats {
        say(&store, chat, "after").await;
    }
    assert!(cluster.is_master(3).await, "the replica has taken over");
    for chat in &chats {
        assert_eq!(messages(&store, chat).await, ["before", "after"]);
    }
    assert_eq!(store.chats().await.unwrap().len(), chats.len());
    // A server that starts now finds the cluster by another node that its address names.
    let late = self::store(&cluster.whole_address());
    assert_eq!(messages(&late, &chats[0]).await, ["before", "after"]);
    // Nodes hear each other again too.
    bus.say("here".to_owned());
    let heard = async { while words.recv().await.unwrap() != Heard::Said("here".to_owned()) {} };
    timeout(Duration::from_secs(30), heard).await.expect("nodes hear each other by another master");
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_done_once_and_is_no_conflict_with_itself() {
    let Some((_cluster, wire)) = Cluster::start_behind_wire().await else { return };
    let store = store(&format!("redis+cluster://127.0.0.1:{}", wire.port));
    let chat = begun(&store).await;
    let mut draft = Draft::of(&chat, 2, Rules::default());
    draft.add(Kind::Message, chat.visitor(), Some(Raw::string("Hi"))).marked(Some("m1".to_owned()), None);
    wire.answers(Answers::LostOnce);
    // The connections to a cluster send it again by themselves. As a conflict it would be made again, on top of itself.
    store.commit(&draft).await.unwrap();
    assert_eq!(messages(&store, &draft.chat).await, ["m1"]);
    assert!(matches!(store.commit(&draft).await, Err(StoreError::Conflict)), "another call is another change");
}
