//! The chat v2 server behind the Bayeux one: sessions, transcripts and operations, as the manual's page on the wire has
//! them, in two flavours. It speaks `serde_json` values and shares nothing with the SDK.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::EPOCH;
use super::notices::Past;

/// Which kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Causerie's own: answers under the operation's id, knows `messageId`, numbers no typing.
    Ours,
    /// Any other: answers are pushes without ids, `messageId` means nothing, typing uses up an index, and the keys
    /// change as it likes.
    Plain,
}

/// Where the pushes of a chat go: a host and a Bayeux client there.
pub type Bound = (usize, String);

/// Aliases are numbers, and no number that anything else has: by that a page that tells one is found out.
const ALIASES: u32 = 700_000_000;

/// One chat.
#[derive(Debug)]
pub struct Chat {
    pub id: String,
    pub keys: Vec<String>,
    pub alias: u32,
    pub entries: Vec<Value>,
    pub next_index: u32,
    pub ended: bool,
    /// Where pushes go: to all that asked, or from the plain flavour to the one that asked last.
    pub bound: Vec<Bound>,
    /// Every operation that came for it, and its data.
    pub operations: Vec<Value>,
    /// The sessions before.
    pub past: Vec<Past>,
    /// Its time is over: the next that is said opens another one.
    pub expired: bool,
    /// Changes of the status are entries.
    pub tells_status: bool,
    pub status: u8,
    /// The version of the session data, once there is any.
    pub data: u32,
    /// What operations have made, by their ids, and how many sessions there were before.
    answered: BTreeMap<String, (usize, Vec<Value>)>,
    /// The id of the request for the session, and the answer.
    opened: (String, Value),
    agents: Vec<(u32, String)>,
    parties: u32,
}

/// So many operations in one go, and then so many a second. After one too many nothing is taken of its page or tab for the
/// second that is announced, with each refusal anew.
#[derive(Debug)]
pub struct Limit {
    tokens: f64,
    burst: f64,
    rate: f64,
    filled: u64,
    shut: BTreeMap<String, u64>,
    pub refusals: usize,
}

impl Limit {
    pub fn new(burst: u32, rate: u32) -> Self {
        let [burst, rate] = [burst, rate].map(f64::from);
        Self { tokens: burst, burst, rate, filled: 0, shut: BTreeMap::new(), refusals: 0 }
    }

    fn take(&mut self, now: u64, message_id: &str) -> bool {
        self.tokens = self.burst.min(self.tokens + self.rate * (now - self.filled) as f64 / 1000.0);
        self.filled = now;
        let sender = message_id.trim_end_matches(|c: char| c.is_ascii_digit());
        let takes = self.shut.get(sender).is_none_or(|until| now >= *until) && self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        } else {
            self.shut.insert(sender.to_owned(), now + 1_000);
            self.refusals += 1;
        }
        takes
    }
}

/// All chats.
#[derive(Debug)]
pub struct Chats {
    pub flavour: Flavour,
    pub chats: Vec<Chat>,
    /// Longer messages are refused with 204.
    pub longest: usize,
    /// The plain flavour gives new keys with each answer.
    pub renews_keys: bool,
    /// The plain flavour does not tell the sender of its own messages.
    pub is_mute: bool,
    /// A visitor's typing is told back to it, by the plain flavour.
    pub echoes_typing: bool,
    /// The answer to the next operation, whatever it is.
    pub refuse_with: Option<Value>,
    /// Refusals in wait: operation, status, code.
    pub refusals: Vec<(String, u32, u32)>,
    /// The messages that were refused by them.
    pub refused: Vec<String>,
    /// How much Causerie's own takes at once.
    pub limit: Option<Limit>,
    /// What others than the asker are to be pushed.
    pub pushes: Vec<(Bound, Value)>,
    pub services: Vec<String>,
    /// The status is told, by Causerie's own.
    pub tells_status: bool,
    /// A session is accepted without entries, with or without the position of the next one.
    pub accepts_quietly: Option<bool>,
}

