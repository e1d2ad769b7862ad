//! Bayeux messages: the ones that are sent, and the reading of those that come.

use super::advice::Advice;
use crate::chat::{Keys, Operation};
use crate::json::{Json, Name};
use crate::protocol::Wire;
use crate::text;

/// About how many characters a publish takes beside what the page gave.
const OVERHEAD: usize = 250;

/// What a message is for, so that its answer can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Handshake,
    Connect,
    Subscribe,
    Publish,
    Disconnect,
}

/// A message on its way, with what is needed to know its answer.
#[derive(Clone, Debug)]
pub(super) struct Message<J: Json> {
    pub id: String,
    pub kind: Kind,
    /// Milliseconds that the server may hold the answer back, or that the message may be on its way.
    pub held: u64,
    /// A connect whose answer the server is not to hold back.
    pub at_once: bool,
    pub body: J,
    /// About how many characters a publish takes.
    pub size: usize,
}

/// A message with what every one has, and the client, once the server has given it an id.
fn message<J: Json>(kind: Kind, id: String, channel: &str, client: Option<&String>) -> Message<J> {
    let mut body = J::object();
    body.put_str(Name::Channel, channel);
    body.put_str(Name::Id, &id);
    if let Some(client) = client {
        body.put_str(Name::ClientId, client);
    }
    Message { id, kind, held: 0, at_once: false, body, size: 0 }
}

/// `/meta/handshake`, offering the wire in use first.
pub(super) fn handshake<J: Json>(id: String, wire: Wire) -> Message<J> {
    let mut message: Message<J> = message(Kind::Handshake, id, "/meta/handshake", None);
    let body = &mut message.body;
    body.put_str(Name::Version, "1.0");
    body.put_str(Name::MinimumVersion, "1.0");
    let mut types = J::array();
    if wire == Wire::WebSocket {
        types.push(J::of_str(connection_type(wire)));
    }
    types.push(J::of_str(connection_type(Wire::LongPolling)));
    body.put(Name::SupportedConnectionTypes, types);
    body.put(Name::Ext, J::of(Name::Ack, J::of_bool(true)));
    message
}

/// The Bayeux connection type of a wire.
pub(super) fn connection_type(wire: Wire) -> &'static str {
    if wire == Wire::WebSocket { "websocket" } else { "long-polling" }
}

/// `/meta/connect`; the server is asked to hold its answer back no longer than `hold` milliseconds, or as it likes. `ack` is
/// the last batch that came, where the server keeps batches.
pub(super) fn connect<J: Json>(
    id: String,
    client: Option<&String>,
    wire: Wire,
    hold: Option<u64>,
    advice: &Advice,
    ack: Option<f64>,
) -> Message<J> {
    let mut message: Message<J> = message(Kind::Connect, id, "/meta/connect", client);
    let body = &mut message.body;
    body.put_str(Name::ConnectionType, connection_type(wire));
    if let Some(hold) = hold {
        body.put(Name::Advice, J::of(Name::Timeout, J::of_number(hold as f64)));
    }
    if let Some(batch) = ack {
        body.put(Name::Ext, J::of(Name::Ack, J::of_number(batch)));
    }
    // Not every server does what it is asked.
    message.at_once = hold == Some(0);
    message.held = if message.at_once { 0 } else { advice.timeout };
    message
}

/// `/meta/subscribe`.
pub(super) fn subscribe<J: Json>(id: String, client: Option<&String>, channel: &str) -> Message<J> {
    let mut message: Message<J> = message(Kind::Subscribe, id, "/meta/subscribe", client);
    message.body.put_str(Name::Subscription, channel);
    message
}

/// `/meta/disconnect`.
pub(super) fn disconnect<J: Json>(id: String, client: Option<&String>) -> Message<J> {
    message(Kind::Disconnect, id, "/meta/disconnect", client)
}

/// The slowest upload that is waited for, in characters a millisecond.
const SLOWEST_UPLOAD: usize = 50;

/// A publish. A large one may take a while.
pub(super) fn publish<J: Json>(
    id: String,
    client: Option<&String>,
    channel: &str,
    operation: &Operation<'_, J>,
    keys: &Keys,
) -> Message<J> {
    let mut message: Message<J> = message(Kind::Publish, id, channel, client);
    message.body.put(Name::Data, operation.data(keys));
    message.size = operation.size() + OVERHEAD;
    message.held = (message.size / SLOWEST_UPLOAD) as u64;
    message
}

/// Messages that go out together.
pub(super) fn envelope<J: Json>(messages: &[Message<J>]) -> J {
    let mut envelope = J::array();
    for message in messages {
        envelope.push(message.body.clone());
    }
    envelope
}

/// A message that came.
#[derive(Debug)]
pub(super) enum Inbound<J> {
    /// An event, or the result of an operation when it carries the operation's id.
    Event { id: Option<String>, data: J },
    /// The answer to a message of ours.
    Answer(Answer<J>),
    /// Something that no client reads.
    Malformed(String),
}

/// The answer to a message of ours.
#[derive(Debug)]
pub(super) struct Answer<J> {
    pub kind: Kind,
    pub id: Option<String>,
    pub successful: bool,
    pub error: String,
    pub advice: Option<Advice>,
    pub message: J,
}

/// Reads one message. What has `data` is an event, whatever else it has: some servers leave the publisher's id on it.
pub(super) fn read<J: Json>(message: J) -> Inbound<J> {
    let id = message.get(Name::Id);
    let id = id.string().or_else(|| id.number().map(|n| text::decimal(n as u64)));
    let data = message.get(Name::Data);
    if !data.is_null() {
        return Inbound::Event { id, data };
    }
    let Some(channel) = message.string_of(Name::Channel) else {
        return Inbound::Malformed(text::join(&["a message whose channel is ", message.get(Name::Channel).kind()]));
    };
    let kind = match channel.as_str() {
        "/meta/handshake" => Kind::Handshake,
        "/meta/connect" => Kind::Connect,
        "/meta/subscribe" => Kind::Subscribe,
        "/meta/disconnect" => Kind::Disconnect,
        _ => Kind::Publish,
    };
    let successful = message.get(Name::Successful).bool();
    if successful.is_none() {
        return Inbound::Malformed("an answer whose `successful` is no boolean".to_owned());
    }
    Inbound::Answer(Answer {
        kind,
        id,
        successful: successful == Some(true),
        error: message.string_of(Name::Error).unwrap_or_default(),
        advice: Advice::read(&message),
        message,
    })
}

/// Whether an error says that the server does not know the client (any more). The codes differ between servers (402,
/// 401, 403), and 402 means other things too, so it is the words that count: `402::session_unknown`,
/// `402::Unknown client`, `401:…:Unknown client`, `403::Unknown client`.
pub fn names_unknown_client(error: &str) -> bool {
    // By windows of bytes: the library's string search would be a kilobyte of the package.
    let says = |word: &str| error.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    says("unknown") && (says("client") || says("session"))
}
