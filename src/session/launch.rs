//! How a session begins: a new one, or the one that an earlier page left; and what is stored so that a later page can.

use super::error::{Code, Error};
use super::event::{CommandId, EndReason, Output, Setup};
use super::leaving::Leaving;
use super::refusal::server_error;
use super::settling::ECHO_TIME;
use super::snapshot::Snapshot;
use super::{Attached, Launch, NOBODY, Session, State, Timer};
use crate::chat::{Operation, Reply, Visitor};
use crate::fault::Fault;
use crate::json::Json;
use crate::transport::{Link, Plan};

/// How long a restore that finds no server is tried again, in milliseconds: a reload may meet a server's restart.
const RESTORE_PATIENCE: u64 = 5_000;
/// The wait between such tries, in milliseconds, and that before a server that is not ready is asked again.
const PAUSE: u64 = 1_000;
/// How long the opening operation may be without an answer, in milliseconds.
const ATTACH_TIME: u64 = 10_000;

impl<J: Json> Session<J> {
    pub(super) fn start(&mut self, command: CommandId, setup: Setup, visitor: Visitor<J>) {
        let launch = Launch { command, visitor: Some(visitor), left: false, until: 0 };
        self.begin(launch, setup, false);
    }

    pub(super) fn restore(&mut self, command: CommandId, mut setup: Setup, snapshot: Snapshot<J>, kept: Option<&J>) {
        if !matches!(self.state, State::New) {
            return self.refuse_second_launch(command);
        }
        let known = snapshot.version == Snapshot::<J>::VERSION && !snapshot.keys.chat_id.is_empty();
        let away = self.now.wall.saturating_sub(snapshot.seen);
        if !known || away > setup.max_offline {
            self.state = State::Over;
            self.out.push_back(Output::Forget);
            return self.resolve(command, Err(Code::NothingToRestore.into()));
        }
        if let Some(place) = setup.servers.iter().position(|server| *server == snapshot.server) {
            setup.servers.remove(place);
        }
        setup.servers.insert(0, snapshot.server.clone());
        setup.service = snapshot.service;
        self.server_of_keys = snapshot.server;
        self.keys = snapshot.keys;
        self.told = snapshot.position;
        self.told_before = snapshot.position;
        self.searched = snapshot.searched;
        self.outbox.restore(&snapshot.outbox);
        let launch = Launch { command, visitor: None, left: snapshot.left, until: self.now.after(RESTORE_PATIENCE) };
        self.begin(launch, setup, snapshot.polling);
        if let Some(kept) = kept.and_then(Self::read_kept) {
            self.play_back(command, &kept);
        }
    }

