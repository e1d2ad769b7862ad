//! What leaves the chats: what webhooks are told, and what visitors leave when nobody is there.

use crate::{Place, begun, said};
use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::webhook::outgoing::Outgoing;

pub async fn offline_requests_are_kept_listed_and_forgotten(place: Place) {
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

pub async fn what_is_to_be_told_is_claimed_in_order_and_settled(place: Place) {
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
    // Sessions are told in any order, what is of one session in its own.
    let of = |all: &[Outgoing], chat: &str| -> Vec<String> {
        let own = all.iter().filter(|item| item.chat == chat);
        let mut words: Vec<_> = own.map(|item| format!("{} {}", item.hook, item.body)).collect();
        words.sort();
        words
    };
    assert!(store.claim_outgoing(99, 200, 10, &[]).await.unwrap().is_empty(), "not yet");
    let both = ["h1".to_owned(), "h2".to_owned()];
    assert!(store.claim_outgoing(100, 200, 10, &both).await.unwrap().is_empty(), "each is left out");
    let mut claimed = store.claim_outgoing(100, 200, 3, &[]).await.unwrap();
    assert_eq!(claimed.len(), 3, "no more than asked for");
    let others = store.claim_outgoing(199, 300, 10, &both[1..]).await.unwrap();
    assert!(others.iter().all(|item| item.hook == "h1"), "one is left out");
    claimed.extend(others);
    claimed.extend(store.claim_outgoing(199, 300, 10, &[]).await.unwrap());
    for chat in [&one, &other] {
        assert_eq!(of(&claimed, &chat.id), ["h1 first", "h2 first"], "the first of each receiver, once");
    }
    assert!(store.claim_outgoing(199, 300, 10, &[]).await.unwrap().is_empty(), "all are taken");
    let claimed_of = |chat: &str| claimed.iter().find(|item| item.chat == chat && item.hook == "h1").unwrap();
    assert_eq!((claimed_of(&one.id).tries, claimed_of(&one.id).since), (0, 100));
    store.settle_outgoing(claimed_of(&one.id).id, None).await.unwrap();
    store.settle_outgoing(claimed_of(&other.id).id, Some(150)).await.unwrap();
    let next = store.claim_outgoing(150, 400, 10, &[]).await.unwrap();
    assert_eq!((of(&next, &one.id), of(&next, &other.id)), (vec!["h1 second".to_owned()], vec!["h1 first".to_owned()]));
    let tries = |chat: &str| next.iter().find(|item| item.chat == chat).unwrap().tries;
    assert_eq!((tries(&one.id), tries(&other.id)), (0, 1));
    let later = next.iter().find(|item| item.chat == one.id).unwrap().id;
    assert!(later > claimed_of(&one.id).id, "what happened later has a greater number");
    store.remove(&one.id).await.unwrap();
    assert_eq!(store.claim_outgoing(1000, 2000, 10, &[]).await.unwrap().len(), 4, "they outlive the chat");
}
