//! Visitors and desks on WebSockets.

use crate::Kind;
use crate::traffic::{
    Client, Shared, channel, chat, check, client_id, connect, desk, handshake, message, request_chat, subscribe,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

struct Socket {
    stream: WebSocketStream<TcpStream>,
    kind: Kind,
    id: String,
}

impl Socket {
    async fn open(shared: &Shared) -> Self {
        let tcp = TcpStream::connect(shared.options.address).await.expect("a connection");
        tcp.set_nodelay(true).expect("no delay");
        // Small, for there are ten thousand.
        let config = WebSocketConfig::default().read_buffer_size(2048).write_buffer_size(0);
        let url = format!("ws://{}/cometd", shared.options.address);
        let (stream, _) = client_async_with_config(url, tcp, Some(config)).await.expect("a WebSocket");
        let mut socket = Self { stream, kind: shared.options.kind, id: String::new() };
        socket.send(handshake(socket.kind)).await;
        let answer = socket.next().await;
        socket.id = client_id(&answer);
        socket
    }

    async fn send(&mut self, text: String) {
        self.stream.send(Message::Text(text.into())).await.expect("the server listens");
    }

    async fn next(&mut self) -> String {
        loop {
            match self.stream.next().await.expect("the socket is open").expect("a frame") {
                Message::Text(text) => {
                    check(&text);
                    return text.as_str().to_owned();
                }
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Frames until one has this in it.
    async fn until(&mut self, part: &str) -> String {
        loop {
            let frame = self.next().await;
            if frame.contains(part) {
                return frame;
            }
        }
    }

    async fn subscribe(&mut self, channels: &[String]) {
        let text = subscribe(&self.id, channels);
        self.send(text).await;
        self.until("/meta/subscribe").await;
    }

    async fn hold(&mut self) {
        let text = connect(self.kind, &self.id);
        self.send(text).await;
    }

    /// The connects go on, as the client's library would see to.
    async fn heard(&mut self, frame: &str) {
        if frame.contains("\"/meta/connect\"") {
            self.hold().await;
        }
    }
}

/// A visitor who is in a chat, or what comes closest; then one who sends what comes through the channel.
pub async fn visitor(
    shared: Shared,
    number: usize,
    mut given: mpsc::UnboundedReceiver<u64>,
) -> impl Future<Output = ()> {
    let mut socket = Socket::open(&shared).await;
    let mut client = Client { id: socket.id.clone(), ..Client::default() };
    if socket.kind == Kind::Causerie {
        socket.subscribe(&["/service/chatV2/default".to_owned()]).await;
        let text = request_chat(&socket.id, number);
        socket.send(text).await;
        client = loop {
            let frame = socket.next().await;
            if let Some(found) = chat(&frame, &socket.id) {
                break found;
            }
        };
        socket.hold().await;
        shared.desks[shared.desk_of(number)].send(client.chat.clone()).expect("the desk is there");
        // The agent has joined.
        socket.until("\"Agent\"").await;
    } else {
        socket.subscribe(&[channel(number)]).await;
        socket.hold().await;
    }
    async move {
        loop {
            tokio::select! {
                frame = socket.next() => socket.heard(&frame).await,
                sent = given.recv() => {
                    let Some(sent) = sent else { return };
                    let text = message(socket.kind, &client, number, sent);
                    socket.send(text).await;
                }
            }
        }
    }
}

/// A desk: an agent who accepts the chats that come through the channel, or a subscriber to its visitors' channels.
pub async fn desk_of(
    shared: Shared,
    number: usize,
    mut given: mpsc::UnboundedReceiver<String>,
) -> impl Future<Output = ()> {
    let mut socket = Socket::open(&shared).await;
    if socket.kind == Kind::Causerie {
        socket.subscribe(&["/service/desk".to_owned()]).await;
        let text = desk(&socket.id, &format!(r#"{{"operation":"signIn","name":"agent{number}","key":"key{number}"}}"#));
        socket.send(text).await;
        socket.until("\"queue\"").await;
    } else {
        let visitors = (number..shared.options.visitors).step_by(shared.options.desks);
        socket.subscribe(&visitors.map(channel).collect::<Vec<_>>()).await;
    }
    socket.hold().await;
    async move {
        loop {
            tokio::select! {
                frame = socket.next() => {
                    shared.desk_got(&frame);
                    socket.heard(&frame).await;
                }
                chat = given.recv() => {
                    let Some(chat) = chat else { return };
                    let text = desk(&socket.id, &format!(r#"{{"operation":"accept","chatId":"{chat}"}}"#));
                    socket.send(text).await;
                }
            }
        }
    }
}
