//! The twelve states and their table: the code against the manual.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use causerie_server::status::{ALL, Cause, Facts, Status, TABLE, word};

const MANUAL: &str = include_str!("../../src/manual/states.md");

/// The cells of the table rows in the section on the status.
fn rows() -> Vec<Vec<&'static str>> {
    let section = MANUAL.split("\n## Chat status\n").nth(1).unwrap();
    section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| cause") && !line.starts_with("| code"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_manual_names_every_state() {
    let manual: Vec<_> = rows().into_iter().filter(|cells| cells.len() == 3).collect();
    assert_eq!(manual.len(), ALL.len());
    for (cells, status) in manual.iter().zip(ALL) {
        assert_eq!((cells[0], cells[1].trim_matches('`')), (status.code().to_string().as_str(), status.name()));
        assert_eq!(Status::of(status.code()), Some(status));
    }
    assert_eq!(Status::of(12), None);
}

#[test]
fn the_manual_and_the_code_have_one_table() {
    let codes = |states: &[Status]| {
        let mut codes: Vec<_> = states.iter().map(|status| status.code().to_string()).collect();
        codes.sort_by_key(|code| code.parse::<u8>().unwrap());
        codes.join(", ")
    };
    let order =
        |states: &[Status]| states.iter().map(|status| status.code().to_string()).collect::<Vec<_>>().join(", ");
    let code: Vec<_> =
        TABLE.iter().map(|row| [format!("`{}`", word(row.cause)), codes(row.from), order(row.to)]).collect();
    let manual: Vec<_> = rows()
        .into_iter()
        .filter(|cells| cells.len() == 4)
        .map(|cells| [cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned()])
        .collect();
    assert_eq!(code, manual);
}

#[test]
fn no_state_has_two_rows_of_one_cause() {
    for status in ALL {
        for row in &TABLE {
            let same = TABLE.iter().filter(|other| other.cause == row.cause && other.from.contains(&status)).count();
            assert!(same <= 1, "{status:?} {:?}", row.cause);
        }
    }
}

#[test]
fn every_choice_has_an_end() {
    // Whatever the facts, a cause with a row leads somewhere.
    for bits in 0..32_u8 {
        let bit = |n: u8| bits & (1 << n) != 0;
        let facts = Facts { pre_chat: bit(0), faq: bit(1), offline: bit(2), agents: bit(3), bot: bit(4) };
        for row in &TABLE {
            for from in row.from {
                let to = from.next(row.cause, facts).unwrap();
                assert!(row.to.contains(&to));
            }
        }
    }
}

#[test]
fn what_is_over_stays_over() {
    for status in ALL.into_iter().filter(|status| status.is_over()) {
        for row in TABLE.iter().filter(|row| row.cause != Cause::Delete) {
            assert_eq!(status.next(row.cause, Facts::default()), None);
        }
    }
}

#[test]
fn a_bot_prevents_the_offline_form() {
    let nobody = Facts { offline: true, ..Facts::default() };
    assert_eq!(Status::Invalid.next(Cause::Begin, nobody), Some(Status::OfflineForm));
    assert_eq!(Status::Invalid.next(Cause::Begin, Facts { bot: true, ..nobody }), Some(Status::InQueue));
    assert_eq!(Status::UserLast.next(Cause::HandOff, nobody), Some(Status::OfflineForm));
}
