//! Chats, their entries and their messages.

use crate::{Place, begun, chat, places, said};
use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind, Reason};
use causerie_server::json::write;
use causerie_server::store::{Created, StoreError};
use std::sync::Arc;

pub async fn a_chat_is_found_by_id_handle_and_request(place: Place) {
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

pub async fn the_same_request_makes_one_chat(place: Place) {
    let first = begun(&*place.store, Some("r1")).await;
    let second = chat(Some("r1"));
    assert_eq!(place.store.create(&Draft::of(&second, 1, Rules::default())).await.unwrap(), Created::Known(first.id));
    assert!(place.store.load(&second.id).await.unwrap().is_none());
    assert!(place.store.find_handle(second.key.handle()).await.unwrap().is_none());
}

pub async fn requests_of_two_services_do_not_meet(place: Place) {
    begun(&*place.store, Some("r1")).await;
    let other = Chat { service: "other".to_owned(), ..chat(Some("r1")) };
    assert_eq!(place.store.create(&Draft::of(&other, 1, Rules::default())).await.unwrap(), Created::New);
    assert_eq!(place.store.find_request("other", "r1").await.unwrap(), Some(other.id));
}

pub async fn entries_come_in_their_order_from_where_asked(place: Place) {
    let store = &*place.store;
    let mut chat = begun(store, None).await;
    for n in 0..11 {
        let mut draft = said(&chat, &format!("\"{n}\""), None);
        draft.add(Kind::CustomNotice, chat.visitor(), None);
        store.commit(&draft).await.unwrap();
        chat = draft.chat.into();
    }
    assert_eq!(places(store, &chat, 1).await, (1..=23).collect::<Vec<_>>());
    assert_eq!(places(store, &chat, 9).await, (9..=23).collect::<Vec<_>>());
    assert!(places(store, &chat, 24).await.is_empty());
    assert_eq!(store.load(&chat.id).await.unwrap().unwrap().next_index, 24);
}

pub async fn a_message_is_found_by_its_sender_and_id(place: Place) {
    let store = &*place.store;
    let chat = begun(store, None).await;
    let draft = said(&chat, "\"Hi\"", Some("m1"));
    store.commit(&draft).await.unwrap();
    assert_eq!(store.find_message(&chat.id, 1, "m1").await.unwrap().unwrap().index, Some(2));
    for (who, message) in [(2, "m1"), (1, "m2")] {
        assert!(store.find_message(&chat.id, who, message).await.unwrap().is_none());
    }
}

pub async fn a_change_of_an_old_version_is_a_conflict_and_leaves_nothing(place: Place) {
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

pub async fn of_changes_at_the_same_time_one_is_done(place: Place) {
    let store = &*place.store;
    let chat = begun(store, None).await;
    let (one, other) = (said(&chat, "\"1\"", None), said(&chat, "\"2\"", None));
    let (first, second) = tokio::join!(store.commit(&one), store.commit(&other));
    assert_eq!([first.is_ok(), second.is_ok()].into_iter().filter(|done| *done).count(), 1);
    assert_eq!(places(store, &chat, 1).await, [1, 2]);
}

pub async fn what_is_removed_is_gone_and_its_request_free(place: Place) {
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

pub async fn an_unknown_chat_is_none_or_an_error(place: Place) {
    let store = &*place.store;
    let draft = said(&chat(None), "\"Hi\"", None);
    assert!(matches!(store.commit(&draft).await, Err(StoreError::Unknown)));
    assert!(matches!(store.entries("nowhere", 1).await, Err(StoreError::Unknown)));
    assert!(store.load("nowhere").await.unwrap().is_none());
    assert!(store.find_message("nowhere", 1, "m1").await.unwrap().is_none());
}

pub async fn text_is_kept_as_it_came(place: Place) {
    let store = &*place.store;
    let mut chat = begun(store, None).await;
    let texts = [r#""half \ud83d""#, r#""'; DROP TABLE chats; --""#, r#""\u0000 \"\\ é 😀""#];
    for text in texts {
        let draft = said(&chat, text, None);
        store.commit(&draft).await.unwrap();
        chat = draft.chat.into();
    }
    let kept = store.entries(&chat.id, 2).await.unwrap();
    assert_eq!(kept.iter().map(|entry| entry.text.as_ref().unwrap().get()).collect::<Vec<_>>(), texts);
}

pub async fn many_commits_at_once_are_all_there(place: Place) {
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
                chat = draft.chat.into();
            }
            assert_eq!(places(&*store, &chat, 1).await.len(), 21);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(place.store.chats().await.unwrap().len(), 50);
}

pub async fn a_renewal_is_both_chats_or_none(place: Place) {
    let store = &*place.store;
    let old = begun(store, Some("r1")).await;
    let new = Chat::in_place_of(&old, 2).unwrap();
    assert_eq!(new.id[..1], old.id[..1], "both on one machine");
    let mut closing = Draft::of(&old, 2, Rules::default());
    closing.give_way(&new, Reason::Timeout);
    let mut beginning = Draft::of(&new, 2, Rules::default());
    beginning.add(Kind::ParticipantJoined, new.visitor(), None);
    store.renew(&closing, &beginning).await.unwrap();
    let kept = store.load(&old.id).await.unwrap().unwrap();
    assert_eq!(kept.renewed.unwrap().id, new.id);
    assert_eq!((places(store, &old, 1).await, places(store, &new, 1).await), (vec![1, 2], vec![1]));
    assert_eq!(store.find_handle(new.key.handle()).await.unwrap(), Some(new.id));
    let other = Chat::in_place_of(&old, 3).unwrap();
    let beginning = Draft::of(&other, 3, Rules::default());
    assert!(matches!(store.renew(&closing, &beginning).await, Err(StoreError::Conflict)));
    assert!(store.load(&other.id).await.unwrap().is_none());
}
