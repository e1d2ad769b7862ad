//! What the link brings: data, the entries of the transcript, and news of the link itself.

use super::error::{Code, Error};
use super::event::{EndReason, Event, Place};
use super::gap::fills;
use super::{Attached, Session, State, Timer};
use crate::chat::{Entry, EntryKind, Malformed, Reply, Role};
use crate::direct;
use crate::fault::Fault;
use crate::json::{Json, Name};
use crate::text;
use crate::transport::LinkEvent;

/// How long a server that has forgotten us may take to take us up again, in milliseconds, before that is an interruption.
pub(super) const REATTACH_TIME: u64 = 5_000;

impl<J: Json> Session<J> {
    pub(super) fn take_link_event(&mut self, event: LinkEvent<J>) {
        match event {
            LinkEvent::Closed => self.link = None,
            // The page has been told of the end, and nothing comes after it.
            _ if matches!(self.state, State::Over) => {}
            LinkEvent::Attach => self.attach(),
            LinkEvent::Data { id, data } => self.take_data(id.as_deref(), &data),
            LinkEvent::Acknowledged { id, result } => self.take_acknowledgement(&id, result),
            LinkEvent::Doubtful => self.ask_what_is_new(),
            LinkEvent::Unsettled => self.forgotten(),
            LinkEvent::Down(fault) => self.link_down(&fault),
            LinkEvent::OtherServer => {
                self.answers_by_id = false;
                self.report(Code::TryingOtherServer.into());
            }
            LinkEvent::Failed(fault) => self.link_failed(&fault),
            LinkEvent::Malformed(got) => {
                self.report(Error::new(Code::MalformedEvent, text::join(&["expected a Bayeux message, got ", &got])));
            }
            LinkEvent::Left => self.relay.leave(),
        }
    }

    /// What was sent and not answered is unsettled, and nothing is sent before the server has taken us up again.
    pub(super) fn detach(&mut self) {
        self.attached = Attached::No;
        self.opening = None;
        self.resync = None;
        self.timers.cancel(Timer::Attach);
        self.timers.cancel(Timer::Again);
        self.timers.cancel(Timer::Resend);
        self.timers.cancel(Timer::GapLost);
        self.outbox.unsettle();
        self.forget_typing();
        self.unsettle_leave();
    }

    /// The server has forgotten us. That is no interruption, unless it lasts.
    fn forgotten(&mut self) {
        self.detach();
        self.tell_link(None, direct::RENEWED);
        if let State::Live = self.state {
            self.timers.set(Timer::Detached, self.now.after(REATTACH_TIME));
        }
    }

    fn link_down(&mut self, fault: &Fault) {
        self.detach();
        self.tell_link(None, direct::DOWN);
        self.log(text::join(&["link down: ", &fault.line()]));
        if *fault == Fault::TooLarge {
            self.refuse_largest();
        }
        self.interrupt(fault);
    }

    /// The session is cut off.
    pub(super) fn interrupt(&mut self, fault: &Fault) {
        self.timers.cancel(Timer::Detached);
        if let State::Live = self.state {
            self.state = State::Interrupted;
            if !self.timers.is_set(Timer::Offline) {
                let limit = self.time_to_return();
                self.timers.set(Timer::Offline, self.now.after(limit));
            }
            self.emit(Event::Interrupted);
            self.report(Error::new(Code::NetworkInterrupted, fault.text()));
        }
    }

    /// The link is of no use: it is begun anew.
    pub(super) fn renew_link(&mut self, missing: &'static str) {
        if let Some(link) = &mut self.link {
            link.renew(self.now, Fault::Timeout(missing));
        }
    }

    /// The link has brought news of the chat: an interruption is over. That it may last, the server has to take us up.
    pub(super) fn prove(&mut self) {
        if let State::Interrupted = self.state {
            self.state = State::Live;
            self.emit(Event::Continued);
        }
    }

