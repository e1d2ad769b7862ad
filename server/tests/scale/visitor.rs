//! A visitor: the SDK's own core, driven natively over real sockets. What its page is told is judged as it comes.

use axum::body::Body;
use axum::http::{Request, header};
use causerie::io::{HttpAnswer, Io};
use causerie::json::native::NativeJson;
use causerie::protocol::Times;
use causerie::session::{Code, Command, CommandId, Event, Input, Output, Place, Session, Setup};
use causerie::time::Now;
use causerie::transport::Mode;
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// What a page was told.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub chat: String,
    /// Index, counted from 0, and text.
    pub messages: Vec<(u32, String)>,
    pub said: Vec<String>,
    pub acknowledged: Vec<String>,
    /// What the server refused because it could not do it; the page knows that.
    pub refused: Vec<String>,
    pub interrupted: usize,
    pub continued: usize,
    /// What must not be.
    pub faults: Vec<String>,
    last: Option<u32>,
}

pub struct Visitor {
    pub seen: Rc<RefCell<Seen>>,
    pub mode: Mode,
    inputs: UnboundedSender<In>,
}

enum In {
    Say(String),
    Opened(u32),
    Frame(u32, String),
    Closed(u32, u16),
    Reply(u32, u16, Result<String, String>),
}

impl Seen {
    /// Whether all that was said is settled, what was acknowledged is shown, and so is an answer to each thing that is.
    pub fn is_settled(&self) -> bool {
        let texts: HashSet<&str> = self.messages.iter().map(|(_, text)| text.as_str()).collect();
        let said = texts.iter().filter(|text| !text.starts_with("re: "));
        self.acknowledged.len() + self.refused.len() == self.said.len()
            && self.acknowledged.iter().all(|text| texts.contains(text.as_str()))
            && said.into_iter().all(|text| texts.contains(format!("re: {text}").as_str()))
    }
}

impl Visitor {
    /// Starts a session.
    pub fn start(base: &str, seed: u64, mode: Mode) -> Self {
        let (inputs, received) = unbounded_channel();
        let seen = Rc::new(RefCell::new(Seen::default()));
        let driver = Driver {
            session: Session::new(seed),
            began: Instant::now(),
            inputs: inputs.clone(),
            sockets: HashMap::new(),
            requests: HashMap::new(),
            sends: HashMap::new(),
            cookie: Rc::default(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            seen: Rc::clone(&seen),
            told: None,
            wake: None,
        };
        spawn_local(driver.run(base.to_owned(), seed, mode, received));
        Self { seen, mode, inputs }
    }

    pub fn say(&self, text: &str) {
        self.seen.borrow_mut().said.push(text.to_owned());
        self.inputs.send(In::Say(text.to_owned())).unwrap();
    }

    pub fn is_started(&self) -> bool {
        !self.seen.borrow().chat.is_empty()
    }
}

struct Driver {
    session: Session<NativeJson>,
    began: Instant,
    inputs: UnboundedSender<In>,
    sockets: HashMap<u32, UnboundedSender<Option<String>>>,
    requests: HashMap<u32, AbortHandle>,
    sends: HashMap<CommandId, String>,
    cookie: Rc<RefCell<String>>,
    http: Client<HttpConnector, Body>,
    seen: Rc<RefCell<Seen>>,
    told: Option<u32>,
    wake: Option<u64>,
}

fn parse(text: Result<String, String>) -> Result<NativeJson, String> {
    text.and_then(|text| NativeJson::parse(&text))
}

impl Driver {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Now { mono: self.began.elapsed().as_millis() as u64, wall: wall as u64 }
    }

    async fn run(mut self, base: String, seed: u64, mode: Mode, mut received: UnboundedReceiver<In>) {
        let setup = Setup {
            servers: vec![base],
            service: "default".to_owned(),
            mode,
            max_offline: 120_000,
            outbox_room: 100_000,
            seed,
            held: true,
            link: Times::default(),
        };
        let visitor = causerie::chat::Visitor {
            nickname: format!("Visitor {seed}"),
            details: Vec::new(),
            user_data: None,
            request_id: causerie_server::secret::random_hex(16).unwrap(),
        };
        self.session.command(self.now(), Command::Start(setup, visitor));
        self.drain();
        loop {
            let wake = self.wake.map(|at| self.began + Duration::from_millis(at));
            tokio::select! {
                input = received.recv() => match input {
                    Some(input) => self.take(input),
                    None => return,
                },
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => self.input(Input::Timeout),
            }
        }
    }

    fn take(&mut self, input: In) {
        match input {
            In::Say(text) => {
                let id = self.session.command(self.now(), Command::Send { text: text.clone(), url: false });
                self.sends.insert(id, text);
                self.drain();
            }
            In::Opened(socket) => self.input(Input::Opened { socket }),
            In::Frame(socket, text) => self.input(Input::Frame { socket, body: NativeJson::parse(&text) }),
            In::Closed(socket, code) => {
                if self.sockets.remove(&socket).is_some() {
                    self.input(Input::Closed { socket, code });
                }
            }
            In::Reply(request, status, body) => {
                if self.requests.remove(&request).is_some() {
                    let answer = HttpAnswer { status, retry_after: None, body: parse(body) };
                    self.input(Input::Reply { request, answer });
                }
            }
        }
    }

