//! One link to a chat server that comes and goes: it follows the plan, waits between tries, and tells the session when
//! it is to attach and when it is down.

use super::backoff::Backoff;
use super::plan::{Next, Plan};
use crate::chat::{Keys, Operation};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::Json;
use crate::protocol::{Event, Output, Protocol, Target, Times, Wire};
use crate::queue::Queue;
#[cfg(feature = "rest")]
use crate::rest;
use crate::time::{Dice, Now, Timers, earliest};
use crate::{bayeux, direct};

/// What the session has to know of its link.
#[derive(Debug)]
pub enum LinkEvent<J> {
    /// The server is there: [`Link::attach`] is to be called at once with the opening operation.
    Attach,
    /// Data came; `id` is that of the operation that it answers, when the server says so.
    Data {
        /// The operation's id.
        id: Option<String>,
        /// The data.
        data: J,
    },
    /// An operation was acknowledged or refused, its data apart.
    Acknowledged {
        /// The operation's id.
        id: String,
        /// The refusal.
        result: Result<(), Fault>,
    },
    /// Something may be missing, although the link works.
    Doubtful,
    /// What was sent and not answered is unsettled; the link is being renewed without a break.
    Unsettled,
    /// The link is down; another try follows by itself.
    Down(Fault),
    /// Another server is tried from now on.
    OtherServer,
    /// The link is down for good: the server asked to stop or, while launching, refused it or could not be reached.
    Failed(Fault),
    /// Something unreadable came, and was dropped.
    Malformed(String),
    /// Another tab has ended the session.
    Left,
    /// The goodbye is over.
    Closed,
}

/// From here on the numbers of sockets are those of channels to the tab that holds the connection.
const FIRST_TAB_SOCKET: u32 = 1 << 31;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// The wait before the next try on the same server and wire is over.
    Retry,
    /// The wait before a try elsewhere is over.
    Start,
}

/// The link of one session.
#[derive(Debug)]
pub struct Link<J: Json> {
    plan: Plan,
    /// The client of the server, or of the page's own transport.
    client: Box<dyn Protocol<J>>,
    /// The client of the tab that holds the connection.
    tab: direct::Client<J>,
    /// This tab holds the connection.
    held: bool,
    /// What a client that is not used any more has left to do.
    farewell: Queue<Io<J>>,
    backoff: Backoff,
    dice: Dice,
    /// Each server and wire has one try; afterwards the link is tried for ever.
    launching: bool,
    timers: Timers<Timer>,
    /// Until then the server asked for no try.
    rest_until: u64,
    events: Queue<LinkEvent<J>>,
}

impl<J: Json> Link<J> {
    /// A link of a chat service; `held` says that it is this tab that holds the connection. Nothing happens before
    /// [`Link::start`].
    pub fn new(times: Times, plan: Plan, service: &str, seed: u64, held: bool) -> Self {
        let client: Box<dyn Protocol<J>> = match plan.target().wire {
            Wire::Own => Box::new(direct::Client::new(times, seed, 0)),
            #[cfg(feature = "rest")]
            Wire::Rest => Box::new(rest::Client::new(times, service, seed)),
            Wire::WebSocket | Wire::LongPolling => Box::new(bayeux::Client::new(times, service, seed)),
        };
        Self {
            plan,
            client,
            tab: direct::Client::new(times, seed.rotate_left(29), FIRST_TAB_SOCKET),
            held,
            farewell: Queue::new(),
            backoff: Backoff::default(),
            dice: Dice::new(seed.rotate_left(17)),
            launching: true,
            timers: Timers::new(),
            rest_until: 0,
            events: Queue::new(),
        }
    }

    /// Begins.
    pub fn start(&mut self, now: Now) {
        if self.held {
            self.client.start(now, &self.plan.target());
        } else {
            self.tab.start(now, &Target { base: "tab:".to_owned(), wire: Wire::Own });
        }
    }