    fn take_data(&mut self, id: Option<&str>, data: &J) {
        match self.state {
            State::Over | State::New => return,
            // The answer to the leave of what was given up.
            State::Launching(_) if self.attached == Attached::Yes => return self.end(EndReason::LeaveRequest),
            _ => {}
        }
        let reply = match Reply::read_after(self.given_keys.as_ref(), data) {
            Ok(reply) => reply,
            Err(malformed) => {
                self.relay_unreadable(data);
                return self.malformed(&malformed);
            }
        };
        let Some(id) = self.relay(id, data, &reply) else { return };
        let opening = self.answers_opening(id, &reply);
        if opening && reply.status != 0 && !self.refused_to_attach(&reply) {
            return;
        }
        let Some(first) = self.first_of_session(id, &reply, opening) else { return };
        let moved = self.take_keys(&reply, data);
        if opening && reply.status == 0 {
            // What may be anybody's answer, as a bare `{}`, is no session: nothing could be asked or sent in it.
            if self.keys.chat_id.is_empty() && self.keys.secure_key.is_empty() {
                let fault = Fault::peer("the id of a session", "none");
                return self.fail_launch(Error::new(Code::ServerUnavailable, fault.text()));
            }
            self.accepted(Some(&reply), moved);
        }
        if !self.is_on() {
            return;
        }
        if reply.status == 0 {
            self.prove();
        }
        let whole = self.is_whole(id, &reply, opening);
        self.take_entries(&reply, first, whole);
        if opening && reply.status == 0 {
            self.look_up_unsettled(id.is_some());
        }
        self.take_result(id, &reply, opening);
        // What is settled may have made way for what waits.
        self.flush();
    }

    /// Whether a reply answers the opening operation: it has its id or, from a server that answers without ids, it is
    /// the first that can be meant: one that begins where asked, or that comes after the acknowledgement.
    fn answers_opening(&mut self, id: Option<&str>, reply: &Reply<'_, J>) -> bool {
        let Attached::Asked(operation) = &self.attached else { return false };
        if let Some(id) = id {
            let ours = id == operation;
            self.answers_by_id |= ours;
            return ours;
        }
        if self.answers_by_id {
            return false;
        }
        let named = reply.member(Name::SecureKey).text().is_some() || reply.status != 0 || reply.ended() == Some(true);
        self.heard |= named && reply.status == 0;
        named && (self.opening.is_none() || fills(reply, self.transcript.last())) || reply.status != 0
    }

    /// Whether another instance of the server answers than the one that the keys were of.
    fn take_keys(&mut self, reply: &Reply<'_, J>, data: &J) -> bool {
        if reply.status != 0 || reply.is_plain() {
            return false;
        }
        // A long one is not kept for its keys.
        self.given_keys = (reply.len() < 100).then(|| data.clone());
        let keys = &mut self.keys;
        let instance = keys.alias.clone();
        let given = |name, key: &mut String| {
            if let Some(given) = reply.member(name).string().filter(|given| !given.is_empty()) {
                *key = given;
            }
        };
        given(Name::ChatId, &mut keys.chat_id);
        given(Name::SecureKey, &mut keys.secure_key);
        given(Name::Alias, &mut keys.alias);
        given(Name::UserId, &mut keys.user_id);
        let moved = !instance.is_empty() && instance != keys.alias;
        self.store();
        moved
    }

    /// Takes in the entries from the `first` on; `whole` says that the server has sent everything from the position that is next.
    fn take_entries(&mut self, reply: &Reply<'_, J>, first: usize, whole: bool) {
        let mut place = first;
        while place < reply.len() {
            place += self.take_at(reply, place, whole);
        }
        // What came beside the answer may be newer than it, and what is missing before that still on its way.
        let known = if whole { reply.next_position().unwrap_or(u32::MAX) } else { 0 };
        self.release(known);
        if whole {
            self.resync = None;
            self.timers.cancel(Timer::GapLost);
        }
        self.look_for_gap();
        self.ask_for_data();
    }

