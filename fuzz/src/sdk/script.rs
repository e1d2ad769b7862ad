//! Scripts: in each line a letter, and what it is about.

/// More lines are not looked at.
const MOST_LINES: usize = 300;

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The letter.
    pub letter: char,
    /// The rest.
    pub rest: &'a str,
}

impl<'a> Step<'a> {
    /// The number at the beginning of the rest, 0 without one, and what comes after it.
    pub fn number(&self) -> (u64, &'a str) {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(digits);
        (digits.parse().unwrap_or(0), rest.strip_prefix(' ').unwrap_or(rest))
    }

    /// The number alone, at most so large.
    pub fn up_to(&self, limit: u64) -> u64 {
        self.number().0.min(limit)
    }
}

/// The steps of a script.
pub fn steps(text: &str) -> impl Iterator<Item = Step<'_>> {
    text.lines().take(MOST_LINES).filter_map(|line| {
        let letter = line.chars().next()?;
        let rest = line.get(letter.len_utf8()..)?;
        Some(Step { letter, rest: rest.strip_prefix(' ').unwrap_or(rest) })
    })
}