impl Chats {
    pub fn new(flavour: Flavour) -> Self {
        Self {
            flavour,
            chats: Vec::new(),
            longest: 20_000_000,
            renews_keys: false,
            is_mute: false,
            echoes_typing: true,
            refuse_with: None,
            refusals: Vec::new(),
            refused: Vec::new(),
            limit: None,
            pushes: Vec::new(),
            tells_status: false,
            services: vec!["default".to_owned()],
            accepts_quietly: None,
        }
    }

    /// Whether an operation has the key of a session that others went on from.
    pub fn leads_on(&self, data: &Value) -> bool {
        let key = data["secureKey"].as_str().unwrap_or_default();
        let has = |chat: &&Chat| chat.keys.iter().any(|known| known == key);
        self.chats.iter().find(has).is_some_and(|chat| !chat.trail(key, 0).is_empty())
    }

    /// The path of a REST call names the session that the key is of.
    pub fn check_path(&self, data: &Value, named: Option<&str>) {
        let key = data["secureKey"].as_str().unwrap_or_default();
        let of = |chat: &Chat| {
            chat.sessions().get(chat.keys.iter().position(|known| known == key)?).map(|(id, _)| (*id).to_owned())
        };
        let of = self.chats.iter().filter(|_| self.flavour == Flavour::Ours).find_map(of);
        assert!(of.is_none() || of.as_deref() == named, "the key is of {of:?}, and the path names {named:?}");
    }

    /// The newest chat.
    pub fn last(&mut self) -> &mut Chat {
        self.chats.last_mut().expect("a chat")
    }

