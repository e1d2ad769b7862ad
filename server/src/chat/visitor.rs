//! What visitors ask of a chat that has begun, over Bayeux or by REST.

use super::asker::Asker;
use super::call::{Hook, Request as BotRequest};
use super::draft::Draft;
use super::model::{Entry, Kind, Reason};
use super::operation::Operation;
use super::reply::{Refusal, VisitorData};
use super::{Floor, Live, Locked, Reads, Seat, TRIES};
use crate::json::Raw;
use crate::secret::handle;
use crate::session::Session;
use crate::status::Cause;
use crate::store::StoreError;
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

/// A visitor's operation while it is done.
pub(crate) struct Visit<'a> {
    pub(crate) asker: &'a Asker<'a>,
    pub(crate) operation: &'a Operation<'a>,
    /// When another session has taken the place of the one that was asked: what comes before its entries.
    trail: Vec<Entry>,
}

impl Floor {
    /// Does what a visitor asks, and answers.
    pub async fn visit(&self, asker: &Asker<'_>, request: &Request<'_>) {
        let (mut chat, mut tries) = (None, 0);
        let done = loop {
            let done = self.try_visit(asker, request, &mut chat).await;
            if tries == TRIES || !done.as_ref().is_err_and(|refusal| refusal.conflict) {
                break done;
            }
            (chat, tries) = (None, tries + 1);
        };
        if let Err(refusal) = done {
            tracing::debug!(code = refusal.code, "an operation is refused");
            self.vitals.metrics.refused(refusal.code);
            asker.send(&VisitorData::refused(chat.as_ref().map(|live| &*live.chat), &refusal));
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
            return Box::pin(self.request_chat(asker, channel, &operation)).await;
        }
        let key = operation.secure_key()?;
        let id = self.find_handle(handle(&key)).await?.ok_or_else(Refusal::unknown_session)?;
        let found = self.lock(&id).await?.ok_or_else(Refusal::unknown_session)?;
        let named = request.named.and_then(|(_, chat)| chat).is_none_or(|named| named == found.chat.id);
        if !found.chat.key.is(&key) || found.chat.service != channel.name || !named {
            return Err(Refusal::unknown_session());
        }
        let from = operation.position()?.unwrap_or(u64::from(name == "requestNotifications"));
        let (found, trail) = match found.chat.renewed.is_some() {
            true => Box::pin(self.newest(found, from)).await?,
            false => (found, Vec::new()),
        };
        let mut visit = Visit { asker, operation: &operation, trail };
        let live = chat.insert(found);
        live.seen();
        live.may_read(&visit, &name)?;
        if live.chat.may_be_renewed() && Box::pin(self.opens_another(live, &name, &operation)).await? {
            let (newer, trail) = Box::pin(self.renew(live, Reason::Timeout, asker.except(), None)).await?;
            visit.trail.extend(trail);
            *chat = Some(newer);
        }
        let Some(live) = chat.as_mut() else { return Ok(()) };
        let (sends, reads) = (live.sends.bucket.clone(), live.reads.clone());
        // Each in a box of its own, here and where messages are told apart: what one message needs is then in a few small pieces of
        // memory, rather than in one that has room for whatever any message needs.
        let done = match name.as_str() {
            "requestNotifications" => Box::pin(self.resume(&visit, live)).await,
            "customNotice" if live.chat.notices && operation.is_submission() => {
                Box::pin(self.submit(&visit, live)).await
            }
            "sendMessage" | "pushUrl" | "customNotice" | "updateNickname" => {
                Box::pin(self.say(&visit, live, &name)).await
            }
            "updateData" => Box::pin(self.update_data(&visit, live)).await,
            "startTyping" => Box::pin(self.visitor_types(&visit, live, Kind::TypingStarted)).await,
            "stopTyping" => Box::pin(self.visitor_types(&visit, live, Kind::TypingStopped)).await,
            "disconnect" => Box::pin(self.hang_up(&visit, live)).await,
            _ => Err(Refusal::malformed("operation: one of the chat's operations is expected, another came")),
        };
        if done.as_ref().is_err_and(|refusal| refusal.conflict) {
            // What is tried again counts once.
            (live.sends.bucket, live.reads) = (sends, reads);
        }
        done
    }

    /// Whether an operation, asked of a session whose time is over, opens another one: what is said does, if it is sound and
    /// was not said before.
    async fn opens_another(&self, live: &Live, name: &str, operation: &Operation<'_>) -> Result<bool, Refusal> {
        if !matches!(name, "sendMessage" | "pushUrl" | "customNotice") || operation.is_submission() {
            return Ok(false);
        }
        if self.known(live, 1, operation.message_id()?.as_deref()).await?.is_some() {
            return Ok(false);
        }
        self.compose(live, name, operation).map(|_| true)
    }

