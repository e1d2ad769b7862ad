//! Session data in a chat: what visitors change, and what they are told of it; and the internal data, which nobody changes.

use super::model::{Chat, Entry};
use super::notice;
use super::operation::Operation;
use super::reply::Refusal;
use super::visitor::{Visit, channel_of};
use super::{Floor, Live};
use crate::bayeux::message::event;
use crate::chat::reply::VisitorData;
use crate::data::{Budget, Changed, DataChange, Delta, Owner, Room};
use crate::json::Raw;
use crate::node::Word;
use crate::secret::{SecureKey, handle};
use crate::sentiment;
use crate::session::Session;
use crate::store::StoreError;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

const DAY: u64 = 86_400_000;

/// What the notice about session data carries.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(flatten)]
    delta: &'a Delta,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_key: Option<&'a str>,
}

impl Floor {
    /// Until when a visitor's session data is kept if nothing more happens.
    fn data_expires(&self, chat: &Chat) -> u64 {
        let days = self.config.channel(&chat.service).map_or(0, |channel| channel.data_retention);
        self.clock.now().saturating_add(days.saturating_mul(DAY))
    }

    async fn open_data(&self, chat: &Chat) -> Result<Owner, Refusal> {
        let owner = Owner { user: chat.user_id.clone(), key: SecureKey::random()? };
        Ok(self.store.open_data(&owner, self.data_expires(chat)).await?)
    }

    /// Who shows the key of earlier session data is that visitor. A key that opens nothing is as none. Says whether it was one.
    pub(super) async fn recognise(&self, chat: &mut Chat, operation: &Operation<'_>) -> Result<bool, Refusal> {
        let mut is_known = false;
        if let Some(key) = operation.data_key()?
            && let Some(owner) = self.store.find_data(handle(&key)).await?
            && owner.key.is(&key)
        {
            chat.user_id = owner.user;
            chat.data_key_told = true;
            is_known = true;
        }
        chat.data_key_told |= operation.reads().data;
        Ok(is_known)
    }

    /// Changes the session data of a chat's visitor.
    pub(crate) async fn change_data(&self, chat: &Chat, change: DataChange) -> Result<Changed, Refusal> {
        self.open_data(chat).await?;
        let limits = &self.config.limits;
        let limit = limits.session_data_bytes;
        let (of_address, in_all) = (limits.session_data_bytes_per_address, limits.session_data_bytes_in_all);
        let budget = Budget::new(chat.address, of_address, in_all);
        let change = DataChange { limit, expires: self.data_expires(chat), budget, ..change };
        let refused = |whose: String| Refusal::new(413, format!("the session data {whose}; nothing is changed"));
        match self.store.change_data(&chat.user_id, &change).await? {
            Changed::TooLarge => Err(refused(format!("would be larger than {limit} bytes"))),
            Changed::NoRoom(room) => {
                self.vitals.metrics.no_room(room);
                Err(refused(match room {
                    Room::OfAddress => format!("of this address would be larger than {of_address} bytes"),
                    Room::InAll => format!("of all visitors would be larger than {in_all} bytes"),
                }))
            }
            changed => Ok(changed),
        }
    }

    /// Looks how much all session data takes, for monitoring; and says so when there is hardly room for more.
    pub(super) async fn weigh_data(&self) {
        let most = self.config.limits.session_data_bytes_in_all;
        match self.store.data_held().await {
            Ok(held) => {
                self.vitals.metrics.data_held(held);
                if most != 0 && held >= most - most / 10 {
                    tracing::warn!(held, most, "there is hardly room for more session data");
                }
            }
            Err(error) => tracing::warn!(%error, "session data could not be weighed"),
        }
    }

    /// A notice that tells what has changed since a version.
    pub(crate) async fn data_since(&self, chat: &Chat, since: u64, key: Option<&str>) -> Result<Entry, Refusal> {
        let delta = self.store.read_data(&chat.user_id, since).await?;
        Ok(self.data_news(&delta, key))
    }

    fn data_news(&self, delta: &Delta, data_key: Option<&str>) -> Entry {
        let limit = self.config.limits.session_data_bytes;
        notice::passing("session-data", &Told { delta, limit, data_key }, self.clock.now())
    }

    /// What an attaching client has not had of the session data, if it reads that.
    pub(super) async fn data_for(&self, live: &mut Live, operation: &Operation<'_>) -> Result<Option<Entry>, Refusal> {
        let Some(since) = operation.data_version()?.filter(|_| operation.reads_notices()) else { return Ok(None) };
        let owner = self.open_data(&live.chat).await?;
        if !live.chat.data_key_told && live.chat.ended.is_none() {
            let mut draft = self.draft(&live.chat);
            draft.chat.data_key_told = true;
            self.commit(live, draft, None).await?;
        }
        let delta = self.store.read_data(&live.chat.user_id, since).await?;
        if live.told == 0 {
            live.told = delta.version;
        }
        Ok(Some(self.data_news(&delta, Some(owner.key.reveal()))))
    }

