//! The table of errors, and that everything that is made of it says the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

use std::collections::BTreeSet;
use std::fmt::Write;

use causerie::session::Code;

const MANUAL: &str = include_str!("../src/manual/errors.md");
const TYPES: &str = include_str!("../pkg-template/index.d.ts");

/// The manual's chapter, as it follows from the table.
fn chapter() -> String {
    let mut text = String::from(
        "# Errors\n\nEvery error that a page sees has a code and a description; the description begins with the cause and may go\non with what exactly was expected and what came. The table is `session::error`; a test walks it and compares this page.\n\n| code | name | cause | remedy |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        writeln!(text, "| {} | `{}` | {} | {} |", code.number(), code.name(), code.cause(), code.remedy()).unwrap();
    }
    text.push_str("\nCodes 200 to 249 are the widget's own.\n");
    text
}

#[test]
fn numbers_and_names_are_unique_and_in_order() {
    let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), numbers.len());
}

#[test]
fn each_has_a_cause_and_a_remedy() {
    for code in Code::ALL {
        assert!(!code.cause().is_empty() && !code.remedy().is_empty(), "{code:?}");
        assert!(!code.cause().contains('|') && !code.remedy().contains('|'), "they stand in a table");
    }
}

#[test]
fn the_manual_says_the_same() {
    assert_eq!(MANUAL, chapter(), "src/manual/errors.md is to be:\n{}", chapter());
}

#[test]
fn the_types_have_each_code_under_its_name() {
    for code in Code::ALL {
        let (number, name) = (code.number().to_string(), code.name());
        let together = TYPES.lines().any(|line| {
            let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).collect();
            words.contains(&name) && words.contains(&number.as_str())
        });
        assert!(together, "{name} {number} in index.d.ts");
    }
}
