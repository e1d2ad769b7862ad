//! A store that is watched: how long changes take, how many wait, what fails.

use super::Vitals;
use crate::chat::draft::Draft;
use crate::chat::model::{Chat, Entry, OfflineRequest};
use crate::data::{Changed, DataChange, Delta, Owner};
use crate::lock::locked;
use crate::store::{Created, Presence, Store, StoreError, Stored};
use crate::webhook::outgoing::Outgoing;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// A store, and who watches it.
pub(crate) struct Watched {
    inner: Arc<dyn Store>,
    vitals: Arc<Vitals>,
}

/// A change waits, until this is dropped.
struct Waiting<'a>(&'a Vitals);

impl<'a> Waiting<'a> {
    fn new(vitals: &'a Vitals) -> Self {
        vitals.waiting.fetch_add(1, Ordering::Relaxed);
        Self(vitals)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Store>, vitals: Arc<Vitals>) -> Self {
        Self { inner, vitals }
    }

    /// Counts what is not done.
    fn noted<'a, T: Send + 'a>(&'a self, doing: Stored<'a, T>) -> Stored<'a, T> {
        Box::pin(async move {
            let done = doing.await;
            match &done {
                Err(StoreError::Conflict) => self.vitals.metrics.store_error("conflict"),
                Err(StoreError::Failed(_)) => self.vitals.metrics.store_error("failed"),
                Ok(_) | Err(StoreError::Unknown) => {}
            }
            done
        })
    }

    /// Measures a change.
    fn write<'a, T: Send + 'a>(
        &'a self,
        kind: &'static str,
        doing: Stored<'a, T>,
        drafts: [Option<&'a Draft>; 2],
    ) -> Stored<'a, T> {
        let doing = self.noted(doing);
        Box::pin(async move {
            let (_waiting, begun) = (Waiting::new(&self.vitals), Instant::now());
            let done = doing.await;
            self.vitals.metrics.took(kind, begun.elapsed());
            match &done {
                Ok(_) => {
                    drafts.into_iter().flatten().for_each(|draft| self.vitals.metrics.kept(draft));
                    *locked(&self.vitals.refused) = None;
                }
                Err(StoreError::Failed(_)) => *locked(&self.vitals.refused) = Some(Instant::now()),
                Err(_) => {}
            }
            done
        })
    }
}

impl Store for Watched {
    fn create<'a>(&'a self, draft: &'a Draft) -> Stored<'a, Created> {
        let doing = self.write("create", self.inner.create(draft), [None, None]);
        Box::pin(async move {
            let created = doing.await?;
            if created == Created::New {
                self.vitals.metrics.kept(draft);
            }
            Ok(created)
        })
    }

    fn find_request<'a>(&'a self, service: &'a str, request: &'a str) -> Stored<'a, Option<String>> {
        self.noted(self.inner.find_request(service, request))
    }

    fn find_handle<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<String>> {
        self.noted(self.inner.find_handle(handle))
    }

    fn load<'a>(&'a self, chat: &'a str) -> Stored<'a, Option<Chat>> {
        self.noted(self.inner.load(chat))
    }

    fn chats(&self) -> Stored<'_, Vec<Chat>> {
        self.noted(self.inner.chats())
    }

    fn versions<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Option<u64>>> {
        self.noted(self.inner.versions(chats))
    }

    fn at_desk(&self) -> Stored<'_, Vec<Chat>> {
        self.noted(self.inner.at_desk())
    }

    fn attend<'a>(&'a self, chats: &'a [(String, Presence)], until: u64) -> Stored<'a, ()> {
        self.noted(self.inner.attend(chats, until))
    }

    fn presence<'a>(&'a self, chats: &'a [String]) -> Stored<'a, Vec<Presence>> {
        self.noted(self.inner.presence(chats))
    }

    fn claim_unattended(&self, now: u64, until: u64, limit: usize) -> Stored<'_, Vec<String>> {
        self.noted(self.inner.claim_unattended(now, until, limit))
    }

    fn commit<'a>(&'a self, draft: &'a Draft) -> Stored<'a, ()> {
        self.write("commit", self.inner.commit(draft), [Some(draft), None])
    }

    fn renew<'a>(&'a self, old: &'a Draft, new: &'a Draft) -> Stored<'a, ()> {
        self.write("renew", self.inner.renew(old, new), [Some(old), Some(new)])
    }

    fn entries<'a>(&'a self, chat: &'a str, from: u64) -> Stored<'a, Vec<Entry>> {
        self.noted(self.inner.entries(chat, from))
    }

    fn find_message<'a>(&'a self, chat: &'a str, who: u64, message: &'a str) -> Stored<'a, Option<Entry>> {
        self.noted(self.inner.find_message(chat, who, message))
    }

    fn remove<'a>(&'a self, chat: &'a str) -> Stored<'a, ()> {
        self.noted(self.inner.remove(chat))
    }

    fn open_data<'a>(&'a self, owner: &'a Owner, expires: u64) -> Stored<'a, Owner> {
        self.noted(self.inner.open_data(owner, expires))
    }

    fn find_data<'a>(&'a self, handle: &'a str) -> Stored<'a, Option<Owner>> {
        self.noted(self.inner.find_data(handle))
    }

    fn change_data<'a>(&'a self, user: &'a str, change: &'a DataChange) -> Stored<'a, Changed> {
        self.write("data", self.inner.change_data(user, change), [None, None])
    }

    fn read_data<'a>(&'a self, user: &'a str, since: u64) -> Stored<'a, Delta> {
        self.noted(self.inner.read_data(user, since))
    }

    fn remove_data<'a>(&'a self, user: &'a str) -> Stored<'a, ()> {
        self.noted(self.inner.remove_data(user))
    }

    fn data_held(&self) -> Stored<'_, u64> {
        self.noted(self.inner.data_held())
    }

    fn expire_data(&self, now: u64) -> Stored<'_, usize> {
        self.noted(self.inner.expire_data(now))
    }

    fn claim_outgoing<'a>(
        &'a self,
        now: u64,
        until: u64,
        limit: usize,
        except: &'a [String],
    ) -> Stored<'a, Vec<Outgoing>> {
        self.noted(self.inner.claim_outgoing(now, until, limit, except))
    }

    fn settle_outgoing(&self, id: u64, due: Option<u64>) -> Stored<'_, ()> {
        self.noted(self.inner.settle_outgoing(id, due))
    }

    fn requests(&self, after: u64, limit: usize) -> Stored<'_, Vec<OfflineRequest>> {
        self.noted(self.inner.requests(after, limit))
    }

    fn remove_request(&self, id: u64) -> Stored<'_, bool> {
        self.noted(self.inner.remove_request(id))
    }
}
