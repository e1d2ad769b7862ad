//! An agent: a plain Bayeux client over long-polling, which begins anew whenever something breaks, and answers each thing that a
//! visitor says, once.

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

/// What an agent was shown.
#[derive(Debug, Default)]
pub struct Shown {
    /// By chat: the texts of messages, by their places counted from 1.
    pub chats: HashMap<String, BTreeMap<u64, String>>,
    pub faults: Vec<String>,
    /// How often the agent had to begin anew.
    pub begun: usize,
}

/// A chat as this connection knows it.
#[derive(Default)]
struct Chat {
    next: u64,
    asked: BTreeMap<u64, String>,
    answered: BTreeSet<String>,
}

struct Agent {
    url: String,
    name: String,
    http: Client<HttpConnector, Body>,
    cookie: String,
    client: String,
    count: u64,
    /// The chats that are shown on this connection.
    chats: HashMap<String, Chat>,
    queue: Vec<String>,
    mine: Vec<String>,
    shown: Rc<RefCell<Shown>>,
}

/// Something broke: the connection is begun anew.
struct Broken;

/// Works until the test is over.
pub fn work(base: &str, name: &str) -> Rc<RefCell<Shown>> {
    let shown = Rc::new(RefCell::new(Shown::default()));
    let mut agent = Agent {
        url: format!("{base}/cometd"),
        name: name.to_owned(),
        http: Client::builder(TokioExecutor::new()).build_http(),
        cookie: String::new(),
        client: String::new(),
        count: 0,
        chats: HashMap::new(),
        queue: Vec::new(),
        mine: Vec::new(),
        shown: Rc::clone(&shown),
    };
    spawn_local(async move {
        loop {
            let _ = agent.shift().await;
            agent.shown.borrow_mut().begun += 1;
            sleep(Duration::from_millis(100)).await;
        }
    });
    shown
}

impl Agent {
    async fn shift(&mut self) -> Result<(), Broken> {
        self.chats.clear();
        let handshake = json!([{"id": "1", "channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]}]);
        let answer = self.post(&handshake).await?;
        self.client = answer[0]["clientId"].as_str().ok_or(Broken)?.to_owned();
        let key = format!("{}-key", self.name.to_lowercase());
        self.ask(json!({"operation": "signIn", "name": self.name, "key": key})).await?;
        self.accept_all().await?;
        loop {
            let connect = json!([{"id": "c", "channel": "/meta/connect", "clientId": self.client,
                "connectionType": "long-polling", "advice": {"timeout": 500}}]);
            let messages = self.post(&connect).await?;
            if messages.last().ok_or(Broken)?["successful"] != json!(true) {
                return Err(Broken);
            }
            for message in messages.iter().filter(|message| message.get("data").is_some()) {
                self.take_in(&message["data"], false);
            }
            self.accept_all().await?;
            self.answer_all().await?;
        }
    }

    async fn post(&mut self, envelope: &Value) -> Result<Vec<Value>, Broken> {
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(envelope.to_string()))
            .unwrap();
        let answer = async {
            let response = self.http.request(request).await.ok()?;
            let cookie = response.headers().get(header::SET_COOKIE).cloned();
            let ok = response.status() == 200;
            let body = response.into_body().collect().await.ok()?.to_bytes();
            ok.then_some((cookie, serde_json::from_slice(&body).ok()?))
        };
        let (cookie, messages) = timeout(Duration::from_secs(10), answer).await.ok().flatten().ok_or(Broken)?;
        if let Some(cookie) = cookie {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        Ok(messages)
    }

    /// Asks something of the desk; what is pushed beside the answer is taken in before it.
    async fn ask(&mut self, data: Value) -> Result<Value, Broken> {
        self.count += 1;
        let id = format!("p{}", self.count);
        let accepted = (data["operation"] == "accept").then(|| data["chatId"].as_str().unwrap().to_owned());
        let publish = json!([{"id": id, "channel": "/service/desk", "clientId": self.client, "data": data}]);
        let mut answer = None;
        for message in self.post(&publish).await? {
            if message["successful"] == json!(false) {
                return Err(Broken);
            }
            let Some(data) = message.get("data") else { continue };
            if message["id"] == id.as_str() {
                if let Some(chat) = accepted.as_ref().filter(|_| data["statusCode"] == 0) {
                    self.chats.insert(chat.clone(), Chat { next: 1, ..Chat::default() });
                }
                self.take_in(data, true);
                answer = Some(data.clone());
            } else {
                self.take_in(data, false);
            }
        }
        answer.ok_or(Broken)
    }

    /// Takes what waits, and has the transcripts shown of what is taken already.
    async fn accept_all(&mut self) -> Result<(), Broken> {
        let unseen = self.mine.iter().filter(|chat| !self.chats.contains_key(*chat));
        let chats: Vec<_> = self.queue.iter().chain(unseen).cloned().collect();
        for chat in chats {
            self.ask(json!({"operation": "accept", "chatId": chat})).await?;
        }
        Ok(())
    }

    /// The entries of chats that are shown come one after the other. What is said again, because it was refused and done all the
    /// same, is answered with the entry that it made; a push that begins with the first entry is the transcript so far, which a
    /// node shows that has just taken the chat up.
    fn take_in(&mut self, data: &Value, is_answer: bool) {
        // A list that is left out is as it was.
        let open = |list: &Value| -> Option<Vec<String>> {
            Some(list.as_array()?.iter().map(|row| row["chatId"].as_str().unwrap().to_owned()).collect())
        };
        self.queue = open(&data["queue"]).unwrap_or_else(|| std::mem::take(&mut self.queue));
        if let Some(mine) = open(&data["chats"]) {
            self.mine = mine;
            self.chats.retain(|chat, _| self.mine.contains(chat));
        }
        let may_be_known = is_answer || data["messages"][0]["index"] == json!(1);
        for entry in data["messages"].as_array().into_iter().flatten() {
            let (id, Some(index)) = (entry["chatId"].as_str().unwrap(), entry["index"].as_u64()) else { continue };
            let Some(chat) = self.chats.get_mut(id) else { continue };
            if may_be_known && index < chat.next {
                continue;
            }
            if index != chat.next {
                let fault = format!("{}: {index} came in the place of {}", self.name, chat.next);
                self.shown.borrow_mut().faults.push(fault);
            }
            chat.next = index + 1;
            let Some(text) = entry["text"].as_str().filter(|_| entry["type"] == "Message") else { continue };
            if entry["from"]["type"] == "Client" {
                chat.asked.insert(index, text.to_owned());
            } else if let Some(asked) = text.strip_prefix("re: ") {
                chat.answered.insert(asked.to_owned());
            }
            let mut shown = self.shown.borrow_mut();
            let before = shown.chats.entry(id.to_owned()).or_default().insert(index, text.to_owned());
            if before.is_some_and(|before| before != text) {
                shown.faults.push(format!("{}: {index} is another now", self.name));
            }
        }
    }

    async fn answer_all(&mut self) -> Result<(), Broken> {
        let open: Vec<_> = self
            .chats
            .iter()
            .flat_map(|(id, chat)| {
                let asked = chat.asked.iter().filter(|(_, text)| !chat.answered.contains(*text));
                asked.map(|(index, text)| (id.clone(), *index, text.clone()))
            })
            .collect();
        for (id, index, text) in open {
            let say = json!({"operation": "sendMessage", "chatId": id, "message": format!("re: {text}"),
                "messageId": format!("r{index}")});
            self.ask(say).await?;
        }
        Ok(())
    }
}
