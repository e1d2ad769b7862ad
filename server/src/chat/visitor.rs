//! What visitors ask of a chat that has begun, over Bayeux or by REST.

use super::asker::Asker;
use super::model::{Entry, Kind};
use super::operation::Operation;
use super::reply::{Refusal, VisitorData};
use super::{Floor, Live, Locked, Seat, TRIES};
use crate::secret::handle;
use crate::session::Session;
use crate::status::Cause;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const PREFIX: &str = "/service/chatV2/";

/// For how long a visitor who asks for news hears that an agent types.
const TYPED: Duration = Duration::from_secs(15);

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

/// What a visitor asks, as it came.
pub struct Request<'a> {
    /// Of which service.
    pub service: &'a str,
    /// The operation and the chat, where the address names them; else the data names the operation, and the key the chat.
    pub named: Option<(&'a str, Option<&'a str>)>,
    /// The operation's members.
    pub data: Option<&'a RawValue>,
}

impl Floor {
    /// Does what a visitor asks, and answers.
    pub async fn visit(&self, asker: &Asker<'_>, request: &Request<'_>) {
        let mut chat = None;
        let mut done = self.try_visit(asker, request, &mut chat).await;
        for _ in 0..TRIES {
            if done.as_ref().is_err_and(|refusal| refusal.conflict) {
                chat = None;
                done = self.try_visit(asker, request, &mut chat).await;
            }
        }
        if let Err(refusal) = done {
            tracing::debug!(code = refusal.code, "an operation is refused");
            asker.send(&VisitorData::refused(chat.as_ref().map(|live| &live.chat), &refusal));
        }
    }

    /// `chat` is set once it is known and its key was right.
    async fn try_visit(
        &self,
        asker: &Asker<'_>,
        request: &Request<'_>,
        chat: &mut Option<Locked>,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::new(404, "unknown service (channel)").fatal();
        let channel = self.config.channel(request.service).ok_or_else(unknown)?;
        let operation = Operation::read(request.data)?;
        let name = match request.named {
            Some((name, _)) => name.to_owned(),
            None => operation.operation()?,
        };
        if name == "requestChat" {
            return self.request_chat(asker, channel, &operation).await;
        }
        let key = operation.secure_key()?;
        let id = self.store.find_handle(handle(&key)).await?.ok_or_else(Refusal::unknown_session)?;
        let found = self.lock(&id).await?.ok_or_else(Refusal::unknown_session)?;
        let named = request.named.and_then(|(_, chat)| chat).is_none_or(|named| named == found.chat.id);
        if !found.chat.key.is(&key) || found.chat.service != channel.name || !named {
            return Err(Refusal::unknown_session());
        }
        let live = chat.insert(found);
        live.seen();
        match name.as_str() {
            "requestNotifications" => self.resume(asker, live, &operation).await,
            "customNotice" if live.chat.notices && operation.is_submission() => {
                self.submit(asker, live, &operation).await
            }
            "sendMessage" | "pushUrl" | "customNotice" | "updateNickname" | "updateData" => {
                self.say(asker, live, &name, &operation).await
            }
            "startTyping" => self.visitor_types(asker, live, &operation, Kind::TypingStarted).await,
            "stopTyping" => self.visitor_types(asker, live, &operation, Kind::TypingStopped).await,
            "disconnect" => self.hang_up(asker, live, &operation).await,
            _ => Err(Refusal::malformed("operation: one of the chat's operations is expected, another came")),
        }
    }

