//! The program: what it prints, and how it refuses.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use causerie_server::chat::draft::{Draft, Rules};
use causerie_server::chat::model::Chat;
use causerie_server::status::Status;
use causerie_server::store::{SqliteStore, Store};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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
        &["--store=redis://:secret@host:here"],
        "--store redis: that is no address of a Redis; redis://host:6379/0",
    );
    refused(&["--advertise", "10.0.0.1:8080"], "--advertise: http:// or https:// and a host are expected");
    refused(&["--store", "memory", "--advertise", "http://10.0.0.1"], "--advertise: is for servers that share a store");
    refused(&["--store", "floppy"], "--store floppy: is not a store; sqlite:FILE, redis://HOST:PORT/DB and memory are");
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

/// The program with this configuration: what it logs until it has logged all of these, in any order.
fn logs(folder: &common::Folder, config: &str, wanted: &[&str], act: impl FnOnce(SocketAddr)) {
    std::fs::write(folder.file("chat.toml"), config).unwrap();
    let mut server = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--store", "memory", "--config", "chat.toml"])
        .current_dir(&folder.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(server.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let stderr = BufReader::new(server.stderr.take().unwrap());
    act(line.strip_prefix("listening on http://").unwrap().parse().unwrap());
    let (told, all) = std::sync::mpsc::channel();
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    let mut log = String::new();
    while !wanted.iter().all(|wanted| log.contains(wanted)) {
        let line = all.recv_timeout(Duration::from_secs(20));
        log.push_str(&line.unwrap_or_else(|_| panic!("{wanted:?} are expected: {log}")));
        log.push('\n');
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

fn post(address: SocketAddr, path: &str, form: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = form.len();
    let kind = "application/x-www-form-urlencoded";
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: chat\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + form).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

const BOT: &str = "[[channels]]\nname = \"default\"\n[channels.bot]\nfile = \"bot.js\"\n";

#[test]
fn a_bot_with_a_syntax_error_is_named_with_file_and_line_and_the_channel_runs_without_it() {
    let folder = common::Folder::new();
    std::fs::write(
        folder.file("bot.js"),
        "var fine = 1;\n\nbind('messageReceived', function () { return 1 +; });\nlog('more');\n",
    )
    .unwrap();
    logs(&folder, BOT, &["a bot cannot be used", "bot.js, line 3: SyntaxError"], |address| {
        let begun = post(address, "/2/chat/default", "nickname=Ann&notices=1");
        assert_eq!(begun["statusCode"], 0);
        assert_eq!(begun["messages"][1]["userData"]["botActive"], "false");
    });
}

#[test]
fn the_log_names_an_endless_loop_of_new_sessions_and_what_to_do() {
    let folder = common::Folder::new();
    let script = "bind('event:newChatStarted', function () { $reactions.newSession({message: 'some text', data: $request.data}); });
        bind('event:someEvent', function () { $reactions.newSession({message: 'some text', data: $request.data}); });";
    std::fs::write(folder.file("bot.js"), script).unwrap();
    let wanted = ["a bot failed; its session goes to people", "bot.js", "newSession", "$request.event = null"];
    logs(&folder, BOT, &wanted, |address| {
        let begun = post(address, "/2/chat/default", "nickname=Ann&notices=1");
        let word = |name: &str| begun[name].as_str().unwrap().to_owned();
        let path = format!("/2/chat/default/{}/customNotice", word("chatId"));
        post(address, &path, &format!("secureKey={}&message=someEvent", word("secureKey")));
    });
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
    refused(&["--store", "memory", "--export-requests", "csv"], "a store that outlives the server is expected");
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

#[test]
fn monitoring_has_an_address_of_its_own_and_the_log_is_json_when_asked() {
    let mut server = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--metrics=127.0.0.1:0", "--log", "json", "--store", "memory"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = BufReader::new(server.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let public: SocketAddr = ready.strip_prefix("listening on http://").unwrap().parse().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find(|line| line.contains("metrics are told")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((told["level"].as_str(), told["message"].as_str()), (Some("INFO"), Some("metrics are told")));
    let get = |address: SocketAddr, path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let own = told["address"].as_str().unwrap().parse().unwrap();
    assert!(get(own, "/metrics").contains("causerie_sessions 0"));
    assert!(get(own, "/readyz").ends_with("ready\n") && get(public, "/readyz").ends_with("ready\n"));
    assert!(get(public, "/metrics").starts_with("HTTP/1.1 404"));
    assert!(get(own, "/cometd").starts_with("HTTP/1.1 404"));
    server.kill().unwrap();
    server.wait().unwrap();
    refused(&["--log", "xml"], "--log: text or json is expected");
    refused(&["--store", "memory", "--listen", "127.0.0.1:0", "--metrics", "nowhere"], "--metrics nowhere: ");
}
