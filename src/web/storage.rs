//! Where the state for a restore lives: session or local storage, a cookie, this page's memory, or the page's own object.
//! Every session has a slot of its own, named after its server and service.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

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

    /// The newest state that is wanted.
    pub async fn read(&self, wanted: &Wanted<'_>) -> Result<Option<Snapshot<JsJson>>, JsValue> {
        let found = match self {
            Store::Own(own) => own.read().await?.into_iter().collect(),
            _ => self.slots()?.into_iter().filter_map(|(_, value)| parse(&value)).collect::<Vec<Snapshot<JsJson>>>(),
        };
        Ok(found.into_iter().filter(|snapshot| wanted.is(snapshot)).max_by_key(|snapshot| snapshot.seen))
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

    /// All slots, by name.
    fn slots(&self) -> Result<Vec<(String, JsValue)>, JsValue> {
        match self {
            Store::Web(storage, _) => {
                let mut slots = Vec::new();
                for place in 0..storage.length()? {
                    let Some(name) = storage.key(place)?.filter(|name| name.starts_with(PREFIX)) else { continue };
                    slots.extend(storage.get_item(&name)?.map(|value| (name, value.into())));
                }
                Ok(slots)
            }
            Store::Cookie(_) => Ok(cookies()),
            Store::Memory => Ok(MEMORY.with_borrow(Clone::clone)),
            Store::Own(_) => Ok(Vec::new()),
            Store::Denied => Err("the browser denies the storage".into()),
        }
    }
}

/// Which session is to be restored.
pub struct Wanted<'a> {
    /// One of these servers'; any server's when there is none.
    pub servers: &'a [String],
    /// This service's, if one is named.
    pub service: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether a state is of that session.
    pub fn is(&self, snapshot: &Snapshot<JsJson>) -> bool {
        let server = match self.servers {
            [] => snapshot.server != OWN_SERVER,
            servers => servers.contains(&snapshot.server),
        };
        server && self.service.is_none_or(|service| service == snapshot.service)
    }
}

impl Own {
    async fn read(&self) -> Result<Option<Snapshot<JsJson>>, JsValue> {
        let Some(read) = method(&self.object, "read") else { return Ok(None) };
        let state = JsFuture::from(Promise::resolve(&read.call0(&self.object)?)).await?;
        Ok(parse(&state))
    }

    /// Writes a state, or clears it; after what is being written.
    fn put(self: &Rc<Self>, state: Option<JsValue>) {
        *self.next.borrow_mut() = Some(state);
        if self.busy.replace(true) {
            return;
        }
        let own = Rc::clone(self);
        task::spawn(Box::pin(async move {
            loop {
                // The borrow ends before the page's code runs.
                let next = own.next.borrow_mut().take();
                let Some(state) = next else { break };
                let done = match (state, method(&own.object, "clear"), method(&own.object, "write")) {
                    (Some(state), _, Some(write)) => write.call1(&own.object, &state),
                    (None, Some(clear), _) => clear.call0(&own.object),
                    (None, None, Some(write)) => write.call1(&own.object, &JsValue::NULL),
                    _ => Ok(JsValue::UNDEFINED),
                };
                if let Ok(done) = done {
                    // The page's own trouble: the state is written again with the next change.
                    let _ = JsFuture::from(Promise::resolve(&done)).await;
                }
            }
            own.busy.set(false);
        }));
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

fn cookies() -> Vec<(String, JsValue)> {
    let Some(document) = document() else { return Vec::new() };
    let decode = |text: &str| js_sys::decode_uri_component(text).ok().map(String::from);
    let all = document.unchecked_ref::<Cookies>().cookie();
    let mut rest = all.as_str();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (cookie, more) = text::cut(rest, b";");
        let (name, value) = text::cut(cookie.trim_ascii(), b"=");
        let name = decode(name).filter(|name| name.starts_with(PREFIX));
        if let (Some(name), Some(value)) = (name, value.strip_prefix('=').and_then(decode)) {
            found.push((name, value.into()));
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