    /// Answers an operation that is done: with the entries it made, or by REST with those that were asked for.
    pub(super) async fn reply(&self, visit: &Visit<'_>, live: &mut Live, made: Vec<Entry>) -> Result<(), Refusal> {
        let mut entries = match visit.operation.position()?.filter(|_| visit.asker.is_rest()) {
            _ if !visit.trail.is_empty() => self.after_trail(visit, live).await?,
            None => made,
            Some(from) => {
                let mut entries = self.entries_from(live, from).await?;
                // What passes by has no place among those that are asked for.
                entries.extend(made.into_iter().filter(|entry| entry.index.is_none()));
                entries
            }
        };
        let reads = live.reads(visit.asker, visit.operation);
        entries = self.with_news(&live.chat, reads, entries);
        let bytes = visit.asker.send(&VisitorData::of(&live.chat, &entries));
        live.reads.charge(bytes);
        Ok(())
    }

    /// The trail, and all of the session that it leads to.
    async fn after_trail(&self, visit: &Visit<'_>, live: &Live) -> Result<Vec<Entry>, Refusal> {
        let mut entries = visit.trail.clone();
        entries.extend(self.entries_from(live, 1).await?);
        Ok(entries)
    }

    /// The entries from a position on; 0 stands for none.
    pub(super) async fn entries_from(&self, live: &Live, from: u64) -> Result<Vec<Entry>, Refusal> {
        match from {
            0 => Ok(Vec::new()),
            from => Ok(self.entries_of(live, from).await?),
        }
    }

    async fn resume(&self, visit: &Visit<'_>, live: &mut Live) -> Result<(), Refusal> {
        let (asker, operation) = (visit.asker, visit.operation);
        let position = operation.position()?.unwrap_or(1);
        live.reads.take().map_err(Refusal::too_many)?;
        if operation.reads_notices() && !live.chat.notices && live.chat.ended.is_none() {
            let mut draft = self.draft(&live.chat);
            draft.begin_notices();
            self.commit(live, draft, asker.except()).await?;
        }
        let mut entries = match visit.trail.is_empty() {
            true => self.entries_from(live, position).await?,
            false => self.after_trail(visit, live).await?,
        };
        entries.extend(self.holding(&live.chat, operation.reads()));
        entries.extend(self.data_for(live, operation).await?);
        if asker.is_rest() {
            live.typed.retain(|(_, since)| since.elapsed() < TYPED);
            entries.extend(live.typed.iter().map(|(entry, _)| entry.clone()));
        }
        live.attach(asker.session(), operation);
        self.sits(live).await;
        let bytes = asker.send(&VisitorData::of(&live.chat, &entries));
        live.reads.charge(bytes);
        Ok(())
    }

    /// What an operation makes of a chat.
    fn compose(&self, live: &Live, name: &str, operation: &Operation<'_>) -> Result<Draft, Refusal> {
        let length = self.config.limits.message_length;
        let message_id = operation.message_id()?;
        let mut draft = self.draft(&live.chat);
        let visitor = live.chat.visitor();
        match name {
            "sendMessage" => {
                let message_type = operation.message_type()?;
                draft.add(Kind::Message, visitor, Some(operation.message(length)?)).marked(message_id, message_type);
            }
            "pushUrl" => draft.add(Kind::PushUrl, visitor, Some(operation.push_url(length)?)).marked(message_id, None),
            "customNotice" => {
                draft.add(Kind::CustomNotice, visitor, Some(operation.message(length)?)).marked(message_id, None);
            }
            _ => {
                draft.chat.nickname = operation.visitor_name()?;
                let visitor = draft.chat.visitor();
                draft.add(Kind::NicknameUpdated, visitor, None).marked(message_id, None);
            }
        }
        if matches!(name, "sendMessage" | "pushUrl")
            && let Some(said) = draft.entries.last().and_then(|entry| entry.text.clone())
        {
            self.heard(&mut draft, &said, operation.message_id()?);
        }
        if name == "customNotice"
            && let Some((event, data)) = operation.notice()
        {
            let request = BotRequest::new(&Raw::string(""), Some(&event), data.map(Raw::new), operation.message_id()?);
            draft.call(Hook::Request(request));
        }
        Ok(draft)
    }

