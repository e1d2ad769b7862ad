//! The other side, as far as a script needs one: it notes what is asked, and answers well or badly when the script says.

use std::collections::BTreeSet;

use causerie::io::Io;
use causerie::json::native::NativeJson;
use serde_json::{Value, json};

use super::{EPOCH, MARK};

/// What something was asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Socket(u32),
    Request(u32),
}

/// A message that waits for its answer: of Bayeux, of a direct channel, or a REST request (`{"rest": operation, "form"}`).
#[derive(Debug)]
struct Asked {
    by: By,
    message: Value,
}

/// How a script wants something to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Well,
    /// A publish is acknowledged, and nothing more.
    Acknowledged,
    /// The chat server refuses: its status and code.
    Refused(u64, u64),
    /// The Bayeux server does not know the client.
    Forgotten,
}

/// What goes to the page.
#[derive(Debug)]
pub enum Given {
    Frame(u32, Value),
    Reply(u32, Value),
}

/// The other side.
#[derive(Debug, Default)]
pub struct Peer {
    /// Answers of the chat server carry no ids, as those of other servers.
    is_plain: bool,
    /// The Bayeux server offers acknowledged batches.
    has_batches: bool,
    /// The newest socket, until it is closed.
    socket: Option<u32>,
    is_direct: bool,
    asked: Vec<Asked>,
    used: BTreeSet<u32>,
    clients: u32,
    batch: u32,
    entries: Vec<Value>,
    keys: u32,
    ended: bool,
}

impl Peer {
    /// As the first line of a script has it, by words.
    pub fn new(head: &str) -> Self {
        Self { is_plain: head.contains("plain"), has_batches: head.contains("batches"), ..Self::default() }
    }

    /// Notes what the driver is asked to do. Numbers may not be used twice, nor a socket that is not open.
    pub fn note(&mut self, io: &Io<NativeJson>) {
        match io {
            Io::Open { socket, url } => {
                assert!(self.used.insert(*socket), "socket {socket} is opened twice");
                self.socket = Some(*socket);
                self.is_direct = !url.starts_with("ws");
            }
            Io::Frame { socket, body } => {
                assert_eq!(self.socket, Some(*socket), "a frame goes to the socket that is open");
                self.ask(By::Socket(*socket), body.tree().clone());
            }
            Io::Close { socket } => self.closed(*socket),
            Io::Post { request, body, .. } => {
                assert!(self.used.insert(*request), "request {request} is sent twice");
                self.ask(By::Request(*request), body.tree().clone());
            }
            Io::PostForm { request, url, body } => {
                assert!(self.used.insert(*request), "request {request} is sent twice");
                let message = json!({ "rest": url, "form": body.tree() });
                self.ask(By::Request(*request), message);
            }
            Io::Abort { request } => self.asked.retain(|asked| asked.by != By::Request(*request)),
            Io::Tell { .. } => {}
        }
    }

    fn ask(&mut self, by: By, body: Value) {
        let messages = if let Value::Array(messages) = body { messages } else { vec![body] };
        self.asked.extend(messages.into_iter().map(|message| Asked { by, message }));
    }

    /// The socket in use, or the last that was.
    pub fn socket(&self) -> u32 {
        self.socket.unwrap_or(1)
    }

    /// A socket is no more.
    pub fn closed(&mut self, socket: u32) {
        self.socket.take_if(|open| *open == socket);
        self.asked.retain(|asked| asked.by != By::Socket(socket));
    }

    /// The request that is the `place`th of those without an answer.
    pub fn request(&mut self, place: u64) -> Option<u32> {
        let mut requests: Vec<u32> = self.asked.iter().filter_map(|asked| asked.by.request()).collect();
        requests.dedup();
        requests.get(usize::try_from(place).ok()? % requests.len().max(1)).copied()
    }

    /// The page has gone: nothing of it is open, and the next one counts anew.
    pub fn unload(&mut self) {
        self.socket = None;
        self.asked.clear();
        self.used.clear();
    }