    /// From now on this tab holds the connection, or another does. What was not answered is unsettled.
    pub fn hold(&mut self, now: Now, held: bool) {
        if self.held == held {
            return;
        }
        let client = self.in_use();
        client.abandon();
        let mut farewell = Queue::new();
        while let Some(output) = client.poll_output() {
            if let Output::Io(io) = output {
                farewell.push_back(io);
            }
        }
        while let Some(io) = farewell.pop_front() {
            self.farewell.push_back(io);
        }
        self.held = held;
        self.timers.clear();
        self.events.push_back(LinkEvent::Unsettled);
        self.start(now);
    }

    /// Whether the tab that holds the connection says that the server answers operations under their ids.
    pub fn answers_by_id(&self) -> bool {
        self.tab.answers_by_id()
    }

    /// Whether this tab holds the connection.
    pub fn is_held(&self) -> bool {
        self.held
    }

    fn in_use(&mut self) -> &mut dyn Protocol<J> {
        if self.held { &mut *self.client } else { &mut self.tab }
    }

    fn of_socket(&mut self, socket: u32) -> &mut dyn Protocol<J> {
        if socket < FIRST_TAB_SOCKET { &mut *self.client } else { &mut self.tab }
    }

    /// Begins once more while launching, every server and wire having its turn again.
    pub fn start_again(&mut self, now: Now) {
        self.plan.again();
        self.start(now);
    }

    /// From now on a loss is repaired for ever, until [`Link::disconnect`] or [`Link::abandon`].
    pub fn keep(&mut self) {
        self.launching = false;
    }

    /// The answer to [`LinkEvent::Attach`]; returns the operation's id.
    pub fn attach(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        self.in_use().attach(now, operation, keys)
    }

    /// Sends an operation; returns its id, or `None` when the link is down.
    pub fn send(&mut self, now: Now, operation: &Operation<'_, J>, keys: &Keys) -> Option<String> {
        self.in_use().send(now, operation, keys)
    }

    /// The link is of no use although it seems to work: begins anew.
    pub fn renew(&mut self, now: Now, fault: Fault) {
        self.in_use().abandon();
        self.lost(now, fault);
    }

    /// The server is there, but not for the session: the next one is tried.
    pub fn move_on(&mut self, now: Now, fault: Fault) {
        self.in_use().abandon();
        let next = self.plan.leave(self.launching);
        self.go_on(now, fault, next);
    }

    /// The page has slept, or is looked at again: a wait between tries is over, unless the server asked for it.
    pub fn wake(&mut self, now: Now) {
        for timer in [Timer::Retry, Timer::Start] {
            if self.timers.is_set(timer) {
                self.timers.set(timer, self.rest_until.max(now.mono));
            }
        }
        self.in_use().wake(now);
    }

    /// Says goodbye; ends with [`LinkEvent::Closed`].
    pub fn disconnect(&mut self, now: Now) {
        self.timers.clear();
        self.in_use().disconnect(now);
    }

    /// Drops everything at once.
    pub fn abandon(&mut self) {
        self.timers.clear();
        self.in_use().abandon();
    }

    /// Whether the server asked for a pause: nothing is sent.
    pub fn is_paused(&self) -> bool {
        self.client.is_paused()
    }

    /// The base URL of the server in use.
    pub fn server(&self) -> &str {
        self.plan.server()
    }

    /// Whether a later page had better begin with long-polling.
    pub fn is_fallen_back(&self) -> bool {
        self.plan.is_fallen_back()
    }

    /// A socket is open.
    pub fn handle_opened(&mut self, now: Now, socket: u32) {
        self.of_socket(socket).handle_opened(now, socket);
    }

    /// A socket is closed.
    pub fn handle_closed(&mut self, socket: u32, code: u16) {
        self.of_socket(socket).handle_closed(socket, code);
    }

    /// A frame came.
    pub fn handle_frame(&mut self, now: Now, socket: u32, body: Result<J, String>) {
        self.of_socket(socket).handle_frame(now, socket, body);
    }

