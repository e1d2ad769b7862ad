//! The server half of Bayeux 1.0 as CometD has it: clients, queues, connects that are held, and what is published.
//! Written from the published descriptions; it speaks `serde_json` values and shares nothing with the SDK.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::batches::Batches;
use super::chat::{Chats, Flavour};

/// A connection as the server knows it: the page that made it, and its number there.
pub type Conn = (u32, u32);

/// What an envelope came by, and what its answer goes back by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    Socket(Conn),
    Request(Conn),
}

/// What the server sends.
#[derive(Debug)]
pub struct Sent {
    pub by: Carrier,
    pub status: u16,
    pub body: Vec<Value>,
}

#[derive(Debug)]
struct Client {
    socket: Option<Conn>,
    queue: Vec<Value>,
    held: Option<Held>,
    subscribed: bool,
    /// What it has not acknowledged, if it does so.
    batches: Option<Batches>,
    /// Without a connect until then, the client is forgotten.
    until: u64,
}

#[derive(Debug)]
struct Held {
    by: Carrier,
    reply: Value,
    until: u64,
}

/// A Bayeux server.
#[derive(Debug)]
pub struct Bayeux {
    host: usize,
    clients: BTreeMap<String, Client>,
    serial: u32,
    /// The advice of answers to handshakes and connects.
    pub advice: Value,
    /// How long a connect is really held, in milliseconds.
    pub hold: u64,
    /// A connect is held no longer than the client asks for.
    pub honours_timeout: bool,
    /// How long a client without a connect is known, in milliseconds.
    pub max_interval: u64,
    /// The error for an unknown client; `{}` is its id.
    pub unknown: &'static str,
    /// The advice that goes with it on a connect.
    pub unknown_advice: Value,
    /// It offers the acknowledgement extension.
    pub acks: bool,
    /// A socket needs a handshake of its own.
    pub handshake_per_socket: bool,
    /// The error and the advice of the next handshakes.
    pub refuse_handshake: Option<(String, Value)>,
    /// The error of subscribes.
    pub refuse_subscribe: Option<String>,
    /// Publishes that are refused as messages: operation, error, each once.
    pub refuse_publish: Vec<(String, String)>,
    /// The chat's answers come so much later than the acknowledgement, in milliseconds (the plain flavour).
    pub answers_late: u64,
    later: Vec<(u64, String, Value)>,
    /// Connects of clients that were forgotten.
    orphans: Vec<Held>,
    pub handshakes: u32,
}

impl Bayeux {
    pub fn new(host: usize) -> Self {
        Self {
            host,
            clients: BTreeMap::new(),
            serial: 0,
            advice: json!({ "reconnect": "retry", "interval": 0, "timeout": 30_000 }),
            hold: 30_000,
            honours_timeout: true,
            max_interval: 10_000,
            unknown: "402::session_unknown",
            unknown_advice: json!({ "reconnect": "handshake", "interval": 0 }),
            acks: false,
            handshake_per_socket: false,
            refuse_handshake: None,
            refuse_subscribe: None,
            refuse_publish: Vec::new(),
            answers_late: 0,
            later: Vec::new(),
            orphans: Vec::new(),
            handshakes: 0,
        }
    }

    /// Forgets all clients; sockets stay, and connects that are held learn of it in the end.
    pub fn forget(&mut self) {
        for (id, client) in std::mem::take(&mut self.clients) {
            if let Some(held) = client.held {
                let reply = self.unknown_client(&held.reply, &id);
                self.orphans.push(Held { reply, ..held });
            }
        }
        self.later.clear();
    }

    /// What was sent to clients that acknowledge, and has not been acknowledged, goes out again; or never.
    pub fn doubt(&mut self, sends_again: bool) {
        for client in self.clients.values_mut() {
            let again = client.batches.as_mut().map(Batches::doubt).unwrap_or_default();
            client.queue.splice(0..0, again.into_iter().filter(|_| sends_again));
        }
    }

