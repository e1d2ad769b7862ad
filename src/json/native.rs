//! JSON outside the browser: `serde_json` values, for the tests, the simulation and the fuzzers.

use std::rc::Rc;

use serde_json::Value as Tree;

use super::{Json, Name, Text, Value};

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

    fn len(&self) -> Option<usize> {
        self.0.as_array().map(Vec::len)
    }

    fn at(&self, index: usize) -> Self {
        Self(Rc::new(self.0.get(index).cloned().unwrap_or(Tree::Null)))
    }
}

impl Value<NativeJson> {
    /// The value as `serde_json` has it.
    pub fn tree(&self) -> Tree {
        match self {
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => match super::whole(*value) {
                Some(value) => value.into(),
                None => (*value).into(),
            },
            Value::Str(text) | Value::Text(text) => text.as_str().into(),
            Value::Json(json, _) => json.tree().clone(),
            Value::List(items) => items.iter().map(Value::tree).collect(),
            Value::Map(members) => members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.tree()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
