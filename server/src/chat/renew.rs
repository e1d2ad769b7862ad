//! A new session in the place of one whose time is over, or of one that a bot's script is done with.
//!
//! The visitor's connections go on with the new one; the key of the old one still finds it. Both chats change in one commit.

use super::call::{Hook, Request};
use super::draft::Draft;
use super::model::{Chat, Entry, Kind, Reason};
use super::reply::{Refusal, VisitorData};
use super::visitor::channel_of;
use super::{Floor, Live, Locked, Seat, notice};
use crate::bayeux::message::event;
use crate::config::Channel;
use crate::json::Raw;
use crate::session::Session;
use crate::store::StoreError;
use serde::Serialize;

/// What the notice between two sessions carries.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Between<'a> {
    previous_id: &'a str,
    id: &'a str,
    reason: Reason,
}

/// What a script carries over into the new session.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// What the visitor sent, which is then the new session's.
    pub(crate) request: Request,
    /// What the script keeps.
    pub(crate) session: Option<Raw>,
    /// How many calls of the bot led to it.
    pub(crate) depth: u8,
}

impl Floor {
    pub(super) fn between(&self, old: &Chat) -> Option<Entry> {
        let renewed = old.renewed.as_ref()?;
        let between = Between { previous_id: &old.id, id: &renewed.id, reason: renewed.reason };
        Some(notice::passing("renewed", &between, self.clock.now()))
    }

    /// Opens a new session in the place of this one, and tells all connections but `except`. Returns it, and what the other
    /// one is to be told before the new entries.
    pub(crate) async fn renew(
        &self,
        old: &mut Live,
        reason: Reason,
        except: Option<&Session>,
        carried: Option<Carried>,
    ) -> Result<(Locked, Vec<Entry>), Refusal> {
        let channel = self.config.channel(&old.chat.service).ok_or_else(Refusal::unknown_session)?;
        let before = &old.chat;
        let mut chat = Chat::in_place_of(before, self.clock.now())?;
        chat.user_id.clone_from(&before.user_id);
        chat.nickname = before.nickname.clone();
        chat.first_name.clone_from(&before.first_name);
        chat.last_name.clone_from(&before.last_name);
        chat.subject = before.subject.clone();
        chat.email.clone_from(&before.email);
        chat.locale.clone_from(&before.locale);
        chat.data_key_told = before.data_key_told;
        chat.notices = before.notices;
        chat.previous = Some(before.id.clone());
        // What was filled in before the queue is not asked again.
        chat.forms =
            before.forms.iter().filter(|(kind, _)| *kind == "pre-chat").map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut closing = self.draft(before);
        closing.give_way(&chat, reason);
        chat.bot_active = self.bots.script(&chat.service).is_some();
        let mut beginning = match carried {
            None => self.beginning(self.draft(&chat), channel, None, None),
            Some(carried) => self.carry_over(&chat, channel, carried),
        };
        self.prepare(&mut closing);
        self.prepare(&mut beginning);
        let refused = || Refusal::new(249, "the server could not do it; try again");
        let mut live = self.enter(&beginning).ok_or_else(refused)?;
        if let Err(error) = self.store.renew(&closing, &beginning).await {
            self.forget(&live.chat);
            if matches!(error, StoreError::Conflict) {
                self.catch_up(old).await?;
            }
            return Err(error.into());
        }
        self.told.notify_one();
        self.take_place(live.chat.address);
        live.alone = old.alone;
        live.seats = std::mem::take(&mut old.seats);
        for seat in &live.seats {
            seat.session.detach(&old.chat.id);
            seat.session.attach(&live.chat.id);
        }
        let mut trail = closing.entries.clone();
        self.changed(old, closing.chat, &closing.entries, None);
        trail.extend(self.between(&old.chat));
        self.tell_renewed(&live.chat, &live.seats, &trail, &beginning.entries, except);
        self.desk.begun(&live.chat);
        self.inspector.listed(&live.chat);
        self.kick(&live.chat);
        self.say_changed(&old.chat);
        self.say_changed(&live.chat);
        tracing::info!(service = live.chat.service, ?reason, "a chat is renewed");
        Ok((live, trail))
    }

    /// The first entries of a session that a script opens, with what it carries over.
    fn carry_over(&self, chat: &Chat, channel: &Channel, carried: Carried) -> Draft {
        let Carried { request, session, depth } = carried;
        let mut draft = self.beginning(self.draft(chat).caused_by(depth), channel, None, None);
        draft.chat.bot_session = session;
        if request.query.chars() > 0 {
            draft
                .add(Kind::Message, chat.visitor(), Some(request.query.clone()))
                .marked(request.message_id.clone(), None);
            self.settle(&mut draft, &request.query);
        }
        if request.query.chars() > 0 || request.event.is_some() {
            draft.call(Hook::Request(request));
        }
        draft
    }

    /// Shows a new session to the connections that it took over. Those that read no notices see it begin, and no more.
    pub(super) fn tell_renewed(
        &self,
        chat: &Chat,
        seats: &[Seat],
        trail: &[Entry],
        entries: &[Entry],
        except: Option<&Session>,
    ) {
        let channel = channel_of(&chat.service);
        for seat in seats.iter().filter(|seat| except.is_none_or(|except| except.id != seat.session.id)) {
            let trail = if seat.reads.notices { trail } else { &[] };
            let all: Vec<_> = trail.iter().chain(entries).cloned().chain(self.holding(chat, seat.reads)).collect();
            seat.session.deliver(event(&channel, None, &VisitorData::of(chat, &all)));
        }
    }

    /// The newest session in the place of one, and what lies between: the entries of the old one from a position on (0: none),
    /// and those of all after it but the newest.
    pub(super) async fn newest(&self, mut live: Locked, position: u64) -> Result<(Locked, Vec<Entry>), Refusal> {
        let (mut trail, mut from) = (Vec::new(), position);
        while let Some(renewed) = live.chat.renewed.clone() {
            trail.extend(self.entries_from(&live, from).await?);
            trail.extend(self.between(&live.chat));
            live = self.lock(&renewed.id).await?.ok_or_else(Refusal::unknown_session)?;
            from = 1;
        }
        Ok((live, trail))
    }
}
