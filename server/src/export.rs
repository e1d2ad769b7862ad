//! Offline requests for other programs: as a table, or as JSON.

use crate::chat::model::OfflineRequest;
use crate::cli::Form;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Exported<'a> {
    id: u64,
    service: &'a str,
    time: String,
    values: &'a crate::chat::model::Values,
}

/// The requests as text.
#[must_use]
pub fn export(requests: &[OfflineRequest], form: Form) -> String {
    match form {
        Form::Json => {
            let all: Vec<_> = requests
                .iter()
                .map(|OfflineRequest { id, service, time, values }| Exported {
                    id: *id,
                    service,
                    time: iso(*time),
                    values,
                })
                .collect();
            serde_json::to_string_pretty(&all).unwrap_or_default()
        }
        Form::Csv => csv(requests),
    }
}

/// A table with a column for each field of any request.
fn csv(requests: &[OfflineRequest]) -> String {
    let fields: BTreeSet<&str> =
        requests.iter().flat_map(|request| request.values.keys()).map(String::as_str).collect();
    let head = ["id", "service", "time"].into_iter().chain(fields.iter().copied()).map(cell).collect::<Vec<_>>();
    let mut lines = vec![head.join(",")];
    for request in requests {
        let mut cells = vec![request.id.to_string(), cell(&request.service), iso(request.time)];
        cells.extend(fields.iter().map(|field| cell(request.values.get(*field).map_or("", String::as_str))));
        lines.push(cells.join(","));
    }
    lines.join("\r\n")
}

/// A value in a table. What a spreadsheet would take for a formula is marked as text.
fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

/// Milliseconds since the epoch as a date and time in UTC.
fn iso(time: u64) -> String {
    let (days, rest) = (time / 86_400_000, time % 86_400_000);
    // Years that begin in March, in eras of 400 of them: leap days come last.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        for (time, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(time), date);
        }
    }

    #[test]
    fn a_table_holds_what_spreadsheets_might_run_as_text() {
        let request = |id, name: &str, value: &str| OfflineRequest {
            id,
            service: "default".to_owned(),
            time: 0,
            values: [(name.to_owned(), value.to_owned())].into(),
        };
        let all = [request(1, "name", "=1+1"), request(2, "question", "Is it \"blue\",\nor not?")];
        assert_eq!(
            csv(&all),
            "id,service,time,name,question\r\n1,default,1970-01-01T00:00:00Z,'=1+1,\r\n\
             2,default,1970-01-01T00:00:00Z,,\"Is it \"\"blue\"\",\nor not?\""
        );
    }
}
