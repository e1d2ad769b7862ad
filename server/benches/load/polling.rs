//! Visitors and desks by long-polling, for the server that has nothing else: a connection for each client's connects, and a
//! few for what is published.

use crate::Kind;
use crate::traffic::{Client, Shared, channel, check, client_id, connect, handshake, message, subscribe};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

/// Connections for what is published.
const PUBLISHERS: usize = 64;

struct Http {
    stream: BufReader<TcpStream>,
    cookie: String,
}

impl Http {
    async fn open(shared: &Shared) -> Self {
        let tcp = TcpStream::connect(shared.options.address).await.expect("a connection");
        tcp.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::with_capacity(2048, tcp), cookie: String::new() }
    }

    async fn post(&mut self, body: &str) -> String {
        let head = format!(
            "POST /cometd HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCookie: {}\r\n\r\n",
            body.len(),
            self.cookie
        );
        self.stream.write_all(format!("{head}{body}").as_bytes()).await.expect("the server listens");
        let answer = self.answer().await;
        check(&answer);
        answer
    }

    async fn answer(&mut self) -> String {
        let (mut length, mut line) = (None, String::new());
        loop {
            line.clear();
            assert!(self.stream.read_line(&mut line).await.expect("a line") > 0, "the server hung up");
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line == "\r\n" {
                    break;
                }
                assert!(line.starts_with("HTTP/1.1 200"), "an answer is expected: {line}");
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse::<usize>().ok(),
                "set-cookie" => self.cookie = value.trim().split(';').next().unwrap_or_default().to_owned(),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if let Some(length) = length {
            body.resize(length, 0);
            self.stream.read_exact(&mut body).await.expect("a body");
        } else {
            self.chunks(&mut body).await;
        }
        String::from_utf8(body).expect("UTF-8")
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await.expect("a chunk");
            let length = usize::from_str_radix(line.trim(), 16).expect("a length");
            let start = body.len();
            body.resize(start + length + 2, 0);
            self.stream.read_exact(&mut body[start..]).await.expect("a chunk");
            body.truncate(start + length);
            if length == 0 {
                return;
            }
        }
    }
}

/// What waits to be published, with the cookie of whoever publishes it.
#[derive(Clone, Default)]
pub struct Publishers {
    waiting: Rc<RefCell<VecDeque<(String, String)>>>,
    news: Rc<Notify>,
}

impl Publishers {
    pub async fn open(shared: &Shared) -> Self {
        let publishers = Self::default();
        for _ in 0..PUBLISHERS {
            let (mut http, own) = (Http::open(shared).await, publishers.clone());
            tokio::task::spawn_local(async move {
                loop {
                    let next = own.waiting.borrow_mut().pop_front();
                    match next {
                        Some((cookie, body)) => {
                            http.cookie = cookie;
                            http.post(&body).await;
                        }
                        None => own.news.notified().await,
                    }
                }
            });
        }
        publishers
    }

    fn publish(&self, cookie: &str, body: String) {
        self.waiting.borrow_mut().push_back((cookie.to_owned(), body));
        self.news.notify_one();
    }
}

async fn opened(shared: &Shared, channels: &[String]) -> (Http, String) {
    let mut http = Http::open(shared).await;
    let id = client_id(&http.post(&handshake(Kind::Cometd)).await);
    http.post(&subscribe(&id, channels)).await;
    (http, id)
}

/// A visitor who sends what comes through the channel.
pub async fn visitor(
    shared: Shared,
    number: usize,
    publishers: Publishers,
    mut given: mpsc::UnboundedReceiver<u64>,
) -> impl Future<Output = ()> {
    let (mut http, id) = opened(&shared, &[channel(number)]).await;
    let cookie = http.cookie.clone();
    let held = id.clone();
    tokio::task::spawn_local(async move {
        loop {
            http.post(&connect(Kind::Cometd, &held)).await;
        }
    });
    let client = Client { id, ..Client::default() };
    async move {
        while let Some(sent) = given.recv().await {
            publishers.publish(&cookie, message(Kind::Cometd, &client, number, sent));
        }
    }
}

pub async fn desk_of(shared: Shared, number: usize) -> impl Future<Output = ()> {
    let visitors = (number..shared.options.visitors).step_by(shared.options.desks);
    let (mut http, id) = opened(&shared, &visitors.map(channel).collect::<Vec<_>>()).await;
    async move {
        loop {
            let text = http.post(&connect(Kind::Cometd, &id)).await;
            shared.desk_got(&text);
        }
    }
}
