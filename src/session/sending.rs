//! What the page gives: messages and typing.

use super::error::{Code, Error};
use super::event::CommandId;
use super::outbox::Sender;
use super::typing::Verdict;
use super::{Attached, Session, State, Timer};
use crate::chat::{Content, Operation};
use crate::json::Json;
use crate::text;

/// How long after an answer that may be none unsettled messages are sent again, in milliseconds.
pub(super) const RESEND_PATIENCE: u64 = 300;
/// The same where that answer is not acknowledged yet.
const UNACKNOWLEDGED_PATIENCE: u64 = 10_000;
/// How long the server may ask to wait with a message, in seconds.
const LONGEST_PAUSE: u32 = 120;

impl<J: Json> Session<J> {
    pub(super) fn send(&mut self, command: CommandId, content: Content<J>) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        let id = text::numbered(&text::join(&[super::outbox::ID_PREFIX, &self.id_prefix]), command);
        let said = content.said().is_some();
        if !self.outbox.push(command, content, id) {
            let error = Error::new(Code::CommandFailed, "too many messages wait to be sent");
            return self.resolve(command, Err(error));
        }
        if said {
            self.typing.reset();
            self.drop_next_typing();
        }
        self.flush();
    }

    /// The server refused an operation, and takes it in so many seconds: what is in the outbox is sent again then, and from now
    /// on one after the other. Whether that is so.
    pub(super) fn postpone(&mut self, operation: &str, retry_after: Option<u32>) -> bool {
        let Some(seconds) = retry_after.filter(|_| self.outbox.postpone(operation)) else { return false };
        self.timers.set(Timer::Resend, self.now.after(u64::from(seconds.clamp(1, LONGEST_PAUSE)) * 1000));
        true
    }

    /// The transcript is up to date: what of the unsettled messages is not in it is sent again. A server that answers
    /// without ids may have answered something else: a little after the acknowledgement, then, and not before what is
    /// missing has come.
    pub(super) fn look_up_unsettled(&mut self, sure: bool) {
        let clear = !self.outbox.is_unclear();
        if sure && clear || !self.outbox.is_unsettled() {
            self.resend();
        } else {
            let patience = if clear && self.opening.is_some() { UNACKNOWLEDGED_PATIENCE } else { RESEND_PATIENCE };
            self.timers.set(Timer::Resend, self.now.after(patience));
        }
    }

    /// Why no command is taken, if none is.
    pub(super) fn refusal(&self) -> Option<Error> {
        match &self.state {
            State::Over => Some(Code::SessionOver.into()),
            _ if self.leaving.is_some() => Some(Error::new(Code::SessionOver, "it is being left")),
            State::New | State::Launching(_) => Some(Error::new(Code::CommandFailed, "the session is not launched")),
            State::Live | State::Interrupted => None,
        }
    }

    /// Sends what waits, in order, while the server takes it.
    pub(super) fn flush(&mut self) {
        if self.attached != Attached::Yes {
            return;
        }
        while let (Some(send), Some(link)) = (self.outbox.next_waiting(), &mut self.link) {
            let operation = Operation::Send { content: &send.content, id: &send.id };
            let Some(id) = link.send(self.now, &operation, &self.keys) else { return };
            self.outbox.sent(id);
        }
        self.tell_leave();
    }

    /// A message is settled: its promise or, where that went with an earlier page, `onError` when it is lost.
    pub(super) fn settle(&mut self, sender: Sender, result: Result<(), Error>) {
        match (sender, result) {
            (Some(command), result) => self.resolve(command, result),
            (None, Ok(())) => {}
            (None, Err(error)) => self.report(Error::new(Code::EarlierMessageLost, error.text())),
        }
    }

    /// What is not in the transcript is sent again, then what waits.
    pub(super) fn resend(&mut self) {
        while let Some(sender) = self.outbox.resend() {
            let error = Error::new(Code::CommandFailed, "the server did not take it, or the link broke each time");
            self.settle(sender, Err(error));
        }
        self.flush();
    }

    /// Messages that were acknowledged and are not in the transcript yet have arrived all the same.
    pub(super) fn look_after_sends(&mut self) {
        while let Some(sender) = self.outbox.overdue(self.now.mono) {
            self.settle(sender, Ok(()));
            self.flush();
        }
    }

    /// The server refused the size of what was in flight.
    pub(super) fn refuse_largest(&mut self) {
        if let Some(send) = self.outbox.largest_in_flight() {
            let error = Error::new(Code::ParameterIncorrect, "the message is too large for the server");
            self.settle(send.command, Err(error));
        }
    }

    pub(super) fn type_on(&mut self, command: CommandId, on: bool, preview: Option<&J::Text>) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        if self.attached != Attached::Yes {
            return self.resolve(command, Ok(()));
        }
        match self.typing.ask(self.now, command, on, preview) {
            Verdict::Known => self.resolve(command, Ok(())),
            Verdict::Now => self.send_typing(command, on, preview),
            Verdict::Later(at, superseded) => {
                self.timers.set(Timer::Typing, at);
                if let Some(command) = superseded {
                    self.resolve(command, Ok(()));
                }
            }
        }
    }

    /// The time for the next typing operation has come.
    pub(super) fn tell_typing(&mut self) {
        if let Some((command, on, preview)) = self.typing.take_next() {
            self.send_typing(command, on, preview.as_ref());
        }
    }

    fn send_typing(&mut self, command: CommandId, on: bool, preview: Option<&J::Text>) {
        match self.send_operation(&Operation::Typing { on, preview }) {
            Some(id) => {
                self.typing.told(self.now, on);
                self.typing_asked.push((id, command));
            }
            None => self.resolve(command, Ok(())),
        }
    }

    /// An operation was answered, or refused: settles it, if it was typing.
    pub(super) fn settle_typing(&mut self, operation: &str, result: impl FnOnce() -> Result<(), Error>) {
        if let Some(place) = self.typing_asked.iter().position(|(id, _)| id == operation) {
            let (_, command) = self.typing_asked.swap_remove(place);
            self.resolve(command, result());
        }
    }

    /// The link is down: that somebody typed is no news any more.
    pub(super) fn forget_typing(&mut self) {
        self.typing.reset();
        self.drop_next_typing();
        while let Some((_, command)) = self.typing_asked.pop() {
            self.resolve(command, Ok(()));
        }
    }

    /// What was yet to be told of the visitor's typing is no longer true.
    pub(super) fn drop_next_typing(&mut self) {
        self.timers.cancel(Timer::Typing);
        if let Some((command, ..)) = self.typing.take_next() {
            self.resolve(command, Ok(()));
        }
    }
}
