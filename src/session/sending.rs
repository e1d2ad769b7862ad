//! What the page gives: messages, typing, and the wish to leave.

use super::error::{Code, Error};
use super::event::CommandId;
use super::typing::Verdict;
use super::{Attached, Leaving, Session, State, Timer};
use crate::chat::Operation;
use crate::json::Json;

/// How long a message may be without any answer, in milliseconds, before the link counts as broken.
const ANSWER_TIME: u64 = 12_000;

impl<J: Json> Session<J> {
    pub(super) fn send(&mut self, command: CommandId, text: J::Text, url: bool) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        let id = format!("{}{}{}", super::outbox::ID_PREFIX, self.id_prefix, command);
        if !self.outbox.push(command, text, url, id) {
            let error = Error::new(Code::CommandFailed, "too many messages wait to be sent");
            return self.resolve(command, Err(error));
        }
        self.typing.reset();
        self.flush();
    }

    /// Why no command is taken, if none is.
    fn refusal(&self) -> Option<Error> {
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
        let deadline = self.now.after(ANSWER_TIME);
        while let (Some(send), Some(link)) = (self.outbox.next_waiting(), &mut self.link) {
            let operation = if send.url {
                Operation::PushUrl { url: &send.text, id: &send.id }
            } else {
                Operation::SendMessage { text: &send.text, id: &send.id }
            };
            let Some(id) = link.send(self.now, operation.data(&self.keys)) else { return };
            send.sent(id, deadline);
        }
        self.tell_leave();
    }

    /// What is not in the transcript is sent again, then what waits.
    pub(super) fn resend(&mut self) {
        for command in self.outbox.resend() {
            let error = Error::new(Code::CommandFailed, "the link broke each time it was sent");
            self.resolve(command, Err(error));
        }
        self.flush();
    }

    /// Messages that were acknowledged and are not in the transcript yet have arrived all the same; ones without any
    /// answer mean that the link is broken.
    pub(super) fn look_after_sends(&mut self) {
        while let Some(overdue) = self.outbox.overdue(self.now.mono) {
            match overdue {
                Ok(command) => self.resolve(command, Ok(())),
                Err(()) => {
                    self.outbox.unsettle();
                    return self.renew_link("answer to a message");
                }
            }
        }
    }

    /// The server refused the size of what was in flight.
    pub(super) fn refuse_largest(&mut self) {
        if let Some(send) = self.outbox.largest_in_flight() {
            let error = Error::new(Code::ParameterIncorrect, "the message is too large for the server");
            self.resolve(send.command, Err(error));
        }
    }

    pub(super) fn type_on(&mut self, command: CommandId, on: bool, preview: Option<J::Text>) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        if self.attached != Attached::Yes {
            return self.resolve(command, Ok(()));
        }
        match self.typing.ask(self.now, command, on, preview.as_ref()) {
            Verdict::Known => self.resolve(command, Ok(())),
            Verdict::Now => self.send_typing(command, on, preview.as_ref()),
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
        let data = Operation::Typing { on, preview }.data(&self.keys);
        match self.link.as_mut().and_then(|link| link.send(self.now, data)) {
            Some(id) => {
                self.typing.told(self.now, on);
                self.typing_asked.push((id, command));
            }
            None => self.resolve(command, Ok(())),
        }
    }

    /// A typing operation was answered, or refused: it is over, either way.
    pub(super) fn settle_typing(&mut self, operation: &str) {
        if let Some(place) = self.typing_asked.iter().position(|(id, _)| id == operation) {
            let (_, command) = self.typing_asked.swap_remove(place);
            self.resolve(command, Ok(()));
        }
    }

    /// The link is down: that somebody typed is no news any more.
    pub(super) fn forget_typing(&mut self) {
        self.typing.reset();
        self.timers.cancel(Timer::Typing);
        let next = self.typing.take_next().map(|(command, ..)| command);
        let asked = std::mem::take(&mut self.typing_asked);
        for command in asked.into_iter().map(|(_, command)| command).chain(next) {
            self.resolve(command, Ok(()));
        }
    }

    pub(super) fn leave(&mut self, command: CommandId) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        self.leaving = Some(Leaving { command, operation: None });
        self.flush();
    }

    /// Asks the server to end the session, once everything before that is sent.
    fn tell_leave(&mut self) {
        let ready = self.leaving.as_ref().is_some_and(|leaving| leaving.operation.is_none());
        if !ready || self.outbox.next_waiting().is_some() {
            return;
        }
        let data = Operation::Disconnect.data(&self.keys);
        let operation = self.link.as_mut().and_then(|link| link.send(self.now, data));
        if let Some(leaving) = &mut self.leaving {
            leaving.operation = operation;
        }
    }

    /// The server refused to end the session: it goes on.
    pub(super) fn fail_leave(&mut self, error: Error) {
        self.timers.cancel(Timer::Leave);
        if let Some(leaving) = self.leaving.take() {
            self.resolve(leaving.command, Err(error));
        }
    }
}
