//! Notices: what chat v2 has no words for (the status of a chat, forms, the FAQ, session data, renewal) and what of it is
//! the session's own business. The rest is for the page.

use super::error::{Code, Error};
use super::event::Event;
use super::{Attached, Session, Timer};
use crate::chat::{EntryKind, Operation, Reply};
use crate::json::{Json, Name};

use super::transcript::Transcript;

impl<J: Json> Session<J> {
    /// A notice that is not in the transcript: it holds now.
    pub(super) fn take_notice(&mut self, name: String, data: J) {
        match name.as_str() {
            "renewed" => {
                return match (data.string_of(Name::PreviousId), data.string_of(Name::Id)) {
                    (Some(previous), Some(id)) => self.renew(previous, id, &data),
                    _ => self.report(Error::new(Code::MalformedEvent, "expected the ids of the sessions".to_owned())),
                };
            }
            "session-data" => {
                let from = data.count_of(Name::From).unwrap_or(0);
                if from != 0 && from != self.data_version {
                    self.data_missed = true;
                    return;
                }
                self.data_version = data.count_of(Name::Version).unwrap_or(0);
            }
            _ => {}
        }
        self.emit(Event::Notice { place: None, name, data });
    }

    /// The first entry in a reply that is to be taken in. Where the session has been renewed, the other lane, or another tab,
    /// may have yet to bring the rest of the old one: it is asked for with the old key, and the answer alone is taken.
    pub(super) fn first_of_session(&mut self, id: Option<&str>, reply: &Reply<'_, J>, opening: bool) -> Option<usize> {
        self.answers_by_id |= id.is_some() && !reply.member(Name::ChatId).is_null();
        // Nothing that is plain tells of a renewal.
        if reply.status != 0 || reply.is_plain() || !self.answers_by_id && self.attached == Attached::Yes {
            return Some(0);
        }
        // What the renewal that this session came from stands behind is known already.
        let began = |place: &usize| {
            let entry = reply.entry(*place).ok().filter(|it| it.kind == EntryKind::Notice && it.index.is_none());
            let (name, data) = entry.map(|entry| entry.notice())?;
            (name == "renewed" && data.string_of(Name::Id)? == self.keys.chat_id).then_some(())
        };
        let (mut place, mut first) = (0, 0);
        while place < reply.len() {
            if began(&place).is_some() {
                first = place + 1;
                break;
            }
            // Messages are looked at all at once.
            place += reply.run(place, 0).max(1);
        }
        let first = Some(first);
        let of = reply.member(Name::ChatId).string();
        if of.is_none_or(|of| of == self.keys.chat_id) {
            return first;
        }
        // By REST each answer has all from the position that this tab knows, or from an earlier one.
        let all = self.is_held() && self.setup.as_ref().is_some_and(|setup| setup.mode.brings_all());
        // Without an id it can only be guessed that it is an answer, and then it is none.
        let opening = opening && (id.is_some() || self.keys.chat_id.is_empty());
        if opening || all || id.is_some() && id == self.resync.as_deref() {
            return first;
        }
        if self.attached == Attached::Yes && self.resync.is_none() {
            self.resync = self.send_operation(&self.question());
        }
        // An end waits for the last words.
        if reply.ended() != Some(true) || self.leaving.is_some() {
            self.take_result(id, reply, opening);
        }
        None
    }

    /// Asks once for changes of the session data that have been missed, when all that came together is taken in.
    pub(super) fn ask_for_data(&mut self) {
        if std::mem::take(&mut self.data_missed) && self.attached == Attached::Yes {
            self.send_operation(&Operation::RequestNotifications { from: 0, data: self.data_version });
        }
    }

    /// The session is over and another one goes on: its keys came with this, and all of the old one. Its transcript begins anew.
    fn renew(&mut self, previous: String, id: String, data: &J) {
        self.release(u32::MAX);
        self.part_agents();
        self.transcript = Transcript::new();
        self.told = 0;
        self.told_before = 0;
        self.searched = 0;
        self.ended = None;
        self.resync = None;
        self.timers.cancel(Timer::Gap);
        self.timers.cancel(Timer::GapLost);
        self.emit(Event::Renewed { previous, id, reason: data.string_of(Name::Reason).unwrap_or_default() });
        self.store();
        // What was pushed of the new session while it was not known yet is gone. The session data go on with it.
        self.data_missed = true;
    }
}
