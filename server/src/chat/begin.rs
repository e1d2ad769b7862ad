//! How a chat begins: `requestChat`, and the same request again.

use super::asker::Asker;
use super::draft::Draft;
use super::model::{Chat, From, Kind};
use super::operation::Operation;
use super::reply::{Refusal, VisitorData};
use super::{Floor, Seat};
use crate::config::Channel;
use crate::data::DataChange;
use crate::json::Raw;
use crate::status::Cause;
use crate::vitals::Overloaded;
use crate::vitals::metrics::Shed;

/// A message id of this length cannot be guessed: whoever sends it again made it.
const UNGUESSABLE: usize = 20;

impl Floor {
    pub(super) async fn request_chat(
        &self,
        asker: &Asker<'_>,
        channel: &Channel,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let request = operation.message_id()?;
        if let Some(request) = &request
            && let Some(id) = self.store.find_request(&channel.name, request).await?
        {
            return self.repeat_request(asker, operation, &id, request).await;
        }
        let nickname = operation.visitor_name()?;
        let subject = operation.subject()?;
        let email = operation.email()?;
        let data = operation.user_data()?.map(|_| operation.data_change()).transpose()?;
        let text = operation.first_words(self.config.limits.message_length)?;
        asker.take_start(self)?;
        self.vitals.admit(Shed::Chat).map_err(|Overloaded { retry_after }| Refusal {
            retry_after: Some(retry_after),
            ..Refusal::new(240, "no new chat now: the server has too much to do")
        })?;
        let mut chat = Chat::new(&channel.name, asker.address(), self.clock.now())?;
        chat.request.clone_from(&request);
        (chat.nickname, chat.subject, chat.email) = (nickname, subject, email);
        (chat.first_name, chat.last_name) = operation.first_and_last_name()?;
        (chat.notices, chat.locale) = (operation.reads_notices(), operation.locale()?.or_else(|| asker.language()));
        let is_known = self.recognise(&mut chat, operation).await?;
        chat.bot_active = self.bots.script(&chat.service).is_some();
        let mut draft = self.beginning(self.draft(&chat), channel, request.clone(), text);
        self.prepare(&mut draft);
        let address = chat.address;
        self.reserve(address).map_err(|_| Refusal::new(240, "no new chat now: there are too many"))?;
        // Live before it is in the store: a repeated request that finds it there finds it here too, once this is done.
        let Some(mut live) = self.enter(&draft) else {
            self.release(address);
            return Err(Refusal::new(249, "the server could not do it"));
        };
        let has_data = data.is_some();
        if let Some(change) = data {
            // Before the chat: a request that is repeated because this failed makes both.
            let refused = self.change_data(&live.chat, DataChange { only: None, message: None, ..change }).await.err();
            if let Some(refusal) = refused {
                self.forget(&live.chat);
                self.release(address);
                return Err(refusal);
            }
        }
        let created = self.store.create(&draft).await;
        match created {
            Ok(crate::store::Created::New) => {}
            Ok(crate::store::Created::Known(id)) => {
                self.forget(&live.chat);
                self.release(address);
                if has_data && !is_known {
                    // It was of a visitor whom nobody will be.
                    self.store.remove_data(&live.chat.user_id).await?;
                }
                drop(live);
                let request = request.as_deref().unwrap_or_default();
                return self.repeat_request(asker, operation, &id, request).await;
            }
            Err(error) => {
                self.forget(&live.chat);
                self.release(address);
                return Err(error.into());
            }
        }
        live.attach(asker.session(), operation);
        let mut entries = draft.entries;
        entries.extend(self.holding(&live.chat, operation.reads()));
        entries.extend(self.data_for(&mut live, operation).await?);
        let bytes = asker.send(&VisitorData::of(&live.chat, &entries));
        asker.charge_start(self, bytes);
        self.desk.begun(&live.chat);
        self.inspector.listed(&live.chat);
        self.told.notify_one();
        self.kick(&live.chat);
        self.say_changed(&live.chat);
        tracing::info!(service = channel.name, "a chat has begun");
        Ok(())
    }

    /// The first entries of a chat. One without words is opened by a script, or by words that come later.
    pub(super) fn beginning(
        &self,
        mut draft: Draft,
        channel: &Channel,
        request: Option<String>,
        words: Option<Raw>,
    ) -> Draft {
        let visitor = draft.chat.visitor();
        let by_script = draft.is_caused_by_bot();
        draft.add(Kind::ParticipantJoined, visitor.clone(), None).marked(request, None);
        draft.happened(Cause::Begin);
        if let Some(welcome) = &channel.welcome {
            draft.add(Kind::Message, From::system(), Some(Raw::string(welcome)));
        }
        draft.call_created(words.clone().unwrap_or_else(|| Raw::string("")), !by_script);
        if let Some(words) = words {
            draft.add(Kind::Message, visitor, Some(words.clone()));
            self.heard(&mut draft, &words, None);
        }
        draft
    }

    /// The same request again: the same chat. Its key is told to whoever knows the request's id; one that might be guessed
    /// counts in the same Bayeux session, or the same browser, only.
    async fn repeat_request(
        &self,
        asker: &Asker<'_>,
        operation: &Operation<'_>,
        id: &str,
        request: &str,
    ) -> Result<(), Refusal> {
        let gone = || Refusal::new(249, "the server could not do it");
        let live = self.lock(id).await?.ok_or_else(gone)?;
        let known = |seat: &Seat| {
            let other = &seat.session;
            asker.session().is_some_and(|session| {
                other.id == session.id || (session.browser.is_some() && other.browser == session.browser)
            })
        };
        if request.len() < UNGUESSABLE && !live.seats.iter().any(known) {
            return Err(Refusal::malformed(format!(
                "messageId: one not used before, or {UNGUESSABLE} characters and more to use it in another session"
            )));
        }
        let (mut live, mut entries) = self.newest(live, 1).await?;
        live.reads.take().map_err(Refusal::too_many)?;
        live.attach(asker.session(), operation);
        self.sits(&live).await;
        entries.extend(self.entries_of(&live, 1).await?);
        entries.extend(self.holding(&live.chat, operation.reads()));
        entries.extend(self.data_for(&mut live, operation).await?);
        let bytes = asker.send(&VisitorData::of(&live.chat, &entries));
        live.reads.charge(bytes);
        Ok(())
    }
}