    /// A request is over.
    pub fn replied(&mut self, request: u32) {
        self.asked.retain(|asked| asked.by != By::Request(request));
    }

    /// Fills in what a script cannot know: `$i` is the id of the last message that waits, `$j` that of the first, `$c`
    /// the Bayeux client's.
    pub fn fill(&self, text: &str) -> String {
        let id =
            |asked: Option<&Asked>| asked.and_then(|asked| asked.message["id"].as_str()).unwrap_or_default().to_owned();
        text.replace("$i", &id(self.asked.last()))
            .replace("$j", &id(self.asked.first()))
            .replace("$c", &format!("{MARK}client{}", self.clients))
    }

    /// Answers what waits; connects that are held only when `held` says so.
    pub fn answer(&mut self, how: How, held: bool) -> Vec<Given> {
        let is_held = |message: &Value| message["channel"] == "/meta/connect" && message["advice"]["timeout"] != 0;
        let (now, later) =
            std::mem::take(&mut self.asked).into_iter().partition(|asked| held || !is_held(&asked.message));
        self.asked = later;
        let mut given: Vec<Given> = Vec::new();
        for Asked { by, message } in now {
            let answers = self.answers(how, &message);
            match (by, message.get("rest")) {
                (By::Request(request), Some(_)) => {
                    given.push(Given::Reply(request, answers.into_iter().next().unwrap_or_default()));
                }
                (By::Socket(socket), _) if self.is_direct => {
                    given.extend(answers.into_iter().map(|answer| Given::Frame(socket, answer)));
                }
                (By::Socket(socket), _) => match given.last_mut() {
                    Some(Given::Frame(_, Value::Array(messages))) => messages.extend(answers),
                    _ => given.push(Given::Frame(socket, answers.into())),
                },
                (By::Request(request), _) => match given.last_mut() {
                    Some(Given::Reply(last, Value::Array(messages))) if *last == request => messages.extend(answers),
                    _ => given.push(Given::Reply(request, answers.into())),
                },
            }
        }
        given
    }

    fn answers(&mut self, how: How, message: &Value) -> Vec<Value> {
        if let Some(url) = message["rest"].as_str() {
            let name = rest_operation(url);
            return vec![self.operate(how, &name, &message["form"])];
        }
        let (id, channel) = (&message["id"], message["channel"].as_str().unwrap_or_default());
        let operation = message["data"]["operation"].as_str().unwrap_or_default();
        if self.is_direct {
            let data = self.operate(how, operation, &message["data"]);
            return match how {
                How::Acknowledged => vec![json!({ "id": id, "successful": true })],
                How::Forgotten => vec![json!({ "link": 2 })],
                _ if self.is_plain => vec![json!({ "data": data }), json!({ "id": id, "successful": true })],
                _ => vec![json!({ "id": id, "data": data })],
            };
        }
        let mut answer = json!({ "channel": channel, "id": id, "successful": true });
        if how == How::Forgotten && channel != "/meta/handshake" {
            answer["successful"] = false.into();
            answer["error"] = format!("402:{MARK}:session_unknown").into();
            answer["advice"] = json!({ "reconnect": "handshake" });
            return vec![answer];
        }
        match channel {
            "/meta/handshake" => {
                self.clients += 1;
                answer["clientId"] = format!("{MARK}client{}", self.clients).into();
                answer["supportedConnectionTypes"] = json!(["websocket", "long-polling"]);
                answer["advice"] = json!({ "reconnect": "retry", "interval": 0, "timeout": 30_000 });
                if self.has_batches {
                    answer["ext"] = json!({ "ack": true });
                }
            }
            "/meta/connect" if self.has_batches => {
                self.batch += 1;
                answer["ext"] = json!({ "ack": self.batch });
            }
            "/meta/connect" | "/meta/subscribe" | "/meta/disconnect" => {}
            _ if how == How::Acknowledged => {}
            _ => {
                let data = self.operate(how, operation, &message["data"]);
                let mut event = json!({ "channel": channel, "data": data });
                if !self.is_plain {
                    event["id"] = id.clone();
                }
                return vec![event, answer];
            }
        }
        vec![answer]
    }

