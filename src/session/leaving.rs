//! The visitor's wish to leave, until the server has answered it.

use super::error::{Code, Error};
use super::event::CommandId;
use super::{NOBODY, Session, Timer};
use crate::chat::Operation;
use crate::json::Json;

/// How often it is sent before it is given up, when the link breaks each time.
const MOST_TRIES: u8 = 4;

/// A wish to leave that is not answered.
#[derive(Debug)]
pub(super) struct Leaving {
    /// Whose it is; nobody's when the page that had it is gone, or has given up its launch.
    pub command: CommandId,
    /// The operation, once it is sent.
    pub operation: Option<String>,
    /// How often it was sent.
    tries: u8,
}

impl Leaving {
    pub fn of(command: CommandId) -> Self {
        Self { command, operation: None, tries: 0 }
    }
}

impl<J: Json> Session<J> {
    pub(super) fn leave(&mut self, command: CommandId) {
        if let Some(error) = self.refusal() {
            return self.resolve(command, Err(error));
        }
        self.leaving = Some(Leaving::of(command));
        // A page that goes before the server has answered leaves it to the next one.
        self.store();
        self.flush();
    }

    /// Asks the server to end the session, once everything before that is sent.
    pub(super) fn tell_leave(&mut self) {
        let ready = self.leaving.as_ref().is_some_and(|leaving| leaving.operation.is_none());
        if !ready || self.outbox.is_open() {
            return;
        }
        let operation = self.send_operation(&Operation::Disconnect);
        if let Some(leaving) = &mut self.leaving {
            leaving.tries += u8::from(operation.is_some());
            leaving.operation = operation;
        }
    }

    /// The link broke: the wish to leave is sent again, unless it was sent too often.
    pub(super) fn unsettle_leave(&mut self) {
        let Some(leaving) = &mut self.leaving else { return };
        leaving.operation = None;
        if leaving.tries >= MOST_TRIES {
            self.fail_leave(Error::new(Code::CommandFailed, "the link broke each time it was sent"));
        }
    }

    /// The server refused to end the session: it goes on.
    pub(super) fn fail_leave(&mut self, error: Error) {
        self.timers.cancel(Timer::Leave);
        if let Some(leaving) = self.leaving.take() {
            if leaving.command == NOBODY {
                self.report(error);
            } else {
                self.resolve(leaving.command, Err(error));
            }
            self.store();
        }
    }
}
