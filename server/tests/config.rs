//! What is wrong with a configuration is said with the line where it stands, what was expected, and what came.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use causerie_server::config::Config;

const CHANNEL: &str = "[[channels]]\nname = \"default\"\n";

fn refused(text: &str, line: usize, reason: &str) {
    let error = Config::parse(text, "chat.toml").expect_err(text).to_string();
    assert!(error.starts_with(&format!("chat.toml, line {line}: ")) && error.contains(reason), "{text}\n{error}");
}

#[test]
fn a_number_that_stands_in_several_tables_is_found_in_its_own() {
    refused(
        &format!("[bayeux]\ntimeout_ms = 500\n[webhooks]\ntimeout_ms = 0\n{CHANNEL}"),
        4,
        "timeout_ms must be more than 0, 0 came",
    );
    refused(
        &format!("# messages\n[bots]\ntime_ms = 1\nmessages = 0\n{CHANNEL}"),
        4,
        "messages must be more than 0, 0 came",
    );
}

#[test]
fn the_one_of_many_that_is_wrong_is_named_by_its_line() {
    let jane = "[[agents]]\nname = \"Jane\"\nkey = \"default\"\n";
    refused(&format!("{CHANNEL}{jane}[[agents]]\nname = \"Omar\"\nkey = \"\"\n"), 8, "an empty key came");
    refused(&format!("{CHANNEL}{jane}[[agents]]\nname = \" \"\nkey = \"k\"\n"), 7, "an empty name came");
    refused(&format!("{CHANNEL}{jane}{jane}"), 7, "\"Jane\" is there twice");
    refused(
        &format!("{CHANNEL}[[channels]]\nname = \"\"\n"),
        4,
        "1 to 64 letters, digits, '-', '_' and '.', \"\" came",
    );
    refused(&format!("{CHANNEL}{CHANNEL}"), 4, "\"default\" is there twice");
    let second = "[[channels]]\nname = \"b\"\n";
    for (table, line, reason) in [
        ("data_retention = 0", 5, "more than 0 days"),
        ("idle_warning = 600", 5, "idle_warning must be less than idle_timeout (600), 600 came"),
        ("idle_timeout = 0\nidle_warning = 60", 6, "idle_warning must be less than idle_timeout (0), 60 came"),
        ("idle_warning_text = \" \"", 5, "idle_warning_text: words are expected"),
        ("locale = \"!!\"", 5, "such as \"en-us\" is expected, \"!!\" came"),
        ("[channels.bot]\nfile = \"\"", 6, "a bot's file is expected"),
        ("[channels.faq]\nthreshold = 7\nentries = []", 6, "from 0 to 1 is expected, 7 came"),
        (
            "[channels.faq]\nentries = [\n{ question = \"q\", answer = \"a\" },\n{ question = \"r\", answer = \"\" },\n]",
            8,
            "an empty answer came",
        ),
        (
            "[[channels.webhooks]]\nurl = \"http://a.example\"\nsecret = \"0123456789abcdef\"\nevents = [\n\"chatSession.ended\",\n\"ended\",\n]",
            10,
            "a webhook's events: ",
        ),
    ] {
        refused(&format!("{CHANNEL}{second}{table}\n"), line, reason);
    }
}

#[test]
fn what_could_never_work_is_refused() {
    for (origin, reason) in [
        ("https://*.shop.example", "each host by its name is expected, or \"*\" alone for any"),
        ("https://shop.example:443", "browsers leave :443 out"),
        ("http://shop.example:80", "browsers leave :80 out"),
        ("https://bücher.example", "begins with xn--"),
        ("https://shop example", "scheme://host or scheme://host:port"),
        ("https://shop.example:port", "scheme://host or scheme://host:port"),
        ("https://user@shop.example", "scheme://host or scheme://host:port"),
        ("shop.example", "scheme://host or scheme://host:port"),
        ("https://", "scheme://host or scheme://host:port"),
    ] {
        refused(&format!("allowed_origins = [\n\"https://a.example\",\n\"{origin}\",\n]\n{CHANNEL}"), 3, reason);
    }
    for limit in [
        "max_sessions",
        "sessions_per_address",
        "max_connections",
        "connections_per_address",
        "transcript_entries",
        "transcript_bytes",
    ] {
        refused(&format!("[limits]\n{limit} = 0\n{CHANNEL}"), 2, &format!("{limit} must be more than 0, 0 came"));
    }
    refused(&format!("[limits]\nframe_bytes = 10\n{CHANNEL}"), 2, "frame_bytes must be 512 or more, 10 came");
    for (field, reason) in [
        (r#"name = "a", label = "A", type = "select", options = ["x", ""]"#, "not empty are expected, each once"),
        (r#"name = "a", label = "A", type = "select", options = ["x", "x"]"#, "not empty are expected, each once"),
        (r#"name = "a", label = " ""#, "a label is expected"),
        (r#"name = "a", label = "A", max_length = 0"#, "max_length must be more than 0"),
        (r#"name = "__proto__", label = "A""#, "\"__proto__\" came"),
    ] {
        let fine = r#"{ name = "fine", label = "Fine" }"#;
        refused(&format!("{CHANNEL}[channels.offline]\nfields = [\n{fine},\n{{ {field} }},\n]\n"), 6, reason);
    }
    let hook = |url: &str, secret: &str| format!("[[channels.webhooks]]\nurl = \"{url}\"\nsecret = \"{secret}\"\n");
    let (one, other) = ("0123456789abcdef", "abcdef0123456789");
    refused(&format!("{CHANNEL}{}", hook("http://me:pass@a.example/", one)), 4, "no user and no password");
    let twice = hook("http://a.example/", one).repeat(2);
    refused(&format!("{CHANNEL}{twice}"), 7, "it is there twice");
    let (here, there) = (hook("http://a.example/", one), hook("http://a.example/", other));
    refused(
        &format!("{CHANNEL}{here}[[channels]]\nname = \"b\"\n{there}"),
        10,
        "the one that its url has in another channel",
    );
}

#[test]
fn what_works_is_taken() {
    let origins =
        r#"["https://a.example", "http://a.example:8080", "http://[::1]:8080", "null", "*", "capacitor://localhost"]"#;
    let hook = "[[channels.webhooks]]\nurl = \"http://a.example/\"\nsecret = \"0123456789abcdef\"\n";
    let text = format!("allowed_origins = {origins}\n{CHANNEL}{hook}[[channels]]\nname = \"b\"\n{hook}");
    assert_eq!(Config::parse(&text, "chat.toml").unwrap().allowed_origins.len(), 6);
}

#[test]
fn types_are_named_in_the_words_of_the_file() {
    refused(&format!("[limits]\nmax_sessions = -1\n{CHANNEL}"), 2, "integer `-1`, expected a whole number from 0 on");
    refused(&format!("allowed_origins = \"https://a.example\"\n{CHANNEL}"), 1, "expected a list in [ ]");
    refused("[channels]\nname = \"default\"\n", 1, "a table, expected a list, as [[name]] or [ ] make it");
}
