//! JSON as JavaScript has it: objects made by `JSON.parse`, read by calls of the shim's; texts are JavaScript strings that
//! never enter the memory of the module.

use js_sys::{Array, JsString, Object, Promise};
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

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

/// Declares the names as the shim gets them, in their order.
macro_rules! spellings {
    ($($variant:ident $text:literal),* $(,)?) => {
        const NAMES: &str = concat!($($text, ","),*);
    };
}

with_names!(spellings);

// The shim's own reading (`lib/reader.js`), which the build gives to the glue as `reader`.
#[wasm_bindgen(js_namespace = reader)]
extern "C" {
    /// A member by the place of its name; undefined when there is none, or nothing that could have any.
    #[wasm_bindgen(js_name = get)]
    fn member(object: &JsValue, name: u8) -> JsValue;
    /// A member that is a number; NaN for what is none.
    #[wasm_bindgen(js_name = numberOf)]
    fn member_number(object: &JsValue, name: u8) -> f64;
    /// An element by its index; undefined when there is none.
    #[wasm_bindgen(js_name = at)]
    fn element(array: &JsValue, index: u32) -> JsValue;
    /// Sets a member.
    #[wasm_bindgen(js_name = put)]
    fn set_member(object: &JsValue, name: u8, value: JsValue);
    /// Posts something by `fetch`, with credentials; the promise of the `Response`, by which alone it fails.
    pub fn post(url: &str, kind: &str, body: &JsString, signal: Option<AbortSignal>) -> Promise;
    /// The parsed text; undefined when it is no JSON.
    #[wasm_bindgen(js_name = parse)]
    fn parsed(text: &JsValue) -> JsValue;
    /// Whether the text looks like HTML.
    #[wasm_bindgen(js_name = isMarkup)]
    fn is_markup(text: &JsValue) -> bool;
    /// The number; NaN for what is none. Rust's own way to ask is by way of the memory.
    fn number(value: &JsValue) -> f64;
    /// The data of an ordinary envelope; undefined or null for all others.
    #[wasm_bindgen(js_name = push)]
    fn pushed(envelope: &JsValue) -> JsValue;
    /// How many entries an ordinary reply has; -1 for all others.
    fn reply(data: &JsValue, known: &JsValue) -> i32;
    /// How many entries from a place on are ordinary messages that follow one another, the first of them the `next` one.
    fn run(data: &JsValue, place: u32, next: u32) -> u32;
}

/// The names of members in their order, a comma after each.
#[wasm_bindgen]
pub fn names() -> JsValue {
    NAMES.into()
}

/// NaN is none.
fn numeric(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number)
}

/// Parses a JavaScript string where it is. The error says what came instead, and nothing of it.
pub fn parse_json(text: &JsValue) -> Result<JsJson, String> {
    let parsed = parsed(text);
    if !parsed.is_undefined() {
        return Ok(parsed.into());
    }
    Err(if is_markup(text) { "markup (HTML?)" } else { "text that is no JSON" }.to_owned())
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
        member(&self.0, name as u8).into()
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
        numeric(number(&self.0))
    }

    fn number_of(&self, name: Name) -> Option<f64> {
        numeric(member_number(&self.0, name as u8))
    }

    fn string(&self) -> Option<String> {
        self.0.as_string()
    }

    fn text(&self) -> Option<JsText> {
        self.0.dyn_ref::<JsString>().cloned().map(JsText)
    }

    fn ordinary_push(&self) -> Option<Self> {
        let data = Self(pushed(&self.0));
        (!data.is_null()).then_some(data)
    }

    fn ordinary_reply(&self, known: &Self) -> Option<usize> {
        usize::try_from(reply(&self.0, &known.0)).ok()
    }

    fn ordinary_run(&self, place: usize, next: u32) -> usize {
        run(&self.0, place as u32, next) as usize
    }

    fn len(&self) -> Option<usize> {
        self.0.dyn_ref::<Array>().map(|array| array.length() as usize)
    }

    fn at(&self, index: usize) -> Self {
        element(&self.0, index as u32).into()
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

    fn put(&mut self, name: Name, value: Self) {
        set_member(&self.0, name as u8, value.0);
    }

    fn push(&mut self, value: Self) {
        self.0.unchecked_ref::<Array>().push(&value.0);
    }
}

/// The JSON text of a value to send.
pub fn stringify(value: &JsValue) -> JsString {
    js_sys::JSON::stringify(value).unwrap_or_else(|_| JsString::from("[]"))
}