    /// The operations that make an entry.
    async fn say(&self, visit: &Visit<'_>, live: &mut Live, name: &str) -> Result<(), Refusal> {
        let message_id = visit.operation.message_id()?;
        if let Some(made) = self.known(live, 1, message_id.as_deref()).await? {
            live.reads.take().map_err(Refusal::too_many)?;
            return self.reply(visit, live, made).await;
        }
        let draft = self.compose(live, name, visit.operation)?;
        self.may_change(live)?;
        live.sends.take(message_id.as_deref()).map_err(Refusal::too_many)?;
        let entries = self.commit(live, draft, visit.asker.except()).await?;
        self.reply(visit, live, entries).await
    }

    async fn visitor_types(&self, visit: &Visit<'_>, live: &mut Live, kind: Kind) -> Result<(), Refusal> {
        let text = visit.operation.preview(self.config.limits.message_length)?;
        self.may_change(live)?;
        live.typing.take().map_err(Refusal::too_many)?;
        self.break_silence(live).await?;
        live.active = Instant::now();
        let typing = Entry::passing(kind, live.chat.visitor(), text, self.clock.now());
        self.say_passing(&live.chat, &typing);
        self.desk.show(&live.chat, &live.chat, &[typing], visit.asker.except());
        self.reply(visit, live, Vec::new()).await
    }

    async fn hang_up(&self, visit: &Visit<'_>, live: &mut Live) -> Result<(), Refusal> {
        let entries = if live.chat.ended.is_some() {
            self.entries_of(live, live.chat.closing.max(1)).await?
        } else {
            let mut draft = self.draft(&live.chat);
            draft.end(Cause::Leave);
            self.commit(live, draft, visit.asker.except()).await?
        };
        self.reply(visit, live, entries).await
    }

    /// What this message already made: its entry; nothing that can be shown here if that is in an earlier session.
    pub(crate) async fn known(
        &self,
        live: &Live,
        who: u64,
        message: Option<&str>,
    ) -> Result<Option<Vec<Entry>>, Refusal> {
        let Some(message) = message else { return Ok(None) };
        if live.may_have(who, message)
            && let Some(entry) = self.store.find_message(&live.chat.id, who, message).await?
        {
            if entry.index.is_some_and(|index| index >= live.chat.next_index) {
                // Another server has just taken it: this one is to catch up first.
                return Err(StoreError::Conflict.into());
            }
            return Ok(Some(vec![entry]));
        }
        let mut previous = live.chat.previous.clone().filter(|_| who <= 1);
        while let Some(id) = previous {
            if self.store.find_message(&id, who, message).await?.is_some() {
                return Ok(Some(Vec::new()));
            }
            previous = self.store.load(&id).await?.and_then(|chat| chat.previous);
        }
        Ok(None)
    }

    /// Whether anything more can be said.
    pub(crate) fn may_change(&self, live: &Live) -> Result<(), Refusal> {
        if live.chat.ended.is_some() {
            return Err(Refusal::new(249, "the chat has ended").fatal());
        }
        if live.chat.is_full(&self.config.limits) {
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
            self.mine = true;
        }
    }

    /// Whoever is answered with the transcript, and has read too much of it, is refused before anything is done. Leaving is
    /// always possible.
    fn may_read(&mut self, visit: &Visit<'_>, name: &str) -> Result<(), Refusal> {
        let leaves = name == "disconnect" && self.chat.ended.is_none();
        if leaves || (visit.trail.is_empty() && !(visit.asker.is_rest() && visit.operation.position()?.is_some())) {
            return Ok(());
        }
        self.reads.peek().map_err(Refusal::too_many)
    }

    /// From now on this session gets what is pushed.
    pub(super) fn attach(&mut self, session: Option<&Arc<Session>>, operation: &Operation<'_>) {
        let Some(session) = session else { return };
        if !session.attach(&self.chat.id) {
            return;
        }
        let reads = operation.reads();
        match self.seats.iter_mut().find(|seat| seat.session.id == session.id) {
            Some(seat) => seat.reads = reads,
            None => self.seats.push(Seat { session: Arc::clone(session), reads }),
        }
        self.alone = None;
        self.mine = true;
    }

    /// What who asks reads: as it said; where it did not, as the chat's client said.
    pub(super) fn reads(&self, asker: &Asker<'_>, operation: &Operation<'_>) -> Reads {
        let seat = asker.session().and_then(|session| self.seats.iter().find(|seat| seat.session.id == session.id));
        let said = Reads { notices: self.chat.notices, data: operation.reads().data };
        seat.map_or(said, |seat| seat.reads)
    }
}
