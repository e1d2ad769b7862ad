//! The FAQ of a channel: what of it fits what a visitor asks.
//!
//! The index is SQLite's FTS5, in memory: words are folded (case, accents), stemmed, and ranked by BM25. It is in the server
//! anyway, and a question takes microseconds. What is found counts as fitting by how much of the question it covers, for a rank
//! alone does not tell whether the best is any good.

use crate::config::Wrong;
use rusqlite::{Connection, Error, params};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock};

/// The FAQ as the configuration has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaqConfig {
    /// The questions and their answers.
    pub entries: Vec<FaqEntry>,
    /// How much of a question an entry must cover to be suggested, from 0 to 1.
    #[serde(default = "threshold")]
    pub threshold: f64,
}

fn threshold() -> f64 {
    0.5
}

/// A question and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaqEntry {
    /// Its id; without one, its number.
    pub id: Option<String>,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Other words for it.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// What fits a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The entry's id.
    pub id: String,
    /// Its question.
    pub question: String,
    /// Its answer.
    pub answer: String,
    /// How much of what was asked it covers, from 0 to 1.
    pub score: f64,
}

/// How much a word counts that is in the answer only.
const IN_ANSWER: f64 = 0.4;
/// Words of a question that are looked at.
const WORDS: usize = 40;

/// An FAQ with its index.
pub struct Faq {
    entries: Vec<Match>,
    threshold: f64,
    index: Mutex<Connection>,
}

fn stop_words() -> &'static HashSet<&'static str> {
    static WORDS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    WORDS.get_or_init(|| include_str!("stop_words.txt").split_whitespace().collect())
}

impl FaqConfig {
    /// What the types cannot say.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        if !(0.0..=1.0).contains(&self.threshold) {
            let reason = format!("threshold: a number from 0 to 1 is expected, {} came", self.threshold);
            return Err(Wrong::new("threshold", reason));
        }
        let mut ids = HashSet::new();
        for (n, entry) in self.entries.iter().enumerate() {
            let wrong = |key, reason: String| Err(Wrong::new(key, reason).of("entries", n));
            for (key, text) in [("question", &entry.question), ("answer", &entry.answer)] {
                if text.trim().is_empty() {
                    return wrong(key, format!("an FAQ entry needs a question and an answer, an empty {key} came"));
                }
            }
            if !ids.insert(entry.name(n)) {
                return wrong("id", format!("the FAQ entry \"{}\" is there twice", entry.name(n)));
            }
        }
        Ok(())
    }
}

impl FaqEntry {
    fn name(&self, n: usize) -> String {
        self.id.clone().unwrap_or_else(|| (n + 1).to_string())
    }
}

impl Faq {
    /// Indexes an FAQ.
    ///
    /// # Errors
    /// When SQLite has no memory left.
    pub fn new(config: &FaqConfig) -> Result<Self, Error> {
        let index = Connection::open_in_memory()?;
        index.execute_batch(
            "CREATE VIRTUAL TABLE faq USING fts5 (question, keywords, answer,
                tokenize = 'porter unicode61 remove_diacritics 2')",
        )?;
        let mut entries = Vec::new();
        for (n, entry) in config.entries.iter().enumerate() {
            index.execute(
                "INSERT INTO faq (rowid, question, keywords, answer) VALUES (?, ?, ?, ?)",
                params![row(n), spaced(&entry.question), spaced(&entry.keywords.join(" ")), spaced(&entry.answer)],
            )?;
            entries.push(Match {
                id: entry.name(n),
                question: entry.question.clone(),
                answer: entry.answer.clone(),
                score: 0.0,
            });
        }
        Ok(Self { entries, threshold: config.threshold, index: Mutex::new(index) })
    }

    /// What fits a question best, if anything does.
    #[must_use]
    pub fn find(&self, question: &str) -> Option<Match> {
        match self.search(question) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the FAQ could not be searched");
                None
            }
        }
    }

    fn search(&self, question: &str) -> Result<Option<Match>, Error> {
        let words = words(question);
        if words.is_empty() {
            return Ok(None);
        }
        let index = crate::lock::locked(&self.index);
        let mut covered: HashMap<i64, f64> = HashMap::new();
        for word in &words {
            let mut add = |query: &str, weight: f64| -> Result<Vec<i64>, Error> {
                let mut select = index.prepare_cached("SELECT rowid FROM faq WHERE faq MATCH ?")?;
                let rows: Vec<i64> = select.query_map([query], |row| row.get(0))?.collect::<Result<_, _>>()?;
                for row in &rows {
                    *covered.entry(*row).or_default() += weight;
                }
                Ok(rows)
            };
            // A word is letters and digits, so that nothing in quotes is FTS5's syntax.
            let asked = add(&format!("{{question keywords}} : \"{word}\""), 1.0)?;
            for row in add(&format!("answer : \"{word}\""), IN_ANSWER)? {
                if asked.contains(&row) {
                    *covered.entry(row).or_default() -= IN_ANSWER;
                }
            }
        }
        // The best first, as BM25 ranks them; of those that cover as much, the first counts.
        let any = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" OR ");
        let mut select =
            index.prepare_cached("SELECT rowid FROM faq WHERE faq MATCH ? ORDER BY bm25(faq, 4.0, 4.0, 1.0)")?;
        let ranked: Vec<i64> = select.query_map([any], |row| row.get(0))?.collect::<Result<_, _>>()?;
        // There are at most `WORDS` of them.
        #[allow(clippy::cast_precision_loss)]
        let total = words.len() as f64;
        let mut best: Option<(f64, i64)> = None;
        for row in ranked {
            let score = covered.get(&row).copied().unwrap_or(0.0) / total;
            if score >= self.threshold && best.is_none_or(|(other, _)| score > other) {
                best = Some((score, row));
            }
        }
        Ok(best.and_then(|(score, found)| {
            let entry = self.entries.iter().enumerate().find(|(n, _)| row(*n) == found);
            entry.map(|(_, entry)| Match { score, ..entry.clone() })
        }))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn row(n: usize) -> i64 {
    i64::try_from(n).map_or(i64::MAX, |n| n + 1)
}

