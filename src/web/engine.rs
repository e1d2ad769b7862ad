//! What the shim sees: one object per chat session, whose methods take what the page gave and return promises.

use std::rc::Rc;

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;

use super::driver::{Driver, Settle};
use super::json::JsText;
use super::options::Options;
use super::page::Page;
use super::storage::{Store, Wanted};
use super::{clock, panic, task};
use crate::chat::{Content, Visitor};
use crate::json::Text;
use crate::session::{Code, Command, Error, Input, Setup};
use crate::text;
use crate::transport::{Mode, OWN_SERVER};

/// How long the network may be broken, or the page away, in seconds, when the page does not say.
const MAX_OFFLINE: f64 = 60.0;

/// One chat session.
#[wasm_bindgen]
pub struct Engine {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
#[allow(non_snake_case)]
impl Engine {
    /// A session that is not launched; `page` is the shim's half.
    #[wasm_bindgen(constructor)]
    pub fn new(page: Page) -> Self {
        panic::watch();
        Self { driver: Driver::new(page) }
    }

    /// Launches a new session.
    pub fn startSession(&self, options: JsValue) -> Promise {
        self.run(|| {
            let options = Options::of("startSession", options)?;
            let mut setup = setup(&options)?;
            if setup.servers.is_empty() {
                return Err(options.missing("serverUrl"));
            }
            let mut details = Vec::new();
            for name in ["firstName", "lastName", "emailAddress", "subject", "dataKey"] {
                details.extend(options.text(name)?.map(|text| (name, text)));
            }
            let visitor = Visitor {
                nickname: options.username()?,
                details,
                user_data: options.object("userData")?,
                request_id: clock::secret(),
            };
            let store = Store::of(&options, setup.max_offline as f64 / 1000.0)?;
            setup.outbox_room = store.outbox_room();
            self.driver.store_in(store, None);
            Ok(self.driver.command(Command::Start(setup, visitor)))
        })
    }

    /// Launches the session that an earlier page left.
    pub fn restoreSession(&self, options: JsValue) -> Promise {
        self.run(|| {
            let options = Options::of("restoreSession", options)?;
            let mut setup = setup(&options)?;
            let store = Store::of(&options, setup.max_offline as f64 / 1000.0)?;
            setup.outbox_room = store.outbox_room();
            let service = options.string("service")?;
            let driver = Rc::clone(&self.driver);
            let (promise, settle) = Settle::later();
            task::spawn(Box::pin(async move {
                let wanted = Wanted { servers: &setup.servers, service: service.as_deref() };
                let error = match store.read(&wanted).await {
                    Err(_) if !matches!(store, Store::Denied) => {
                        Error::new(Code::StorageFailed, "the stored state could not be read")
                    }
                    found => {
                        let stored = found.ok().flatten();
                        let denied = if matches!(store, Store::Denied) { "the browser denies the storage" } else { "" };
                        let shared = if stored.is_none() { driver.page.shared(&wanted).await } else { None };
                        if let Some(mut found) = stored.clone().or(shared) {
                            setup.held = driver.page.holds(&found.keys.chat_id).await;
                            store.own_outbox(&mut found, setup.held);
                            driver.store_in(store, stored);
                            let kept = driver.page.kept(&found.keys.chat_id).await;
                            return driver.begin(Command::Restore(setup, found, kept), settle);
                        }
                        Error::new(Code::NothingToRestore, denied)
                    }
                };
                settle.settle(Some(&driver.page.failed(&error)));
            }));
            Ok(promise)
        })
    }

    /// Gives up a launch.
    pub fn giveUp(&self) -> Promise {
        self.run(|| Ok(self.driver.command(Command::GiveUp)))
    }

    /// Sends a message: a string, or `{ message, type }`.
    pub fn sendMessage(&self, message: JsValue) -> Promise {
        self.run(|| {
            let (text, url) = match message.dyn_into::<JsString>() {
                Ok(text) => (JsText(text), false),
                Err(options) => message_of(&Options::of("sendMessage", options)?)?,
            };
            if text.size() == 0 {
                let detail = "sendMessage expects `message` to be a string that is not empty, got an empty one";
                return Err(Error::new(Code::ParameterIncorrect, detail));
            }
            Ok(self.driver.command(Command::Send { text, url }))
        })
    }

    /// Sends an answer to a form or to the FAQ; the shim has seen to what it carries.
    pub fn giveNotice(&self, name: JsString, data: JsValue) -> Promise {
        self.run(|| Ok(self.driver.command(Command::Give(Content::Notice(JsText(name), data.into())))))
    }

