//! Runs a session: every input is followed by a full drain of the outputs, and no borrow is held while one is carried out.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use js_sys::{Function, JsString, Promise};
use wasm_bindgen::JsValue;

use super::clock::{self, Alarm};
use super::http::{self, Exchange};
use super::json::{JsJson, build, stringify};
use super::page::Page;
use super::socket::Socket;
use super::storage::{Store, state_of};
use super::task;
use crate::io::Io;
use crate::session::{Code, Command, CommandId, Error, Input, Output, Session, Snapshot};

/// One session and what it uses of the browser.
pub struct Driver {
    session: RefCell<Session<JsJson>>,
    pub page: Page,
    sockets: RefCell<Vec<(u32, Socket)>>,
    exchanges: RefCell<Vec<(u32, Exchange)>>,
    promises: RefCell<Vec<(CommandId, Settle)>>,
    alarm: Alarm,
    stored: RefCell<Stored>,
    me: Weak<Driver>,
}

/// What settles a promise.
pub struct Settle(Option<(Function, Function)>);

impl Settle {
    /// A promise, and what settles it.
    pub fn later() -> (Promise, Self) {
        let mut settle = Self(None);
        let promise = Promise::new(&mut |resolve, reject| settle.0 = Some((resolve, reject)));
        (promise, settle)
    }

    /// Settles the promise. This runs nobody's code: its handlers run later.
    pub fn settle(&self, error: Option<&JsValue>) {
        let Some((resolve, reject)) = &self.0 else { return };
        let function = if error.is_some() { reject } else { resolve };
        let _ = function.call1(&JsValue::UNDEFINED, error.unwrap_or(&JsValue::UNDEFINED));
    }
}

/// What is stored, and where.
struct Stored {
    store: Store,
    last: Option<Snapshot<JsJson>>,
    failed: bool,
}

impl Driver {
    /// A driver of a session that is not launched yet.
    pub fn new(page: Page) -> Rc<Self> {
        Rc::new_cyclic(|me: &Weak<Driver>| {
            let alarmed = me.clone();
            Self {
                session: RefCell::new(Session::new(clock::seed())),
                page,
                sockets: RefCell::default(),
                exchanges: RefCell::default(),
                promises: RefCell::default(),
                alarm: Alarm::new(move || {
                    if let Some(driver) = alarmed.upgrade() {
                        driver.alarm.fired();
                        driver.input(Input::Timeout);
                    }
                }),
                stored: RefCell::new(Stored { store: Store::Denied, last: None, failed: false }),
                me: me.clone(),
            }
        })
    }

    /// Where the state for a restore is to be stored; `last` is what is there of this session.
    pub fn store_in(&self, store: Store, last: Option<Snapshot<JsJson>>) {
        *self.stored.borrow_mut() = Stored { store, last, failed: false };
    }

    /// Runs a command; the promise settles when it does.
    pub fn command(&self, command: Command<JsJson>) -> Promise {
        let (promise, settle) = Settle::later();
        self.begin(command, settle);
        promise
    }

    /// Runs a command, and settles a promise when it does.
    pub fn begin(&self, command: Command<JsJson>, settle: Settle) {
        let id = self.session.borrow_mut().command(clock::now(), command);
        self.promises.borrow_mut().push((id, settle));
        self.drain();
    }

    /// Takes in something from outside.
    pub fn input(&self, input: Input<JsJson>) {
        self.session.borrow_mut().handle_input(clock::now(), input);
        self.drain();
    }

    /// Reads the session, between two drains.
    pub fn read<T>(&self, read: impl FnOnce(&Session<JsJson>) -> T) -> T {
        read(&self.session.borrow())
    }

    /// What another tab needs to take part in the session; undefined when there is none.
    pub fn state(&self) -> JsValue {
        self.stored.borrow().last.as_ref().and_then(|last| state_of(last).ok()).unwrap_or_default()
    }