    /// An HTTP exchange is over.
    pub fn handle_reply(&mut self, now: Now, request: u32, answer: HttpAnswer<J>) {
        self.client.handle_reply(now, request, answer);
    }

    /// Time has come to the point of [`Link::next_timeout`].
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Retry => self.in_use().retry(now),
                Timer::Start => self.start(now),
            }
        }
        self.in_use().handle_timeout(now);
    }

    /// When [`Link::handle_timeout`] is to be called.
    pub fn next_timeout(&self) -> Option<u64> {
        earliest(&[self.timers.next(), self.client.next_timeout(), self.tab.next_timeout()])
    }

    /// Takes out what the driver has to do next.
    pub fn poll_output(&mut self, now: Now) -> Option<Io<J>> {
        if let Some(io) = self.farewell.pop_front() {
            return Some(io);
        }
        loop {
            match self.in_use().poll_output()? {
                Output::Event(event) => self.take(now, event),
                Output::Io(io) => return Some(io),
            }
            if !self.events.is_empty() {
                return None;
            }
        }
    }

    /// Takes out what the session has to know next.
    pub fn poll_event(&mut self) -> Option<LinkEvent<J>> {
        self.events.pop_front()
    }

    /// How many inputs belonged to a connection that is no more, and were dropped.
    pub fn stale_inputs(&self) -> u32 {
        self.client.stale_inputs() + self.tab.stale_inputs()
    }

    fn take(&mut self, now: Now, event: Event<J>) {
        let event = match event {
            Event::Attach => LinkEvent::Attach,
            Event::Up => {
                if self.held {
                    self.plan.proved();
                }
                return self.backoff.up(now);
            }
            Event::Data { id, data } => LinkEvent::Data { id, data },
            Event::Acknowledged { id, result } => LinkEvent::Acknowledged { id, result },
            Event::Doubtful => LinkEvent::Doubtful,
            Event::Forgotten => LinkEvent::Unsettled,
            Event::Lost(fault) => return self.lost(now, fault),
            Event::Malformed(what) => LinkEvent::Malformed(what),
            Event::Left => LinkEvent::Left,
            Event::Closed => LinkEvent::Closed,
        };
        self.events.push_back(event);
    }

    fn lost(&mut self, now: Now, fault: Fault) {
        if !self.held {
            self.events.push_back(LinkEvent::Down(fault));
            let wait = self.backoff.lost(now, &mut self.dice, 0);
            return self.timers.set(Timer::Retry, now.after(wait));
        }
        if self.launching && fault.is_final() {
            return self.events.push_back(LinkEvent::Failed(fault));
        }
        if matches!(fault, Fault::Refused(_)) {
            self.events.push_back(LinkEvent::Down(fault.clone()));
            return self.events.push_back(LinkEvent::Failed(fault));
        }
        let next = self.plan.lost(self.launching);
        self.go_on(now, fault, next);
    }

    fn go_on(&mut self, now: Now, fault: Fault, next: Next) {
        if next == Next::Exhausted {
            return self.events.push_back(LinkEvent::Failed(fault));
        }
        let server = fault.wait().unwrap_or(0).max(self.client.advised_interval());
        self.events.push_back(LinkEvent::Down(fault));
        self.rest_until = if next == Next::Server { 0 } else { now.after(server) };
        match next {
            Next::Fallback => self.timers.set(Timer::Start, now.mono),
            Next::Server if self.launching => self.timers.set(Timer::Start, now.mono),
            Next::Server | Next::Wire => {
                let asked = if next == Next::Wire { server } else { 0 };
                let wait = self.backoff.lost(now, &mut self.dice, asked);
                self.timers.set(Timer::Start, now.after(wait));
            }
            Next::Same | Next::Exhausted => {
                let wait = self.backoff.lost(now, &mut self.dice, server);
                self.timers.set(Timer::Retry, now.after(wait));
            }
        }
        if next == Next::Server {
            self.events.push_back(LinkEvent::OtherServer);
        }
    }
}
