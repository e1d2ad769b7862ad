//! Forms that visitors fill in: how the configuration declares them, and what is wrong with what comes back.

use crate::config::Wrong as Misplaced;
use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// What is asked.
    pub fields: Vec<Field>,
}

/// A field of a form, as the configuration declares it and as the visitor's page gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase"), deny_unknown_fields)]
pub struct Field {
    /// Its name, under which the value comes back.
    pub name: String,
    /// What the visitor reads.
    pub label: String,
    /// What kind of value it takes.
    #[serde(rename = "type", default)]
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// What may be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What the whole value must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// How many characters it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FieldKind {
    #[default]
    Text,
    Textarea,
    Email,
    Tel,
    Number,
    Select,
    Checkbox,
    Rating,
}

/// A regular expression for a whole value.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        match Regex::new(&format!("^(?:{source})$")) {
            Ok(whole) => Ok(Self { source, whole }),
            Err(_) => Err(serde::de::Error::custom("pattern: a regular expression is expected")),
        }
    }
}

/// What is wrong with a field's value; never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: String,
    /// What is expected.
    pub advice: String,
}

/// Characters of a value when the configuration does not say: of a line, and of a text.
const LINE: usize = 500;
const TEXT: usize = 5_000;

impl Form {
    /// What the types cannot say.
    ///
    /// # Errors
    /// Where it stands, and what is wrong.
    pub fn check(&self) -> Result<(), Misplaced> {
        if self.fields.is_empty() {
            return Err(Misplaced::new("fields", "a form needs a field"));
        }
        for (n, field) in self.fields.iter().enumerate() {
            let in_field = |wrong: Misplaced| wrong.of("fields", n);
            if self.fields.iter().take(n).any(|other| other.name == field.name) {
                let reason = format!("the field \"{}\" is there twice", field.name);
                return Err(in_field(Misplaced::new("name", reason)));
            }
            field.check().map_err(in_field)?;
        }
        Ok(())
    }

    /// Checks what was filled in. What was left empty is left out.
    ///
    /// # Errors
    /// Each field that is wrong.
    pub fn validate(&self, mut filled: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut values = BTreeMap::new();
        for field in &self.fields {
            let value = filled.remove(&field.name).unwrap_or_default();
            let empty = value.trim().is_empty() || (field.kind == FieldKind::Checkbox && value == "false");
            let advice =
                if empty { field.required.then(|| "it must be filled in".to_owned()) } else { field.refuse(&value) };
            match advice {
                Some(advice) => wrong.push(Wrong { field: field.name.clone(), advice }),
                None if value.trim().is_empty() => {}
                None => {
                    values.insert(field.name.clone(), value);
                }
            }
        }
        wrong.extend(filled.into_keys().map(|field| Wrong { field, advice: "the form has no such field".to_owned() }));
        if wrong.is_empty() { Ok(values) } else { Err(wrong) }
    }
}

impl Field {
    fn check(&self) -> Result<(), Misplaced> {
        let name = &self.name;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // A page that keeps the values in an object would lose it.
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) || name == "__proto__" {
            let came = name.escape_debug();
            let reason = format!("a field's name is 1 to 64 letters, digits, '-' and '_', \"{came}\" came");
            return Err(Misplaced::new("name", reason));
        }
        let wrong = |key, reason: &str| Err(Misplaced::new(key, format!("the field \"{name}\": {reason}")));
        if self.label.trim().is_empty() {
            return wrong("label", "a label is expected, an empty one came");
        }
        if (self.kind == FieldKind::Select) == self.options.is_empty() {
            return wrong("options", "a select has options, others have none");
        }
        for (n, option) in self.options.iter().enumerate() {
            if option.trim().is_empty() || self.options.iter().take(n).any(|other| other == option) {
                let reason = "options that are not empty are expected, each once";
                return wrong("options", reason).map_err(|wrong| wrong.at(n));
            }
        }
        if self.max_length == Some(0) {
            return wrong("max_length", "max_length must be more than 0, 0 came");
        }
        Ok(())
    }

    /// What is wrong with a value that is not empty.
    fn refuse(&self, value: &str) -> Option<String> {
        let many = self.kind == FieldKind::Textarea;
        let most = self.max_length.unwrap_or(if many { TEXT } else { LINE });
        if value.chars().count() > most {
            return Some(format!("at most {most} characters are expected"));
        }
        let control = |c: char| c.is_control() && !(many && matches!(c, '\n' | '\r' | '\t'));
        if value.chars().any(control) {
            return Some("no line breaks and no control characters are expected".to_owned());
        }
        let fits = match self.kind {
            FieldKind::Text | FieldKind::Textarea => true,
            FieldKind::Email => is_email(value),
            FieldKind::Tel => {
                value.chars().all(|c| c.is_ascii_digit() || " +-./()".contains(c))
                    && value.chars().any(|c| c.is_ascii_digit())
            }
            FieldKind::Number => value.trim().parse::<f64>().is_ok_and(f64::is_finite),
            FieldKind::Select => self.options.iter().any(|option| option == value),
            FieldKind::Checkbox => value == "true",
            FieldKind::Rating => matches!(value, "1" | "2" | "3" | "4" | "5"),
        };
        if !fits {
            let expected = match self.kind {
                FieldKind::Email => "an e-mail address is expected",
                FieldKind::Tel => "a telephone number is expected",
                FieldKind::Number => "a number is expected",
                FieldKind::Select => "one of the options is expected",
                FieldKind::Checkbox => "true or false is expected",
                _ => "a whole number from 1 to 5 is expected",
            };
            return Some(expected.to_owned());
        }
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.whole.is_match(value));
        (!matches).then(|| "it does not look as it should".to_owned())
    }
}

/// Whether a value may be an e-mail address; whether there is such an address, only a mail tells.
fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    value.len() <= 254
        && !local.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || "<>()[],;:\\\"".contains(c))
        && !local.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}
