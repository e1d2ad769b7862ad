//! Where in the configuration file a value stands, for what is wrong with it.

use std::fmt;
use toml::de::{DeTable, DeValue};

/// A step on the way to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Into the member of this name.
    Key(&'static str),
    /// Into the element at this place.
    At(usize),
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    place: Vec<Step>,
    reason: String,
}

impl Wrong {
    /// What is wrong with the member of this name.
    pub fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { place: vec![Step::Key(key)], reason: reason.into() }
    }

    /// The same in the element at this place of the member of this name.
    #[must_use]
    pub fn of(self, key: &'static str, at: usize) -> Self {
        self.within(Step::At(at)).within(Step::Key(key))
    }

    /// The same in the element at this place of the member.
    #[must_use]
    pub fn at(mut self, at: usize) -> Self {
        self.place.push(Step::At(at));
        self
    }

    /// The same as seen from one step before.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.place.insert(0, step);
        self
    }

    /// The line in this text, from 1 on. Of what is not there, it is that of what it is missed in.
    #[must_use]
    pub fn line(&self, text: &str) -> usize {
        let start = DeTable::parse(text).map_or(0, |table| {
            let mut start = 0;
            let table = DeValue::Table(table.into_inner());
            let mut value = Some(&table);
            for step in &self.place {
                let next = match step {
                    Step::Key(key) => value.and_then(|value| value.get(key)),
                    Step::At(at) => value.and_then(|value| value.get(*at)),
                };
                if let Some(next) = next {
                    start = next.span().start;
                }
                value = next.map(|next| next.get_ref());
            }
            start
        });
        line_at(text, start)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The line of a place in a text, from 1 on.
pub(super) fn line_at(text: &str, start: usize) -> usize {
    text.get(..start).map_or(1, |before| before.matches('\n').count() + 1)
}