    /// An operation of a visitor's, published on the channel of `service` by `from`; returns the answer.
    pub fn operation(&mut self, now: u64, service: &str, from: Bound, data: &Value) -> Option<Value> {
        let operation = data["operation"].as_str().unwrap_or_default().to_owned();
        if !self.services.iter().any(|known| known == service) {
            return refused(2, 404, None);
        }
        if let Some(place) = self.refusals.iter().position(|(name, ..)| *name == operation) {
            let (_, status, code) = self.refusals.remove(place);
            let text = data.get("message").or(data.get("pushUrl")).and_then(Value::as_str);
            self.refused.extend(text.map(str::to_owned));
            return refused(status, code, None);
        }
        if let Some(answer) = self.refuse_with.take() {
            return Some(answer);
        }
        if operation == "requestChat" {
            return self.request_chat(now, from, data);
        }
        let ours = self.flavour == Flavour::Ours;
        let key = data["secureKey"].as_str().unwrap_or_default();
        let Some(place) = self.chats.iter().position(|chat| chat.keys.iter().any(|known| known == key)) else {
            return refused(2, 8210, None);
        };
        let renews = self.renews_keys && !ours;
        let (longest, is_mute, echoes_typing) = (self.longest, self.is_mute && !ours, self.echoes_typing);
        let chat = &mut self.chats[place];
        chat.operations.push(data.clone());
        if renews {
            chat.keys.push(format!("{}k{}", chat.id, chat.keys.len()));
            chat.alias += 1;
        }
        let message_id = data["messageId"].as_str().filter(|_| ours).map(str::to_owned);
        if let Some(id) = &message_id {
            assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric()), "a messageId of the wire: {id}");
            if let Some((of, made)) = chat.answered.get(id) {
                let made = if *of == chat.past.len() { made.clone() } else { Vec::new() };
                let position = data["transcriptPosition"].as_u64().unwrap_or(0) as u32;
                return Some(chat.answer(chat.trail(key, position), made));
            }
        }
        let counts = matches!(operation.as_str(), "sendMessage" | "pushUrl" | "customNotice" | "updateData");
        if counts
            && self.limit.as_mut().is_some_and(|limit| !limit.take(now, message_id.as_deref().unwrap_or_default()))
        {
            let mut answer = refused(1, 429, Some(chat.ended));
            answer.iter_mut().for_each(|answer| answer["errors"][0]["retryAfter"] = 1.into());
            return answer;
        }
        let position = data["transcriptPosition"].as_u64().unwrap_or(0) as u32;
        if chat.expired && matches!(operation.as_str(), "sendMessage" | "pushUrl") {
            let news = chat.renew(now, "timeout");
            self.pushes.extend(chat.others(&from, &news));
        }
        let trail = chat.trail(key, position);
        if operation == "requestNotifications" {
            assert!(data["transcriptPosition"].is_u64(), "a transcriptPosition");
            chat.bind(from, ours);
            let from_there =
                |entry: &&Value| position > 0 && entry["index"].as_u64().unwrap_or(0) >= u64::from(position);
            let mut answer = chat.answer(trail, chat.entries.iter().filter(from_there).cloned().collect());
            if let (true, Some(messages)) = (chat.data > 0, answer["messages"].as_array_mut()) {
                messages.push(chat.data_since(data["dataVersion"].as_u64().unwrap_or(0) as u32));
            }
            return Some(answer);
        }
        if chat.ended {
            return refused(2, 8210, Some(true));
        }
        match operation.as_str() {
            "sendMessage" | "pushUrl" => {
                let is_url = operation == "pushUrl";
                let text = data[if is_url { "pushUrl" } else { "message" }].clone();
                let length = text.as_str().expect("a text").len();
                if length == 0 || length > longest {
                    return refused(1, 204, None);
                }
                let kind = if is_url { "PushUrl" } else { "Message" };
                let mut entry = chat.entry(now, kind, visitor());
                entry["text"] = text;
                if let Some(id) = &message_id {
                    entry["messageId"] = id.as_str().into();
                }
                let mut made = vec![chat.keep(entry)];
                made.extend(chat.status_is(now, 5));
                if ours {
                    self.pushes.extend(chat.others(&from, &chat.reply(made.clone())));
                }
                if let Some(id) = message_id {
                    chat.answered.insert(id, (chat.past.len(), made.clone()));
                }
                (!is_mute).then(|| chat.answer(trail, made))
            }
            "startTyping" | "stopTyping" => {
                if ours {
                    return Some(chat.answer(trail, vec![]));
                }
                let kind = if operation == "startTyping" { "TypingStarted" } else { "TypingStopped" };
                let entry = chat.entry(now, kind, visitor());
                chat.next_index += 1;
                echoes_typing.then(|| chat.reply(vec![entry]))
            }
            "customNotice" | "updateData" => {
                if let Some(id) = message_id {
                    chat.answered.insert(id, (chat.past.len(), Vec::new()));
                }
                Some(chat.answer(trail, vec![]))
            }
            "disconnect" => {
                let closing = chat.close(now)["messages"].as_array().cloned().unwrap_or_default();
                Some(chat.answer(trail, closing))
            }
            other => panic!("an operation of the wire: {other}"),
        }
    }

    fn request_chat(&mut self, now: u64, from: Bound, data: &Value) -> Option<Value> {
        let ours = self.flavour == Flavour::Ours;
        let request = data["messageId"].as_str().unwrap_or_default().to_owned();
        if let Some(chat) = self.chats.iter_mut().find(|chat| ours && chat.opened.0 == request) {
            chat.bind(from, ours);
            return Some(chat.opened.1.clone());
        }
        if data["nickname"].as_str().is_none_or(str::is_empty) {
            return refused(1, 161, None);
        }
        let id = format!("chat{}", self.chats.len() + 1);
        let mut chat = Chat {
            keys: vec![format!("{id}k0")],
            id,
            alias: 1,
            entries: Vec::new(),
            next_index: 1,
            ended: false,
            bound: vec![from],
            operations: vec![data.clone()],
            past: Vec::new(),
            expired: false,
            tells_status: ours && self.tells_status,
            status: 0,
            data: 0,
            answered: BTreeMap::new(),
            opened: (request, Value::Null),
            agents: Vec::new(),
            parties: 1,
        };
        let entry = chat.entry(now, "ParticipantJoined", visitor());
        let mut begins = vec![chat.keep(entry)];
        begins.extend(chat.status_is(now, 4));
        let mut answer = chat.reply(begins);
        if let Some(tells_position) = self.accepts_quietly {
            answer["messages"] = json!([]);
            if !tells_position {
                answer["nextPosition"] = Value::Null;
            }
        }
        chat.opened.1 = answer.clone();
        self.chats.push(chat);
        Some(answer)
    }
}

impl Chat {
    fn bind(&mut self, from: Bound, beside_others: bool) {
        self.bound.retain(|bound| beside_others && *bound != from);
        self.bound.push(from);
    }