    fn input(&mut self, input: Input<NativeJson>) {
        self.session.handle_input(self.now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.session.poll_output() {
                Output::Transmit(io) => self.transmit(io),
                Output::Resolve(id, result) => {
                    if let Some(text) = self.sends.remove(&id) {
                        match result {
                            Ok(()) => self.seen.borrow_mut().acknowledged.push(text),
                            Err(error) if error.code == Code::CommandFailed => {
                                self.seen.borrow_mut().refused.push(text);
                            }
                            Err(error) => self.fault(format!("{text} came to {}", error.code.number())),
                        }
                    } else if let Err(error) = result {
                        self.fault(format!("the start came to {}", error.code.number()));
                    }
                }
                Output::Event(event) => event.singly().iter().for_each(|event| self.note(event)),
                Output::Persist(snapshot) => self.seen.borrow_mut().chat.clone_from(&snapshot.keys.chat_id),
                Output::Forget | Output::Log(_) => {}
                Output::Wait(wake) => {
                    self.wake = wake;
                    match self.told.take() {
                        Some(index) => self.session.handle_input(self.now(), Input::Told { index }),
                        None => return,
                    }
                }
            }
        }
    }

    fn fault(&self, what: String) {
        self.seen.borrow_mut().faults.push(what);
    }

    fn note(&mut self, event: &Event<NativeJson>) {
        let place: Option<Place> = match event {
            Event::Message { place, .. }
            | Event::AgentConnected { place, .. }
            | Event::AgentDisconnected { place, .. } => Some(*place),
            Event::Notice { place, .. } => *place,
            Event::Interrupted => {
                self.seen.borrow_mut().interrupted += 1;
                None
            }
            Event::Continued => {
                self.seen.borrow_mut().continued += 1;
                None
            }
            Event::Ended { reason, .. } => {
                self.fault(format!("the session ended: {reason:?}"));
                None
            }
            _ => None,
        };
        if let Some(place) = place {
            let last = self.seen.borrow_mut().last.replace(place.index);
            if last.is_some_and(|last| place.index <= last) {
                self.fault(format!("{} came after {last:?}", place.index));
            }
            self.told = Some(place.index);
        }
        if let Event::Message { place, entry, .. } = event {
            let text = entry.text();
            self.seen.borrow_mut().messages.push((place.index, text));
        }
    }

    fn transmit(&mut self, io: Io<NativeJson>) {
        match io {
            Io::Open { socket, url } => {
                let (sender, frames) = unbounded_channel();
                self.sockets.insert(socket, sender);
                spawn_local(serve_socket(socket, url, self.inputs.clone(), frames));
            }
            Io::Frame { socket, body } => {
                if let Some(sender) = self.sockets.get(&socket) {
                    let _ = sender.send(Some(body.tree().to_string()));
                }
            }
            Io::Close { socket } => {
                if let Some(sender) = self.sockets.remove(&socket) {
                    let _ = sender.send(None);
                }
            }
            Io::Post { request, url, body } => {
                self.post(request, &url, "application/json", body.tree().to_string());
            }
            Io::PostForm { request, url, body } => {
                self.post(request, &url, "application/x-www-form-urlencoded", form(body.tree()));
            }
            Io::Abort { request } => {
                if let Some(task) = self.requests.remove(&request) {
                    task.abort();
                }
            }
            Io::Tell { .. } => {}
        }
    }

    fn post(&mut self, request: u32, url: &str, kind: &str, body: String) {
        let (http, cookie, inputs) = (self.http.clone(), Rc::clone(&self.cookie), self.inputs.clone());
        let post = Request::post(url)
            .header(header::CONTENT_TYPE, kind)
            .header(header::COOKIE, cookie.borrow().as_str())
            .body(Body::from(body))
            .unwrap();
        let task = spawn_local(async move {
            let answer = async {
                let response = http.request(post).await.ok()?;
                if let Some(set) = response.headers().get(header::SET_COOKIE) {
                    set.to_str().unwrap().split(';').next().unwrap().clone_into(&mut cookie.borrow_mut());
                }
                let status = response.status().as_u16();
                let body = response.into_body().collect().await.ok()?.to_bytes();
                Some((status, String::from_utf8(body.into()).unwrap()))
            };
            let _ = match answer.await {
                Some((status, text)) => inputs.send(In::Reply(request, status, Ok(text))),
                None => inputs.send(In::Reply(request, 0, Err("no answer".to_owned()))),
            };
        });
        self.requests.insert(request, task.abort_handle());
    }
}

async fn serve_socket(
    socket: u32,
    url: String,
    inputs: UnboundedSender<In>,
    mut frames: UnboundedReceiver<Option<String>>,
) {
    let Ok((mut stream, _)) = connect_async(url).await else {
        let _ = inputs.send(In::Closed(socket, 1006));
        return;
    };
    let _ = inputs.send(In::Opened(socket));
    let code = loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(Some(text)) => {
                    if stream.send(Message::Text(text.into())).await.is_err() {
                        break 1006;
                    }
                }
                _ => {
                    let _ = stream.close(None).await;
                    return;
                }
            },
            came = stream.next() => match came {
                Some(Ok(Message::Text(text))) => {
                    let _ = inputs.send(In::Frame(socket, text.as_str().to_owned()));
                }
                Some(Ok(Message::Close(frame))) => break frame.map_or(1005, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break 1006,
            },
        }
    };
    let _ = inputs.send(In::Closed(socket, code));
}

/// A map as a form; a map in it becomes fields `name[key]`.
fn form(body: &Value) -> String {
    let mut fields = Vec::new();
    let mut add = |name: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        fields.push(format!("{}={}", encode(name), encode(&text)));
    };
    for (name, value) in body.as_object().unwrap() {
        match value.as_object() {
            Some(members) => members.iter().for_each(|(key, value)| add(&format!("{name}[{key}]"), value)),
            None => add(name, value),
        }
    }
    fields.join("&")
}
