//! What is missing in the transcript: noticed, waited for a little, asked for, on a new link if the answer does not come,
//! and given up only when the server has answered and does not say.

use super::error::{Code, Error};
use super::event::Event;
use super::{Attached, Session, Timer};
use crate::chat::{Operation, Reply};
use crate::json::Json;
use crate::text;

/// How long something missing may still be on its way, in milliseconds, before it is asked for.
const GAP_PATIENCE: u64 = 300;
/// How long after the question's acknowledgement its answer may take, in milliseconds.
pub(super) const GAP_TIME: u64 = 8_000;
/// How long after a refusal the question is asked again, in milliseconds.
const GAP_PAUSE: u64 = 1_000;
/// How often the link is begun anew for an answer. Each new link begins with the question.
const MOST_TRIES: u8 = 3;

impl<J: Json> Session<J> {
    /// Whether a reply has everything from the position that is next: it answers the opening operation, or the question
    /// for what is missing.
    pub(super) fn is_whole(&mut self, id: Option<&str>, reply: &Reply<'_, J>, opening: bool) -> bool {
        let answers = match id {
            Some(id) => opening || self.resync.as_deref() == Some(id),
            None if opening => fills(reply, self.transcript.last()) && self.covers_held(reply),
            None => {
                // Among several tabs it may answer another's question.
                let ours = self.is_alone() || fills(reply, self.transcript.last());
                self.resync.is_some() && self.transcript.has_gap() && ours && self.covers_held(reply)
            }
        };
        if answers && reply.status != 0 && self.resync.take().is_some() {
            self.timers.set(Timer::Gap, self.now.after(GAP_PAUSE));
            self.await_gap();
        }
        answers && reply.status == 0
    }

    /// Whether a reply without an id can be the answer to the question for all that is missing: what came too early is
    /// in it again, as it is in no push.
    fn covers_held(&self, reply: &Reply<'_, J>) -> bool {
        let has = |at| (0..reply.len()).any(|place| reply.entry(place).is_ok_and(|entry| entry.index == Some(at)));
        !self.answers_by_id && self.transcript.held().all(has)
    }

    /// Sees to it that what is missing is asked for; the question is forgotten when nothing is missing any more.
    pub(super) fn look_for_gap(&mut self) {
        if !self.transcript.has_gap() {
            self.resync = None;
            self.gap_tries = 0;
            self.timers.cancel(Timer::Gap);
            self.timers.cancel(Timer::GapLost);
            if let Some(reason) = self.ended.take() {
                self.end(reason);
            }
        } else if self.resync.is_none() && !self.timers.is_set(Timer::Gap) {
            self.timers.set(Timer::Gap, self.now.after(GAP_PATIENCE));
        }
    }

    /// Something is missing: the server is asked for it. That the question is taken is the link's care.
    pub(super) fn ask_for_gap(&mut self) {
        if self.attached != Attached::Yes || !self.transcript.has_gap() {
            return;
        }
        self.resync = self.send_operation(&self.question());
    }

    /// The question for everything after the last entry that is known.
    pub(super) fn question(&self) -> Operation<'static, J> {
        Operation::RequestNotifications { from: self.next_position(), data: self.data_version }
    }

    /// Something may be missing that nothing shows: the server is asked for what comes next, if anything does.
    pub(super) fn ask_what_is_new(&mut self) {
        if self.attached == Attached::Yes && self.resync.is_none() {
            self.send_operation(&self.question());
        }
    }

    /// The server has taken the question, or refused it: it does not have for ever to answer.
    pub(super) fn await_gap(&mut self) {
        if !self.timers.is_set(Timer::GapLost) {
            self.timers.set(Timer::GapLost, self.now.after(GAP_TIME));
        }
    }

    /// The server does not say what is missing: it is asked on a new link. When that does not help either, the rest goes on
    /// and the page is told.
    pub(super) fn give_up_gap(&mut self) {
        self.resync = None;
        if self.transcript.has_gap() && self.gap_tries < MOST_TRIES {
            self.gap_tries += 1;
            return self.renew_link("answer to the question for what is missing");
        }
        if self.transcript.has_gap() {
            let detail = text::join(&[
                "expected entry ",
                &text::decimal(self.transcript.last().into()),
                ", which the server did not give",
            ]);
            self.emit(Event::Error(Error::new(Code::MalformedEvent, detail)));
        }
        self.release(u32::MAX);
        if let Some(reason) = self.ended.take() {
            self.end(reason);
        }
    }
}

/// Whether a reply can be the answer to the question for all entries after `last`: it has none, or begins there. What has no
/// place in the transcript, as typing, is pushed.
pub(super) fn fills<J: Json>(reply: &Reply<'_, J>, last: u32) -> bool {
    let begins = |first| first <= last.saturating_add(1);
    reply.is_empty() || reply.entry(0).ok().and_then(|entry| entry.index).is_some_and(begins)
}