    /// Changes the session data: members to set, names to delete, and about how many characters that is.
    pub fn giveData(&self, set: JsValue, deleted: JsValue, size: u32) -> Promise {
        let given = |value: JsValue| (!value.is_undefined()).then(|| value.into());
        let content = Content::Data { set: given(set), deleted: given(deleted), size: size as usize };
        self.run(|| Ok(self.driver.command(Command::Give(content))))
    }

    /// Tells that the visitor types, or has stopped: `{ isTyping, typedText }`.
    pub fn sendTyping(&self, options: JsValue) -> Promise {
        self.run(|| {
            let options = Options::of("sendTyping", options)?;
            let on = options.bool("isTyping")?.unwrap_or(true);
            let preview = options.text("typedText")?.filter(|_| on);
            Ok(self.driver.command(Command::Typing { on, preview }))
        })
    }

    /// Validates the options of `getTranscript`; resolves to the index to begin with.
    pub fn getTranscript(&self, options: JsValue) -> Promise {
        self.run(|| {
            let options = Options::of("getTranscript", options)?;
            let from = options.number("fromIndex")?.unwrap_or(0.0);
            if from.fract() != 0.0 {
                return Err(options.incorrect("fromIndex", "a whole number from 0 on", &options.raw("fromIndex")));
            }
            match self.driver.read(|session| session.is_over()) {
                true => Err(Code::SessionOver.into()),
                false => Ok(Promise::resolve(&JsValue::from_f64(from))),
            }
        })
    }

    /// Ends the session.
    pub fn leave(&self) -> Promise {
        self.run(|| Ok(self.driver.command(Command::Leave)))
    }

    /// Whether at least one agent is in the session.
    pub fn isAgentConnected(&self) -> bool {
        self.driver.read(|session| session.is_agent_connected())
    }

    /// The server's id of the session.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> String {
        self.driver.read(|session| session.id().to_owned())
    }

    /// The page has been told of all entries up to this index.
    pub fn told(&self, index: u32) {
        if panic::error().is_none() {
            self.driver.input(Input::Told { index });
        }
    }

    /// What another tab needs to take part in the session; undefined when there is none.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> JsValue {
        self.driver.state()
    }

    /// A frame came on a channel of messages.
    pub fn frame(&self, socket: u32, body: JsValue) {
        if panic::error().is_none() {
            self.driver.input(Input::Frame { socket, body: Ok(body.into()) });
        }
    }

    /// Another tab says something to this one, which holds the connection.
    pub fn tab(&self, tab: u32, frame: JsValue) {
        if panic::error().is_none() {
            self.driver.input(Input::Tab { tab, frame: frame.into() });
        }
    }

    /// From now on this tab holds the connection, or another one does.
    pub fn hold(&self, held: bool) {
        if panic::error().is_none() {
            self.driver.input(Input::Hold(held));
        }
    }

    /// The page is looked at again, is back, or is online: whether the link still works is found out.
    pub fn wake(&self) {
        if panic::error().is_none() {
            self.driver.input(Input::Wake);
        }
    }

    /// The page is being hidden, and may not come back.
    pub fn hidden(&self) {
        if panic::error().is_none() {
            self.driver.input(Input::Hidden);
        }
    }
}

impl Engine {
    /// A promise for what `run` begins; a refusal of the arguments rejects it.
    fn run(&self, run: impl FnOnce() -> Result<Promise, Error>) -> Promise {
        let result = match panic::error() {
            Some(error) => Err(error),
            None => run(),
        };
        result.unwrap_or_else(|error| Promise::reject(&self.driver.page.failed(&error)))
    }
}

fn message_of(options: &Options) -> Result<(JsText, bool), Error> {
    let text = options.text("message")?.ok_or_else(|| options.missing("message"))?;
    match options.string("type")?.as_deref() {
        None | Some("text") => Ok((text, false)),
        Some("url") => Ok((text, true)),
        Some(_) => Err(options.incorrect("type", "\"text\" or \"url\"", &options.raw("type"))),
    }
}

fn setup(options: &Options) -> Result<Setup, Error> {
    let service = options.string("service")?.unwrap_or_else(|| "default".to_owned());
    if service.is_empty() || !text::cut(&service, b"/*").1.is_empty() {
        return Err(options.incorrect("service", "a name without / and *", &options.raw("service")));
    }
    let max_offline = options.number("maxOfflineDuration")?.unwrap_or(MAX_OFFLINE);
    let mode = options.mode()?;
    Ok(Setup {
        servers: if mode == Mode::Own { vec![OWN_SERVER.to_owned()] } else { options.servers()? },
        service,
        mode,
        max_offline: (max_offline * 1000.0) as u64,
        outbox_room: 0,
        seed: clock::seed(),
        held: true,
        link: crate::protocol::Times::default(),
    })
}
