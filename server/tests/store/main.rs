//! What every store does: one suite, run over each of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chats;
#[path = "../common/mod.rs"]
mod common;
mod data;
mod outgoing;
mod presence;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::{Chat, Kind};
use causerie_server::json::Raw;
use causerie_server::store::{Created, MemoryStore, RedisStore, SqliteStore, Store};
use common::{Cluster, Folder, Redis};
use std::sync::Arc;

struct Place {
    store: Arc<dyn Store>,
    _folder: Option<Folder>,
    _redis: Option<Redis>,
}

fn memory() -> Place {
    Place { store: Arc::new(MemoryStore::default()), _folder: None, _redis: None }
}

fn sqlite() -> Place {
    let folder = Folder::new();
    Place { store: Arc::new(SqliteStore::open(&folder.file("chat.db")).unwrap()), _folder: Some(folder), _redis: None }
}

fn at(address: &str, redis: Option<Redis>) -> Place {
    let store = RedisStore::new(address.parse().unwrap(), &common::config("", ""));
    Place { store: Arc::new(store), _folder: None, _redis: redis }
}

macro_rules! suite {
    ($($part:ident { $($name:ident)* })*) => {
        mod in_memory { $($(#[tokio::test] async fn $name() { crate::$part::$name(crate::memory()).await; })*)* }
        mod in_redis {
            use crate::common::Redis;
            $($(#[tokio::test] async fn $name() {
                let Some(redis) = Redis::start().await else { return };
                crate::$part::$name(crate::at(&redis.address(), Some(redis))).await;
            })*)*
        }
        // One after the other, each with keys of its own, for a cluster takes seconds to start.
        #[tokio::test]
        async fn in_a_redis_cluster() {
            let Some(cluster) = Cluster::start().await else { return };
            $($({
                let address = format!("{}?prefix={}:", cluster.address(), stringify!($name));
                crate::$part::$name(at(&address, None)).await;
            })*)*
        }
        mod in_sqlite { $($(#[tokio::test] async fn $name() { crate::$part::$name(crate::sqlite()).await; })*)* }
    };
}

suite! {
    chats {
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
        a_renewal_is_both_chats_or_none
    }
    data {
        session_data_is_told_from_any_version
        a_change_of_session_data_is_whole_known_and_bounded
        names_of_deleted_members_are_remembered_up_to_a_number
        session_data_is_found_by_its_key_and_forgotten_in_time
        session_data_has_a_budget_for_each_address_and_in_all
        names_of_deleted_members_are_charged_until_they_are_forgotten
    }
    outgoing {
        offline_requests_are_kept_listed_and_forgotten
        what_is_to_be_told_is_claimed_in_order_and_settled
    }
    presence {
        versions_are_told_without_the_chats
        chats_at_the_desk_are_found
        a_chat_that_nobody_looks_after_is_claimed_once
        what_is_known_of_a_chat_is_the_latest_that_anybody_said
    }
}

/// A chat that has not begun.
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
    draft.chat.into()
}

/// A message of its visitor's.
fn said(chat: &Chat, text: &str, id: Option<&str>) -> Draft {
    let mut draft = Draft::of(chat, 2, Rules::default());
    let text = serde_json::from_str(text).unwrap();
    draft.add(Kind::Message, chat.visitor(), Some(text)).marked(id.map(ToOwned::to_owned), None);
    draft
}

/// The places of its entries, from one on.
async fn places(store: &dyn Store, chat: &Chat, from: u64) -> Vec<u64> {
    store.entries(&chat.id, from).await.unwrap().iter().map(|entry| entry.index.unwrap()).collect()
}