/// Scripts that are written without spaces, as far as they are told apart here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Katakana,
    Hiragana,
    Other,
}

impl Script {
    fn of(c: char) -> Self {
        match c {
            '\u{3005}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => Self::Han,
            '\u{30a1}'..='\u{30ff}' => Self::Katakana,
            '\u{3041}'..='\u{309f}' => Self::Hiragana,
            _ => Self::Other,
        }
    }
}

/// A text with spaces where Chinese and Japanese have none: Han in pairs, Katakana by the word. Hiragana, which is mostly endings
/// and particles, counts only where there is nothing else of these.
fn spaced(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| Script::of(c) == Script::Other) {
        return Cow::Borrowed(text);
    }
    let telling = text.chars().any(|c| matches!(Script::of(c), Script::Han | Script::Katakana));
    let (mut spaced, mut before) = (String::with_capacity(text.len() * 3), None);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let (script, next) = (Script::of(c), chars.peek().copied().filter(|next| Script::of(*next) == Script::of(c)));
        if before.is_some_and(|before| before != script) {
            spaced.push(' ');
        }
        match (script, next) {
            (Script::Hiragana, _) if telling => {}
            (Script::Han, Some(next)) => spaced.extend([c, next, ' ']),
            // The last of a run is in the pair before it.
            (Script::Han, None) if before == Some(Script::Han) => {}
            _ => spaced.push(c),
        }
        before = Some(script);
    }
    Cow::Owned(spaced)
}

/// The words of a question that mean something; if none does, all of them.
fn words(question: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut all: Vec<String> = spaced(question)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| seen.insert(word.clone()))
        .take(WORDS)
        .collect();
    if all.iter().any(|word| !stop_words().contains(word.as_str())) {
        all.retain(|word| !stop_words().contains(word.as_str()));
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn faq() -> Faq {
        let entry = |id: &str, question: &str, answer: &str, keywords: &[&str]| FaqEntry {
            id: Some(id.to_owned()),
            question: question.to_owned(),
            answer: answer.to_owned(),
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        };
        Faq::new(&FaqConfig {
            entries: vec![
                entry(
                    "return",
                    "How do I return something, or a teapot?",
                    "Within 30 days, by post.",
                    &["refund", "send back"],
                ),
                entry("delivery", "How long does delivery take?", "Three days; the cart shows it.", &["shipping"]),
                entry("café", "Do you have a café?", "Yes, in the shop.", &[]),
            ],
            threshold: threshold(),
        })
        .unwrap()
    }

    #[test]
    fn what_is_asked_in_other_words_is_found() {
        let faq = faq();
        for (question, id) in [
            ("how do I return a teapot", "return"),
            ("I am returning my teapots, how?", "return"),
            ("Refunds?", "return"),
            ("Could you please tell me how long the delivery to Germany takes?", "delivery"),
            ("SHIPPING", "delivery"),
            ("Is there a cafe?", "café"),
            ("\"delivery\" OR NOT (take*) NEAR", "delivery"),
        ] {
            assert_eq!(faq.find(question).map(|found| found.id).as_deref(), Some(id), "{question}");
        }
    }

    #[test]
    fn languages_without_spaces_are_found_by_their_words() {
        let entry = |id: &str, question: &str, keywords: &[&str]| FaqEntry {
            id: Some(id.to_owned()),
            question: question.to_owned(),
            answer: "…".to_owned(),
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        };
        let entries = vec![
            entry("返品", "返品はできますか", &["返金"]),
            entry("ティー", "ティーポットの洗い方は？", &[]),
            entry("退货", "我怎么退货？", &[]),
            entry("いつ", "いつですか", &[]),
        ];
        let faq = Faq::new(&FaqConfig { entries, threshold: threshold() }).unwrap();
        for (question, id) in [
            ("返品したいです", "返品"),
            ("返金してください。", "返品"),
            ("ティーポット", "ティー"),
            ("my ティーポット", "ティー"),
            ("怎么退货", "退货"),
            ("いつですか", "いつ"),
        ] {
            assert_eq!(faq.find(question).map(|found| found.id).as_deref(), Some(id), "{question}");
        }
        for question in ["営業時間は何時ですか", "你好", "品"] {
            assert_eq!(faq.find(question), None, "{question}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_suggested() {
        let faq = faq();
        for question in [
            "I have something to ask",
            "art",
            "Who won the match yesterday?",
            "",
            "???",
            "post",
            "the blue delivery of large broken orange cups",
        ] {
            assert_eq!(faq.find(question), None, "{question}");
        }
    }
}