    /// Whether the server knows a client.
    pub fn has(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    /// A socket is closed.
    pub fn closed(&mut self, now: u64, conn: Conn) {
        for client in self.clients.values_mut() {
            if client.socket == Some(conn) {
                client.socket = None;
                client.until = now + self.max_interval;
                client.held.take_if(|held| held.by == Carrier::Socket(conn));
            }
        }
    }

    /// The browser has given up a request.
    pub fn aborted(&mut self, now: u64, conn: Conn) {
        for client in self.clients.values_mut() {
            if client.held.take_if(|held| held.by == Carrier::Request(conn)).is_some() {
                client.until = now + self.max_interval;
            }
        }
    }

    /// Pushes data to a client.
    pub fn push(&mut self, client: &str, event: Value) {
        if let Some(client) = self.clients.get_mut(client).filter(|client| client.subscribed) {
            client.queue.push(event);
        }
    }

    /// Takes in an envelope; what goes out at once is in the result.
    pub fn receive(&mut self, now: u64, by: Carrier, envelope: &[Value], chats: &mut Chats) -> Vec<Sent> {
        let mut replies = Vec::new();
        let mut sent = Vec::new();
        let mut is_held = false;
        let mut spoken_for = None;
        for message in envelope {
            check(message);
            let channel = message["channel"].as_str().expect("a channel");
            if channel == "/meta/handshake" {
                assert_eq!(envelope.len(), 1, "a handshake goes alone");
                replies.push(self.handshake(now, by, message));
                continue;
            }
            let id = message["clientId"].as_str().expect("a clientId").to_owned();
            if !self.knows(&id, by) {
                replies.push(self.unknown_client(message, &id));
                continue;
            }
            spoken_for = Some(id.clone());
            match channel {
                "/meta/connect" => match self.connect(now, by, message, envelope.len() == 1, &mut sent) {
                    Some(body) => replies.extend(body),
                    None => is_held = true,
                },
                "/meta/subscribe" => replies.push(self.subscribe(message, &id)),
                "/meta/disconnect" => {
                    if let Some(held) = self.clients.remove(&id).and_then(|client| client.held) {
                        sent.push(Sent { by: held.by, status: 200, body: vec![held.reply] });
                    }
                    replies.push(answer(message));
                }
                _ => self.publish(now, message, &id, chats, &mut replies),
            }
        }
        match by {
            Carrier::Request(_) if !is_held => {
                let client = spoken_for.and_then(|id| self.clients.get_mut(&id));
                let queue =
                    client.filter(|client| client.batches.is_none()).map(|client| std::mem::take(&mut client.queue));
                let body = queue.unwrap_or_default().into_iter().chain(replies).collect();
                sent.push(Sent { by, status: 200, body });
            }
            Carrier::Request(_) => {}
            Carrier::Socket(_) => {
                sent.extend(self.flush(now));
                if !replies.is_empty() {
                    sent.push(Sent { by, status: 200, body: replies });
                }
            }
        }
        sent.extend(self.flush(now));
        sent
    }

    /// Time passes: what was held too long goes back, who did not come back is forgotten.
    pub fn tick(&mut self, now: u64) -> Vec<Sent> {
        let due: Vec<_> = self.later.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, client, event) in due {
            self.push(&client, event);
        }
        let mut sent = self.flush(now);
        let orphans = self.orphans.extract_if(.., |held| held.until <= now);
        sent.extend(orphans.map(|held| Sent { by: held.by, status: 200, body: vec![held.reply] }));
        for client in self.clients.values_mut() {
            if let Some(held) = client.held.take_if(|held| held.until <= now) {
                client.until = now + self.max_interval;
                sent.push(Sent { by: held.by, status: 200, body: client.load(held.reply) });
            }
        }
        self.clients.retain(|_, client| client.held.is_some() || client.until > now);
        sent
    }

    /// When [`Bayeux::tick`] has something to do.
    pub fn next_tick(&self) -> Option<u64> {
        let held = self.clients.values().map(|client| client.held.as_ref().map_or(client.until, |held| held.until));
        held.chain(self.later.iter().map(|(at, ..)| *at)).chain(self.orphans.iter().map(|held| held.until)).min()
    }

    /// What is queued goes out where there is a way: by the socket, or with a held connect.
    fn flush(&mut self, now: u64) -> Vec<Sent> {
        let mut sent = Vec::new();
        for client in self.clients.values_mut().filter(|client| !client.queue.is_empty()) {
            if let Some(socket) = client.socket.filter(|_| client.batches.is_none()) {
                let frames = client.queue.drain(..);
                sent.extend(frames.map(|event| Sent { by: Carrier::Socket(socket), status: 200, body: vec![event] }));
            } else if let Some(held) = client.held.take() {
                client.until = now + self.max_interval;
                sent.push(Sent { by: held.by, status: 200, body: client.load(held.reply) });
            }
        }
        sent
    }

    fn knows(&self, id: &str, by: Carrier) -> bool {
        let Some(client) = self.clients.get(id) else { return false };
        match by {
            Carrier::Socket(conn) if self.handshake_per_socket => client.socket == Some(conn),
            _ => true,
        }
    }

    fn unknown_client(&self, message: &Value, id: &str) -> Value {
        let mut reply = answer(message);
        reply["successful"] = false.into();
        reply["error"] = self.unknown.replace("{}", id).into();
        if message["channel"] == "/meta/connect" && !self.unknown_advice.is_null() {
            reply["advice"] = self.unknown_advice.clone();
        }
        reply
    }

