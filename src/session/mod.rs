//! The chat session, sans-IO: no clock, no socket, no storage, no randomness, no JavaScript. Time and bytes come in,
//! actions come out.
//!
//! [`Session`] is the whole of it. `launch` begins a session, `receiving` takes in what the link brings, `settling` sees what it
//! answers, `gap` what is missing in it, `notices` has what chat v2 has no words for, `agent_typing` what is only true
//! now, `sending` lets out what the page gives, `leaving` has the visitor's wish to end it, `waking` knows when the page
//! was not running, `ending` closes it; the parts that they work on are `transcript` (order), `outbox` (messages on their
//! way), `roster` (agents) and `typing`. `relay` serves the other tabs. `event` has the vocabulary, `error` the table of
//! errors.

mod agent_typing;
mod ending;
mod error;
mod event;
mod gap;
mod launch;
mod leaving;
mod notices;
mod outbox;
mod receiving;
mod refusal;
mod relay;
mod roster;
mod sending;
mod settling;
mod snapshot;
mod transcript;
mod typing;
mod waking;

pub use error::{Code, Error};
pub use event::{Command, CommandId, EndReason, Event, Input, Output, Place, Setup};
pub use snapshot::{MAX_OFFLINE, Snapshot};

use crate::chat::{Content, Keys, Visitor};
use crate::fault::Fault;
use crate::json::Json;
use crate::queue::Queue;
use crate::time::{Dice, Now, Timers, earliest};
use crate::transport::Link;
use leaving::Leaving;
use outbox::Outbox;
use relay::Relay;
use roster::Roster;
use transcript::Transcript;
use typing::Typing;

/// One chat, one visitor, no IO.
///
/// 1. Give it a [`Session::command`] or a [`Session::handle_input`], with the time.
/// 2. Call [`Session::poll_output`] and do what it says, until it says [`Output::Wait`].
/// 3. Wait for something to come in, or for the point in time that it named; then go on with 1.
///
/// Step 2 may not be left out: what a command or an input leads to happens there.
#[derive(Debug)]
pub struct Session<J: Json> {
    now: Now,
    state: State<J>,
    setup: Option<Setup>,
    link: Option<Link<J>>,
    keys: Keys,
    /// The last data with keys: most that comes has the same, and they need not be taken again.
    given_keys: Option<J>,
    attached: Attached,
    /// The opening operation, until it is acknowledged.
    opening: Option<String>,
    /// Since it was sent, data without an id has come that may be its answer.
    heard: bool,
    /// The operation that asks for what is missing in mid-session.
    resync: Option<String>,
    /// How often the link was begun anew because the answer did not come.
    gap_tries: u8,
    /// The server answers operations under their ids.
    answers_by_id: bool,
    server_of_keys: String,
    transcript: Transcript<J>,
    roster: Roster<J>,
    outbox: Outbox<J>,
    typing: Typing<J>,
    /// Typing operations that are not answered.
    typing_asked: Vec<(String, CommandId)>,
    leaving: Option<Leaving>,
    relay: Relay,
    /// The session is over as soon as what is missing has come.
    ended: Option<EndReason>,
    /// How many entries the page has been told of, by this page or by earlier ones.
    told: u32,
    /// How many of them by earlier pages.
    told_before: u32,
    /// The version of the session data that the page has; 0 for none.
    data_version: u32,
    /// Changes of the session data may have been missed.
    data_missed: bool,
    /// What was last stored, to store changes only.
    stored: Option<Snapshot<J>>,
    /// Up to this position the transcript was searched by earlier pages for what they left in the outbox.
    searched: u32,
    /// The page was told that not all of the outbox can be stored.
    overflowed: bool,
    timers: Timers<Timer>,
    /// When the link was last probed because the page is looked at again, on the monotonic clock.
    looked_up: u64,
    /// The page slept longer than a session may be away: a link that is found dead before this point of the monotonic
    /// clock has been so for longer, too.
    overslept: u64,
    /// The page has slept beyond the end of this interruption, and has been given time to find the server.
    returning: bool,
    /// The network has brought something since the page last woke.
    heard_awake: bool,
    /// The point in time that was named when there was nothing more to do.
    due: Option<u64>,
    id_prefix: String,
    counter: u32,
    out: Queue<Output<J>>,
}

