//! A server in memory, and the people who talk to it: `v` chats on a plain channel and `f` on one with everything, `a` and
//! `b` are agents, `r` chats by REST. Anybody else is a stranger.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use causerie_server::App;
use causerie_server::config::Config;
use causerie_server::origin::Peer;
use http_body_util::BodyExt;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The desk's channel.
pub const DESK: &str = "/service/desk";
const CONFIG: &str = r#"
[limits]
send_burst = 1000
send_rate = 1000.0
message_length = 100
[[channels]]
name = "default"
welcome = "Welcome"
[[channels]]
name = "full"
idle_timeout = 20
lifetime = 100
renewal_timeout = 300
[channels.pre_chat]
fields = [
    { name = "nickname", label = "Your name", required = true, max_length = 20 },
    { name = "email", label = "E-mail", type = "email" },
    { name = "topic", label = "Topic", type = "select", options = ["Tea", "Cups"] },
    { name = "order", label = "Order", pattern = "[A-Z]{2}[0-9]+" },
]
[channels.post_chat]
fields = [{ name = "stars", label = "How was it?", type = "rating" }, { name = "words", label = "?", type = "textarea" }]
[channels.offline]
fields = [{ name = "question", label = "Your question", type = "textarea", required = true }]
[channels.faq]
threshold = 0.3
entries = [{ id = "1", question = "How do I return a teapot?", answer = "Within 30 days.", keywords = ["refund"] }]
[[agents]]
name = "Jane"
key = "jane-key"
inspector = true
[[agents]]
name = "Omar"
key = "omar-key"
"#;

/// Somebody who talks to the server.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The Bayeux client's id.
    pub client: String,
    cookie: String,
    /// The channel on which they chat.
    pub channel: String,
    pub chat: String,
    pub key: String,
}

/// The server, and who talks to it.
pub struct Bench {
    app: Arc<App>,
    router: Router,
    people: BTreeMap<char, Person>,
}

/// Runs something in virtual time.
pub fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work);
}

impl Bench {
    /// These people are there, with their chats begun. More would only take time.
    pub async fn with(people: impl Iterator<Item = char>) -> Self {
        static PARSED: OnceLock<Config> = OnceLock::new();
        let config = PARSED.get_or_init(|| Config::parse(CONFIG, "the fuzzers'").expect("a configuration"));
        let app = App::in_memory(config.clone());
        let mut bench = Self { router: causerie_server::app(Arc::clone(&app)), app, people: BTreeMap::new() };
        for who in people.collect::<BTreeSet<char>>() {
            bench.come(who).await;
        }
        bench
    }

