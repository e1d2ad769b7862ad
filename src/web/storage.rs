//! Where the state for a restore lives: session or local storage, a cookie, this page's memory, or the page's own object.
//! Every session has a slot of its own, named after its server and service.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::json::{JsJson, parse_json};
use super::options::Options;
use super::task;
use crate::session::{Error, Snapshot};
use crate::text;
use crate::transport::OWN_SERVER;

/// What the names of all slots start with.
const PREFIX: &str = "causerie:";
/// How many characters of messages that are not settled are stored: a tenth of what browsers give a site.
const OUTBOX_ROOM: usize = 500_000;

thread_local! {
    /// The slots of `storage: "memory"`: they live as long as the page.
    static MEMORY: RefCell<Vec<(String, JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// A store of restore states.
#[derive(Clone)]
pub enum Store {
    /// `sessionStorage`, or `localStorage` and then `sessionStorage` too: what is not settled is the tab's own.
    Web(web_sys::Storage, Option<web_sys::Storage>),
    /// A cookie of the page's site, which lives this many seconds.
    Cookie(u32),
    /// This page.
    Memory,
    /// The page's own object.
    Own(Rc<Own>),
    /// The browser denies the store that was asked for.
    Denied,
}

/// An object of the page's, `{ read(), write(state), clear() }`, each synchronous or not. Writes are in order: the next
/// begins when the last is done, and only the newest waits.
pub struct Own {
    object: JsValue,
    busy: Cell<bool>,
    next: RefCell<Option<Option<JsValue>>>,
}

impl Store {
    /// The store that the options name.
    pub fn of(options: &Options, max_offline: f64) -> Result<Self, Error> {
        let mut name = "storage";
        let mut value = options.raw(name);
        if value.is_undefined() {
            name = "stateStorage";
            value = options.raw(name);
        }
        let expected = "\"session\", \"local\", \"cookie\", \"memory\" or an object with read() and write(state)";
        let window = web_sys::window();
        let web = |storage: Option<Result<Option<web_sys::Storage>, JsValue>>| match storage {
            Some(Ok(Some(storage))) => Store::Web(storage, None),
            _ => Store::Denied,
        };
        match value.as_string().as_deref() {
            None if value.is_undefined() => Ok(web(window.map(|window| window.session_storage()))),
            Some("session") => Ok(web(window.map(|window| window.session_storage()))),
            Some("local") => Ok(match web(window.as_ref().map(|window| window.local_storage())) {
                Store::Web(local, _) => Store::Web(local, window.and_then(|window| window.session_storage().ok()?)),
                denied => denied,
            }),
            Some("cookie") if document().is_some() => Ok(Store::Cookie(max_offline.ceil().max(1.0) as u32)),
            Some("cookie") => Ok(Store::Denied),
            Some("memory") => Ok(Store::Memory),
            None if method(&value, "read").is_some() && method(&value, "write").is_some() => {
                Ok(Store::Own(Rc::new(Own { object: value, busy: Cell::new(false), next: RefCell::new(None) })))
            }
            _ => Err(options.incorrect(name, expected, &value)),
        }
    }

    /// How many characters of messages it is to keep. None in a cookie: it is small, and goes with every request to
    /// whoever serves the page. None in memory: the page that could send them is the one that still does.
    pub fn outbox_room(&self) -> usize {
        match self {
            Store::Web(..) | Store::Own(_) => OUTBOX_ROOM,
            Store::Cookie(_) | Store::Memory | Store::Denied => 0,
        }
    }

    /// Reads the newest state that is wanted.
    pub fn read(&self, wanted: Rc<Wanted>, found: impl FnOnce(Result<Option<Snapshot<JsJson>>, JsValue>) + 'static) {
        let newest = move |states: Vec<JsValue>| {
            let states = states.iter().filter_map(parse).filter(|snapshot| wanted.is(snapshot));
            states.max_by_key(|snapshot| snapshot.seen)
        };
        match self {
            Store::Own(own) => match own.read() {
                Ok(state) => task::after(&state, move |state| found(state.map(|state| newest(vec![state])))),
                Err(error) => found(Err(error)),
            },
            _ => found(self.states().map(newest)),
        }
    }

    /// Of a state that all tabs store in one place, what is not settled is taken only if it is this tab's, or if no
    /// other tab is in the session that could send it.
    pub fn own_outbox(&self, snapshot: &mut Snapshot<JsJson>, alone: bool) {
        let Store::Web(_, Some(own)) = self else { return };
        let mine = own.get_item(&key(snapshot)).ok().flatten().and_then(|text| parse(&text.into()));
        match mine.filter(|mine| mine.keys.chat_id == snapshot.keys.chat_id) {
            Some(mine) => {
                snapshot.searched = mine.searched;
                snapshot.outbox = mine.outbox;
            }
            None if !alone => snapshot.outbox.clear(),
            None => {}
        }
    }

    /// Stores a state.
    pub fn write(&self, snapshot: &Snapshot<JsJson>) -> Result<(), JsValue> {
        let key = key(snapshot);
        let state = state_of(snapshot)?;
        match self {
            Store::Web(storage, own) => {
                let text = String::from(js_sys::JSON::stringify(&state)?);
                if let Some(own) = own {
                    own.set_item(&key, &text)?;
                }
                storage.set_item(&key, &text)
            }
            Store::Cookie(age) => set_cookie(&key, &String::from(js_sys::JSON::stringify(&state)?), *age),
            Store::Memory => {
                MEMORY.with_borrow_mut(|memory| {
                    memory.retain(|(other, _)| *other != key);
                    memory.push((key, state));
                });
                Ok(())
            }
            Store::Own(own) => {
                own.put(Some(state));
                Ok(())
            }
            Store::Denied => Err("the browser denies the storage".into()),
        }
    }

    /// Deletes a state.
    pub fn clear(&self, snapshot: &Snapshot<JsJson>) -> Result<(), JsValue> {
        let key = key(snapshot);
        match self {
            Store::Web(storage, own) => {
                if let Some(own) = own {
                    own.remove_item(&key)?;
                }
                storage.remove_item(&key)
            }
            Store::Cookie(_) => set_cookie(&key, "", 0),
            Store::Memory => {
                MEMORY.with_borrow_mut(|memory| memory.retain(|(other, _)| *other != key));
                Ok(())
            }
            Store::Own(own) => {
                own.put(None);
                Ok(())
            }
            Store::Denied => Ok(()),
        }
    }

    /// All states that are stored.
    fn states(&self) -> Result<Vec<JsValue>, JsValue> {
        match self {
            Store::Web(storage, _) => {
                let mut states = Vec::new();
                for place in 0..storage.length()? {
                    let Some(name) = storage.key(place)?.filter(|name| name.starts_with(PREFIX)) else { continue };
                    states.extend(storage.get_item(&name)?.map(JsValue::from));
                }
                Ok(states)
            }
            Store::Cookie(_) => Ok(cookies()),
            Store::Memory => Ok(MEMORY.with_borrow(|memory| memory.iter().map(|(_, state)| state.clone()).collect())),
            Store::Own(_) => Ok(Vec::new()),
            Store::Denied => Err("the browser denies the storage".into()),
        }
    }
}

/// Which session is to be restored.
pub struct Wanted {
    /// One of these servers'; any server's when there is none.
    pub servers: Vec<String>,
    /// This service's, if one is named.
    pub service: Option<String>,
}

impl Wanted {
    /// Whether a state is of that session.
    pub fn is(&self, snapshot: &Snapshot<JsJson>) -> bool {
        let server = match self.servers.as_slice() {
            [] => snapshot.server != OWN_SERVER,
            servers => servers.contains(&snapshot.server),
        };
        server && self.service.as_ref().is_none_or(|service| *service == snapshot.service)
    }
}

impl Own {
    fn read(&self) -> Result<Promise, JsValue> {
        let state = method(&self.object, "read").map(|read| read.call0(&self.object)).transpose()?;
        Ok(Promise::resolve(&state.unwrap_or_default()))
    }

    /// Writes a state, or clears it; after what is being written.
    fn put(self: &Rc<Self>, state: Option<JsValue>) {
        self.next.replace(Some(state));
        if !self.busy.replace(true) {
            let own = Rc::clone(self);
            task::soon(move || own.put_next());
        }
    }

    fn put_next(self: Rc<Self>) {
        let Some(state) = self.next.take() else {
            self.busy.set(false);
            return;
        };
        let clear = if state.is_none() { method(&self.object, "clear") } else { None };
        let done = match (clear, method(&self.object, "write")) {
            (Some(clear), _) => clear.call0(&self.object),
            (None, Some(write)) => write.call1(&self.object, &state.unwrap_or(JsValue::NULL)),
            (None, None) => Ok(JsValue::UNDEFINED),
        };
        // The page's own trouble: the state is written again with the next change.
        task::after(&Promise::resolve(&done.unwrap_or_default()), move |_| self.put_next());
    }
}

/// A state as a JavaScript object.
pub fn state_of(snapshot: &Snapshot<JsJson>) -> Result<JsValue, JsValue> {
    snapshot.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}

fn key(snapshot: &Snapshot<JsJson>) -> String {
    text::join(&[PREFIX, &snapshot.service, "|", &snapshot.server])
}

/// A state that was stored as JSON text, or as an object; `None` when it is neither, or of another shape.
pub fn parse(value: &JsValue) -> Option<Snapshot<JsJson>> {
    let state = if value.is_string() { parse_json(value).ok()? } else { value.clone().into() };
    Snapshot::read(&state)
}

fn method(object: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(object, &JsValue::from_str(name)).ok()?.dyn_into().ok()
}

#[wasm_bindgen]
extern "C" {
    /// The document, as far as its cookies go.
    type Cookies;
    #[wasm_bindgen(structural, method, getter)]
    fn cookie(this: &Cookies) -> String;
    #[wasm_bindgen(structural, method, setter)]
    fn set_cookie(this: &Cookies, cookie: &str);
}

fn document() -> Option<JsValue> {
    web_sys::window()?.document().map(JsValue::from)
}

fn cookies() -> Vec<JsValue> {
    let Some(document) = document() else { return Vec::new() };
    let decode = |text: &str| js_sys::decode_uri_component(text).ok().map(String::from);
    let all = document.unchecked_ref::<Cookies>().cookie();
    let mut rest = all.as_str();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (cookie, more) = text::cut(rest, b";");
        let (name, value) = text::cut(cookie.trim_ascii(), b"=");
        if decode(name).is_some_and(|name| name.starts_with(PREFIX)) {
            found.extend(value.strip_prefix('=').and_then(decode).map(JsValue::from));
        }
        rest = more.strip_prefix(';').unwrap_or_default();
    }
    found
}

fn set_cookie(name: &str, value: &str, max_age: u32) -> Result<(), JsValue> {
    let document = document().ok_or("there is no document")?;
    let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
    let secure =
        web_sys::window().and_then(|window| window.location().protocol().ok()).is_some_and(|it| it == "https:");
    let secure = if secure { "; Secure" } else { "" };
    let age = text::decimal(max_age.into());
    let cookie =
        text::join(&[&encode(name), "=", &encode(value), "; Path=/; Max-Age=", &age, "; SameSite=Lax", secure]);
    document.unchecked_ref::<Cookies>().set_cookie(&cookie);
    Ok(())
}
