//! Rule 9 of the design, for every test that runs a page: no line of the log and no description of an error has anything in it
//! that is the visitor's, an agent's or a secret. What is on the network is noted as it passes; when a test is over, all
//! that its pages logged, reported and rejected is looked through.
//!
//! What a server says to explain itself (`advice`, `error`) is for the page, not for the log: nobody knows what is in it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::page::Page;

/// Members of what is sent or received that are nobody's business: all strings in them.
const PRIVATE: [&str; 18] = [
    "chatId",
    "clientId",
    "secureKey",
    "userId",
    "dataKey",
    "nickname",
    "firstName",
    "lastName",
    "emailAddress",
    "subject",
    "userData",
    "message",
    "pushUrl",
    "text",
    "previousId",
    "values",
    "alias",
    "requestId",
];
/// Members in which a server explains itself.
const WORDS: [&str; 2] = ["advice", "error"];
/// What is shorter is found in any line.
const SHORTEST: usize = 3;
/// So much of a long text is enough to know it by.
const LONGEST: usize = 60;

/// What is to stay where it is.
#[derive(Debug, Default)]
pub struct Secrets {
    secrets: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Secrets {
    /// Notes what is sent or received.
    pub fn note(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.note(item)),
            Value::Object(members) => {
                // By its id a request for a session can be repeated, and finds the session.
                let request = members.get("messageId").filter(|_| value["operation"] == "requestChat");
                request.into_iter().for_each(|id| keep(&mut self.secrets, id));
                for (name, member) in members {
                    match name.as_str() {
                        // The name of a notice is none of anybody's.
                        "text" if value["type"] == "Notice" => {}
                        name if PRIVATE.contains(&name) => keep(&mut self.secrets, member),
                        name if WORDS.contains(&name) && member.is_string() => keep(&mut self.words, member),
                        _ => self.note(member),
                    }
                }
            }
            _ => {}
        }
    }

    /// What a page logged, reported and rejected has nothing of it.
    pub fn check(&self, page: &Page) {
        let rejected = page.results.values().filter_map(|result| result.as_ref().err()).map(ToString::to_string);
        let told: Vec<String> = page.reported.iter().cloned().chain(rejected).collect();
        for line in told.iter().chain(&page.logs) {
            let found = self.secrets.iter().find(|secret| has(line, secret));
            assert_eq!(found, None, "what is private is told (or a test says what the SDK says, too): {line}");
        }
        for line in &page.logs {
            let found = self.words.iter().find(|words| has(line, words));
            assert_eq!(found, None, "what a server says is logged: {line}");
        }
    }
}

/// All strings in a value.
fn keep(kept: &mut BTreeSet<String>, value: &Value) {
    match value {
        Value::String(text) if text.chars().count() >= SHORTEST => {
            kept.insert(text.chars().take(LONGEST).collect());
        }
        Value::Array(items) => items.iter().for_each(|item| keep(kept, item)),
        Value::Object(members) => members.values().for_each(|member| keep(kept, member)),
        _ => {}
    }
}

/// Whether a line has a text in it, as words of its own.
fn has(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let after = line[at + text.len()..].chars().next().is_some_and(char::is_alphanumeric);
        !(before || after)
    })
}
