//! How a change of a chat is made: drafted, committed to the store, and then shown to everybody.

use super::call::{Hook, Request};
use super::draft::{Draft, Rules};
use super::model::{Chat, Entry, Kind, Role, WordKind};
use super::record::Record;
use super::reply::VisitorData;
use super::{Floor, Live, Reads, notice, visitor};
use crate::bayeux::message::event;
use crate::config::{Channel, First};
use crate::json::Raw;
use crate::session::Session;
use crate::status::{Cause, Status};
use crate::store::StoreError;
use crate::webhook;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::Instant;

impl Floor {
    /// Commits a change and shows it to everybody but `except`, who gets it as an answer. If another server was faster, its
    /// change is shown instead, and this one is refused as a conflict: it is to be made again of what is there now.
    pub(crate) async fn commit(
        &self,
        live: &mut Live,
        mut draft: Draft,
        except: Option<&Session>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.prepare(&mut draft);
        match self.store.commit(&draft).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => {
                Box::pin(self.catch_up(live)).await?;
                return Err(StoreError::Conflict);
            }
            Err(error) => return Err(error),
        }
        self.told.notify_one();
        self.changed(live, draft.chat, &draft.entries, except);
        self.kick(&live.chat);
        self.say_changed(&live.chat);
        Ok(draft.entries)
    }

    /// Adds to a change that is about to be kept what it takes, and what others are to be told of it.
    pub(super) fn prepare(&self, draft: &mut Draft) {
        draft.chat.bytes += draft.entries.iter().map(Entry::size).sum::<u64>();
        draft.outgoing = webhook::outgoing(&self.config, draft, self.clock.now());
    }

    /// A chat is now as it is here.
    pub(super) fn changed(&self, live: &mut Live, chat: Record, entries: &[Entry], except: Option<&Session>) {
        let before = std::mem::replace(&mut live.chat, chat);
        live.note(entries);
        live.active = Instant::now();
        live.typed
            .retain(|(typed, _)| !entries.iter().any(|entry| entry.from.participant_id == typed.from.participant_id));
        if live.chat.ended.is_some() && before.ended.is_none() {
            self.release(live.chat.address);
            tracing::info!(service = live.chat.service, entries = live.chat.next_index - 1, "a chat has ended");
        }
        if !entries.is_empty() {
            self.push_to_visitor(live, entries, except);
        }
        self.desk.show(&before, &live.chat, entries, except);
        self.inspect(&before, &live.chat, entries);
    }

    /// Has the bot called, if there is anything to call it for.
    pub(super) fn kick(&self, chat: &Chat) {
        if !chat.calls.is_empty() {
            // Without anybody to hear it the server is about to be gone; the calls are in the store.
            let _ = self.kicks.send(chat.id.clone());
        }
    }

    /// Tells something that passes by to those of the visitor's connections that read it.
    pub(crate) fn push_passing(&self, live: &Live, entry: &Entry, reads: impl Fn(Reads) -> bool) {
        let data = VisitorData::of(&live.chat, std::slice::from_ref(entry));
        let text = event(&visitor::channel_of(&live.chat.service), None, &data);
        for seat in live.seats.iter().filter(|seat| reads(seat.reads)) {
            seat.session.deliver(Arc::clone(&text));
        }
    }

    /// Shows entries to the visitor's sessions.
    pub(crate) fn push_to_visitor(&self, live: &Live, entries: &[Entry], except: Option<&Session>) {
        let channel = visitor::channel_of(&live.chat.service);
        let mut texts: HashMap<Reads, Arc<str>> = HashMap::new();
        for seat in live.seats.iter().filter(|seat| except.is_none_or(|except| except.id != seat.session.id)) {
            let text = texts.entry(seat.reads).or_insert_with(|| {
                let entries = self.with_news(&live.chat, seat.reads, entries.to_vec());
                event(&channel, None, &VisitorData::of(&live.chat, &entries))
            });
            seat.session.deliver(Arc::clone(text));
        }
    }

    /// The entries; and what goes with them, where they may have changed it.
    pub(crate) fn with_news(&self, chat: &Chat, reads: Reads, mut entries: Vec<Entry>) -> Vec<Entry> {
        let told = |entry: &Entry| entry.kind == Kind::Notice && entry.index.is_some();
        let said = |entry: &Entry| entry.from.role == Role::Client && entry.index.is_some();
        let (told, said) = (entries.iter().any(told), entries.iter().any(said));
        if told && reads.notices {
            entries.extend(self.form_asked(chat));
        }
        if (told || said) && reads.data {
            entries.push(self.internal(chat));
        }
        entries
    }

    /// What passes by as long as it holds: the form that is asked for, the internal session data.
    pub(crate) fn holding(&self, chat: &Chat, reads: Reads) -> Vec<Entry> {
        let form = self.form_asked(chat).filter(|_| reads.notices);
        form.into_iter().chain(reads.data.then(|| self.internal(chat))).collect()
    }

    fn form_asked(&self, chat: &Chat) -> Option<Entry> {
        notice::form(self.config.channel(&chat.service)?, chat, self.clock.now())
    }

    /// The visitor has said this: the chat's state goes on, the FAQ is asked if it is its turn, the bot is to be called.
    pub(crate) fn heard(&self, draft: &mut Draft, said: &Raw, message_id: Option<String>) {
        self.settle(draft, said);
        draft.call(Hook::Request(Request::new(said, None, None, message_id)));
    }

    /// The same, without the bot.
    pub(crate) fn settle(&self, draft: &mut Draft, said: &Raw) {
        (draft.chat.last_words, draft.chat.last_kind, draft.chat.intent) = (Some(said.clone()), WordKind::Text, None);
        if draft.chat.status == Status::Faq {
            let question = serde_json::from_str::<String>(said.get()).unwrap_or_default();
            draft.suggest(self.faqs.get(&draft.chat.service).and_then(|faq| faq.find(&question)).as_ref());
        } else {
            draft.happened(Cause::VisitorMessage);
        }
    }

    /// A change of a chat, to be made now.
    pub(crate) fn draft(&self, chat: &Chat) -> Draft {
        let channel = self.config.channel(&chat.service);
        let has = |form: fn(&Channel) -> bool| channel.is_some_and(form);
        let rules = Rules {
            pre_chat: has(|channel| channel.pre_chat.is_some()),
            post_chat: has(|channel| channel.post_chat.is_some()),
            faq: self.faqs.contains_key(&chat.service),
            offline: has(|channel| channel.offline.is_some()),
            agents: self.desk.is_anyone_there(),
            form_first: channel.and_then(|channel| channel.bot.as_ref()).is_some_and(|bot| bot.first == First::Form),
        };
        Draft::of(chat, self.clock.now(), rules)
    }
}
