//! The acknowledgement extension of CometD, as it is on the wire: where a server offers it, each connect names the last
//! batch that came, so that the server sends again what was lost with a connection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is how a test fails.
#![allow(clippy::needless_pass_by_value)] // JSON is passed on as it is made.

use causerie::bayeux::Client;
use causerie::chat::{Keys, Operation};
use causerie::io::Io;
use causerie::json::native::NativeJson;
use causerie::protocol::{Event, Output, Protocol, Target, Times, Wire};
use causerie::time::Now;
use serde_json::{Value, json};

const NOW: Now = Now { mono: 1_000, wall: 1_000 };

/// A client on a socket, and what it has put out.
struct Wired {
    client: Client<NativeJson>,
    socket: u32,
    sent: Vec<Value>,
    lost: u32,
}

impl Wired {
    fn open(ext: Value) -> Self {
        let mut wired =
            Self { client: Client::new(Times::default(), "default", 7), socket: 0, sent: Vec::new(), lost: 0 };
        wired.client.start(NOW, &Target { base: "http://one.test".to_owned(), wire: Wire::WebSocket });
        wired.drain();
        wired.client.handle_opened(NOW, wired.socket);
        wired.drain();
        let handshake = wired.sent.pop().unwrap();
        assert_eq!(handshake[0]["ext"], json!({ "ack": true }));
        wired.answer(&handshake[0], json!({ "clientId": "c1", "ext": ext }));
        wired.attach();
        wired
    }

    fn attach(&mut self) {
        let keys = Keys { secure_key: "key".to_owned(), ..Keys::default() };
        self.client.attach(NOW, &Operation::RequestNotifications { from: 1, data: 0 }, &keys).expect("it attaches");
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Io(Io::Open { socket, .. }) => self.socket = socket,
                Output::Io(Io::Frame { body, .. }) => self.sent.push(body.tree().clone()),
                Output::Event(Event::Lost(_)) => self.lost += 1,
                _ => {}
            }
        }
    }

    /// The connect that was sent last.
    fn connect(&self) -> Value {
        let envelope = self.sent.last().unwrap().as_array().unwrap();
        envelope.iter().find(|message| message["channel"] == "/meta/connect").unwrap().clone()
    }

    fn answer(&mut self, message: &Value, more: Value) {
        let mut reply = json!({ "channel": message["channel"], "id": message["id"], "successful": true });
        for (name, value) in more.as_object().unwrap() {
            reply[name] = value.clone();
        }
        self.client.handle_frame(NOW, self.socket, Ok(json!([reply]).into()));
        self.drain();
    }
}

#[test]
fn each_connect_names_the_last_batch_that_came() {
    let mut wired = Wired::open(json!({ "ack": true }));
    assert_eq!(wired.connect()["ext"], json!({ "ack": 0 }));
    for batch in [1, 2, 5] {
        wired.answer(&wired.connect(), json!({ "ext": { "ack": batch } }));
        assert_eq!(wired.connect()["ext"], json!({ "ack": batch }));
    }
    wired.answer(&wired.connect(), json!({}));
    assert_eq!(wired.connect()["ext"], json!({ "ack": 5 }), "an answer without a batch changes nothing");
}

#[test]
fn a_new_connection_of_the_same_client_names_it_too() {
    let mut wired = Wired::open(json!({ "ack": { "enabled": true, "batch": 0 } }));
    wired.answer(&wired.connect(), json!({ "ext": { "ack": 3 } }));
    wired.client.handle_closed(wired.socket, 1006);
    wired.drain();
    assert_eq!(wired.lost, 1);
    wired.client.retry(NOW);
    wired.drain();
    wired.client.handle_opened(NOW, wired.socket);
    wired.drain();
    wired.attach();
    assert_eq!(wired.connect()["ext"], json!({ "ack": 3 }));
    assert_eq!(wired.connect()["clientId"], "c1");
}

#[test]
fn a_server_that_does_not_offer_it_is_spared() {
    for ext in [json!(null), json!({}), json!({ "ack": false })] {
        let mut wired = Wired::open(ext);
        assert!(wired.connect().get("ext").is_none());
        wired.answer(&wired.connect(), json!({ "ext": { "ack": 1 } }));
        assert!(wired.connect().get("ext").is_none());
    }
}