    async fn come(&mut self, who: char) {
        let begun = match who {
            'a' | 'b' => {
                let agent = if who == 'a' { "Jane" } else { "Omar" };
                self.connect(who, DESK).await;
                let key = format!("{}-key", agent.to_lowercase());
                self.publish(who, json!({ "operation": "signIn", "name": agent, "key": key })).await;
                return;
            }
            'v' | 'f' => {
                let (service, notices) = if who == 'v' { ("default", 0) } else { ("full", 1) };
                self.connect(who, &format!("/service/chatV2/{service}")).await;
                let asked = json!({ "operation": "requestChat", "nickname": "Ann", "notices": notices });
                self.publish(who, asked).await.expect("an answer")
            }
            'r' => {
                self.people.insert('r', Person::default());
                self.post(None, "/2/chat/default", "application/json", r#"{"nickname":"Ann"}"#).await.1
            }
            _ => return,
        };
        let word = |name: &str| begun[name].as_str().unwrap_or_else(|| panic!("a chat: {begun}")).to_owned();
        if let Some(person) = self.people.get_mut(&who) {
            (person.chat, person.key) = (word("chatId"), word("secureKey"));
        }
    }

    async fn connect(&mut self, who: char, channel: &str) {
        let hello = r#"{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}"#;
        let request = request(None, "/cometd", "application/json", hello).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("a response");
        let cookie = response.headers()["set-cookie"].to_str().expect("a cookie").split(';').next();
        let cookie = cookie.unwrap_or_default().to_owned();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let answers: Value = serde_json::from_slice(&bytes).expect("JSON");
        let client = answers[0]["clientId"].as_str().expect("a client id").to_owned();
        self.people.insert(who, Person { client, cookie, channel: channel.to_owned(), ..Person::default() });
    }

    /// Somebody, or a stranger.
    pub fn person(&self, who: char) -> Option<&Person> {
        self.people.get(&who)
    }

    /// Fills in what a script cannot know: the speaker's client, chat and key are `$c`, `$h` and `$k`; `$v`, `$f` and `$r`
    /// are the chats of these.
    pub fn fill(&self, who: char, text: &str) -> String {
        let speaker = self.people.get(&who).cloned().unwrap_or_default();
        let mut text = text.replace("$c", &speaker.client).replace("$k", &speaker.key);
        let chat = |who: char| self.people.get(&who).map_or("none", |person| person.chat.as_str());
        text = text.replace("$h", if speaker.chat.is_empty() { chat('v') } else { &speaker.chat });
        for who in ['v', 'f', 'r'] {
            text = text.replace(&format!("${who}"), chat(who));
        }
        text
    }

    /// Posts something; returns the status and the body, which is always JSON, and never the server's own fault. It is null
    /// where it holds numbers that no Rust number can.
    pub async fn post(&self, who: Option<char>, path: &str, kind: &str, body: &str) -> (u16, Value) {
        let cookie = who.and_then(|who| self.people.get(&who)).map(|person| person.cookie.as_str());
        let Some(request) = request(cookie, path, kind, body) else { return (0, Value::Null) };
        let response = self.router.clone().oneshot(request).await.expect("a response");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        assert_ne!(status, 500, "the server's own fault");
        let text = std::str::from_utf8(&bytes).expect("UTF-8");
        let odd = || serde_json::from_str::<&RawValue>(text).is_ok().then_some(Value::Null);
        let answer = serde_json::from_str(&mended(text)).ok().or_else(odd);
        (status, answer.unwrap_or_else(|| panic!("JSON is answered, with status {status}: {text}")))
    }

    /// Publishes on somebody's channel; returns the data of the answer.
    pub async fn publish(&self, who: char, data: Value) -> Option<Value> {
        let person = self.people.get(&who)?;
        let message = json!({ "channel": person.channel, "id": "p1", "clientId": person.client, "data": data });
        let (status, answers) = self.post(Some(who), "/cometd", "application/json", &message.to_string()).await;
        if status != 200 {
            return None;
        }
        let answers = answers.as_array()?;
        let mut ours = answers.iter().filter(|answer| answer["id"] == "p1" && !answer["data"].is_null());
        let answer = ours.next().map(|answer| answer["data"].clone());
        assert!(ours.next().is_none(), "an operation is answered once");
        answer
    }

    /// Time passes, and what has had its time is swept away.
    pub async fn wait(&self, ms: u64) {
        tokio::time::advance(Duration::from_millis(ms)).await;
        self.app.sweep().await;
    }
}

/// JSON text without surrogates, which may be lone ones: no string of Rust's can hold them.
fn mended(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        mended.push_str(before);
        mended.push('\\');
        let length = after.chars().next().map_or(0, char::len_utf8);
        let (escaped, next) = after.split_at(length);
        mended.push_str(escaped);
        rest = next;
        let is_surrogate =
            |unit: &str| matches!(unit.as_bytes(), [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
        if escaped == "u"
            && let Some((_, next)) = rest.split_at_checked(4).filter(|(unit, _)| is_surrogate(unit))
        {
            mended.push_str("25a1");
            rest = next;
        }
    }
    mended + rest
}

fn request(cookie: Option<&str>, path: &str, kind: &str, body: &str) -> Option<Request<Body>> {
    let mut request = Request::post(path).header("host", "chat.test").header("content-type", kind);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let mut request = request.body(Body::from(body.to_owned())).ok()?;
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    request.extensions_mut().insert(Peer { address, tls: false });
    Some(request)
}
