//! What a page gives: the options of the launchers and of the commands, validated one by one, so that an error names the
//! option, what was expected and what came.

use std::cell::RefCell;

use js_sys::{Array, JsString, Reflect};
use wasm_bindgen::prelude::*;

use super::json::{JsJson, JsText, described, number_of};
use super::page::Page;
use crate::json::Json;
use crate::session::{Code, Error};
use crate::text;
use crate::transport::Mode;

/// An options object, and whose it is. What is wrong in it is noted and reads as absent: the first mistake is the error.
pub struct Options<'a> {
    whose: &'a str,
    object: JsValue,
    mistake: RefCell<Option<Error>>,
}

impl<'a> Options<'a> {
    /// The options of a call; none at all are an empty object.
    pub fn of(whose: &'a str, value: JsValue) -> Self {
        let none = value.is_undefined() || value.is_null();
        let options = Self { whose, object: value, mistake: RefCell::new(None) };
        if !none && (!options.object.is_object() || Array::is_array(&options.object)) {
            options.incorrect("options", "an object", &options.object);
        }
        options
    }

    /// The first mistake, if there was one.
    pub fn end(self) -> Result<(), Error> {
        self.mistake.into_inner().map_or(Ok(()), Err)
    }

    /// Notes a mistake.
    pub fn refuse(&self, error: Error) {
        self.mistake.borrow_mut().get_or_insert(error);
    }

    /// An option as it is; undefined when absent. An option of null counts as absent.
    pub fn raw(&self, name: &str) -> JsValue {
        let value = Reflect::get(&self.object, &JsValue::from_str(name)).unwrap_or_else(|_| {
            if self.object.is_object() {
                self.incorrect(name, "readable", &JsValue::UNDEFINED);
            }
            JsValue::UNDEFINED
        });
        if value.is_null() { JsValue::UNDEFINED } else { value }
    }

    /// An option, undefined when absent or wrong.
    fn checked(&self, name: &str, expected: &str, is: fn(&JsValue) -> bool) -> JsValue {
        let value = self.raw(name);
        if value.is_undefined() || is(&value) {
            return value;
        }
        self.incorrect(name, expected, &value);
        JsValue::UNDEFINED
    }

    /// A string that the core understands.
    pub fn string(&self, name: &str) -> Option<String> {
        self.checked(name, "a string", JsValue::is_string).as_string()
    }

    /// A string that is passed on.
    pub fn text(&self, name: &str) -> Option<JsText> {
        JsJson::from(self.checked(name, "a string", JsValue::is_string)).text()
    }

    /// A boolean.
    pub fn bool(&self, name: &str) -> Option<bool> {
        self.checked(name, "a boolean", |value| value.as_bool().is_some()).as_bool()
    }

    /// A finite number from 0 on.
    pub fn number(&self, name: &str) -> Option<f64> {
        let is = |value: &JsValue| number_of(value).is_some_and(|number| number.is_finite() && number >= 0.0);
        number_of(&self.checked(name, "a number from 0 on", is))
    }

    /// An object that is passed on.
    pub fn object(&self, name: &str) -> Option<JsJson> {
        // What JSON can not carry (a cycle, a BigInt) is refused here, not found out when it is to be sent.
        let is =
            |value: &JsValue| value.is_object() && !Array::is_array(value) && js_sys::JSON::stringify(value).is_ok();
        let value = self.checked(name, "an object that JSON can carry", is);
        (!value.is_undefined()).then(|| value.into())
    }

    /// The servers: `servers`, or `serverUrl` alone, as absolute URLs.
    pub fn servers(&self, page: &Page) -> Vec<String> {
        let strings = |value: &JsValue| {
            let list = JsJson::from(value.clone());
            list.len().is_some_and(|len| (0..len).all(|place| list.at(place).text().is_some()))
        };
        let one = self.string("serverUrl").filter(|url| !url.is_empty());
        let several = JsJson::from(self.checked("servers", "an array of strings", strings));
        let mut urls = Vec::new();
        for place in 0..several.len().unwrap_or(0) {
            let url = several.at(place).string().unwrap_or_default();
            urls.push(self.base_url(page, "servers", &url));
        }
        if let Some(url) = one.filter(|_| urls.is_empty()) {
            urls.push(self.base_url(page, "serverUrl", &url));
        }
        urls
    }

    fn base_url(&self, page: &Page, name: &str, url: &str) -> String {
        let href = page.href(url).unwrap_or_default();
        let (scheme, rest) = text::cut(&href, b":");
        let scheme = match scheme {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => {
                self.incorrect(name, "the http: or https: URL of a chat server", &JsValue::from_str(url));
                ""
            }
        };
        text::join(&[scheme, text::without_slashes(rest)])
    }

    /// The wires that may be used.
    pub fn mode(&self) -> Mode {
        let value = self.raw("transport");
        if value.is_undefined() {
            return Mode::Auto;
        }
        if value.is_object() {
            return Mode::Own;
        }
        value.as_string().and_then(|name| Mode::named(&name)).unwrap_or_else(|| {
            let expected = "\"auto\", \"websocket\", \"long-polling\", \"rest\" or an object";
            self.incorrect("transport", expected, &value);
            Mode::Auto
        })
    }

    /// A name for the visitor, `"User"` when none or an empty one is given.
    pub fn username(&self) -> JsText {
        let name = self.text("username").filter(|name| name.0.trim().length() > 0);
        name.unwrap_or_else(|| JsText(JsString::from("User")))
    }

    /// Notes that a mandatory option is missing.
    pub fn missing(&self, name: &str) {
        self.refuse(Error::new(Code::ParameterMissing, text::join(&[self.whose, " expects `", name, "`"])));
    }

    /// Notes that the value of an option is not what was expected.
    pub fn incorrect(&self, name: &str, expected: &str, got: &JsValue) {
        self.refuse(incorrect(self.whose, name, expected, got));
    }
}

fn incorrect(whose: &str, name: &str, expected: &str, got: &JsValue) -> Error {
    Error::new(
        Code::ParameterIncorrect,
        text::join(&[whose, " expects `", name, "` to be ", expected, ", got ", &described(got)]),
    )
}
