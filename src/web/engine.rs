//! What the shim sees: one object per chat session, whose methods take what the page gave and return promises.

use std::rc::Rc;

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::driver::{Driver, Settle};
use super::json::{JsJson, JsText};
use super::options::Options;
use super::page::Page;
use super::storage::Wanted;
use super::{clock, task};
use crate::chat::{Content, Visitor};
use crate::json::{Json, Text};
use crate::session::{Code, Command, Error, Input, MAX_OFFLINE, Setup, Snapshot};
use crate::text;
use crate::transport::{Mode, OWN_SERVER};

/// One chat session.
#[wasm_bindgen]
pub struct Engine {
    driver: Rc<Driver>,
}

/// What a command of the page's comes to, once its arguments are found right.
enum Begin {
    /// The session runs it.
    Run(Command<JsJson>),
    /// What is stored is to be found first: of this service, if one is named. How long the page may be away is there, too,
    /// if it is not given.
    Restore(Setup, Option<String>, Option<f64>),
    /// It is done, with this result.
    Done(JsValue),
}

/// What the shim tells: the kinds of [`Engine::input`], in its own order.
const TOLD: u8 = 0;
const FRAME: u8 = 1;
const TAB: u8 = 2;
const HOLD: u8 = 3;
const WAKE: u8 = 4;

/// What the shim asks: the kinds of [`Engine::read`], in its own order.
const ID: u8 = 0;
const HAS_AGENT: u8 = 1;

#[wasm_bindgen]
impl Engine {
    /// A session that is not launched; `page` is the shim's half.
    #[wasm_bindgen(constructor)]
    pub fn new(page: Page) -> Self {
        Self { driver: Driver::new(page) }
    }

    /// Runs a command; `settle` is called, once, with its result or its error, and whether it is the latter. A few methods
    /// rather than one for each command: each would be 300 bytes of the package.
    pub fn command(&self, name: &str, options: JsValue, settle: Settle) {
        match self.begin(name, options) {
            Ok(Begin::Run(command)) => self.driver.run(command, settle),
            Ok(Begin::Restore(setup, service, max_offline)) => {
                let wanted = Wanted { servers: setup.servers.clone(), service };
                Box::new(Restoring { driver: Rc::clone(&self.driver), setup, max_offline, wanted, settle }).read();
            }
            Ok(Begin::Done(result)) => settle.resolve(&result),
            Err(error) => settle.reject(&self.driver.page.failed(&error)),
        }
    }

    /// Says how things are: the server's id of the session; whether at least one agent is in it; what another tab needs to
    /// take part in it, undefined when there is none.
    pub fn read(&self, what: u8) -> JsValue {
        match what {
            ID => self.driver.read(|session| session.id().into()),
            HAS_AGENT => self.driver.read(|session| session.is_agent_connected().into()),
            _ => self.driver.state(),
        }
    }

    /// The shim tells something: the page has been told of all entries up to an index; a frame came on a channel of
    /// messages; another tab says something to this one, which holds the connection; from now on this tab holds the
    /// connection, or another one does; the page is looked at again, is back, or is online, so that whether the link
    /// still works is to be found out; the page is being hidden, and may not come back.
    pub fn input(&self, kind: u8, number: u32, value: JsValue) {
        self.driver.input(match kind {
            TOLD => Input::Told { index: number },
            FRAME => Input::Frame { socket: number, body: Ok(value.into()) },
            TAB => Input::Tab { tab: number, frame: value.into() },
            HOLD => Input::Hold(number != 0),
            WAKE => Input::Wake,
            _ => Input::Hidden,
        });
    }
}

impl Engine {
    fn begin(&self, name: &str, argument: JsValue) -> Result<Begin, Error> {
        // Whatever is wrong with what is given: that it is over comes first.
        if name != "giveUp" && self.driver.read(|session| session.is_over()) {
            return Err(Code::SessionOver.into());
        }
        // A message may be given as it is.
        let (argument, message) = match argument.dyn_into::<JsString>() {
            Ok(text) if name == "sendMessage" => (JsValue::UNDEFINED, Some(JsText(text))),
            Ok(text) => (text.into(), None),
            Err(argument) => (argument, None),
        };
        let options = Options::of(name, argument);
        let begin = match name {
            "startSession" => self.start(&options),
            "restoreSession" => {
                let (setup, service) = self.setup(&options);
                Begin::Restore(setup, service, options.number("maxOfflineDuration"))
            }
            "sendMessage" => Begin::Run(send(&options, message)),
            "sendTyping" => {
                let on = options.bool("isTyping").unwrap_or(true);
                let preview = options.text("typedText").filter(|_| on);
                Begin::Run(Command::Typing { on, preview })
            }
            // The shim has the transcript: here the options are validated, to the index to begin with.
            "getTranscript" => {
                let from = options.number("fromIndex").unwrap_or(0.0);
                if from.fract() != 0.0 {
                    options.incorrect("fromIndex", "a whole number from 0 on", &options.raw("fromIndex"));
                }
                Begin::Done(from.into())
            }
            "leave" => Begin::Run(Command::Leave),
            // Gives up a launch.
            "giveUp" => Begin::Run(Command::GiveUp),
            // An answer to a form or to the FAQ; the shim has seen to what it carries.
            "giveNotice" => {
                let name = options.text("name").unwrap_or_else(|| JsText::new(""));
                Begin::Run(Command::Give(Content::Notice(name, options.raw("data").into())))
            }
            // Session data: members to set, names to delete, and about how many characters that is.
            "giveData" => {
                let given = |name| Some(JsJson::from(options.raw(name))).filter(|value| !value.is_null());
                let size = options.number("size").unwrap_or(0.0) as usize;
                Begin::Run(Command::Give(Content::Data { set: given("set"), deleted: given("deleted"), size }))
            }
            _ => {
                options.refuse(Error::new(Code::UnknownCommand, name));
                Begin::Done(JsValue::UNDEFINED)
            }
        };
        options.end().map(|()| begin)
    }

