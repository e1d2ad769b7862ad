//! What visitors ask: the operations on `/service/chatV2/{service}`.

use super::model::{Chat, Draft, Entry, From, Kind, Refusal, Role, VisitorData, wall_clock};
use super::operation::Operation;
use super::{Answer, Floor, Live, Locked};
use crate::config::Channel;
use crate::json::Raw;
use crate::secret::{SecureKey, handle, random_hex};
use crate::session::Session;
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::time::Instant;

const PREFIX: &str = "/service/chatV2/";

/// A message id of this length cannot be guessed: whoever sends it again made it.
const UNGUESSABLE: usize = 20;

/// The channel of a service.
#[must_use]
pub fn channel_of(service: &str) -> String {
    format!("{PREFIX}{service}")
}

/// The service of a channel.
#[must_use]
pub fn service_of(channel: &str) -> Option<&str> {
    channel.strip_prefix(PREFIX).filter(|service| !service.is_empty() && !service.contains('/'))
}

impl Floor {
    /// Does what a visitor asks, and queues the answer.
    pub async fn visit(&self, answer: &Answer<'_>, data: Option<&RawValue>) {
        let mut chat = None;
        if let Err(refusal) = self.try_visit(answer, data, &mut chat).await {
            tracing::debug!(code = refusal.code, "an operation is refused");
            answer.send(&VisitorData::refused(chat.as_ref().map(|live| &live.chat), &refusal));
        }
    }

    /// `chat` is set once it is known and its key was right.
    async fn try_visit(
        &self,
        answer: &Answer<'_>,
        data: Option<&RawValue>,
        chat: &mut Option<Locked>,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::new(404, "unknown service (channel)").fatal();
        let channel = service_of(answer.channel).and_then(|name| self.config.channel(name)).ok_or_else(unknown)?;
        let operation = Operation::read(data)?;
        let name = operation.operation()?;
        if name == "requestChat" {
            return self.request_chat(answer, channel, &operation).await;
        }
        let key = operation.secure_key()?;
        let id = self.store.find_handle(handle(&key)).await?.ok_or_else(Refusal::unknown_session)?;
        let found = self.lock(&id).await.ok_or_else(Refusal::unknown_session)?;
        if !found.chat.key.is(&key) || found.chat.service != channel.name {
            return Err(Refusal::unknown_session());
        }
        let live = chat.insert(found);
        match name.as_str() {
            "requestNotifications" => self.resume(answer, live, &operation).await,
            "sendMessage" | "pushUrl" | "customNotice" | "updateNickname" | "updateData" => {
                self.say(answer, live, &name, &operation).await
            }
            "startTyping" => self.visitor_types(answer, live, &operation, Kind::TypingStarted),
            "stopTyping" => self.visitor_types(answer, live, &operation, Kind::TypingStopped),
            "disconnect" => self.hang_up(answer, live).await,
            _ => Err(Refusal::malformed("operation: one of the chat's operations is expected, another came")),
        }
    }