    fn handshake(&mut self, now: u64, by: Carrier, message: &Value) -> Value {
        assert_eq!(message["version"], "1.0");
        assert!(message["supportedConnectionTypes"].as_array().is_some_and(|types| !types.is_empty()));
        let mut reply = answer(message);
        self.handshakes += 1;
        if let Some((error, advice)) = &self.refuse_handshake {
            reply["successful"] = false.into();
            reply["error"] = error.as_str().into();
            reply["advice"] = advice.clone();
            return reply;
        }
        self.serial += 1;
        let id = format!("h{}c{}", self.host, self.serial);
        reply["clientId"] = id.as_str().into();
        reply["version"] = "1.0".into();
        reply["supportedConnectionTypes"] = json!(["websocket", "long-polling"]);
        reply["advice"] = self.advice.clone();
        let socket = if let Carrier::Socket(conn) = by { Some(conn) } else { None };
        let until = now + self.max_interval;
        let batches = (self.acks && message["ext"]["ack"] == true).then(Batches::default);
        if batches.is_some() {
            reply["ext"] = json!({ "ack": true });
        }
        self.clients.insert(id, Client { socket, queue: Vec::new(), held: None, subscribed: false, batches, until });
        reply
    }

    fn connect(
        &mut self,
        now: u64,
        by: Carrier,
        message: &Value,
        alone: bool,
        sent: &mut Vec<Sent>,
    ) -> Option<Vec<Value>> {
        let mut reply = answer(message);
        reply["advice"] = self.advice.clone();
        let until = now + self.max_interval;
        let hold = now + self.hold;
        let client = self.clients.get_mut(message["clientId"].as_str()?)?;
        client.until = until;
        if let Carrier::Socket(conn) = by {
            client.socket = Some(conn);
        }
        if let Some(older) = client.held.take() {
            sent.push(Sent { by: older.by, status: 500, body: vec![] });
        }
        let asked = message["advice"]["timeout"].as_u64().filter(|_| self.honours_timeout);
        let hold = asked.map_or(hold, |asked| hold.min(now + asked));
        let at_once = message["advice"]["timeout"] == 0 || hold == now;
        if let Some(batches) = &mut client.batches {
            let again = batches.came(message);
            client.queue.splice(0..0, again);
        }
        let acks = client.batches.is_some();
        let has_news = (acks || matches!(by, Carrier::Request(_))) && !client.queue.is_empty();
        if at_once || has_news || !alone {
            return Some(if acks { client.load(reply) } else { vec![reply] });
        }
        client.held = Some(Held { by, reply, until: hold });
        None
    }

    fn subscribe(&mut self, message: &Value, id: &str) -> Value {
        let mut reply = answer(message);
        reply["subscription"] = message["subscription"].clone();
        if let Some(error) = &self.refuse_subscribe {
            reply["successful"] = false.into();
            reply["error"] = error.as_str().into();
        } else if let Some(client) = self.clients.get_mut(id) {
            client.subscribed = true;
        }
        reply
    }

    fn publish(&mut self, now: u64, message: &Value, id: &str, chats: &mut Chats, replies: &mut Vec<Value>) {
        let channel = message["channel"].as_str().expect("a channel");
        let service = channel.strip_prefix("/service/chatV2/").unwrap_or_else(|| panic!("a chat channel: {channel}"));
        let operation = message["data"]["operation"].as_str().unwrap_or_default();
        let mut ack = answer(message);
        if let Some(place) = self.refuse_publish.iter().position(|(name, _)| name == operation) {
            ack["successful"] = false.into();
            ack["error"] = self.refuse_publish.remove(place).1.into();
            return replies.push(ack);
        }
        if let Some(data) = chats.operation(now, service, (self.host, id.to_owned()), &message["data"]) {
            match chats.flavour {
                Flavour::Ours => replies.push(json!({ "channel": channel, "id": message["id"], "data": data })),
                Flavour::Plain => {
                    let event = json!({ "channel": channel, "data": data });
                    if self.answers_late > 0 {
                        self.later.push((now + self.answers_late, id.to_owned(), event));
                    } else {
                        self.push(id, event);
                    }
                }
            }
        }
        replies.push(ack);
    }
}

impl Client {
    /// What waits goes out with the answer to a connect.
    fn load(&mut self, mut reply: Value) -> Vec<Value> {
        let mut body = std::mem::take(&mut self.queue);
        if let Some(batches) = &mut self.batches {
            batches.send(&body, &mut reply);
        }
        body.push(reply);
        body
    }
}

fn answer(message: &Value) -> Value {
    json!({ "channel": message["channel"], "id": message["id"], "successful": true })
}

/// What every Bayeux server asks of a message.
fn check(message: &Value) {
    let id = message["id"].as_str().expect("a string as id");
    assert!(!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()), "an id of letters and digits: {id}");
    let channel = message["channel"].as_str().expect("a channel");
    assert!(channel.starts_with('/'));
}
