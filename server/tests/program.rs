//! The program: what it prints, and how it refuses.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::Chat;
use causerie_server::status::Status;
use causerie_server::store::{SqliteStore, Store};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_causerie-server");

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("causerie-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// One line on stderr, nothing on stdout, exit code 2.
fn refused(arguments: &[&str], reason: &str) {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    refused(&["--frobnicate"], "unknown argument --frobnicate");
    refused(&["chat.toml"], "unknown argument chat.toml");
    refused(&["--listen"], "--listen needs a value");
    refused(&["--store", "memory", "--listen", "nowhere"], "--listen nowhere: ");
    refused(&["--www", "/no/such/folder"], "--www /no/such/folder: there is no such folder");
    refused(&["--config", "/no/such/file.toml"], "/no/such/file.toml: ");
    refused(&["--store", "sqlite"], "--store sqlite: a file is expected");
    refused(
        &["--store=redis://:secret@host:6379"],
        "--store redis: is not in this release; sqlite:FILE and memory are",
    );
    refused(&["--store", "floppy"], "--store floppy: is not a store; sqlite:FILE and memory are");
}

#[test]
fn a_port_that_is_taken_is_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&["--store", "memory", "--listen", &address], &format!("--listen {address}: "));
}

#[test]
fn a_wrong_configuration_is_refused_with_line_and_reason() {
    let agents = "[[agents]]\nname = \"Jane\"\nkey = \"k\"\n";
    for (name, text, reason) in [
        ("syntax", "[[channels]]\nname = default\n".to_owned(), "line 2: "),
        ("unknown", "[[channels]]\nname = \"default\"\nwelcom = \"Hi\"\n".to_owned(), "line 3: unknown field `welcom`"),
        (
            "type",
            "[limits]\nsend_burst = \"many\"\n[[channels]]\nname = \"default\"\n".to_owned(),
            "line 2: invalid type: string",
        ),
        ("missing", "allowed_origins = []\n".to_owned(), "missing field `channels`"),
        ("none", "channels = []\n".to_owned(), "line 1: at least one [[channels]] is needed"),
        ("twice", format!("[[channels]]\nname = \"default\"\n{agents}{agents}"), "the agent \"Jane\" is there twice"),
        ("name", "[[channels]]\nname = \"a/b\"\n".to_owned(), "line 2: a channel's name is"),
        (
            "origin",
            "allowed_origins = [\"https://shop.example/\"]\n[[channels]]\nname = \"default\"\n".to_owned(),
            "line 1: \"https://shop.example/\" is no origin",
        ),
        (
            "rate",
            "[limits]\nsend_rate = 0.0\n[[channels]]\nname = \"default\"\n".to_owned(),
            "line 2: send_rate must be more than 0",
        ),
        (
            "tls",
            "[tls]\ncert = \"none.pem\"\nkey = \"none.pem\"\n[[channels]]\nname = \"default\"\n".to_owned(),
            "none.pem: ",
        ),
    ] {
        let path = file(&format!("{name}.toml"), &text);
        refused(&["--listen", "127.0.0.1:0", "--store", "memory", "--config", path.to_str().unwrap()], reason);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn it_says_where_it_listens_and_stops_when_told() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--store", "memory"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let port: u16 = line.strip_prefix("listening on http://127.0.0.1:").unwrap().parse().unwrap();
        assert_ne!(port, 0);
        assert!(Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap().success());
        assert_eq!(server.wait().unwrap().code(), Some(0));
        assert!(lines.next().is_none(), "nothing else is printed");
    }
}

#[test]
fn offline_requests_are_exported_while_a_server_runs() {
    let folder = common::Folder::new();
    let path = folder.file("chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut chat = Chat::new("default", "127.0.0.1".parse().unwrap(), 0).unwrap();
    chat.status = Status::OfflineForm;
    let mut draft = Draft::of(&chat, 0, Rules::default());
    draft.post([("email".to_owned(), "ann@mail.example".to_owned())].into());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        store.create(&Draft::of(&chat, 0, Rules::default())).await.unwrap();
        draft.chat.version = 2;
        store.commit(&draft).await.unwrap();
    });
    let file = format!("sqlite:{}", path.display());
    let printed = |form: &str| String::from_utf8(run(&["--store", &file, "--export-requests", form]).stdout).unwrap();
    assert_eq!(printed("csv"), "id,service,time,email\r\n1,default,1970-01-01T00:00:00Z,ann@mail.example\n");
    let all: serde_json::Value = serde_json::from_str(&printed("json")).unwrap();
    assert_eq!(all[0]["values"]["email"], "ann@mail.example");
    refused(&["--store", "memory", "--export-requests", "csv"], "a store in a file is expected");
    refused(&["--store", "sqlite:/no/such.db", "--export-requests", "csv"], "/no/such.db: unable to open");
    refused(&["--store", &file, "--export-requests", "xml"], "csv or json is expected");
}

#[test]
fn help_and_version_are_printed() {
    for (argument, text) in [("--help", "usage: causerie-server"), ("--version", "causerie-server 0.")] {
        let output = run(&[argument]);
        assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().starts_with(text));
    }
}
