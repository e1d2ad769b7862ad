//! What the shim sees: one object per chat session, whose methods take what the shim made of the page's.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::driver::{Driver, Settle};
use super::json::{JsJson, JsText, parse_json};
use super::page::Page;
use super::storage::Wanted;
use super::{clock, task};
use crate::chat::{Content, Visitor};
use crate::json::{Json, Name, Text};
use crate::session::{Code, Command, Error, Input, MAX_OFFLINE, Setup};
use crate::transport::{Mode, OWN_SERVER};

/// One chat session.
#[wasm_bindgen]
pub struct Engine {
    driver: Rc<Driver>,
}

/// What the shim tells: the kinds of [`Engine::input`], in its own order.
const TOLD: u8 = 0;
const FRAME: u8 = 1;
const TAB: u8 = 2;
const HOLD: u8 = 3;
const WAKE: u8 = 4;
const HIDDEN: u8 = 5;
const OPENED: u8 = 6;
const GARBLED: u8 = 7;

/// What the shim asks: the kinds of [`Engine::read`], in its own order.
const ID: u8 = 0;
const HAS_AGENT: u8 = 1;
const IS_OVER: u8 = 2;

/// What the shim wants to be done: the kinds of [`Engine::command`], in its own order.
const START: u8 = 0;
const RESTORE: u8 = 1;
const GIVE: u8 = 2;
const TYPING: u8 = 3;
const LEAVE: u8 = 4;

/// What a launch is rejected with when the session is by REST, and REST is in the other module (`lib/chat.js`).
const OTHER_MODULE: JsValue = JsValue::UNDEFINED;

#[wasm_bindgen]
impl Engine {
    /// A session that is not launched; `page` is the shim's half.
    #[wasm_bindgen(constructor)]
    pub fn new(page: Page) -> Self {
        Self { driver: Driver::new(page) }
    }

    /// Runs a command; `settle` is called, once, with its result or its error, and whether it is the latter. The options are
    /// what the shim made of the page's (`lib/options.js`). One method rather than one for each command: each would be 300 bytes
    /// of the package.
    pub fn command(&self, kind: u8, options: JsValue, settle: Settle) {
        let options = JsJson::from(options);
        let command = match kind {
            START => match setup(&self.driver.page, &options, 0) {
                Some(setup) => Command::Start(setup, self.visitor(&options)),
                None => return settle.reject(&OTHER_MODULE),
            },
            RESTORE => {
                let driver = Rc::clone(&self.driver);
                return task::spawn(Restoring { driver, options, settle }.run());
            }
            GIVE => match Content::of_operation(&options) {
                Some(content) => Command::Give(content),
                None => return settle.reject(&self.driver.page.failed(&Code::UnknownCommand.into())),
            },
            TYPING => Command::Typing {
                on: options.get(Name::IsTyping).bool() == Some(true),
                preview: options.get(Name::Message).text(),
            },
            LEAVE => Command::Leave,
            _ => Command::GiveUp,
        };
        self.driver.run(command, settle);
    }

    /// Says how things are: the server's id of the session; whether at least one agent is in it; whether it is over; what another tab needs to
    /// take part in it, undefined when there is none.
    pub fn read(&self, what: u8) -> JsValue {
        match what {
            ID => self.driver.read(|session| session.id().into()),
            HAS_AGENT => self.driver.read(|session| session.is_agent_connected().into()),
            IS_OVER => self.driver.read(|session| session.is_over().into()),
            _ => self.driver.state(),
        }
    }

    /// The shim tells something: the page has been told of all entries up to an index; a frame came on a channel of
    /// messages; another tab says something to this one, which holds the connection; from now on this tab holds the
    /// connection, or another one does; the page is looked at again, is back, or is online, so that whether the link
    /// still works is to be found out; the page is being hidden, and may not come back; a WebSocket has opened, brought what is
    /// no JSON, or was closed with a code.
    pub fn input(&self, kind: u8, number: u32, value: JsValue) {
        self.driver.input(match kind {
            TOLD => Input::Told { index: number },
            FRAME => Input::Frame { socket: number, body: Ok(value.into()) },
            TAB => Input::Tab { tab: number, frame: value.into() },
            HOLD => Input::Hold(number != 0),
            WAKE => Input::Wake,
            HIDDEN => Input::Hidden,
            OPENED => Input::Opened { socket: number },
            GARBLED if value.is_string() => Input::Frame { socket: number, body: parse_json(&value) },
            GARBLED => Input::Frame { socket: number, body: Err("a binary frame".to_owned()) },
            _ => Input::Closed { socket: number, code: JsJson::from(value).number().unwrap_or(0.0) as u16 },
        });
    }
}

