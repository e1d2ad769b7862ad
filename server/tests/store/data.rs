//! Session data.

use crate::Place;
use causerie_server::data::{Budget, Changed, DataChange, GONE, Owner, RECORD, Room};
use causerie_server::json::write;
use causerie_server::secret::SecureKey;
use causerie_server::store::{Store, StoreError};

/// Times are in the future, for some stores forget what is past by themselves.
const LATER: u64 = 4_000_000_000_000;

fn change(set: &[(&str, &str)], deleted: &[&str]) -> DataChange {
    DataChange {
        set: set.iter().map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap())).collect(),
        deleted: deleted.iter().map(|name| (*name).to_owned()).collect(),
        limit: 100,
        expires: LATER + 1000,
        ..DataChange::default()
    }
}

async fn opened(store: &dyn Store, user: &str) -> Owner {
    let owner = Owner { user: user.to_owned(), key: SecureKey::random().unwrap() };
    store.open_data(&owner, LATER + 1000).await.unwrap()
}

async fn told(store: &dyn Store, user: &str, since: u64) -> String {
    write(&store.read_data(user, since).await.unwrap())
}

pub async fn session_data_is_told_from_any_version(place: Place) {
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

pub async fn a_change_of_session_data_is_whole_known_and_bounded(place: Place) {
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

pub async fn names_of_deleted_members_are_remembered_up_to_a_number(place: Place) {
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

pub async fn session_data_is_found_by_its_key_and_forgotten_in_time(place: Place) {
    let store = &*place.store;
    let (one, other) = (opened(store, "u1").await, opened(store, "u2").await);
    assert_eq!(opened(store, "u1").await.key.reveal(), one.key.reveal(), "the key stays");
    assert_eq!(store.find_data(one.key.handle()).await.unwrap().unwrap().user, "u1");
    assert!(store.find_data("nothing").await.unwrap().is_none());
    for user in ["u1", "u2"] {
        store.change_data(user, &DataChange { expires: LATER + 2000, ..change(&[("a", "1")], &[]) }).await.unwrap();
    }
    store.open_data(&other, LATER + 3000).await.unwrap();
    assert_eq!(store.expire_data(LATER + 2000).await.unwrap(), 0);
    assert_eq!(store.expire_data(LATER + 2001).await.unwrap(), 1);
    assert!(store.find_data(one.key.handle()).await.unwrap().is_none());
    assert_eq!(store.read_data("u2", 0).await.unwrap().version, 1);
    store.remove_data("u2").await.unwrap();
    assert_eq!(store.read_data("u2", 0).await.unwrap().version, 0);
}

/// A change of a visitor at this address, where an address may hold 12,000 bytes and all 20,000.
fn within(address: &str, set: &[(&str, &str)], deleted: &[&str]) -> DataChange {
    let budget = Budget { address: address.to_owned(), of_address: 12_000, in_all: 20_000 };
    DataChange { limit: 1_000_000, budget, ..change(set, deleted) }
}

/// A value that takes so many bytes together with a name of one.
fn of_bytes(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 3))
}

pub async fn session_data_has_a_budget_for_each_address_and_in_all(place: Place) {
    let store = &*place.store;
    // Their first digits are those of different parts of a store that is spread.
    for user in ["0a", "1a", "2b", "3c"] {
        opened(store, user).await;
    }
    let held = async || store.data_held().await.unwrap();
    let make = async |user: &str, change: DataChange| store.change_data(user, &change).await.unwrap();
    let (of_address, in_all) = (Changed::NoRoom(Room::OfAddress), Changed::NoRoom(Room::InAll));
    assert_eq!(held().await, 0, "who keeps nothing is charged nothing");
    let first = DataChange { message: Some("m1".into()), ..within("a", &[("m", &of_bytes(1000))], &[]) };
    assert_eq!(make("0a", first.clone()).await, Changed::Done(1));
    assert_eq!(make("0a", first).await, Changed::Done(1));
    assert_eq!(held().await, RECORD + 1000, "what is repeated is charged once");
    assert_eq!(make("1a", within("a", &[("m", &of_bytes(1000))], &[])).await, Changed::Done(1));
    assert_eq!(make("0a", within("a", &[("n", &of_bytes(2000))], &[])).await, of_address);
    assert_eq!(make("0a", within("z", &[("n", &of_bytes(2000))], &[])).await, of_address, "as it was charged first");
    assert_eq!(make("0a", within("z", &[("n", &of_bytes(1500))], &[])).await, Changed::Done(2));
    assert_eq!(held().await, 2 * (RECORD + 1000) + 1500);
    assert_eq!(make("2b", within("b", &[("m", &of_bytes(1000))], &[])).await, Changed::Done(1));
    assert_eq!(make("3c", within("c", &[("m", "1")], &[])).await, in_all);
    assert_eq!(make("0a", within("a", &[("m", "1")], &["n"])).await, Changed::Done(3), "less is always possible");
    assert_eq!(held().await, 3 * RECORD + 2002 + 1, "and the name that is remembered is charged");
    assert_eq!(make("0a", within("a", &[("n", "1")], &[])).await, Changed::Done(4));
    assert_eq!(held().await, 3 * RECORD + 2004);
    assert_eq!(make("3c", within("c", &[("m", "1")], &[])).await, Changed::Done(1));
    store.remove_data("1a").await.unwrap();
    store.remove_data("1a").await.unwrap();
    assert_eq!(held().await, 3 * RECORD + 1006, "what is forgotten is free, once");
    assert_eq!(make("0a", within("a", &[("n", &of_bytes(7000))], &[])).await, in_all);
    assert_eq!(make("0a", within("a", &[("n", &of_bytes(6000))], &[])).await, Changed::Done(5), "the address has room");
    assert_eq!(store.expire_data(LATER + 1001).await.unwrap(), 3);
    assert_eq!(held().await, 0, "time frees it too");
    opened(store, "0a").await;
    assert_eq!(make("0a", within("a", &[("m", &of_bytes(7800))], &[])).await, Changed::Done(1), "all of it");
}

pub async fn names_of_deleted_members_are_charged_until_they_are_forgotten(place: Place) {
    let store = &*place.store;
    opened(store, "0a").await;
    let names: Vec<_> = (0..=GONE).map(|n| format!("n{n:04}")).collect();
    let set: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    store.change_data("0a", &DataChange { limit: 1_000_000, ..change(&set, &[]) }).await.unwrap();
    assert_eq!(store.data_held().await.unwrap(), RECORD + 6 * 1001);
    store.change_data("0a", &change(&[], &names[1..])).await.unwrap();
    assert_eq!(store.data_held().await.unwrap(), RECORD + 6 + 5 * 1000);
    store.change_data("0a", &change(&[], &names[..1])).await.unwrap();
    assert_eq!(store.data_held().await.unwrap(), RECORD);
}