    /// Takes in what is at a place: all messages of the run that begins there, or one entry. Returns how many.
    pub(super) fn take_at(&mut self, reply: &Reply<'_, J>, place: usize, played_back: bool) -> usize {
        let run = self.take_run(reply, place);
        if run == 0 {
            match reply.entry(place) {
                Ok(entry) => self.take_entry(entry, played_back),
                Err(malformed) => self.malformed(&malformed),
            }
        }
        run.max(1)
    }

    /// Passes on the held entries whose turn it is; before the position `whole`, what is missing does not count.
    pub(super) fn release(&mut self, whole: u32) {
        for entry in self.transcript.release(whole) {
            self.pass_on(entry);
        }
    }

    /// Takes in the messages from a place on that are in their turn and of which there is nothing else to see to: all at once. Returns how many.
    fn take_run(&mut self, reply: &Reply<'_, J>, first: usize) -> usize {
        if !self.outbox.is_empty() || self.roster.is_anyone_typing() {
            return 0;
        }
        let Some(next) = self.transcript.next_alone() else { return 0 };
        let count = reply.run(first, next);
        if count > 0 {
            self.transcript.pass_run(count);
            let (data, told_before) = (reply.data().clone(), self.told_before);
            self.emit(Event::Messages { data, first, count, told_before });
        }
        count
    }

    fn take_entry(&mut self, entry: Entry<J>, played_back: bool) {
        match (entry.kind, entry.index) {
            (EntryKind::Typing(on), at) => {
                if self.transcript.admit_typing(at) && !played_back && entry.role == Role::Agent {
                    self.agent_types(&entry, on);
                }
            }
            (EntryKind::Notice, None) => {
                let (name, data) = entry.notice();
                self.take_notice(name, data);
            }
            // Not in the transcript, and nothing that we know.
            (EntryKind::Other, None) => {}
            _ => {
                if let Some(entry) = self.transcript.admit(entry) {
                    self.pass_on(entry);
                }
            }
        }
    }

    /// It is the entry's turn: the page is told, where it is something that the page knows.
    pub(super) fn pass_on(&mut self, entry: Entry<J>) {
        let position = entry.index.unwrap_or(1);
        let place = Place {
            index: position.saturating_sub(1),
            time: entry.time.unwrap_or(self.now.wall as f64),
            restored: position <= self.told_before,
        };
        match (entry.kind, entry.role) {
            (EntryKind::Message, _) => self.message(place, entry, false),
            (EntryKind::PushUrl, _) => self.message(place, entry, true),
            (EntryKind::Notice, _) => {
                let settled = self.outbox.echo_of(&entry);
                let (name, data) = entry.notice();
                self.emit(Event::Notice { place: Some(place), name, data });
                if let Some(sender) = settled {
                    self.settle(sender, Ok(()));
                }
            }
            (EntryKind::Joined, Role::Agent) => {
                let party = entry.party();
                self.roster.join(party.clone());
                self.emit(Event::AgentConnected { place, party });
            }
            (EntryKind::Left, Role::Agent) => {
                let party = entry.party();
                self.stop_typing(&party);
                self.roster.leave(&party);
                self.emit(Event::AgentDisconnected { place, party });
            }
            (EntryKind::Joined | EntryKind::Left | EntryKind::Typing(_) | EntryKind::Other, _) => {}
        }
    }

    fn message(&mut self, place: Place, entry: Entry<J>, url: bool) {
        let searched = place.index < self.searched;
        let settled = if entry.role == Role::Client { self.outbox.echo(&entry, url, searched) } else { None };
        // Who has spoken does not type: the server's own word on that may come later, or never.
        if self.roster.is_anyone_typing() {
            self.stop_typing(&entry.party());
        }
        self.emit(Event::Message { place, url, entry });
        if let Some(sender) = settled {
            self.settle(sender, Ok(()));
        }
    }

    fn malformed(&mut self, malformed: &Malformed) {
        if let Some(index) = malformed.index {
            self.transcript.skip(index);
        }
        let detail = text::join(&["expected ", malformed.expected, ", got ", malformed.got]);
        self.report(Error::new(Code::MalformedEvent, detail));
    }
}