    fn drain(&self) {
        loop {
            let output = self.session.borrow_mut().poll_output();
            match output {
                Output::Transmit(io) => self.transmit(io),
                Output::Resolve(id, result) => self.settle(id, result),
                Output::Event(event) => self.page.tell(&event),
                Output::Persist(snapshot) => self.persist(snapshot),
                Output::Forget => self.forget(),
                Output::Log(line) => self.page.log(&line),
                Output::Wait(at) => return self.alarm.set(at),
            }
        }
    }

    fn transmit(&self, io: Io<JsJson>) {
        match io {
            Io::Open { socket, url } => match url.as_str() {
                "own:" | "tab:" => self.page.open(socket, url == "tab:"),
                _ => self.open(socket, &url),
            },
            Io::Frame { socket, body } => match self.sockets.borrow().iter().find(|(id, _)| *id == socket) {
                Some((_, open)) => open.send(&stringify(&body)),
                None => self.page.send(socket, build(&body)),
            },
            Io::Close { socket } => {
                self.sockets.borrow_mut().retain(|(id, _)| *id != socket);
                self.page.close(socket);
            }
            Io::Tell { to, except, frame } => self.page.tell_tabs(to, except, build(&frame)),
            Io::Post { request, url, body } => self.post(request, &url, &stringify(&body), "application/json"),
            Io::PostForm { request, url, body } => {
                self.post(request, &url, &self.page.form(build(&body)), "application/x-www-form-urlencoded");
            }
            Io::Abort { request } => self.exchanges.borrow_mut().retain(|(id, _)| *id != request),
        }
    }

    fn open(&self, id: u32, url: &str) {
        let me = self.me.clone();
        let socket = Socket::open(id, url, move |input| {
            let Some(driver) = me.upgrade() else { return };
            let closed = matches!(input, Input::Closed { .. });
            driver.input(input);
            if closed {
                // Its handlers are running: it is let go of when they have returned.
                task::spawn(Box::pin(async move {
                    driver.sockets.borrow_mut().retain(|(open, _)| *open != id);
                }));
            }
        });
        match socket {
            Some(socket) => self.sockets.borrow_mut().push((id, socket)),
            // The browser refuses the URL (mixed content, a bad port): as if nobody answered there.
            None => self.session.borrow_mut().handle_input(clock::now(), Input::Closed { socket: id, code: 1006 }),
        }
    }

    fn post(&self, request: u32, url: &str, body: &JsString, kind: &str) {
        let me = self.me.clone();
        let exchange = http::post(url, body, kind, move |answer| {
            let Some(driver) = me.upgrade() else { return };
            driver.exchanges.borrow_mut().retain(|(id, _)| *id != request);
            driver.input(Input::Reply { request, answer });
        });
        self.exchanges.borrow_mut().push((request, exchange));
    }

    fn settle(&self, id: CommandId, result: Result<(), Error>) {
        let mut promises = self.promises.borrow_mut();
        let Some(place) = promises.iter().position(|(waiting, _)| *waiting == id) else { return };
        let (_, settle) = promises.swap_remove(place);
        drop(promises);
        settle.settle(result.err().map(|error| self.page.failed(&error)).as_ref());
    }

    fn persist(&self, mut snapshot: Snapshot<JsJson>) {
        let mut stored = self.stored.borrow_mut();
        let elsewhere = stored.last.as_ref().is_some_and(|last| last.server != snapshot.server);
        if let (true, Some(last)) = (elsewhere, &stored.last) {
            let _ = stored.store.clear(last);
        }
        let mut failed = false;
        while stored.store.write(&snapshot).is_err() {
            failed = true;
            if snapshot.outbox.is_empty() {
                break;
            }
            // The messages may be what there is no room for.
            snapshot.outbox.clear();
        }
        snapshot.outbox.clear();
        stored.last = Some(snapshot);
        if failed && !std::mem::replace(&mut stored.failed, true) {
            let detail = "this session, or what waits to be sent, will not survive a reload";
            self.page.report(&Error::new(Code::StorageFailed, detail));
        }
    }

    fn forget(&self) {
        let mut stored = self.stored.borrow_mut();
        if let Some(last) = stored.last.take() {
            // What can not be deleted is refused at the next restore.
            let _ = stored.store.clear(&last);
        }
    }
}
