//! What a page gives: the options of the launchers and of the commands, validated one by one, so that an error names the
//! option, what was expected and what came.

use js_sys::{Array, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::json::{JsJson, JsText};
use super::page::Page;
use crate::json::Json;
use crate::session::{Code, Error};
use crate::text;
use crate::transport::Mode;

/// An options object, and whose it is.
pub struct Options {
    whose: &'static str,
    object: JsValue,
}

impl Options {
    /// The options of a call; none at all are an empty object.
    pub fn of(whose: &'static str, value: JsValue) -> Result<Self, Error> {
        if value.is_undefined() || value.is_null() {
            return Ok(Self { whose, object: Object::new().into() });
        }
        if !value.is_object() {
            return Err(incorrect(whose, "options", "an object", &value));
        }
        Ok(Self { whose, object: value })
    }

    /// An option as it is; undefined when absent. An option of null counts as absent.
    pub fn raw(&self, name: &str) -> JsValue {
        let value = Reflect::get(&self.object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
        if value.is_null() { JsValue::UNDEFINED } else { value }
    }

    /// An option, undefined when absent, or that it is none of what was expected.
    fn checked(&self, name: &str, expected: &str, is: fn(&JsValue) -> bool) -> Result<JsValue, Error> {
        let value = self.raw(name);
        if value.is_undefined() || is(&value) { Ok(value) } else { Err(self.incorrect(name, expected, &value)) }
    }

    /// A string that the core understands.
    pub fn string(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.checked(name, "a string", JsValue::is_string)?.as_string())
    }

    /// A string that is passed on.
    pub fn text(&self, name: &str) -> Result<Option<JsText>, Error> {
        Ok(JsJson::from(self.checked(name, "a string", JsValue::is_string)?).text())
    }

    /// A boolean.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, Error> {
        Ok(self.checked(name, "a boolean", |value| value.as_bool().is_some())?.as_bool())
    }

    /// A finite number from 0 on.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let is = |value: &JsValue| value.as_f64().is_some_and(|number| number.is_finite() && number >= 0.0);
        Ok(self.checked(name, "a number from 0 on", is)?.as_f64())
    }

    /// An object that is passed on.
    pub fn object(&self, name: &str) -> Result<Option<JsJson>, Error> {
        // What JSON can not carry (a cycle, a BigInt) is refused here, not found out when it is to be sent.
        let is =
            |value: &JsValue| value.is_object() && !Array::is_array(value) && js_sys::JSON::stringify(value).is_ok();
        let value = self.checked(name, "an object that JSON can carry", is)?;
        Ok((!value.is_undefined()).then(|| value.into()))
    }

    /// The servers: `servers`, or `serverUrl` alone, as absolute URLs.
    pub fn servers(&self, page: &Page) -> Result<Vec<String>, Error> {
        let one = self.string("serverUrl")?.filter(|url| !url.is_empty());
        let strings = |value: &JsValue| {
            let list = JsJson::from(value.clone());
            list.len().is_some_and(|len| (0..len).all(|place| list.at(place).text().is_some()))
        };
        let several = JsJson::from(self.checked("servers", "an array of strings", strings)?);
        let mut urls = Vec::new();
        for place in 0..several.len().unwrap_or(0) {
            urls.push(self.base_url(page, "servers", several.at(place).string())?);
        }
        if urls.is_empty() && one.is_some() {
            urls.push(self.base_url(page, "serverUrl", one)?);
        }
        Ok(urls)
    }

    fn base_url(&self, page: &Page, name: &str, url: Option<String>) -> Result<String, Error> {
        let url = url.unwrap_or_default();
        let href = page.href(&url).unwrap_or_default();
        let (scheme, rest) = text::cut(&href, b":");
        let scheme = match scheme {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => {
                let expected = "the http: or https: URL of a chat server";
                return Err(self.incorrect(name, expected, &JsValue::from_str(&url)));
            }
        };
        Ok(text::join(&[scheme, text::without_slashes(rest)]))
    }

    /// The wires that may be used.
    pub fn mode(&self) -> Result<Mode, Error> {
        let value = self.raw("transport");
        let expected = "\"auto\", \"websocket\", \"long-polling\", \"rest\" or an object";
        match value.as_string() {
            None if value.is_undefined() => Ok(Mode::Auto),
            None if value.is_object() => Ok(Mode::Own),
            None => Err(self.incorrect("transport", expected, &value)),
            Some(name) => Mode::named(&name).ok_or_else(|| self.incorrect("transport", expected, &value)),
        }
    }

    /// A name for the visitor, `"User"` when none or an empty one is given.
    pub fn username(&self) -> Result<JsText, Error> {
        let name = self.text("username")?.filter(|name| name.0.trim().length() > 0);
        Ok(name.unwrap_or_else(|| JsText(JsString::from("User"))))
    }

    /// That a mandatory option is missing.
    pub fn missing(&self, name: &str) -> Error {
        Error::new(Code::ParameterMissing, text::join(&[self.whose, " expects `", name, "`"]))
    }

    /// That the value of an option is not what was expected.
    pub fn incorrect(&self, name: &str, expected: &str, got: &JsValue) -> Error {
        incorrect(self.whose, name, expected, got)
    }
}

fn incorrect(whose: &str, name: &str, expected: &str, got: &JsValue) -> Error {
    let got = match (got.as_f64(), JsJson::from(got.clone())) {
        // By JavaScript: the library's printing of floating point would be eight kilobytes of the package.
        (Some(number), _) => {
            js_sys::Number::from(number).to_string_with_radix(10).map_or_else(|_| "a number".into(), String::from)
        }
        (None, _) if got.is_function() => "a function".to_owned(),
        (None, json) => json.kind().to_owned(),
    };
    Error::new(Code::ParameterIncorrect, text::join(&[whose, " expects `", name, "` to be ", expected, ", got ", &got]))
}
