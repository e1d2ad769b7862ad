//! How a chat begins: `requestChat`, and the same request again.

use super::Floor;
use super::asker::Asker;
use super::model::{Chat, Draft, From, Kind, Role};
use super::operation::Operation;
use super::reply::{Refusal, VisitorData};
use crate::config::Channel;
use crate::json::Raw;
use crate::secret::{SecureKey, random_hex};
use crate::session::Session;
use std::sync::Arc;

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
            return self.repeat_request(asker, &id, request).await;
        }
        let nickname = operation.visitor_name()?;
        let subject = operation.subject()?;
        let (email, user_data) = (operation.email()?, operation.user_data()?);
        asker.take_start(self)?;
        let chat = Chat {
            version: 0,
            id: random_hex(10)?,
            service: channel.name.clone(),
            key: SecureKey::random()?,
            user_id: random_hex(8)?,
            request: request.clone(),
            address: asker.address(),
            nickname,
            subject,
            email,
            user_data,
            since: self.clock.now(),
            next_index: 1,
            next_participant: 2,
            agents: Vec::new(),
            ended: None,
        };
        let mut draft = Draft::of(&chat, self.clock.now());
        draft.add(Kind::ParticipantJoined, chat.visitor(), None).marked(request.clone(), None);
        if let Some(welcome) = &channel.welcome {
            let system = From { nickname: Raw::string("System"), participant_id: 0, role: Role::External };
            draft.add(Kind::Message, system, Some(Raw::string(welcome)));
        }
        let address = chat.address;
        self.reserve(address).map_err(|_| Refusal::new(240, "no new chat now: there are too many"))?;
        // Live before it is in the store: a repeated request that finds it there finds it here too, once this is done.
        let Some(mut live) = self.enter(draft.chat.clone()) else {
            self.release(address);
            return Err(Refusal::new(249, "the server could not do it"));
        };
        let created = self.store.create(&draft.chat, &draft.entries).await;
        match created {
            Ok(crate::store::Created::New) => {}
            Ok(crate::store::Created::Known(id)) => {
                self.forget(&live.chat.id);
                self.release(address);
                drop(live);
                return self.repeat_request(asker, &id, request.as_deref().unwrap_or_default()).await;
            }
            Err(error) => {
                self.forget(&live.chat.id);
                self.release(address);
                return Err(error.into());
            }
        }
        live.attach(asker.session());
        asker.send(&VisitorData::of(&live.chat, &draft.entries));
        self.desk.queue(&live.chat);
        tracing::info!(service = channel.name, "a chat has begun");
        Ok(())
    }

    /// The same request again: the same chat. Its key is told to whoever knows the request's id; one that might be guessed
    /// counts in the same Bayeux session, or the same browser, only.
    async fn repeat_request(&self, asker: &Asker<'_>, id: &str, request: &str) -> Result<(), Refusal> {
        let gone = || Refusal::new(249, "the server could not do it");
        let mut live = self.lock(id).await?.ok_or_else(gone)?;
        let known = |other: &Arc<Session>| {
            asker.session().is_some_and(|session| {
                other.id == session.id || (session.browser.is_some() && other.browser == session.browser)
            })
        };
        if request.len() < UNGUESSABLE && !live.sessions.iter().any(known) {
            return Err(Refusal::malformed(format!(
                "messageId: one not used before, or {UNGUESSABLE} characters and more to use it in another session"
            )));
        }
        live.attach(asker.session());
        let entries = self.store.entries(id, 1).await?;
        asker.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }
}