/// In place of a command that is settled already.
const NOBODY: CommandId = 0;

/// Where the session stands.
#[derive(Debug)]
enum State<J: Json> {
    /// Nothing was asked for yet.
    New,
    /// The server has not accepted the session yet.
    Launching(Launch<J>),
    /// The session is on and the link is up, as far as is known.
    Live,
    /// The session is on and the link is down.
    Interrupted,
    /// The session is over, or never came about.
    Over,
}

/// A launch under way.
#[derive(Debug)]
struct Launch<J: Json> {
    command: CommandId,
    /// Who asks for a new session; `None` when one is being restored.
    visitor: Option<Visitor<J>>,
    /// Whether the visitor has left the session that is being restored.
    left: bool,
    /// Until when a failed restore is tried again, on the monotonic clock.
    until: u64,
}

/// Whether the chat server has taken us up on this link.
#[derive(Debug, PartialEq, Eq)]
enum Attached {
    /// No.
    No,
    /// It has been asked to, by this operation; until then nothing else is sent.
    Asked(String),
    /// Yes.
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// The opening operation was not answered: the link is begun anew.
    Attach,
    /// The server has forgotten us and does not take us up again: the page is told that the link is down.
    Detached,
    /// The opening operation is sent again to a server that was not ready.
    Again,
    /// A failed restore is tried once more.
    Relaunch,
    /// The link was down too long: the session is over.
    Offline,
    /// Something is missing in the transcript: it is asked for.
    Gap,
    /// The server took the question for it and does not answer: what is held goes on without it.
    GapLost,
    /// Unsettled messages are sent again to a server that does not answer under ids.
    Resend,
    /// The visitor's typing is told.
    Typing,
    /// The `leave` was acknowledged and nothing more came: the session is over.
    Leave,
    /// It is noted that the page is still there.
    Seen,
    /// The link is probed, for the page is looked at.
    Look,
}

impl<J: Json> Session<J> {
    /// A session that waits for [`Command::Start`] or [`Command::Restore`].
    pub fn new(seed: u64) -> Self {
        let id_prefix = Dice::new(seed).word(12);
        Self {
            now: Now { mono: 0, wall: 0 },
            state: State::New,
            setup: None,
            link: None,
            keys: Keys::default(),
            given_keys: None,
            attached: Attached::No,
            opening: None,
            heard: false,
            resync: None,
            gap_tries: 0,
            answers_by_id: false,
            server_of_keys: String::new(),
            transcript: Transcript::new(),
            roster: Roster::new(),
            outbox: Outbox::new(),
            typing: Typing::new(),
            typing_asked: Vec::new(),
            leaving: None,
            relay: Relay::default(),
            ended: None,
            told: 0,
            told_before: 0,
            data_version: 0,
            data_missed: false,
            stored: None,
            searched: 0,
            overflowed: false,
            timers: Timers::new(),
            looked_up: 0,
            overslept: 0,
            returning: false,
            heard_awake: false,
            due: None,
            id_prefix,
            counter: 0,
            out: Queue::new(),
        }
    }

    /// A command of the page's. Its id is settled by one [`Output::Resolve`], whatever happens.
    pub fn command(&mut self, now: Now, command: Command<J>) -> CommandId {
        self.set_now(now);
        self.counter += 1;
        let id = self.counter;
        match command {
            Command::Start(setup, visitor) => self.start(id, setup, visitor),
            Command::Restore(setup, snapshot, kept) => self.restore(id, setup, snapshot, kept.as_ref()),
            Command::GiveUp => self.give_up(id),
            Command::Send { text, url } => self.send(id, if url { Content::Url(text) } else { Content::Text(text) }),
            Command::Give(content) => self.send(id, content),
            Command::Typing { on, preview } => self.type_on(id, on, preview.as_ref()),
            Command::Leave => self.leave(id),
        }
        id
    }