    fn start(&self, options: &Options<'_>) -> Begin {
        let (setup, _) = self.setup(options);
        if setup.servers.is_empty() {
            options.missing("serverUrl");
        }
        let names = ["firstName", "lastName", "emailAddress", "subject", "dataKey"];
        let mut details = Vec::new();
        for name in names {
            if let Some(text) = options.text(name) {
                details.push((name, text));
            }
        }
        let visitor = Visitor {
            nickname: options.username(),
            details,
            user_data: options.object("userData"),
            request_id: self.driver.page.secret(),
        };
        Begin::Run(Command::Start(setup, visitor))
    }

    /// How the session is to be run, and the service as far as it is named.
    fn setup(&self, options: &Options<'_>) -> (Setup, Option<String>) {
        let service = options.string("service");
        let named = service.as_deref().unwrap_or("default");
        if named.is_empty() || !text::cut(named, b"/*").1.is_empty() {
            options.incorrect("service", "a name without / and *", &options.raw("service"));
        }
        let max_offline = options.number("maxOfflineDuration").map_or(MAX_OFFLINE, |seconds| (seconds * 1000.0) as u64);
        // The shim's own.
        for name in ["multiTab", "debug"] {
            options.bool(name);
        }
        let mode = options.mode();
        let own = mode == Mode::Own;
        let servers = if own { vec![OWN_SERVER.to_owned()] } else { options.servers(&self.driver.page) };
        let setup = Setup {
            servers,
            service: named.to_owned(),
            mode,
            max_offline,
            outbox_room: self.driver.page.room() as usize,
            seed: clock::seed(&self.driver.page.secret()),
            held: true,
            link: crate::protocol::Times::default(),
        };
        (setup, service)
    }
}

/// A message: given as it is, or as `{ message, type }`.
fn send(options: &Options<'_>, message: Option<JsText>) -> Command<JsJson> {
    let text = message.or_else(|| options.text("message"));
    match &text {
        None => options.missing("message"),
        Some(text) if text.size() == 0 => {
            let detail = "sendMessage expects `message` to be a string that is not empty, got an empty one";
            options.refuse(Error::new(Code::ParameterIncorrect, detail));
        }
        Some(_) => {}
    }
    let kind = options.string("type");
    let url = kind.as_deref() == Some("url");
    if !url && kind.is_some_and(|kind| kind != "text") {
        options.incorrect("type", "\"text\" or \"url\"", &options.raw("type"));
    }
    Command::Send { text: text.unwrap_or_else(|| JsText::new("")), url }
}

/// The way to the session that an earlier page left.
struct Restoring {
    driver: Rc<Driver>,
    setup: Setup,
    max_offline: Option<f64>,
    wanted: Wanted,
    settle: Settle,
}

impl Restoring {
    /// What is stored comes first.
    fn read(self: Box<Self>) {
        let driver = Rc::clone(&self.driver);
        driver.page.read_states(move |states| match states.map(|states| self.wanted.newest(states)) {
            Ok(Some(found)) => self.join(Some(found.clone()), found),
            Ok(None) => self.ask_tabs(),
            Err(_) => self.fail(Code::StorageFailed, "the stored state could not be read"),
        });
    }

    /// Nothing is stored: another tab may be in the session.
    fn ask_tabs(self: Box<Self>) {
        task::after(&self.driver.page.shared(), move |states| {
            let denied = if self.driver.page.room() < 0.0 { "the browser denies the storage" } else { "" };
            match self.wanted.newest(states.unwrap_or_default()) {
                Some(found) => self.join(None, found),
                None => self.fail(Code::NothingToRestore, denied),
            }
        });
    }

    /// Whether this tab is to hold the connection, and what the page kept of the transcript.
    fn join(mut self: Box<Self>, stored: Option<Snapshot<JsJson>>, mut found: Snapshot<JsJson>) {
        task::after(&self.driver.page.join(&found.keys.chat_id), move |joined| {
            let joined = JsJson::from(joined.unwrap_or_default());
            let kept = joined.at(1);
            self.setup.held = joined.at(0).bool() == Some(true);
            if self.max_offline.is_none() {
                self.setup.max_offline = found.max_offline;
            }
            self.driver.page.own_outbox(&mut found, self.setup.held);
            self.driver.found(stored);
            let kept = (!kept.is_null()).then_some(kept);
            self.driver.run(Command::Restore(self.setup, found, kept), self.settle);
        });
    }

    fn fail(&self, code: Code, detail: &str) {
        self.settle.reject(&self.driver.page.failed(&Error::new(code, detail)));
    }
}
