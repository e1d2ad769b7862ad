//! What answers and acknowledgements settle: messages, typing, a leave, the opening operation, the session itself.

use super::error::{Code, Error};
use super::event::EndReason;
use super::refusal::server_error;
use super::{Attached, Session, State, Timer};
use crate::chat::Reply;
use crate::fault::Fault;
use crate::json::Json;

/// How long after its acknowledgement a message counts as arrived, in milliseconds, when the server tells no more.
pub(super) const ECHO_TIME: u64 = 3_000;

impl<J: Json> Session<J> {
    /// What a reply means for the operation that it answers, and for the session.
    pub(super) fn take_result(&mut self, id: Option<&str>, reply: &Reply<'_, J>, opening: bool) {
        let result = || if reply.status == 0 { Ok(()) } else { Err(server_error(reply, Code::CommandFailed)) };
        if let Some(id) = id {
            self.settle_typing(id, result);
        }
        let left = self.leaving.as_ref().is_some_and(|leaving| match (&leaving.operation, id) {
            (Some(operation), Some(id)) => operation == id,
            // An error without an address, and nothing else that it can be about.
            (Some(_), None) => reply.status != 0 && !opening && !self.outbox.is_in_flight(),
            (None, _) => false,
        });
        if reply.ended() == Some(true) || reply.status >= 2 && (opening || left || reply.ended().is_none()) {
            let leaving = self.leaving.is_some() || self.relay.is_left();
            let reason = if reply.status == 0 { EndReason::Agent } else { EndReason::Error };
            let reason = if leaving { EndReason::LeaveRequest } else { reason };
            return if reply.status == 0 { self.end_whole(reason) } else { self.end(reason) };
        }
        if left && reply.status == 0 {
            return self.end_whole(EndReason::LeaveRequest);
        }
        if reply.status != 0 && id.is_some_and(|id| self.postpone(id, reply.retry_after())) {
            return;
        }
        let send = match id {
            Some(id) => self.outbox.answered(id, reply.status == 0),
            None if reply.status != 0 && !opening => self.outbox.oldest_in_flight(),
            None => None,
        };
        match send {
            Some(send) => self.settle(send.command, result()),
            None if reply.status != 0 && id.is_none() && !opening && !left => {
                self.report(server_error(reply, Code::CommandFailed));
            }
            None => {}
        }
        if left {
            self.fail_leave(server_error(reply, Code::CommandFailed));
        }
    }

    /// What the acknowledgement of a publish, or its refusal, means for the operation in it.
    pub(super) fn take_acknowledgement(&mut self, id: &str, result: Result<(), Fault>) {
        if self.relay_acknowledgement(id, &result) {
            return;
        }
        let opening = matches!(&self.attached, Attached::Asked(operation) if operation == id);
        let left = self.leaving.as_ref().is_some_and(|leaving| leaving.operation.as_deref() == Some(id));
        match result {
            Ok(()) if left => self.timers.set(Timer::Leave, self.now.after(ECHO_TIME)),
            Ok(()) if self.opening.as_deref() == Some(id) => {
                self.opening = None;
                self.take_opening_acknowledgement();
            }
            Ok(()) if self.resync.as_deref() == Some(id) => self.await_gap(),
            Ok(()) => {
                self.settle_typing(id, || Ok(()));
                self.outbox.acknowledged(id, self.now.after(ECHO_TIME));
            }
            Err(fault) if opening && matches!(self.state, State::Launching(_)) => {
                self.fail_launch(Error::new(Code::LoginRefused, fault.text()));
            }
            Err(_) if opening => self.renew_link("acceptance of the session"),
            Err(_) if self.resync.as_deref() == Some(id) => self.give_up_gap(),
            Err(fault) if left => self.fail_leave(Error::new(Code::CommandFailed, fault.text())),
            Err(fault) => {
                let code = if fault == Fault::TooLarge { Code::ParameterIncorrect } else { Code::CommandFailed };
                let refused = || Err(Error::new(code, fault.text()));
                self.settle_typing(id, refused);
                if let Some(send) = self.outbox.answered(id, false) {
                    self.settle(send.command, refused());
                }
            }
        }
    }

    /// A server that answers without ids has answered before its acknowledgement, if anything came: perhaps not from
    /// where asked, for typing may have used up what was there.
    fn take_opening_acknowledgement(&mut self) {
        if self.heard && self.is_on() && matches!(self.attached, Attached::Asked(_)) {
            self.accepted(None, false);
            self.look_for_gap();
            self.look_up_unsettled(false);
        } else if self.timers.is_set(Timer::Resend) {
            self.look_up_unsettled(false);
        }
    }
}
