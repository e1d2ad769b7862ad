//! Notices: what chat v2 has no words for (the status of a chat, forms, the FAQ, session data, renewal) and what of it is
//! the session's own business. The rest is for the page.

use super::event::Event;
use super::{Attached, Session, Timer};
use crate::chat::Operation;
use crate::json::{Json, Name};

use super::transcript::Transcript;

impl<J: Json> Session<J> {
    /// A notice that is not in the transcript: it holds now.
    pub(super) fn take_notice(&mut self, name: String, data: J) {
        match name.as_str() {
            "renewed" => return self.renew(&data),
            "session-data" => {
                let from = data.count_of(Name::From).unwrap_or(0);
                if from != 0 && from != self.data_version {
                    return self.ask_for_data();
                }
                self.data_version = data.count_of(Name::Version).unwrap_or(0);
            }
            _ => {}
        }
        self.emit(Event::Notice { place: None, name, data });
    }

    /// A change of the session data has been missed.
    fn ask_for_data(&mut self) {
        if self.attached == Attached::Yes {
            self.send_operation(&Operation::RequestNotifications { from: 0, data: self.data_version });
        }
    }

    /// The session is over and another one goes on: its keys came with this. Its transcript begins anew.
    fn renew(&mut self, data: &J) {
        for entry in self.transcript.release(true) {
            self.pass_on(entry);
        }
        self.part_agents();
        self.transcript = Transcript::new();
        self.data_version = 0;
        self.told = 0;
        self.told_before = 0;
        self.searched = 0;
        self.ended = None;
        self.resync = None;
        self.timers.cancel(Timer::Gap);
        self.timers.cancel(Timer::GapLost);
        let word = |name| data.string_of(name).unwrap_or_default();
        self.emit(Event::Renewed { previous: word(Name::PreviousId), id: word(Name::Id), reason: word(Name::Reason) });
        self.store();
    }
}
