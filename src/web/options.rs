//! What a page gives: the options of the launchers and of the commands, validated one by one, so that an error names the
//! option, what was expected and what came.

use js_sys::{Array, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::json::{JsJson, JsText};
use crate::json::Json;
use crate::session::{Code, Error};
use crate::text;
use crate::transport::Mode;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = URL)]
    type Url;
    #[wasm_bindgen(constructor, catch, js_class = "URL")]
    fn new(url: &str, base: Option<&str>) -> Result<Url, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn href(this: &Url) -> String;
}

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

    /// An option, or that it is none of what was expected.
    fn typed<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let value = self.raw(name);
        if value.is_undefined() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or_else(|| self.incorrect(name, expected, &value))
    }

    /// A string that the core understands.
    pub fn string(&self, name: &str) -> Result<Option<String>, Error> {
        self.typed(name, "a string", JsValue::as_string)
    }

    /// A string that is passed on.
    pub fn text(&self, name: &str) -> Result<Option<JsText>, Error> {
        self.typed(name, "a string", |value| value.dyn_ref::<JsString>().cloned().map(JsText))
    }

    /// A boolean.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, Error> {
        self.typed(name, "a boolean", JsValue::as_bool)
    }

    /// A finite number from 0 on.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let read = |value: &JsValue| value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
        self.typed(name, "a number from 0 on", read)
    }

    /// An object that is passed on.
    pub fn object(&self, name: &str) -> Result<Option<JsJson>, Error> {
        let read = |value: &JsValue| {
            // What JSON can not carry (a cycle, a BigInt) is refused here, not found out when it is to be sent.
            let plain = value.is_object() && !Array::is_array(value) && js_sys::JSON::stringify(value).is_ok();
            plain.then(|| value.clone().into())
        };
        self.typed(name, "an object that JSON can carry", read)
    }

    /// The servers: `servers`, or `serverUrl` alone, as absolute URLs.
    pub fn servers(&self) -> Result<Vec<String>, Error> {
        let one = self.string("serverUrl")?.filter(|url| !url.is_empty());
        let several = self.typed("servers", "an array of strings", |value| {
            value.dyn_ref::<Array>()?.iter().map(|url| url.as_string()).collect::<Option<Vec<String>>>()
        })?;
        let name = if several.is_some() { "servers" } else { "serverUrl" };
        let given = several.filter(|several| !several.is_empty()).unwrap_or_else(|| one.into_iter().collect());
        given.iter().map(|url| self.base_url(name, url)).collect()
    }

    fn base_url(&self, name: &str, url: &str) -> Result<String, Error> {
        let here = Reflect::get(&js_sys::global(), &"location".into()).and_then(|it| Reflect::get(&it, &"href".into()));
        let here = here.ok().and_then(|href| href.as_string());
        let expected = || self.incorrect(name, "the http: or https: URL of a chat server", &JsValue::from_str(url));
        let href = Url::new(url, here.as_deref()).map_err(|_| expected())?.href();
        let (scheme, rest) = text::cut(&href, b":");
        let scheme = match scheme {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => return Err(expected()),
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