    /// A visitor changes session data.
    pub(super) async fn update_data(&self, visit: &Visit<'_>, live: &mut Live) -> Result<(), Refusal> {
        let change = visit.operation.data_change()?;
        self.may_change(live)?;
        live.sends.take(visit.operation.message_id()?.as_deref()).map_err(Refusal::too_many)?;
        let asked = change.only;
        match self.change_data(&live.chat, change).await? {
            Changed::Done(version) => {
                let news = self.data_since(&live.chat, version.saturating_sub(1), None).await?;
                self.push_data(live, &news, version, visit.asker.except());
                let reads = live.reads(visit.asker, visit.operation);
                let made = if reads.notices { vec![news] } else { Vec::new() };
                self.reply(visit, live, made).await
            }
            _ => {
                live.reads.peek().map_err(Refusal::too_many)?;
                let news = self.data_since(&live.chat, asked.unwrap_or(0), None).await?;
                let refusal = Refusal::new(409, "the session data has changed meanwhile");
                self.vitals.metrics.refused(refusal.code);
                let bytes = visit
                    .asker
                    .send(&VisitorData { messages: &[news], ..VisitorData::refused(Some(&live.chat), &refusal) });
                live.reads.charge(bytes);
                Ok(())
            }
        }
    }

    /// Tells the visitor's other connections, and the other nodes, that a change of session data has made this version.
    pub(crate) fn push_data(&self, live: &mut Live, news: &Entry, version: u64, except: Option<&Session>) {
        if let Some(node) = &self.node {
            node.say(&Word::Data { chat: live.chat.id.clone(), version });
        }
        if live.told + 1 == version {
            live.told = version;
        }
        self.show_data(live, news, except);
    }

    /// Another node says that a change of session data has made this version. All that was not told yet is.
    pub(super) async fn take_in_data(&self, id: &str, version: u64) -> Result<(), StoreError> {
        let Some(mut live) = self.lock_known(id).await else { return Ok(()) };
        if version <= live.told || !(self.inspector.is_watched(id) || live.seats.iter().any(|seat| seat.reads.data)) {
            return Ok(());
        }
        let since = if live.told == 0 { version.saturating_sub(1) } else { live.told };
        let delta = self.store.read_data(&live.chat.user_id, since).await?;
        if delta.version > live.told {
            live.told = delta.version;
            self.show_data(&live, &self.data_news(&delta, None), None);
        }
        Ok(())
    }

    fn show_data(&self, live: &Live, news: &Entry, except: Option<&Session>) {
        self.inspector.data(&live.chat.id, news.user_data.as_ref());
        let entries = std::slice::from_ref(news);
        let text = event(&channel_of(&live.chat.service), None, &VisitorData::of(&live.chat, entries));
        for seat in live.seats.iter().filter(|seat| seat.reads.data) {
            if except.is_none_or(|except| except.id != seat.session.id) {
                seat.session.deliver(Arc::clone(&text));
            }
        }
    }

    /// The internal session data: made from the chat each time, so that nobody can have changed it.
    pub(crate) fn internal(&self, chat: &Chat) -> Entry {
        notice::passing("internal", &self.internal_of(chat), self.clock.now())
    }

    pub(crate) fn internal_of(&self, chat: &Chat) -> Value {
        let channel = self.config.channel(&chat.service);
        let locale = chat.locale.as_deref().or(channel.map(|channel| channel.locale.as_str())).unwrap_or("en");
        let said = chat.last_words.as_ref().map(Raw::get);
        // Half a character has no place in a value that is read here; the message itself is passed on as it came.
        let words: Value = said.and_then(|said| serde_json::from_str(said).ok()).unwrap_or_else(|| json!(""));
        let text = |raw: &Raw| serde_json::from_str::<Value>(raw.get()).unwrap_or_default();
        let form = chat.forms.get("pre-chat");
        // What the form says goes before what the client said at the beginning.
        let known = |name: &str, told: &Option<Raw>| {
            form.and_then(|values| values.get(name)).map(|value| json!(value)).or_else(|| told.as_ref().map(text))
        };
        let first = known("firstName", &chat.first_name).unwrap_or_else(|| text(&chat.nickname));
        let mut user = json!({"firstName": first});
        if let Some(members) = user.as_object_mut() {
            members.extend(known("lastName", &chat.last_name).map(|name| ("lastName".to_owned(), name)));
            members.extend(chat.email.as_ref().map(|email| ("email".to_owned(), text(email))));
        }
        let intent = chat.intent.as_ref().map(|(name, score)| json!({"name": name, "score": score}));
        let dialog = |status: crate::status::Status| json!({"name": status.name(), "id": status.code().to_string(), "type": "STATUS"});
        json!({
            "botId": channel.map_or("", |channel| channel.bot_id()),
            "sessionId": chat.id,
            "version": "LIVE",
            "channel": chat.service,
            "user": user,
            "preferredLanguage": locale.split('-').next(),
            "locale": locale,
            "nlp": {
                "expression": words,
                "intent": intent,
                "entities": [],
                "intents": intent.iter().collect::<Vec<_>>(),
                "sentiment": sentiment::of(words.as_str().unwrap_or_default()),
            },
            "currentDialogstate": dialog(chat.status),
            "previousDialogstate": chat.status_before.map(dialog),
            "messageContent": words,
            "messageType": chat.last_kind,
        })
    }
}
