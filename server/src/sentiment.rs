//! How what a visitor says sounds: a count of words that say something good or bad, in English, German, French and Spanish.
//!
//! It knows words, not meaning: enough to tell thanks from a complaint, no more.

use serde::Serialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Characters of a message that are looked at.
const LENGTH: usize = 2_000;
/// A word of denial turns so many words after it round.
const REACH: u8 = 2;

/// How something sounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sentiment {
    /// `positive`, `neutral` or `negative`.
    pub name: &'static str,
    /// From 0, all bad, to 1, all good; 0.5 where nothing says so.
    pub score: f64,
}

fn known() -> &'static HashMap<&'static str, char> {
    static WORDS: OnceLock<HashMap<&'static str, char>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = HashMap::new();
        for line in include_str!("sentiment_words.txt").lines() {
            let mut parts = line.split_whitespace();
            let sign = parts.next().and_then(|part| part.chars().next()).unwrap_or('!');
            // A word of two languages is that of the one that stands first.
            parts.for_each(|word| _ = words.entry(word).or_insert(sign));
        }
        words
    })
}

/// How a text sounds.
#[must_use]
pub fn of(text: &str) -> Sentiment {
    let start: String = text.chars().take(LENGTH).collect::<String>().to_lowercase().replace('’', "'");
    let (mut good, mut bad, mut turned) = (0_u32, 0_u32, 0_u8);
    for word in start.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()) {
        match known().get(word) {
            Some('!') => {
                turned = REACH + 1;
            }
            Some(sign) if (*sign == '+') == (turned == 0) => good += 1,
            Some(_) => bad += 1,
            None => {}
        }
        turned = turned.saturating_sub(1);
    }
    // One word alone is not all there is to know.
    let lean = (f64::from(good) - f64::from(bad)) / f64::from(good + bad + 1);
    let name = match good.cmp(&bad) {
        std::cmp::Ordering::Greater => "positive",
        std::cmp::Ordering::Equal => "neutral",
        std::cmp::Ordering::Less => "negative",
    };
    Sentiment { name, score: 0.5 + lean / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_words_are_told_apart() {
        for (text, name) in [
            ("hi", "neutral"),
            ("", "neutral"),
            ("Thank you, that was very helpful!", "positive"),
            ("My cup came broken, this is TERRIBLE", "negative"),
            ("This is not good", "negative"),
            ("It isn’t bad", "positive"),
            ("No problem, all fine", "positive"),
            ("Das ist leider kaputt", "negative"),
            ("Merci, c'est parfait", "positive"),
            ("No me gusta", "negative"),
        ] {
            assert_eq!(of(text).name, name, "{text}");
        }
    }

    #[test]
    fn a_score_is_between_0_and_1_and_leans_with_the_words() {
        let scores =
            ["broken, terrible, useless", "broken", "a cup", "good", "good, great, perfect"].map(|text| of(text).score);
        assert!(scores.is_sorted(), "{scores:?}");
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
        assert!((scores.get(2).copied().unwrap_or_default() - 0.5).abs() < f64::EPSILON);
        assert!((0.0..=1.0).contains(&of(&"bad ".repeat(100_000)).score));
    }
}
