//! What every store does: one suite, run over each of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind, Reason};
use causerie_server::data::{Changed, DataChange, GONE, Owner};
use causerie_server::json::{Raw, write};
use causerie_server::secret::SecureKey;
use causerie_server::store::{Created, MemoryStore, SqliteStore, Store, StoreError};
use causerie_server::webhook::Outgoing;
use common::Folder;
use std::sync::Arc;

struct Place {
    store: Arc<dyn Store>,
    _folder: Option<Folder>,
}

fn memory() -> Place {
    Place { store: Arc::new(MemoryStore::default()), _folder: None }
}

fn sqlite() -> Place {
    let folder = Folder::new();
    Place { store: Arc::new(SqliteStore::open(&folder.file("chat.db")).unwrap()), _folder: Some(folder) }
}

macro_rules! suite {
    ($($name:ident)*) => {
        mod in_memory { $(#[tokio::test] async fn $name() { super::$name(super::memory()).await; })* }
        mod in_sqlite { $(#[tokio::test] async fn $name() { super::$name(super::sqlite()).await; })* }
    };
}

suite! {
    a_chat_is_found_by_id_handle_and_request
    the_same_request_makes_one_chat
    requests_of_two_services_do_not_meet
    entries_come_in_their_order_from_where_asked
    a_message_is_found_by_its_sender_and_id
    a_change_of_an_old_version_is_a_conflict_and_leaves_nothing
    of_changes_at_the_same_time_one_is_done
    what_is_removed_is_gone_and_its_request_free
    an_unknown_chat_is_none_or_an_error
    text_is_kept_as_it_came
    many_commits_at_once_are_all_there
    offline_requests_are_kept_listed_and_forgotten
    a_renewal_is_both_chats_or_none
    session_data_is_told_from_any_version
    a_change_of_session_data_is_whole_known_and_bounded
    names_of_deleted_members_are_remembered_up_to_a_number
    session_data_is_found_by_its_key_and_forgotten_in_time
    what_is_to_be_told_is_claimed_in_order_and_settled
}

fn chat(request: Option<&str>) -> Chat {
    let mut chat = Chat::new("default", "127.0.0.1".parse().unwrap(), 1_700_000_000_000).unwrap();
    chat.request = request.map(ToOwned::to_owned);
    chat.nickname = Raw::string("Ann");
    chat
}

/// A chat in the store, with its visitor's joining.
async fn begun(store: &dyn Store, request: Option<&str>) -> Chat {
    let chat = chat(request);
    let mut draft = Draft::of(&chat, 1, Rules::default());
    draft.add(Kind::ParticipantJoined, chat.visitor(), None);
    assert_eq!(store.create(&draft).await.unwrap(), Created::New);
    draft.chat
}

fn said(chat: &Chat, text: &str, id: Option<&str>) -> Draft {
    let mut draft = Draft::of(chat, 2, Rules::default());
    let text = serde_json::from_str(text).unwrap();
    draft.add(Kind::Message, chat.visitor(), Some(text)).marked(id.map(ToOwned::to_owned), None);
    draft
}

async fn places(store: &dyn Store, chat: &Chat, from: u64) -> Vec<u64> {
    store.entries(&chat.id, from).await.unwrap().iter().map(|entry| entry.index.unwrap()).collect()
}

async fn a_chat_is_found_by_id_handle_and_request(place: Place) {
    let store = &*place.store;
    let (one, other) = (begun(store, Some("r1")).await, begun(store, None).await);
    assert_eq!(write(&store.load(&one.id).await.unwrap()), write(&Some(&one)), "with all its members");
    assert_eq!(store.find_handle(other.key.handle()).await.unwrap(), Some(other.id.clone()));
    assert_eq!(store.find_request("default", "r1").await.unwrap(), Some(one.id.clone()));
    let mut all: Vec<_> = store.chats().await.unwrap().into_iter().map(|chat| chat.id).collect();
    let mut expected = vec![one.id, other.id];
    all.sort();
    expected.sort();
    assert_eq!(all, expected);
}

async fn the_same_request_makes_one_chat(place: Place) {
    let first = begun(&*place.store, Some("r1")).await;
    let second = chat(Some("r1"));
    assert_eq!(place.store.create(&Draft::of(&second, 1, Rules::default())).await.unwrap(), Created::Known(first.id));
    assert!(place.store.load(&second.id).await.unwrap().is_none());
    assert!(place.store.find_handle(second.key.handle()).await.unwrap().is_none());
}

async fn requests_of_two_services_do_not_meet(place: Place) {
    begun(&*place.store, Some("r1")).await;
    let other = Chat { service: "other".to_owned(), ..chat(Some("r1")) };
    assert_eq!(place.store.create(&Draft::of(&other, 1, Rules::default())).await.unwrap(), Created::New);
    assert_eq!(place.store.find_request("other", "r1").await.unwrap(), Some(other.id));
}

async fn entries_come_in_their_order_from_where_asked(place: Place) {
    let store = &*place.store;
    let mut chat = begun(store, None).await;
    for n in 0..11 {
        let mut draft = said(&chat, &format!("\"{n}\""), None);
        draft.add(Kind::CustomNotice, chat.visitor(), None);
        store.commit(&draft).await.unwrap();
        chat = draft.chat;
    }
    assert_eq!(places(store, &chat, 1).await, (1..=23).collect::<Vec<_>>());
    assert_eq!(places(store, &chat, 9).await, (9..=23).collect::<Vec<_>>());
    assert!(places(store, &chat, 24).await.is_empty());
    assert_eq!(store.load(&chat.id).await.unwrap().unwrap().next_index, 24);
}

async fn a_message_is_found_by_its_sender_and_id(place: Place) {
    let store = &*place.store;
    let chat = begun(store, None).await;
    let draft = said(&chat, "\"Hi\"", Some("m1"));
    store.commit(&draft).await.unwrap();
    assert_eq!(store.find_message(&chat.id, 1, "m1").await.unwrap().unwrap().index, Some(2));
    for (who, message) in [(2, "m1"), (1, "m2")] {
        assert!(store.find_message(&chat.id, who, message).await.unwrap().is_none());
    }
}

async fn a_change_of_an_old_version_is_a_conflict_and_leaves_nothing(place: Place) {
    let store = &*place.store;
    let chat = begun(store, None).await;
    let (ours, theirs) = (said(&chat, "\"ours\"", Some("m1")), said(&chat, "\"theirs\"", Some("m2")));
    store.commit(&theirs).await.unwrap();
    assert!(matches!(store.commit(&ours).await, Err(StoreError::Conflict)));
    assert_eq!(places(store, &chat, 1).await, [1, 2]);
    assert_eq!(store.entries(&chat.id, 2).await.unwrap()[0].text.as_ref().unwrap().get(), "\"theirs\"");
    assert!(store.find_message(&chat.id, 1, "m1").await.unwrap().is_none());
    let again = said(&theirs.chat, "\"ours\"", Some("m1"));
    store.commit(&again).await.unwrap();
    assert_eq!(places(store, &chat, 1).await, [1, 2, 3]);
}

async fn of_changes_at_the_same_time_one_is_done(place: Place) {
    let store = &*place.store;
    let chat = begun(store, None).await;
    let (one, other) = (said(&chat, "\"1\"", None), said(&chat, "\"2\"", None));
    let (first, second) = tokio::join!(store.commit(&one), store.commit(&other));
    assert_eq!([first.is_ok(), second.is_ok()].into_iter().filter(|done| *done).count(), 1);
    assert_eq!(places(store, &chat, 1).await, [1, 2]);
}

async fn what_is_removed_is_gone_and_its_request_free(place: Place) {
    let store = &*place.store;
    let (chat, other) = (begun(store, Some("r1")).await, begun(store, None).await);
    store.remove(&chat.id).await.unwrap();
    store.remove(&chat.id).await.unwrap();
    assert!(store.load(&chat.id).await.unwrap().is_none());
    assert!(store.find_handle(chat.key.handle()).await.unwrap().is_none());
    assert!(matches!(store.entries(&chat.id, 1).await, Err(StoreError::Unknown)));
    begun(store, Some("r1")).await;
    assert_eq!(places(store, &other, 1).await, [1]);
}

async fn an_unknown_chat_is_none_or_an_error(place: Place) {
    let store = &*place.store;
    let draft = said(&chat(None), "\"Hi\"", None);
    assert!(matches!(store.commit(&draft).await, Err(StoreError::Unknown)));
    assert!(matches!(store.entries("nowhere", 1).await, Err(StoreError::Unknown)));
    assert!(store.load("nowhere").await.unwrap().is_none());
    assert!(store.find_message("nowhere", 1, "m1").await.unwrap().is_none());
}

async fn text_is_kept_as_it_came(place: Place) {
    let store = &*place.store;
    let mut chat = begun(store, None).await;
    let texts = [r#""half \ud83d""#, r#""'; DROP TABLE chats; --""#, r#""\u0000 \"\\ é 😀""#];
    for text in texts {
        let draft = said(&chat, text, None);
        store.commit(&draft).await.unwrap();
        chat = draft.chat;
    }
    let kept = store.entries(&chat.id, 2).await.unwrap();
    assert_eq!(kept.iter().map(|entry| entry.text.as_ref().unwrap().get()).collect::<Vec<_>>(), texts);
}

async fn many_commits_at_once_are_all_there(place: Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&place.store);
        tasks.spawn(async move {
            let mut chat = begun(&*store, None).await;
            for n in 0..20 {
                let draft = said(&chat, &format!("\"{n}\""), Some(&format!("m{n}")));
                store.commit(&draft).await.unwrap();
                // What was committed is seen by whoever looks after it.
                assert_eq!(
                    store.find_message(&chat.id, 1, &format!("m{n}")).await.unwrap().unwrap().index,
                    Some(n + 2)
                );
                chat = draft.chat;
            }
            assert_eq!(places(&*store, &chat, 1).await.len(), 21);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(place.store.chats().await.unwrap().len(), 50);
}

async fn offline_requests_are_kept_listed_and_forgotten(place: Place) {
    let store = &*place.store;
    for name in ["Ann", "Ben", "Cid"] {
        let chat = begun(store, None).await;
        let mut draft = Draft::of(&chat, 7, Rules::default());
        draft.post([("name".to_owned(), name.to_owned())].into());
        store.commit(&draft).await.unwrap();
        // A change that is refused leaves no request either.
        assert!(store.commit(&draft).await.is_err());
        store.remove(&chat.id).await.unwrap();
    }
    let all = store.requests(0, 10).await.unwrap();
    assert_eq!(all.iter().map(|request| request.values["name"].as_str()).collect::<Vec<_>>(), ["Ann", "Ben", "Cid"]);
    assert_eq!((all[0].service.as_str(), all[0].time), ("default", 7));
    assert!(all.is_sorted_by_key(|request| request.id));
    assert_eq!(store.requests(all[0].id, 1).await.unwrap(), all[1..2]);
    assert!(store.remove_request(all[1].id).await.unwrap());
    assert!(!store.remove_request(all[1].id).await.unwrap());
    assert_eq!(store.requests(0, 10).await.unwrap(), [all[0].clone(), all[2].clone()]);
}

async fn a_renewal_is_both_chats_or_none(place: Place) {
    let store = &*place.store;
    let old = begun(store, Some("r1")).await;
    let new = chat(None);
    let mut closing = Draft::of(&old, 2, Rules::default());
    closing.give_way(&new, Reason::Timeout);
    let mut beginning = Draft::of(&new, 2, Rules::default());
    beginning.add(Kind::ParticipantJoined, new.visitor(), None);
    store.renew(&closing, &beginning).await.unwrap();
    let kept = store.load(&old.id).await.unwrap().unwrap();
    assert_eq!(kept.renewed.unwrap().id, new.id);
    assert_eq!((places(store, &old, 1).await, places(store, &new, 1).await), (vec![1, 2], vec![1]));
    assert_eq!(store.find_handle(new.key.handle()).await.unwrap(), Some(new.id));
    let other = chat(None);
    let beginning = Draft::of(&other, 3, Rules::default());
    assert!(matches!(store.renew(&closing, &beginning).await, Err(StoreError::Conflict)));
    assert!(store.load(&other.id).await.unwrap().is_none());
}

fn change(set: &[(&str, &str)], deleted: &[&str]) -> DataChange {
    DataChange {
        set: set.iter().map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap())).collect(),
        deleted: deleted.iter().map(|name| (*name).to_owned()).collect(),
        limit: 100,
        expires: 1000,
        ..DataChange::default()
    }
}

async fn opened(store: &dyn Store, user: &str) -> Owner {
    let owner = Owner { user: user.to_owned(), key: SecureKey::random().unwrap() };
    store.open_data(&owner, 1000).await.unwrap()
}

async fn told(store: &dyn Store, user: &str, since: u64) -> String {
    write(&store.read_data(user, since).await.unwrap())
}

async fn session_data_is_told_from_any_version(place: Place) {
    let store = &*place.store;
    assert_eq!(told(store, "u1", 0).await, r#"{"version":0,"from":0,"set":{},"deleted":[]}"#);
    opened(store, "u1").await;
    let half = r#"{"b":[1,"\ud83d"]}"#;
    assert_eq!(store.change_data("u1", &change(&[("a", "1"), ("cart", half)], &[])).await.unwrap(), Changed::Done(1));
    assert_eq!(store.change_data("u1", &change(&[("b", "null")], &["a", "nothing"])).await.unwrap(), Changed::Done(2));
    assert_eq!(
        told(store, "u1", 0).await,
        format!(r#"{{"version":2,"from":0,"set":{{"b":null,"cart":{half}}},"deleted":[]}}"#)
    );
    assert_eq!(told(store, "u1", 1).await, r#"{"version":2,"from":1,"set":{"b":null},"deleted":["a"]}"#);
    assert_eq!(told(store, "u1", 2).await, r#"{"version":2,"from":2,"set":{},"deleted":[]}"#);
    let future = told(store, "u1", 7).await;
    assert!(future.starts_with(r#"{"version":2,"from":0,"set":{"b""#), "of a version that is not: everything");
    assert!(matches!(store.change_data("nobody", &change(&[], &[])).await, Err(StoreError::Unknown)));
}

async fn a_change_of_session_data_is_whole_known_and_bounded(place: Place) {
    let store = &*place.store;
    opened(store, "u1").await;
    let value = format!("\"{}\"", "x".repeat(60));
    let first = DataChange { message: Some("m1".into()), only: Some(0), ..change(&[("a", &value)], &[]) };
    assert_eq!(store.change_data("u1", &first).await.unwrap(), Changed::Done(1));
    assert_eq!(store.change_data("u1", &first).await.unwrap(), Changed::Done(1), "known");
    let stale = DataChange { only: Some(0), ..change(&[("b", "1")], &[]) };
    assert_eq!(store.change_data("u1", &stale).await.unwrap(), Changed::Stale);
    let before = told(store, "u1", 0).await;
    assert_eq!(store.change_data("u1", &change(&[("b", &value), ("c", "1")], &[])).await.unwrap(), Changed::TooLarge);
    assert_eq!(told(store, "u1", 0).await, before, "nothing is changed");
    assert_eq!(store.change_data("u1", &change(&[("b", &value)], &["a"])).await.unwrap(), Changed::Done(2));
    assert_eq!(store.change_data("u1", &change(&[("b", &value)], &["b"])).await.unwrap(), Changed::Done(3));
    assert_eq!(store.change_data("u1", &change(&[], &["b"])).await.unwrap(), Changed::Done(4));
    assert_eq!(
        store.change_data("u1", &change(&[("a", &value)], &[])).await.unwrap(),
        Changed::Done(5),
        "there is room again"
    );
}

async fn names_of_deleted_members_are_remembered_up_to_a_number(place: Place) {
    let store = &*place.store;
    opened(store, "u1").await;
    let names: Vec<_> = (0..=GONE).map(|n| format!("n{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let set: Vec<_> = names.iter().map(|name| (*name, "1")).collect();
    store.change_data("u1", &DataChange { limit: 1_000_000, ..change(&set, &[]) }).await.unwrap();
    store.change_data("u1", &change(&[], &names[1..])).await.unwrap();
    assert_eq!(store.read_data("u1", 1).await.unwrap().deleted.len(), GONE);
    store.change_data("u1", &change(&[("b", "1")], &names[..1])).await.unwrap();
    assert_eq!(told(store, "u1", 1).await, r#"{"version":3,"from":0,"set":{"b":1},"deleted":[]}"#);
    assert_eq!(told(store, "u1", 3).await, r#"{"version":3,"from":3,"set":{},"deleted":[]}"#);
}

async fn session_data_is_found_by_its_key_and_forgotten_in_time(place: Place) {
    let store = &*place.store;
    let (one, other) = (opened(store, "u1").await, opened(store, "u2").await);
    assert_eq!(opened(store, "u1").await.key.reveal(), one.key.reveal(), "the key stays");
    assert_eq!(store.find_data(one.key.handle()).await.unwrap().unwrap().user, "u1");
    assert!(store.find_data("nothing").await.unwrap().is_none());
    for user in ["u1", "u2"] {
        store.change_data(user, &DataChange { expires: 2000, ..change(&[("a", "1")], &[]) }).await.unwrap();
    }
    store.open_data(&other, 3000).await.unwrap();
    assert_eq!(store.expire_data(2000).await.unwrap(), 0);
    assert_eq!(store.expire_data(2001).await.unwrap(), 1);
    assert!(store.find_data(one.key.handle()).await.unwrap().is_none());
    assert_eq!(store.read_data("u2", 0).await.unwrap().version, 1);
    store.remove_data("u2").await.unwrap();
    assert_eq!(store.read_data("u2", 0).await.unwrap().version, 0);
}

async fn what_is_to_be_told_is_claimed_in_order_and_settled(place: Place) {
    let store = &*place.store;
    let (one, other) = (begun(store, None).await, begun(store, None).await);
    for chat in [&one, &other] {
        let mut draft = said(chat, "\"Hi\"", None);
        for (hook, body) in [("h1", "first"), ("h1", "second"), ("h2", "first")] {
            let (hook, chat, body) = (hook.to_owned(), chat.id.clone(), body.to_owned());
            draft.outgoing.push(Outgoing { id: 0, hook, chat, body, tries: 0, since: 100 });
        }
        store.commit(&draft).await.unwrap();
        assert!(store.commit(&draft).await.is_err(), "a change that is refused tells nobody");
    }
    let words = |all: &[Outgoing]| all.iter().map(|item| format!("{} {}", item.hook, item.body)).collect::<Vec<_>>();
    assert!(store.claim_outgoing(99, 200, 10).await.unwrap().is_empty(), "not yet");
    let claimed = store.claim_outgoing(100, 200, 3).await.unwrap();
    assert_eq!(words(&claimed), ["h1 first", "h2 first", "h1 first"]);
    assert_eq!((&claimed[0].chat, &claimed[2].chat, claimed[0].tries), (&one.id, &other.id, 0));
    assert_eq!(words(&store.claim_outgoing(199, 300, 10).await.unwrap()), ["h2 first"], "the others are taken");
    store.settle_outgoing(claimed[0].id, None).await.unwrap();
    store.settle_outgoing(claimed[2].id, Some(150)).await.unwrap();
    let next = store.claim_outgoing(150, 400, 10).await.unwrap();
    assert_eq!(words(&next), ["h1 second", "h1 first"]);
    assert_eq!((next[0].tries, next[1].tries), (0, 1));
    store.remove(&one.id).await.unwrap();
    assert_eq!(words(&store.claim_outgoing(1000, 2000, 10).await.unwrap()).len(), 4, "they outlive the chat");
}
