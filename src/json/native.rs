//! JSON outside the browser: `serde_json` values, for the tests, the simulation and the fuzzers.

use std::rc::Rc;

use serde::{Serialize, Serializer};
use serde_json::Value as Tree;

use super::{Json, Name, Text, whole};

/// A `serde_json` value, cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeJson(Rc<Tree>);

impl NativeJson {
    /// Parses a text; the error says where it is wrong, and nothing of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text)
            .map(|tree| Self(Rc::new(tree)))
            .map_err(|error| format!("not JSON (line {}, column {})", error.line(), error.column()))
    }

    /// The value itself.
    pub fn tree(&self) -> &Tree {
        &self.0
    }
}

impl From<Tree> for NativeJson {
    fn from(tree: Tree) -> Self {
        Self(Rc::new(tree))
    }
}

/// For the stored state.
impl Serialize for NativeJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Text for String {
    fn new(text: &str) -> Self {
        text.to_owned()
    }

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn size(&self) -> usize {
        self.len()
    }
}

impl Json for NativeJson {
    type Text = String;

    fn get(&self, name: Name) -> Self {
        Self(Rc::new(self.0.get(name.text()).cloned().unwrap_or(Tree::Null)))
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn is_object(&self) -> bool {
        self.0.is_object()
    }

    fn bool(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn string(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    fn text(&self) -> Option<String> {
        self.string()
    }

    fn ordinary_run(&self, place: usize, next: u32) -> usize {
        let is_one = |entry: &Tree, next: u64| {
            let role = entry.get("from").and_then(|from| from.get("type")).and_then(Tree::as_str);
            entry.get("type").is_some_and(|kind| kind == "Message")
                && entry.get("text").is_some_and(Tree::is_string)
                && entry.get("index").and_then(Tree::as_u64) == Some(next)
                && (1..1 << 31).contains(&next)
                && entry.get("utcTime").and_then(Tree::as_f64).is_some_and(|time| time > 0.0)
                && entry.get("from").and_then(|from| from.get("nickname")).is_some_and(Tree::is_string)
                && matches!(role, Some("Agent" | "Client"))
        };
        let entries =
            self.0.get("messages").and_then(Tree::as_array).and_then(|all| all.get(place..)).unwrap_or_default();
        let first = entries.first().and_then(|entry| entry.get("index")?.as_u64());
        let Some(next) = Some(u64::from(next)).filter(|next| *next > 0).or(first) else { return 0 };
        entries.iter().zip(next..).take_while(|(entry, next)| is_one(entry, *next)).count()
    }

    fn len(&self) -> Option<usize> {
        self.0.as_array().map(Vec::len)
    }

    fn at(&self, index: usize) -> Self {
        Self(Rc::new(self.0.get(index).cloned().unwrap_or(Tree::Null)))
    }

    fn object() -> Self {
        Tree::Object(serde_json::Map::new()).into()
    }

    fn array() -> Self {
        Tree::Array(Vec::new()).into()
    }

    fn of_bool(value: bool) -> Self {
        Tree::from(value).into()
    }

    fn of_number(value: f64) -> Self {
        whole(value).map_or_else(|| Tree::from(value), Tree::from).into()
    }

    fn of_str(text: &str) -> Self {
        Tree::from(text).into()
    }

    fn of_text(text: &String) -> Self {
        Self::of_str(text)
    }

    fn put(&mut self, name: Name, value: Self) {
        if let Tree::Object(members) = Rc::make_mut(&mut self.0) {
            members.insert(name.text().to_owned(), Rc::unwrap_or_clone(value.0));
        }
    }

    fn push(&mut self, value: Self) {
        if let Tree::Array(items) = Rc::make_mut(&mut self.0) {
            items.push(Rc::unwrap_or_clone(value.0));
        }
    }
}
