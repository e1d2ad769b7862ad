//! JSON as JavaScript has it: objects made by `JSON.parse`, read through typed getters; texts are JavaScript strings that
//! never enter the memory of the module.

use std::cell::Cell;

use js_sys::{Array, JsString, Object};
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;

use crate::json::{Json, Name, Text, with_names};

/// A JavaScript value that came out of `JSON.parse`, or that a page gave.
#[derive(Clone, Debug)]
pub struct JsJson(JsValue);

impl JsJson {
    /// The value.
    pub fn into_js(self) -> JsValue {
        self.0
    }
}

/// A JavaScript string.
#[derive(Clone, Debug)]
pub struct JsText(pub JsString);

impl From<JsValue> for JsJson {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl JsJson {
    /// The value itself.
    pub fn value(&self) -> &JsValue {
        &self.0
    }
}

/// Declares a getter for each name, and which getter is whose. The build makes each read `undefined` of what has no
/// members (`xtask`, `rename`), so that nobody has to ask first.
macro_rules! getters {
    ($($variant:ident $getter:ident $text:literal),* $(,)?) => {
        #[wasm_bindgen]
        extern "C" {
            type Node;
            $(
                #[wasm_bindgen(structural, method, getter, js_name = $text)]
                fn $getter(this: &Node) -> JsValue;
            )*
        }

        fn member(node: &Node, name: Name) -> JsValue {
            match name { $(Name::$variant => node.$getter()),* }
        }
    };
}

with_names!(getters);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(structural, method, indexing_getter)]
    fn element(this: &Node, index: u32) -> JsValue;
    #[wasm_bindgen(structural, method, indexing_setter)]
    fn set_member(this: &Node, name: &str, value: JsValue);
}

#[wasm_bindgen]
extern "C" {
    /// The shim's own reading of what comes most often. It has no state.
    pub type Reader;
    /// The parsed text; undefined when it is no JSON.
    #[wasm_bindgen(structural, method)]
    fn parse(this: &Reader, text: &JsValue) -> JsValue;
    /// Whether the text looks like HTML.
    #[wasm_bindgen(structural, method)]
    fn is_markup(this: &Reader, text: &JsValue) -> bool;
    /// The parsed text of an event; undefined when it is none.
    #[wasm_bindgen(structural, method)]
    fn frame(this: &Reader, event: &JsValue) -> JsValue;
    /// The number; NaN for what is none. Rust's own way to ask is by way of the memory.
    #[wasm_bindgen(structural, method)]
    fn number(this: &Reader, value: &JsValue) -> f64;
    /// What an error says of the value.
    #[wasm_bindgen(structural, method)]
    fn describe(this: &Reader, value: &JsValue) -> String;
    /// The data of an ordinary envelope; undefined or null for all others.
    #[wasm_bindgen(structural, method)]
    fn push(this: &Reader, envelope: &JsValue) -> JsValue;
    /// How many entries an ordinary reply has; -1 for all others.
    #[wasm_bindgen(structural, method)]
    fn reply(this: &Reader, data: &JsValue, known: &JsValue) -> i32;
    /// How many entries from a place on are ordinary messages that follow one another, the first of them the `next` one.
    #[wasm_bindgen(structural, method)]
    fn run(this: &Reader, entries: &JsValue, place: u32, next: u32) -> u32;
}

thread_local! {
    static READER: Cell<Option<&'static Reader>> = const { Cell::new(None) };
}

/// From now on the shim reads too.
#[wasm_bindgen(js_name = readWith)]
pub fn read_with(reader: Reader) {
    READER.set(Some(Box::leak(Box::new(reader))));
}

/// The number that a value is; NaN is none.
pub fn number_of(value: &JsValue) -> Option<f64> {
    let number = READER.get()?.number(value);
    (!number.is_nan()).then_some(number)
}

/// What an error says of a value that a page gave: a number, or of what kind it is.
pub fn described(value: &JsValue) -> String {
    READER.get().map(|reader| reader.describe(value)).unwrap_or_default()
}

/// The JSON that an event brings, where it brings any.
pub fn parse_event(event: &JsValue) -> Option<JsJson> {
    let parsed = READER.get()?.frame(event);
    (!parsed.is_undefined()).then(|| parsed.into())
}

/// Parses a JavaScript string where it is. The error says what came instead, and nothing of it.
pub fn parse_json(text: &JsValue) -> Result<JsJson, String> {
    let parsed = READER.get().map(|reader| reader.parse(text)).unwrap_or_default();
    if !parsed.is_undefined() {
        return Ok(parsed.into());
    }
    Err(if READER.get().is_some_and(|reader| reader.is_markup(text)) {
        "markup (HTML?)"
    } else {
        "text that is no JSON"
    }
    .to_owned())
}

impl Text for JsText {
    fn new(text: &str) -> Self {
        Self(JsString::from(text))
    }

    fn same(&self, other: &Self) -> bool {
        let (one, other): (&JsValue, &JsValue) = (self.0.as_ref(), other.0.as_ref());
        one == other
    }

    fn size(&self) -> usize {
        self.0.length() as usize
    }
}

/// Into a stored state: the value itself, as it is.
impl Serialize for JsJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_wasm_bindgen::preserve::serialize(&self.0, serializer)
    }
}

impl Json for JsJson {
    type Text = JsText;

    fn get(&self, name: Name) -> Self {
        member(self.0.unchecked_ref(), name).into()
    }

    fn is_null(&self) -> bool {
        self.0.is_null_or_undefined()
    }

    fn is_object(&self) -> bool {
        self.0.is_object() && self.len().is_none()
    }

    fn bool(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn number(&self) -> Option<f64> {
        number_of(&self.0)
    }

    fn string(&self) -> Option<String> {
        self.0.as_string()
    }

    fn text(&self) -> Option<JsText> {
        self.0.dyn_ref::<JsString>().cloned().map(JsText)
    }

    fn ordinary_push(&self) -> Option<Self> {
        let data = Self(READER.get()?.push(&self.0));
        (!data.is_null()).then_some(data)
    }

    fn ordinary_reply(&self, known: &Self) -> Option<usize> {
        let count = READER.get()?.reply(&self.0, &known.0);
        usize::try_from(count).ok()
    }

    fn ordinary_run(&self, place: usize, next: u32) -> usize {
        READER.get().map_or(0, |reader| reader.run(&self.0, place as u32, next) as usize)
    }

    fn len(&self) -> Option<usize> {
        self.0.dyn_ref::<Array>().map(|array| array.length() as usize)
    }

    fn at(&self, index: usize) -> Self {
        self.0.unchecked_ref::<Node>().element(index as u32).into()
    }

    fn object() -> Self {
        Self(Object::new().into())
    }

    fn array() -> Self {
        Self(Array::new().into())
    }

    fn of_bool(value: bool) -> Self {
        Self(value.into())
    }

    fn of_number(value: f64) -> Self {
        Self(value.into())
    }

    fn of_str(text: &str) -> Self {
        Self(text.into())
    }

    fn of_text(text: &JsText) -> Self {
        Self(text.0.clone().into())
    }

    fn put(&mut self, name: &str, value: Self) {
        self.0.unchecked_ref::<Node>().set_member(name, value.0);
    }

    fn push(&mut self, value: Self) {
        self.0.unchecked_ref::<Array>().push(&value.0);
    }
}

/// The JSON text of a value to send.
pub fn stringify(value: &JsValue) -> JsString {
    js_sys::JSON::stringify(value).unwrap_or_else(|_| JsString::from("[]"))
}