    /// The chat server's answer to an operation.
    fn operate(&mut self, how: How, operation: &str, data: &Value) -> Value {
        if let How::Refused(status, code) = how {
            let errors = json!([{ "code": code, "advice": format!("{MARK}advice") }]);
            return json!({ "statusCode": status, "messages": [], "errors": errors });
        }
        let since = match operation {
            "requestNotifications" => data["transcriptPosition"].as_u64().unwrap_or(1),
            _ => self.entries.len() as u64 + 1,
        };
        match operation {
            "requestChat" => drop(self.add("ParticipantJoined", "Client", None, data)),
            "sendMessage" => drop(self.add("Message", "Client", Some(&data["message"]), data)),
            "pushUrl" => drop(self.add("PushUrl", "Client", Some(&data["pushUrl"]), data)),
            "customNotice" => drop(self.add("Notice", "External", Some(&data["message"]), data)),
            "disconnect" => drop(self.end()),
            _ => {}
        }
        let since = data["transcriptPosition"].as_u64().filter(|at| *at > 0).unwrap_or(since);
        let messages = self.entries.iter().filter(|entry| entry["index"].as_u64() >= Some(since));
        self.reply(&messages.cloned().collect::<Vec<_>>())
    }

    /// A reply of the chat server's.
    pub fn reply(&self, messages: &[Value]) -> Value {
        json!({
            "statusCode": 0, "chatId": format!("{MARK}chat"), "userId": format!("{MARK}user"), "alias": "1",
            "secureKey": format!("{MARK}key{}", self.keys), "nextPosition": self.entries.len() + 1,
            "chatEnded": self.ended, "messages": messages,
        })
    }

    /// Adds an entry to the transcript.
    pub fn add(&mut self, kind: &str, role: &str, text: Option<&Value>, data: &Value) -> Value {
        let party = if role == "Client" { 1 } else { 2 };
        let from = json!({ "nickname": format!("{MARK}{role}"), "participantId": party, "type": role });
        let index = self.entries.len() + 1;
        let mut entry = json!({ "index": index, "type": kind, "utcTime": EPOCH + index as u64, "from": from });
        if let Some(text) = text {
            entry["text"] = text.clone();
        }
        if !self.is_plain && data["messageId"].is_string() && text.is_some() {
            entry["messageId"] = data["messageId"].clone();
        }
        self.entries.push(entry.clone());
        entry
    }

    /// The chat ends: the closing entries.
    pub fn end(&mut self) -> Vec<Value> {
        self.ended = true;
        vec![
            self.add("ParticipantLeft", "Agent", None, &Value::Null),
            self.add("ParticipantLeft", "Client", None, &Value::Null),
        ]
    }

    /// From now on there is another key.
    pub fn renew(&mut self) {
        self.keys += 1;
    }

    /// Pushes data: over the socket, or with the answer to a connect that is held.
    pub fn push(&mut self, data: &Value) -> Option<Given> {
        let event = json!({ "channel": "/service/chatV2/default", "data": data });
        if let Some(socket) = self.socket {
            let frame = if self.is_direct { json!({ "data": data }) } else { json!([event]) };
            return Some(Given::Frame(socket, frame));
        }
        let place = self.asked.iter().position(|asked| asked.message["channel"] == "/meta/connect")?;
        let Asked { by: By::Request(request), message } = self.asked.remove(place) else { return None };
        let answers = self.answers(How::Well, &message);
        Some(Given::Reply(request, [event].into_iter().chain(answers).collect()))
    }
}

impl By {
    fn request(self) -> Option<u32> {
        if let By::Request(request) = self { Some(request) } else { None }
    }
}

/// The operation of a REST request, by its URL.
fn rest_operation(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('/').next() {
        Some("refresh") => "requestNotifications",
        Some("send") => "sendMessage",
        Some(name @ ("customNotice" | "updateData" | "pushUrl" | "startTyping" | "stopTyping" | "disconnect")) => name,
        _ => "requestChat",
    }
    .to_owned()
}
