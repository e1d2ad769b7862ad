//! What the servers of one store know of each other's chats.

use crate::{Place, begun, said};
use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind};
use causerie_server::status::{Cause, Status};
use causerie_server::store::{LEASE, Presence};

pub async fn versions_are_told_without_the_chats(place: Place) {
    let store = &*place.store;
    let (one, other) = (begun(store, None).await, begun(store, None).await);
    store.commit(&said(&other, "\"Hi\"", None)).await.unwrap();
    let asked = [other.id, "nowhere".to_owned(), one.id];
    assert_eq!(store.versions(&asked).await.unwrap(), [Some(2), None, Some(1)]);
    assert!(store.versions(&[]).await.unwrap().is_empty());
}

pub async fn chats_at_the_desk_are_found(place: Place) {
    let store = &*place.store;
    let found = async || {
        let mut all: Vec<_> = store.at_desk().await.unwrap().into_iter().map(|chat| chat.id).collect();
        all.sort();
        all
    };
    let changed = async |chat: &Chat, change: fn(&mut Draft)| {
        let mut draft = Draft::of(chat, 5, Rules::default());
        change(&mut draft);
        store.commit(&draft).await.unwrap();
        Chat::from(draft.chat)
    };
    let [one, two, three] = [begun(store, None).await, begun(store, None).await, begun(store, None).await];
    assert!(found().await.is_empty(), "these have no status yet");
    let waiting = changed(&one, |draft| draft.chat.status = Status::InQueue).await;
    let taken = changed(&two, |draft| draft.join("Ann")).await;
    changed(&three, |draft| draft.chat.bot_active = true).await;
    let mut expected = [waiting.id.clone(), taken.id.clone()];
    expected.sort();
    assert_eq!(found().await, expected);
    assert_eq!(changed(&waiting, |draft| draft.join("Ben")).await.agents.len(), 1);
    changed(&taken, |draft| draft.end(Cause::Leave)).await;
    assert_eq!(found().await, std::slice::from_ref(&waiting.id));
    store.remove(&waiting.id).await.unwrap();
    assert!(found().await.is_empty());
}

pub async fn a_chat_that_nobody_looks_after_is_claimed_once(place: Place) {
    let store = &*place.store;
    // Both began at 1.
    let (one, other) = (begun(store, None).await, begun(store, None).await);
    let lapse = 1 + LEASE;
    assert!(store.claim_unattended(lapse, lapse + 10, 10).await.unwrap().is_empty(), "who began it looks after it");
    store
        .attend(&[(one.id.clone(), Presence::default()), ("nowhere".into(), Presence::default())], lapse + 5)
        .await
        .unwrap();
    assert_eq!(store.claim_unattended(lapse + 1, lapse + 10, 10).await.unwrap(), std::slice::from_ref(&other.id));
    assert!(store.claim_unattended(lapse + 5, lapse + 10, 10).await.unwrap().is_empty(), "both are looked after");
    assert_eq!(store.claim_unattended(lapse + 6, lapse + 20, 10).await.unwrap(), std::slice::from_ref(&one.id));
    // A shorter time does not take a longer one away.
    store.attend(&[(one.id.clone(), Presence::default())], lapse + 7).await.unwrap();
    assert_eq!(store.claim_unattended(lapse + 11, lapse + 20, 10).await.unwrap(), std::slice::from_ref(&other.id));
    assert_eq!(store.claim_unattended(lapse + 100, lapse + 200, 1).await.unwrap().len(), 1, "no more than asked for");
    assert_eq!(store.claim_unattended(lapse + 100, lapse + 200, 1).await.unwrap().len(), 1, "the other one");
    let mut ending = Draft::of(&one, lapse + 200, Rules::default());
    ending.end(Cause::Leave);
    store.commit(&ending).await.unwrap();
    store.remove(&other.id).await.unwrap();
    let later = lapse + 200 + LEASE;
    assert!(store.claim_unattended(later, later, 10).await.unwrap().is_empty(), "a change looks after it");
    assert_eq!(store.claim_unattended(later + 1, later + 2, 10).await.unwrap(), [one.id], "ended ones too");
}

pub async fn what_is_known_of_a_chat_is_the_latest_that_anybody_said(place: Place) {
    let store = &*place.store;
    let (one, other) = (begun(store, None).await, begun(store, None).await);
    let asked = [other.id.clone(), "nowhere".to_owned(), one.id.clone()];
    let nothing = Presence::default();
    let begun = Presence { seen: 0, active: 1 };
    assert_eq!(store.presence(&asked).await.unwrap(), [begun, nothing, begun]);
    for presence in [Presence { seen: 30, active: 20 }, Presence { seen: 10, active: 40 }] {
        store.attend(&[(one.id.clone(), presence), ("nowhere".to_owned(), presence)], 50).await.unwrap();
    }
    assert_eq!(store.presence(&asked).await.unwrap(), [begun, nothing, Presence { seen: 30, active: 40 }]);
    let mut draft = Draft::of(&one, 60, Rules::default());
    draft.add(Kind::CustomNotice, one.visitor(), None);
    store.commit(&draft).await.unwrap();
    store.remove(&other.id).await.unwrap();
    assert_eq!(store.presence(&asked).await.unwrap(), [nothing, nothing, Presence { seen: 30, active: 60 }]);
    assert!(store.presence(&[]).await.unwrap().is_empty());
}