    /// Answers an operation that is done: with the entries it made, or by REST with those that were asked for.
    pub(super) async fn reply(
        &self,
        asker: &Asker<'_>,
        live: &Live,
        operation: &Operation<'_>,
        made: Vec<Entry>,
    ) -> Result<(), Refusal> {
        let mut entries = match operation.position()?.filter(|_| asker.is_rest()) {
            None => made,
            Some(from) => self.entries_from(live, from).await?,
        };
        if live.reads_notices(asker) {
            entries = self.with_holding(&live.chat, entries);
        }
        asker.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    /// The entries from a position on; 0 stands for none.
    async fn entries_from(&self, live: &Live, from: u64) -> Result<Vec<Entry>, Refusal> {
        match from {
            0 => Ok(Vec::new()),
            from => Ok(self.store.entries(&live.chat.id, from).await?),
        }
    }

    async fn resume(&self, asker: &Asker<'_>, live: &mut Live, operation: &Operation<'_>) -> Result<(), Refusal> {
        let position = operation.position()?.unwrap_or(1);
        live.reads.take().map_err(Refusal::too_many)?;
        if operation.reads_notices() && !live.chat.notices && live.chat.ended.is_none() {
            let mut draft = self.draft(&live.chat);
            draft.begin_notices();
            self.commit(live, draft, asker.except()).await?;
        }
        let mut entries = self.entries_from(live, position).await?;
        if operation.reads_notices() {
            entries.extend(self.holding(&live.chat));
        }
        if asker.is_rest() {
            live.typed.retain(|(_, since)| since.elapsed() < TYPED);
            entries.extend(live.typed.iter().map(|(entry, _)| entry.clone()));
        }
        live.attach(asker.session(), operation);
        asker.send(&VisitorData::of(&live.chat, &entries));
        Ok(())
    }

    /// The operations that make an entry, and `updateData`, which makes none.
    async fn say(
        &self,
        asker: &Asker<'_>,
        live: &mut Live,
        name: &str,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let length = self.config.limits.message_length;
        let message_id = operation.message_id()?;
        if let Some(entry) = self.known(live, 1, message_id.as_deref()).await? {
            return self.reply(asker, live, operation, vec![entry]).await;
        }
        let mut draft = self.draft(&live.chat);
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
        if matches!(name, "sendMessage" | "pushUrl")
            && let Some(said) = draft.entries.last().and_then(|entry| entry.text.clone())
        {
            self.heard(&mut draft, &said);
        }
        self.may_change(live)?;
        live.sends.take().map_err(Refusal::too_many)?;
        let entries = self.commit(live, draft, asker.except()).await?;
        self.reply(asker, live, operation, entries).await
    }

    async fn visitor_types(
        &self,
        asker: &Asker<'_>,
        live: &mut Live,
        operation: &Operation<'_>,
        kind: Kind,
    ) -> Result<(), Refusal> {
        let text = operation.preview(self.config.limits.message_length)?;
        self.may_change(live)?;
        live.typing.take().map_err(Refusal::too_many)?;
        live.active = Instant::now();
        let typing = Entry::passing(kind, live.chat.visitor(), text, self.clock.now());
        self.desk.show(&live.chat, &live.chat, &[typing], asker.except());
        self.reply(asker, live, operation, Vec::new()).await
    }

    async fn hang_up(&self, asker: &Asker<'_>, live: &mut Live, operation: &Operation<'_>) -> Result<(), Refusal> {
        let entries = if live.chat.ended.is_some() {
            self.store.entries(&live.chat.id, live.chat.closing.max(1)).await?
        } else {
            let mut draft = self.draft(&live.chat);
            draft.end(Cause::Leave);
            self.commit(live, draft, asker.except()).await?
        };
        self.reply(asker, live, operation, entries).await
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
    /// The visitor has been heard of: who is not pushed to is there as long as requests come.
    fn seen(&mut self) {
        if self.seats.is_empty() {
            self.alone = Some(Instant::now());
        }
    }

    /// From now on this session gets what is pushed.
    pub(super) fn attach(&mut self, session: Option<&Arc<Session>>, operation: &Operation<'_>) {
        let Some(session) = session else { return };
        if !session.attach(&self.chat.id) {
            return;
        }
        let notices = operation.reads_notices();
        match self.seats.iter_mut().find(|seat| seat.session.id == session.id) {
            Some(seat) => seat.notices = notices,
            None => self.seats.push(Seat { session: Arc::clone(session), notices }),
        }
        self.alone = None;
    }

    /// Whether who asks reads notices; by REST that is as the chat's client said.
    fn reads_notices(&self, asker: &Asker<'_>) -> bool {
        match asker.session() {
            None => self.chat.notices,
            Some(session) => self.seats.iter().any(|seat| seat.session.id == session.id && seat.notices),
        }
    }
}