    async fn request_chat(
        &self,
        answer: &Answer<'_>,
        channel: &Channel,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let request = operation.message_id()?;
        if let Some(request) = &request
            && let Some(id) = self.store.find_request(&channel.name, request).await?
        {
            return self.repeat_request(answer, &id, request).await;
        }
        let nickname = operation.visitor_name()?;
        let subject = operation.subject()?;
        let (email, user_data) = (operation.email()?, operation.user_data()?);
        answer.session.take_start().map_err(Refusal::too_many)?;
        let chat = Chat {
            id: random_hex(10)?,
            service: channel.name.clone(),
            key: SecureKey::random()?,
            user_id: random_hex(8)?,
            request: request.clone(),
            address: answer.session.address,
            nickname,
            subject,
            email,
            user_data,
            since: wall_clock(),
            next_index: 1,
            next_participant: 2,
            agents: Vec::new(),
            ended: None,
        };
        let mut draft = Draft::of(&chat);
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
                return self.repeat_request(answer, &id, request.as_deref().unwrap_or_default()).await;
            }
            Err(error) => {
                self.forget(&live.chat.id);
                self.release(address);
                return Err(error.into());
            }
        }
        live.attach(answer.session);
        answer.send(&VisitorData::of(&live.chat, &draft.entries));
        self.desk.queue(&live.chat);
        tracing::info!(service = channel.name, "a chat has begun");
        Ok(())
    }

    /// The same request again: the same chat. Its key is told to whoever knows the request's id; one that might be guessed
    /// counts in the same Bayeux session, or the same browser, only.
    async fn repeat_request(&self, answer: &Answer<'_>, id: &str, request: &str) -> Result<(), Refusal> {
        let gone = || Refusal::new(249, "the server could not do it");
        let mut live = self.lock(id).await.ok_or_else(gone)?;
        let session = answer.session;
        let known = |other: &Arc<Session>| {
            other.id == session.id || (session.browser.is_some() && other.browser == session.browser)
        };
        if request.len() < UNGUESSABLE && !live.sessions.iter().any(known) {
            return Err(Refusal::malformed(format!(
                "messageId: one not used before, or {UNGUESSABLE} characters and more to use it in another session"
            )));
        }
        live.attach(session);
        let entries = self.store.entries(id, 1).await?;
        answer.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    async fn resume(&self, answer: &Answer<'_>, live: &mut Live, operation: &Operation<'_>) -> Result<(), Refusal> {
        let position = operation.position()?;
        live.sends.take().map_err(Refusal::too_many)?;
        let entries = match position {
            0 => Vec::new(),
            from => self.store.entries(&live.chat.id, from).await?,
        };
        live.attach(answer.session);
        answer.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    /// The operations that make an entry, and `updateData`, which makes none.
    async fn say(
        &self,
        answer: &Answer<'_>,
        live: &mut Live,
        name: &str,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let length = self.config.limits.message_length;
        let message_id = operation.message_id()?;
        if let Some(entry) = self.known(live, 1, message_id.as_deref()).await? {
            answer.send(&VisitorData::of(&live.chat, &[entry]));
            return Ok(());
        }
        let mut draft = Draft::of(&live.chat);
        let visitor = live.chat.visitor();
        match name {
            "sendMessage" => {
                let message_type = operation.message_type()?;
                draft.add(Kind::Message, visitor, Some(operation.message(length)?)).marked(message_id, message_type);
            }
            "pushUrl" => draft.add(Kind::PushUrl, visitor, Some(operation.push_url(length)?)).marked(message_id, None),
            "customNotice" => {
                draft.add(Kind::CustomNotice, visitor, Some(operation.message(length)?)).marked(message_id, None)
            }
            "updateNickname" => {
                draft.chat.nickname = operation.visitor_name()?;
                let visitor = draft.chat.visitor();
                draft.add(Kind::NicknameUpdated, visitor, None).marked(message_id, None);
            }
            _ => draft.chat.user_data = Some(operation.merged_user_data(draft.chat.user_data.as_ref())?),
        }
        self.may_change(live)?;
        live.sends.take().map_err(Refusal::too_many)?;
        let entries = self.commit(live, draft, Some(answer.session)).await?;
        answer.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    fn visitor_types(
        &self,
        answer: &Answer<'_>,
        live: &mut Live,
        operation: &Operation<'_>,
        kind: Kind,
    ) -> Result<(), Refusal> {
        let text = operation.preview(self.config.limits.message_length)?;
        self.may_change(live)?;
        live.typing.take().map_err(Refusal::too_many)?;
        live.active = Instant::now();
        self.desk.show(&live.chat, &live.chat, &[passing(kind, live.chat.visitor(), text)], Some(answer.session));
        answer.send(&VisitorData::of(&live.chat, &[]));
        Ok(())
    }

    async fn hang_up(&self, answer: &Answer<'_>, live: &mut Live) -> Result<(), Refusal> {
        let entries = if live.chat.ended.is_some() {
            closing(self.store.entries(&live.chat.id, 1).await?)
        } else {
            let mut draft = Draft::of(&live.chat);
            draft.end();
            self.commit(live, draft, Some(answer.session)).await?
        };
        answer.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    /// The entry that this message already made.
    pub(crate) async fn known(&self, live: &Live, who: u64, message: Option<&str>) -> Result<Option<Entry>, Refusal> {
        match message {
            Some(message) => Ok(self.store.find_message(&live.chat.id, who, message).await?),
            None => Ok(None),
        }
    }

    /// Whether anything more can be said.
    pub(crate) fn may_change(&self, live: &Live) -> Result<(), Refusal> {
        if live.chat.ended.is_some() {
            return Err(Refusal::new(249, "the chat has ended").fatal());
        }
        if live.chat.next_index > self.config.limits.transcript_entries {
            return Err(Refusal::new(249, "the transcript is full"));
        }
        Ok(())
    }
}

impl Live {
    /// From now on this session gets what is pushed.
    fn attach(&mut self, session: &Arc<Session>) {
        if !session.attach(&self.chat.id) {
            return;
        }
        if !self.sessions.iter().any(|other| other.id == session.id) {
            self.sessions.push(Arc::clone(session));
        }
        self.alone = None;
    }
}

/// What passes by and is not kept.
pub(crate) fn passing(kind: Kind, from: From, text: Option<Raw>) -> Entry {
    Entry { index: None, kind, utc_time: wall_clock(), text, message_type: None, message_id: None, from }
}

/// The closing entries of a transcript: the parties that left at its very end.
fn closing(mut entries: Vec<Entry>) -> Vec<Entry> {
    let start = entries.iter().rposition(|entry| entry.kind != Kind::ParticipantLeft).map_or(0, |last| last + 1);
    entries.split_off(start)
}