impl Engine {
    /// Who asks for a session.
    fn visitor(&self, options: &JsJson) -> Visitor<JsJson> {
        let mut details = Vec::new();
        for name in [Name::FirstName, Name::LastName, Name::EmailAddress, Name::Subject, Name::DataKey] {
            if let Some(text) = options.get(name).text() {
                details.push((name, text));
            }
        }
        let user_data = options.get(Name::UserData);
        Visitor {
            nickname: options.get(Name::Nickname).text().unwrap_or_else(|| JsText::new("")),
            details,
            user_data: (!user_data.is_null()).then_some(user_data),
            request_id: self.driver.page.secret(),
        }
    }
}

/// How a session is to be run, reached as the options say or `otherwise`; `None` when this build can not.
fn setup(page: &Page, options: &JsJson, otherwise: u32) -> Option<Setup> {
    let transport = options.count_of(Name::Transport).unwrap_or(otherwise);
    Some(Setup {
        mode: *Mode::ALL.get(transport as usize)?,
        servers: servers(options),
        service: options.string_of(Name::Service).unwrap_or_else(|| "default".to_owned()),
        max_offline: options.number_of(Name::Timeout).map_or(MAX_OFFLINE, |time| time as u64),
        outbox_room: page.room() as usize,
        seed: clock::seed(&page.secret()),
        held: true,
        link: crate::protocol::Times::default(),
    })
}

/// The servers that the options name.
fn servers(options: &JsJson) -> Vec<String> {
    let mut servers = Vec::new();
    let given = options.get(Name::Servers);
    for place in 0..given.len().unwrap_or(0) {
        servers.push(given.at(place).string().unwrap_or_default());
    }
    if options.count_of(Name::Transport) == Some(Mode::Own as u32) {
        servers.push(OWN_SERVER.to_owned());
    }
    servers
}

/// The way to the session that an earlier page left.
struct Restoring {
    driver: Rc<Driver>,
    options: JsJson,
    settle: Settle,
}

impl Restoring {
    /// Finds the state, joins the other tabs of the session, and takes it up.
    async fn run(self) {
        let driver = Rc::clone(&self.driver);
        let (page, options) = (&driver.page, &self.options);
        let wanted = Wanted { servers: servers(options), service: options.string_of(Name::Service) };
        let states = match page.read_states() {
            Some(states) => task::settled(states).await,
            None => JsValue::UNDEFINED,
        };
        if states.is_undefined() {
            return self.fail(Code::StorageFailed, "the stored state could not be read");
        }
        let stored = wanted.newest(&states);
        let found = match &stored {
            Some(found) => Some(found.clone()),
            // Nothing is stored: another tab may be in the session.
            None => wanted.newest(&task::settled(page.shared()).await),
        };
        let Some(mut found) = found else {
            let denied = if page.room() < 0.0 { "the browser denies the storage" } else { "" };
            return self.fail(Code::NothingToRestore, denied);
        };
        let Some(mut setup) = setup(page, options, found.transport) else {
            return self.settle.reject(&OTHER_MODULE);
        };
        // Whether this tab is to hold the connection, and what the page kept of the transcript.
        let joined = JsJson::from(task::settled(page.join(&found.keys.chat_id)).await);
        let kept = joined.at(1);
        setup.held = joined.at(0).bool() == Some(true);
        if options.number_of(Name::Timeout).is_none() {
            setup.max_offline = found.max_offline;
        }
        page.own_outbox(&mut found, setup.held);
        driver.found(stored);
        let kept = (!kept.is_null()).then_some(kept);
        driver.run(Command::Restore(setup, found, kept), self.settle);
    }

    fn fail(&self, code: Code, detail: &str) {
        self.settle.reject(&self.driver.page.failed(&Error::new(code, detail)));
    }
}