    /// Something from outside.
    pub fn handle_input(&mut self, now: Now, input: Input<J>) {
        self.set_now(now);
        match input {
            Input::Told { index } => return self.told(index),
            Input::Hidden => return self.note_seen(),
            Input::Wake => return self.look_up(),
            _ => {}
        }
        let Some(link) = &mut self.link else { return };
        self.heard_awake |= !matches!(input, Input::Timeout);
        match input {
            Input::Opened { socket } => link.handle_opened(now, socket),
            Input::Frame { socket, body } => link.handle_frame(now, socket, body),
            Input::Closed { socket, code } => link.handle_closed(socket, code),
            Input::Reply { request, answer } => link.handle_reply(now, request, answer),
            // A link that says goodbye is not begun again.
            Input::Hold(held) if !matches!(self.state, State::Over) => {
                self.overslept = 0;
                link.hold(now, held);
            }
            Input::Tab { tab, frame } => self.take_tab(tab, &frame),
            Input::Hold(_) => {}
            Input::Timeout | Input::Told { .. } | Input::Hidden | Input::Wake => self.handle_timeout(),
        }
    }

    /// What to do next. To be called until it returns [`Output::Wait`].
    pub fn poll_output(&mut self) -> Output<J> {
        loop {
            if let Some(output) = self.out.pop_front() {
                return output;
            }
            // Before anything is sent: a page that goes in between knows what to look up.
            if self.outbox.take_changed() {
                self.stored = None;
                self.store();
                continue;
            }
            let Some(link) = &mut self.link else { return Output::Wait(None) };
            if let Some(io) = link.poll_output(self.now) {
                return Output::Transmit(io);
            }
            match link.poll_event() {
                Some(event) => self.take_link_event(event),
                None => {
                    self.due = self.next_timeout();
                    return Output::Wait(self.due);
                }
            }
        }
    }

    /// The server's id of the session; empty before it is accepted.
    pub fn id(&self) -> &str {
        &self.keys.chat_id
    }

    /// Whether at least one agent is in the session.
    pub fn is_agent_connected(&self) -> bool {
        self.roster.has_agents()
    }

    /// Whether the session is over, or never came about.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// How many inputs belonged to a connection that is no more, and were dropped.
    pub fn stale_inputs(&self) -> u32 {
        self.link.as_ref().map_or(0, Link::stale_inputs)
    }

    /// How much is kept: what waits, what is held, whom it is about, timers. For tests: zero after the end.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn footprint(&self) -> usize {
        let flags = [
            self.link.is_some(),
            self.leaving.is_some(),
            self.opening.is_some(),
            self.resync.is_some(),
            self.stored.is_some(),
        ];
        self.timers.len()
            + self.outbox.len()
            + self.transcript.held().count()
            + self.roster.len()
            + self.typing_asked.len()
            + self.relay.len()
            + usize::from(self.next_timeout().is_some())
            + flags.into_iter().map(usize::from).sum::<usize>()
    }

    fn next_timeout(&self) -> Option<u64> {
        let link = self.link.as_ref().and_then(Link::next_timeout);
        earliest(&[self.timers.next(), link, self.outbox.next_deadline(), self.roster.next_deadline()])
    }

    fn handle_timeout(&mut self) {
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Attach => self.look_after_attach(),
                Timer::Detached => self.interrupt(&Fault::Timeout("acceptance of the session")),
                Timer::Again => self.attach_again(),
                Timer::Relaunch => self.relaunch(),
                Timer::Offline => self.end(EndReason::Error),
                Timer::Gap => self.ask_for_gap(),
                Timer::GapLost => self.give_up_gap(),
                Timer::Resend => self.look_up_unsettled(!self.transcript.has_gap()),
                Timer::Typing => self.tell_typing(),
                Timer::Leave => self.end_whole(EndReason::LeaveRequest),
                Timer::Seen => self.note_seen(),
                Timer::Look => self.look_up(),
            }
        }
        self.look_after_sends();
        self.expire_agent_typing();
        if let Some(link) = &mut self.link {
            link.handle_timeout(self.now);
        }
    }

    fn resolve(&mut self, command: CommandId, result: Result<(), Error>) {
        if command != NOBODY {
            self.out.push_back(Output::Resolve(command, result));
        }
    }

    fn emit(&mut self, event: Event<J>) {
        self.out.push_back(Output::Event(event));
    }

    fn report(&mut self, error: Error) {
        self.emit(Event::Error(error));
    }

    fn log(&mut self, line: impl Into<String>) {
        self.out.push_back(Output::Log(line.into()));
    }

    /// Whether the server has accepted the session and it is not over.
    fn is_on(&self) -> bool {
        matches!(self.state, State::Live | State::Interrupted)
    }
}
