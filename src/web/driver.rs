//! Runs a session: every input is followed by a full drain of the outputs, and no borrow is held while one is carried out.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::clock::{self, Alarm};
use super::http::{self, Exchange};
use super::json::{JsJson, stringify};
use super::page::Page;
use super::storage::state_of;
use crate::io::Io;
use crate::json::Json;
use crate::session::{Code, Command, CommandId, Error, Input, Output, Session, Snapshot};

/// One session and what it uses of the browser.
pub struct Driver {
    session: RefCell<Session<JsJson>>,
    pub page: Page,
    open: RefCell<Open>,
    alarm: Alarm,
    stored: RefCell<Stored>,
    /// Outputs are being carried out.
    draining: Cell<bool>,
    me: Weak<Driver>,
}

/// What is under way, by its id.
#[derive(Default)]
struct Open {
    exchanges: Vec<(u32, Exchange)>,
    promises: Vec<(CommandId, Settle)>,
}

/// Takes out what has the id.
fn take<T>(table: &mut Vec<(u32, T)>, id: u32) -> Option<T> {
    let place = table.iter().position(|(of, _)| *of == id)?;
    Some(table.swap_remove(place).1)
}

#[wasm_bindgen]
extern "C" {
    /// What settles the promise of a command, a function. To call it runs nobody's code: the promise's handlers run later.
    pub type Settle;
    #[wasm_bindgen(structural, method)]
    fn call(this: &Settle, receiver: &JsValue, value: &JsValue, failed: bool);
}

impl Settle {
    /// The command is done.
    pub fn resolve(&self, result: &JsValue) {
        self.call(&JsValue::UNDEFINED, result, false);
    }

    /// The command failed.
    pub fn reject(&self, error: &JsValue) {
        self.call(&JsValue::UNDEFINED, error, true);
    }
}

/// What is stored.
#[derive(Default)]
struct Stored {
    last: Option<Snapshot<JsJson>>,
    failed: bool,
}

impl Driver {
    /// A driver of a session that is not launched yet.
    pub fn new(page: Page) -> Rc<Self> {
        Rc::new_cyclic(|me: &Weak<Driver>| {
            let alarmed = me.clone();
            Self {
                session: RefCell::new(Session::new(clock::seed(&page.secret()))),
                page,
                open: RefCell::default(),
                alarm: Alarm::new(move || {
                    if let Some(driver) = alarmed.upgrade() {
                        driver.alarm.fired();
                        driver.input(Input::Timeout);
                    }
                }),
                stored: RefCell::default(),
                draining: Cell::new(false),
                me: me.clone(),
            }
        })
    }

    /// What is stored of this session.
    pub fn found(&self, last: Option<Snapshot<JsJson>>) {
        self.stored.borrow_mut().last = last;
    }

    /// Runs a command, and settles a promise when it does.
    pub fn run(&self, command: Command<JsJson>, settle: Settle) {
        let id = self.session.borrow_mut().command(clock::now(), command);
        self.open.borrow_mut().promises.push((id, settle));
        self.drain();
    }

    /// Takes in something from outside.
    pub fn input(&self, input: Input<JsJson>) {
        let now = if matches!(input, Input::Frame { .. }) { clock::now_nearly() } else { clock::now() };
        self.session.borrow_mut().handle_input(now, input);
        self.drain();
    }

    /// Reads the session, between two drains.
    pub fn read<T>(&self, read: impl FnOnce(&Session<JsJson>) -> T) -> T {
        read(&self.session.borrow())
    }

    /// What another tab needs to take part in the session; undefined when there is none.
    pub fn state(&self) -> JsValue {
        self.stored.borrow().last.as_ref().map(state_of).unwrap_or_default()
    }

    /// Carries out all outputs, each after the one before it: one that runs the page's code, which then calls us, comes to its
    /// end first.
    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        loop {
            let output = self.session.borrow_mut().poll_output();
            match output {
                Output::Transmit(io) => self.transmit(io),
                Output::Resolve(id, result) => self.settle(id, result),
                Output::Event(event) => self.page.tell(&event),
                Output::Persist(snapshot) => self.persist(*snapshot),
                Output::Forget => self.forget(),
                Output::Log(line) => self.page.log(&line),
                Output::Wait(at) => {
                    self.alarm.set(at);
                    if at.is_none() && self.read(|session| session.is_over()) {
                        self.page.done();
                    }
                    self.draining.set(false);
                    return;
                }
            }
        }
    }

    fn transmit(&self, io: Io<JsJson>) {
        match io {
            Io::Open { socket, url } => self.page.open(socket, &url),
            Io::Frame { socket, body } => self.page.send(socket, body.into_js()),
            Io::Close { socket } => self.page.close(socket),
            Io::Tell { to, except, frame } => {
                self.page.tell_tabs(to.unwrap_or(0), except.unwrap_or(0), frame.into_js());
            }
            Io::Post { request, url, body } => self.post(request, &url, &stringify(body.value()), "application/json"),
            Io::PostForm { request, url, body } => {
                self.post(request, &url, &self.page.form(body.into_js()), "application/x-www-form-urlencoded");
            }
            Io::Abort { request } => self.let_go(request),
        }
    }

    fn post(&self, request: u32, url: &str, body: &JsString, kind: &str) {
        let me = self.me.clone();
        let exchange = http::post(url, body, kind, move |answer| {
            let Some(driver) = me.upgrade() else { return };
            driver.let_go(request);
            driver.input(Input::Reply { request, answer });
        });
        self.open.borrow_mut().exchanges.push((request, exchange));
    }

    /// Aborts a request, which may run the page's code: the borrow ends before.
    fn let_go(&self, request: u32) {
        let exchange = take(&mut self.open.borrow_mut().exchanges, request);
        drop(exchange);
    }

    fn settle(&self, id: CommandId, result: Result<(), Error>) {
        let Some(settle) = take(&mut self.open.borrow_mut().promises, id) else { return };
        match result {
            Ok(()) => settle.resolve(&JsValue::UNDEFINED),
            Err(error) => settle.reject(&self.page.failed(&error)),
        }
    }

    fn persist(&self, mut snapshot: Snapshot<JsJson>) {
        let mut stored = self.stored.borrow_mut();
        let elsewhere = stored.last.as_ref().is_some_and(|last| last.server != snapshot.server);
        if let (true, Some(last)) = (elsewhere, &stored.last) {
            self.page.clear_state(last);
        }
        let mut failed = false;
        while self.page.write_state(&snapshot).is_err() {
            failed = true;
            if snapshot.outbox.len().unwrap_or(0) == 0 {
                break;
            }
            // The messages may be what there is no room for.
            snapshot.outbox = JsJson::array();
        }
        snapshot.outbox = JsJson::array();
        stored.last = Some(snapshot);
        if failed && !std::mem::replace(&mut stored.failed, true) {
            let detail = "this session, or what waits to be sent, will not survive a reload";
            self.page.report(&Error::new(Code::StorageFailed, detail));
        }
    }

    fn forget(&self) {
        let mut stored = self.stored.borrow_mut();
        if let Some(last) = stored.last.take() {
            self.page.clear_state(&last);
        }
    }
}
