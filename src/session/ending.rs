//! How a session ends: whoever is there leaves, every command is settled, nothing stays behind.

use super::error::{Code, Error};
use super::event::{EndReason, Event, Output, Place};
use super::{Attached, Session, State};
use crate::json::Json;

impl<J: Json> Session<J> {
    /// The session is over; one that is not on yet was given up.
    pub(super) fn end(&mut self, reason: EndReason) {
        if !self.is_on() {
            return self.fail_launch(Code::Aborted.into());
        }
        self.prove_ended();
        // The server has said why before; what was missing did not come.
        let reason = self.ended.take().unwrap_or(reason);
        if reason == EndReason::LeaveRequest && !self.relay.is_left() {
            self.tell_left_and_ended();
        }
        self.state = State::Over;
        self.attached = Attached::No;
        self.timers.clear();
        // What comes after something that is missing is not told: no page is told of a transcript with a hole in it.
        self.transcript.drop_held();
        self.forget_typing();
        self.relay.clear();
        self.opening = None;
        self.resync = None;
        self.stored = None;
        let time = self.now.wall as f64;
        self.part_agents();
        while let Some((sender, acknowledged)) = self.outbox.pop() {
            // That the publish came through is no word of the chat's: an end by an error may well be the answer to the message.
            let arrived = acknowledged && reason != EndReason::Error;
            self.settle(sender, if arrived { Ok(()) } else { Err(Code::SessionOver.into()) });
        }
        self.emit(Event::Ended { reason, time });
        self.out.push_back(Output::Forget);
        if let Some(leaving) = self.leaving.take() {
            let left = reason != EndReason::Error;
            let error = Error::new(Code::ServerUnavailable, "the server could not be told in time");
            self.resolve(leaving.command, if left { Ok(()) } else { Err(error) });
        }
        if let Some(link) = &mut self.link {
            link.disconnect(self.now);
        }
    }

    /// The session is over, as soon as what is missing has come: the last words are in it.
    pub(super) fn end_whole(&mut self, reason: EndReason) {
        if self.transcript.has_gap() {
            self.ended = Some(reason);
        } else {
            self.end(reason);
        }
    }

    /// Whoever is still there is gone with the session.
    pub(super) fn part_agents(&mut self) {
        let time = self.now.wall as f64;
        while let Some(party) = self.roster.pop_agent() {
            self.stop_typing(&party);
            let place = Place { index: self.transcript.take_place(self.told_before), time, restored: false };
            self.emit(Event::AgentDisconnected { place, party });
        }
        while self.roster.pop_due(u64::MAX).is_some() {}
    }

    /// The end comes over the link, or because it never came back: only in the first case the interruption is over.
    fn prove_ended(&mut self) {
        if self.attached == Attached::Yes {
            self.prove();
        }
    }
}
