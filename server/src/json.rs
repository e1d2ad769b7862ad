//! JSON as it stands on the wire: text that is passed on is kept as its raw token, never decoded.
//!
//! A JavaScript string may hold a lone surrogate, which no Rust `String` can. Whoever sends `"\ud83d"` gets
//! `"\ud83d"` back: names and messages are kept as the JSON token they came as.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// How deep arrays and objects may be nested in what a client sends.
pub const MAX_DEPTH: usize = 64;

/// One JSON value as its raw text, cheap to clone. Its `Debug` form tells the size only.
#[derive(Clone)]
pub struct Raw(Arc<RawValue>);

impl Raw {
    /// Keeps a copy of a raw token.
    #[must_use]
    pub fn new(value: &RawValue) -> Self {
        Self(Arc::from(value.to_owned()))
    }

    /// The JSON string token of a Rust string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        raw(text)
    }

    /// Joins two string tokens with a space.
    #[must_use]
    pub fn joined(first: &Self, second: &Self) -> Self {
        let inner = |raw: &Self| raw.get().trim_matches('"').len();
        if inner(first) == 0 {
            return second.clone();
        }
        if inner(second) == 0 {
            return first.clone();
        }
        let head = first.get().strip_suffix('"').unwrap_or_default();
        let tail = second.get().strip_prefix('"').unwrap_or_default();
        RawValue::from_string(format!("{head} {tail}")).map_or_else(|_| first.clone(), |raw| Self(Arc::from(raw)))
    }

    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// How many characters the string token stands for.
    #[must_use]
    pub fn chars(&self) -> usize {
        string_chars(self.get())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.get().len())
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(Arc::from(raw)))
    }
}

/// Counts the characters of a JSON string token; an escaped surrogate pair is one.
fn string_chars(token: &str) -> usize {
    let inner = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(token);
    let mut count = 0;
    let mut after_high = false;
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            count += 1;
            after_high = false;
            continue;
        }
        if chars.next() != Some('u') {
            count += 1;
            after_high = false;
            continue;
        }
        let unit = (0..4).filter_map(|_| chars.next()?.to_digit(16)).fold(0, |unit, digit| unit * 16 + digit);
        if !(after_high && (0xDC00..0xE000).contains(&unit)) {
            count += 1;
        }
        after_high = (0xD800..0xDC00).contains(&unit);
    }
    count
}

/// Whether a JSON text is nested deeper than [`MAX_DEPTH`]; looked at before it is parsed.
#[must_use]
pub fn too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What kind of JSON value a raw token is, in words for an error text.
#[must_use]
pub fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Whether a raw token is a JSON string.
#[must_use]
pub fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// Any value as its JSON text. Nothing the server builds can fail to be written; if it did, it would be `null`.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Any value as a raw token.
pub fn raw<T: Serialize + ?Sized>(value: &T) -> Raw {
    serde_json::value::to_raw_value(value)
        .map_or_else(|_| Raw(Arc::from(RawValue::NULL.to_owned())), |raw| Raw(Arc::from(raw)))
}

/// A JSON array of JSON texts.
pub fn array<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut array = String::with_capacity(texts.clone().map(|text| text.len() + 1).sum::<usize>() + 1);
    array.push('[');
    for (n, text) in texts.enumerate() {
        if n > 0 {
            array.push(',');
        }
        array.push_str(text);
    }
    array.push(']');
    array
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes_nor_escapes() {
        for (token, count) in [
            (r#""""#, 0),
            (r#""ab""#, 2),
            (r#""é😀""#, 2),
            (r#""\ud83d\ude00""#, 1),
            (r#""\ud83d""#, 1),
            (r#""\n\\\"""#, 3),
        ] {
            assert_eq!(string_chars(token), count, "{token}");
        }
    }

    #[test]
    fn a_lone_surrogate_survives() {
        let raw: Raw = serde_json::from_str(r#""a\ud83d""#).unwrap();
        assert_eq!(write(&raw), r#""a\ud83d""#);
        assert_eq!(Raw::joined(&raw, &Raw::string("b")).get(), r#""a\ud83d b""#);
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert!(!too_deep(&format!("\"{}\"", "[".repeat(1000))));
        assert!(too_deep(&"[".repeat(MAX_DEPTH + 1)));
        assert!(!too_deep(&"[]".repeat(1000)));
    }
}