    /// What an earlier page kept of the transcript; `None` when it has nothing, or anything that is wrong with it: then the
    /// server has it all.
    fn read_kept(kept: &J) -> Option<Reply<'_, J>> {
        let reply = Reply::read(kept).ok()?;
        let (mut place, mut last) = (0, 0);
        while place < reply.len() {
            let index = reply.entry(place).ok()?.index.filter(|index| *index > last)?;
            let count = reply.run(place, index).max(1);
            last = index + count as u32 - 1;
            place += count;
        }
        (!reply.is_empty()).then_some(reply)
    }

    /// The session is on at once, even without a network: the server is asked only for what comes after.
    fn play_back(&mut self, command: CommandId, kept: &Reply<'_, J>) {
        let mut place = 0;
        while place < kept.len() {
            place += self.take_at(kept, place, true);
            self.release(u32::MAX);
        }
        self.go_live();
        if let Some(link) = &mut self.link {
            link.keep();
        }
        self.timers.set(Timer::Detached, self.now.after(super::receiving::REATTACH_TIME));
        self.resolve(command, Ok(()));
        self.note_seen();
    }

    fn begin(&mut self, launch: Launch<J>, setup: Setup, polling: bool) {
        if !matches!(self.state, State::New) {
            return self.refuse_second_launch(launch.command);
        }
        let plan = Plan::new(setup.servers.clone(), setup.mode, polling);
        let mut link = Link::new(setup.link, plan, &setup.service, setup.seed, setup.held);
        link.start(self.now);
        self.link = Some(link);
        self.setup = Some(setup);
        self.state = State::Launching(launch);
    }

    fn refuse_second_launch(&mut self, command: CommandId) {
        self.resolve(command, Err(Error::new(Code::CommandFailed, "the session was launched before")));
    }

    pub(super) fn give_up(&mut self, command: CommandId) {
        match &mut self.state {
            // The chat may be there by now, with agents who are told of it: it is left as soon as the server has said which it is.
            State::Launching(launch) if launch.visitor.is_some() && self.attached != Attached::No => {
                let launch = std::mem::replace(&mut launch.command, NOBODY);
                self.leaving = Some(Leaving::of(NOBODY));
                self.resolve(launch, Err(Code::Aborted.into()));
            }
            // What is yet to be found, as a stored state, is not taken up any more.
            State::New => self.state = State::Over,
            _ => self.end(EndReason::Error),
        }
        self.resolve(command, Ok(()));
    }

    /// The launch has come to nothing. A stored state stays, for another try.
    pub(super) fn fail_launch(&mut self, error: Error) {
        if let State::Launching(launch) = std::mem::replace(&mut self.state, State::Over) {
            self.timers.clear();
            self.leaving = None;
            if let Some(link) = &mut self.link {
                link.disconnect(self.now);
            }
            self.resolve(launch.command, Err(error));
        }
    }

    /// The link gave up: while launching, or because the server asked to stop.
    pub(super) fn link_failed(&mut self, fault: &Fault) {
        self.detach();
        let State::Launching(launch) = &self.state else { return self.end(EndReason::Error) };
        if launch.visitor.is_none() && !fault.is_final() && self.now.mono < launch.until {
            return self.timers.set(Timer::Relaunch, self.now.after(PAUSE));
        }
        let code = match fault {
            Fault::TooLarge | Fault::Http { status: 413, .. } => Code::ParameterIncorrect,
            fault if fault.is_final() => Code::LoginRefused,
            _ => Code::ServerUnavailable,
        };
        self.fail_launch(Error::new(code, fault.text()));
    }

    pub(super) fn relaunch(&mut self) {
        if let Some(link) = &mut self.link {
            link.start_again(self.now);
        }
    }

    /// The link is there: the opening operation goes out with the first connect.
    pub(super) fn attach(&mut self) {
        if let Some(link) = self.link.as_ref().filter(|link| !link.is_held()) {
            self.answers_by_id = link.answers_by_id();
        }
        let operation = match &self.state {
            State::Launching(Launch { visitor: Some(visitor), .. }) => Operation::RequestChat(visitor),
            State::Over | State::New => return,
            _ => self.question(),
        };
        let asked = self.link.as_mut().and_then(|link| link.attach(self.now, &operation, &self.keys));
        self.asked_to_attach(asked);
    }

    /// The opening operation is not answered: the link is begun anew, unless the server asked for a pause.
    pub(super) fn look_after_attach(&mut self) {
        let is_paused = self.link.as_ref().is_some_and(Link::is_paused);
        if is_paused && !matches!(self.state, State::Launching(_)) {
            return self.timers.set(Timer::Attach, self.now.after(ATTACH_TIME));
        }
        self.renew_link("answer to the opening operation");
    }

    /// The server was not ready: the opening operation is sent again on the same link.
    pub(super) fn attach_again(&mut self) {
        let operation = self.question();
        let asked = self.send_operation(&operation);
        self.asked_to_attach(asked);
    }

    /// Sends an operation, if the link is up; returns its id.
    pub(super) fn send_operation(&mut self, operation: &Operation<'_, J>) -> Option<String> {
        self.link.as_mut()?.send(self.now, operation, &self.keys)
    }

    fn asked_to_attach(&mut self, operation: Option<String>) {
        self.resync = None;
        self.opening.clone_from(&operation);
        self.heard = false;
        self.outbox.unsettle();
        self.attached = operation.map_or(Attached::No, |operation| {
            self.timers.set(Timer::Attach, self.now.after(ATTACH_TIME));
            Attached::Asked(operation)
        });
    }

    /// The server's refusal of the opening operation. `true` when the launch, or the session, has come to its end.
    pub(super) fn refused_to_attach(&mut self, reply: &Reply<'_, J>) -> bool {
        self.timers.cancel(Timer::Attach);
        let error = server_error(reply, Code::LoginRefused);
        // Another server than the session's may not share its chats: that says nothing about the session.
        let is_elsewhere = reply.status >= 2 && reply.ended() != Some(true) && self.is_held() && self.is_elsewhere();
        match &self.state {
            State::Launching(Launch { visitor: Some(_), .. }) => self.fail_launch(error),
            _ if is_elsewhere => {
                if let Some(link) = &mut self.link {
                    link.move_on(self.now, Fault::peer("a server that knows the session", "one that does not"));
                }
            }
            State::Launching(_) if reply.status >= 2 => {
                self.out.push_back(Output::Forget);
                self.fail_launch(Error::new(Code::SessionOver, error.detail));
            }
            State::Launching(launch) if self.now.mono >= launch.until => {
                self.fail_launch(Error::new(Code::ServerUnavailable, error.detail));
            }
            _ if reply.status >= 2 => return true,
            _ => {
                self.attached = Attached::No;
                self.timers.set(Timer::Again, self.now.after(PAUSE));
                self.report(Error::new(Code::ServerNotReady, error.detail));
            }
        }
        false
    }

    /// The server has taken us up: the launch is over, or the interruption. It may be another instance (`moved`).
    pub(super) fn accepted(&mut self, reply: Option<&Reply<'_, J>>, moved: bool) {
        self.attached = Attached::Yes;
        self.timers.cancel(Timer::Attach);
        self.timers.cancel(Timer::Detached);
        self.timers.cancel(Timer::Offline);
        self.returning = false;
        self.overslept = 0;
        let elsewhere = moved || self.is_elsewhere();
        self.server_of_keys = self.link.as_ref().map_or("", Link::server).to_owned();
        if let State::Launching(launch) = &self.state {
            let command = launch.command;
            if self.leaving.is_some() {
                self.timers.set(Timer::Leave, self.now.after(ECHO_TIME));
                return self.tell_leave();
            }
            if let Some(reply) = reply.filter(|reply| launch.visitor.is_some() && reply.is_empty()) {
                self.transcript.open(reply.next_position());
            }
            self.go_live();
            if let Some(link) = &mut self.link {
                link.keep();
            }
            self.resolve(command, Ok(()));
            self.note_seen();
        }
        self.prove();
        self.tell_link(None, crate::direct::UP);
        if elsewhere {
            self.report(Code::RestoredElsewhere.into());
        }
        self.store();
    }

    /// The launch is over. What an earlier page was told to leave is left.
    fn go_live(&mut self) {
        if let State::Launching(Launch { left: true, .. }) = std::mem::replace(&mut self.state, State::Live) {
            self.leaving = Some(Leaving::of(NOBODY));
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.link.as_ref().is_some_and(Link::is_held)
    }

    /// Whether the link leads to another server than the one that the session was last on.
    fn is_elsewhere(&self) -> bool {
        let server = self.link.as_ref().map_or("", Link::server);
        !self.server_of_keys.is_empty() && self.server_of_keys != server
    }

    /// The page has been told of all entries up to this index, counted from 0.
    pub(super) fn told(&mut self, index: u32) {
        self.told = self.told.max(index.saturating_add(1).min(self.transcript.last()));
        self.store();
    }

    /// Stores the state, when it has changed.
    pub(super) fn store(&mut self) {
        let (true, Some(setup), Some(link)) = (self.is_on(), &self.setup, &self.link) else { return };
        let seen = self.stored.as_ref().map_or(self.now.wall, |stored| stored.seen);
        let mut snapshot = Snapshot {
            version: Snapshot::<J>::VERSION,
            server: self.server_of_keys.clone(),
            service: setup.service.clone(),
            keys: self.keys.clone(),
            position: self.told,
            seen,
            max_offline: setup.max_offline,
            transport: setup.mode as u32,
            polling: link.is_fallen_back(),
            left: self.leaving.is_some(),
            // Without an outbox nothing was searched for.
            searched: if self.outbox.is_empty() { self.told } else { self.searched.max(self.transcript.last()) },
            outbox: J::array(),
        };
        if !self.stored.as_ref().is_some_and(|stored| stored.matches(&snapshot)) {
            let room = setup.outbox_room;
            snapshot.seen = self.now.wall;
            self.stored = Some(snapshot.clone());
            let (outbox, all) = self.outbox.unsent(room);
            snapshot.outbox = outbox;
            self.out.push_back(Output::Persist(Box::new(snapshot)));
            if !std::mem::replace(&mut self.overflowed, !all) && !all && room > 0 {
                self.report(Error::new(Code::StorageFailed, "not all messages that wait will survive a reload"));
            }
        }
    }

    /// Notes that the page is still there, and when to note it again.
    pub(super) fn note_seen(&mut self) {
        let (true, Some(setup)) = (self.is_on(), &self.setup) else { return };
        let period = (setup.max_offline / 4).clamp(250, 5_000);
        self.timers.set(Timer::Seen, self.now.after(period));
        self.stored = None;
        self.store();
    }
}