    /// An entry with the next index, not kept yet.
    pub fn entry(&self, now: u64, kind: &str, from: Value) -> Value {
        json!({ "index": self.next_index, "type": kind, "utcTime": EPOCH + now, "from": from })
    }

    /// Keeps an entry in the transcript.
    pub fn keep(&mut self, entry: Value) -> Value {
        self.next_index += 1;
        self.entries.push(entry.clone());
        entry
    }

    /// A reply of the server's.
    pub fn reply(&self, messages: Vec<Value>) -> Value {
        json!({
            "statusCode": 0, "chatId": self.id, "userId": format!("{}u", self.id), "alias": (ALIASES + self.alias).to_string(),
            "secureKey": self.keys.last(), "nextPosition": self.next_index, "chatEnded": self.ended,
            "messages": messages,
        })
    }

    pub fn agent_joins(&mut self, now: u64, name: &str) -> Value {
        self.parties += 1;
        self.agents.push((self.parties, name.to_owned()));
        let entry = self.entry(now, "ParticipantJoined", self.agent(name));
        let entry = self.keep(entry);
        self.reply(vec![entry])
    }

    pub fn agent_says(&mut self, now: u64, name: &str, text: &str) -> Value {
        let mut entry = self.entry(now, "Message", self.agent(name));
        entry["text"] = text.into();
        let mut said = vec![self.keep(entry)];
        said.extend(self.status_is(now, 6));
        self.reply(said)
    }

    pub fn agent_types(&mut self, now: u64, flavour: Flavour, name: &str, on: bool) -> Value {
        let mut entry = self.entry(now, if on { "TypingStarted" } else { "TypingStopped" }, self.agent(name));
        match flavour {
            Flavour::Ours => drop(entry.as_object_mut().expect("an object").remove("index")),
            Flavour::Plain => self.next_index += 1,
        }
        self.reply(vec![entry])
    }

    pub fn agent_leaves(&mut self, now: u64, name: &str) -> Value {
        let entry = self.entry(now, "ParticipantLeft", self.agent(name));
        self.agents.retain(|(_, known)| known != name);
        let entry = self.keep(entry);
        self.reply(vec![entry])
    }

    /// The end: everybody leaves, the visitor last.
    pub fn close(&mut self, now: u64) -> Value {
        let mut closing = self.part(now);
        let entry = self.entry(now, "ParticipantLeft", visitor());
        closing.push(self.keep(entry));
        self.ended = true;
        self.reply(closing)
    }

    /// All agents leave.
    pub fn part(&mut self, now: u64) -> Vec<Value> {
        let parting = |chat: &mut Self, name: String| {
            let entry = chat.entry(now, "ParticipantLeft", chat.agent(&name));
            chat.agents.retain(|(_, known)| *known != name);
            chat.keep(entry)
        };
        self.agents.clone().into_iter().map(|(_, name)| parting(self, name)).collect()
    }

    pub fn has_agent(&self, name: &str) -> bool {
        self.agents.iter().any(|(_, known)| known == name)
    }

    pub fn agent(&self, name: &str) -> Value {
        let id = self.agents.iter().find(|(_, known)| known == name).map_or(99, |(id, _)| *id);
        json!({ "nickname": name, "participantId": id, "type": "Agent" })
    }

    /// How often an operation came.
    pub fn count(&self, operation: &str) -> usize {
        self.operations.iter().filter(|data| data["operation"] == operation).count()
    }

    /// The texts of the visitor's messages in the transcript.
    pub fn visitor_said(&self) -> Vec<&str> {
        let said = |entry: &&Value| entry["from"]["type"] == "Client" && !entry["text"].is_null();
        let entries = self.sessions().into_iter().flat_map(|(_, entries)| entries);
        entries.filter(said).filter_map(|entry| entry["text"].as_str()).collect()
    }
}

/// The visitor as a party.
pub fn visitor() -> Value {
    json!({ "nickname": "Ann", "participantId": 1, "type": "Client" })
}

fn refused(status: u32, code: u32, ended: Option<bool>) -> Option<Value> {
    let mut answer = json!({ "statusCode": status, "messages": [], "errors": [{ "code": code, "advice": "no" }] });
    if let Some(ended) = ended {
        answer["chatEnded"] = ended.into();
    }
    Some(answer)
}
