//! Long-polling: two lanes of HTTP requests, one for the connect that the server holds, one for all else, in order.

use super::client::{Client, Phase, Timer};
use super::message::{self, Kind, Message};
use crate::fault::Fault;
use crate::io::{HttpAnswer, Io};
use crate::json::Json;
use crate::protocol::Event;
use crate::queue::Queue;
use crate::text;
use crate::time::Now;

/// Publishes go together in one request up to about this many characters.
const BATCH_SIZE: usize = 32_000;

/// So often in a row the server may ask for a pause before the link counts as down.
const MOST_PAUSES: u32 = 3;

/// The requests of a client.
#[derive(Debug)]
pub(super) struct Polling<J: Json> {
    /// Requests without an answer yet.
    in_flight: Vec<Request<J>>,
    /// Envelopes that wait for the lane.
    queue: Queue<Vec<Message<J>>>,
    /// The server asked for a pause: nothing is sent.
    paused: bool,
    /// How often in a row it has done so.
    pauses: u32,
    /// The server refused the size of a batch: one message a request from now on.
    one_by_one: bool,
}

#[derive(Debug)]
struct Request<J: Json> {
    id: u32,
    envelope: Vec<Message<J>>,
}

impl<J: Json> Request<J> {
    fn is_connect(&self) -> bool {
        is_connect(&self.envelope)
    }
}

fn is_connect<J: Json>(envelope: &[Message<J>]) -> bool {
    matches!(envelope, [only] if only.kind == Kind::Connect)
}

fn is_publish<J: Json>(envelope: &[Message<J>]) -> bool {
    envelope.iter().all(|message| message.kind == Kind::Publish)
}

/// About how many characters an envelope takes.
fn size_of<J: Json>(envelope: &[Message<J>]) -> usize {
    let mut size = 0;
    for message in envelope {
        size += message.size;
    }
    size
}

impl<J: Json> Polling<J> {
    pub fn new() -> Self {
        Self { in_flight: Vec::new(), queue: Queue::new(), paused: false, pauses: 0, one_by_one: false }
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }
}

impl<J: Json> Client<J> {
    pub(super) fn enqueue(&mut self, now: Now, envelope: Vec<Message<J>>) {
        if is_connect(&envelope) && !self.polling.paused {
            return self.post(now, envelope);
        }
        self.polling.queue.push_back(envelope);
        self.flush(now);
    }

    /// Sends what the lane has room for.
    fn flush(&mut self, now: Now) {
        let busy = self.polling.in_flight.iter().any(|request| !request.is_connect());
        if busy || self.polling.paused {
            return;
        }
        let Some(mut envelope) = self.polling.queue.pop_front() else { return };
        while is_publish(&envelope) && !self.polling.one_by_one {
            let more = self
                .polling
                .queue
                .front()
                .is_some_and(|next| is_publish(next) && size_of(&envelope) + size_of(next) < BATCH_SIZE);
            match self.polling.queue.pop_front() {
                Some(mut next) if more => envelope.append(&mut next),
                Some(next) => {
                    self.polling.queue.push_front(next);
                    break;
                }
                None => break,
            }
        }
        self.post(now, envelope);
    }

    fn post(&mut self, now: Now, envelope: Vec<Message<J>>) {
        let request = self.next_serial();
        let url = request_url(&self.url, &envelope);
        let body = message::envelope(&envelope);
        for message in &envelope {
            self.expect(now, message.clone());
        }
        self.polling.in_flight.push(Request { id: request, envelope });
        self.io(Io::Post { request, url, body });
    }

    /// Gives up the connect that is held, if there is one.
    pub(super) fn drop_connect(&mut self) -> bool {
        let Some(place) = self.polling.in_flight.iter().position(Request::is_connect) else { return false };
        let request = self.polling.in_flight.remove(place).id;
        self.io(Io::Abort { request });
        true
    }

    /// Gives up all requests and forgets what waited.
    pub(super) fn drop_requests(&mut self) {
        while let Some(request) = self.polling.in_flight.pop() {
            self.io(Io::Abort { request: request.id });
        }
        self.polling.queue.clear();
        self.polling.paused = false;
    }

    /// An HTTP exchange is over.
    pub(super) fn take_reply(&mut self, now: Now, request: u32, answer: HttpAnswer<J>) {
        let Some(place) = self.polling.in_flight.iter().position(|r| r.id == request) else {
            self.stale += 1;
            return;
        };
        let request = self.polling.in_flight.remove(place);
        let fault = match (answer.status, answer.body) {
            (200, Ok(body)) if body.len() != Some(0) && !body.is_null() => {
                self.polling.pauses = 0;
                return self.answered(now, &request, body);
            }
            (200, Ok(_)) => Fault::peer("a JSON array of messages", "an empty answer"),
            (200, Err(got)) => Fault::peer("a JSON array of messages", got),
            (0, _) => Fault::Network("no HTTP answer"),
            (413, _) => return self.too_large(now, request),
            (429, _) => return self.pause(now, request, answer.retry_after),
            (status, _) => Fault::Http { status, retry_after: answer.retry_after },
        };
        self.lose(fault);
    }

    fn answered(&mut self, now: Now, request: &Request<J>, body: J) {
        self.take_envelope(now, body);
        // An answer is the whole answer: what is not in it never comes, at least not this way.
        if self.forget(&request.envelope) && !matches!(self.phase, Phase::Idle | Phase::Leaving) {
            return self.lose(Fault::peer("an answer to each message", "fewer answers"));
        }
        self.flush(now);
    }

    /// No answer is waited for any more; whether one was.
    fn forget(&mut self, envelope: &[Message<J>]) -> bool {
        envelope.iter().fold(false, |any, message| self.unexpect(&message.id).is_some() | any)
    }

    /// 413: a batch is sent again one by one; a message that is too large alone is refused.
    fn too_large(&mut self, now: Now, mut request: Request<J>) {
        self.forget(&request.envelope);
        if self.phase == Phase::Handshaking {
            // Nothing of the page's is in it: the server is not what it should be.
            return self.lose(Fault::peer("an answer to the handshake", "HTTP status 413"));
        }
        if !is_publish(&request.envelope) {
            return self.lose(Fault::Http { status: 413, retry_after: None });
        }
        if request.envelope.len() > 1 {
            self.polling.one_by_one = true;
            while let Some(message) = request.envelope.pop() {
                self.polling.queue.push_front(vec![message]);
            }
        } else if let Some(message) = request.envelope.pop() {
            self.emit(Event::Acknowledged { id: message.id, result: Err(Fault::TooLarge) });
        }
        self.flush(now);
    }

    /// 429: the server did not take it; all rests until it may be sent again. A handshake is for the layer above, and
    /// so is a server that never takes anything.
    fn pause(&mut self, now: Now, request: Request<J>, retry_after: Option<u32>) {
        self.polling.pauses += 1;
        if matches!(self.phase, Phase::Handshaking) || self.polling.pauses > MOST_PAUSES {
            self.polling.pauses = 0;
            return self.lose(Fault::Http { status: 429, retry_after });
        }
        self.forget(&request.envelope);
        self.polling.queue.push_front(request.envelope);
        self.polling.paused = true;
        let wait = retry_after.map_or(1_000, |seconds| u64::from(seconds.min(120)) * 1000);
        self.timers.set(Timer::Resume, now.after(wait));
    }

    /// The pause that the server asked for is over.
    pub(super) fn resume(&mut self, now: Now) {
        self.polling.paused = false;
        let mut waiting = std::mem::take(&mut self.polling.queue);
        while let Some(envelope) = waiting.pop_front() {
            self.enqueue(now, envelope);
        }
    }
}

/// The URL of a request: the message type as a suffix, unless the URL has a query, a fragment or a file name.
fn request_url<J: Json>(url: &str, envelope: &[Message<J>]) -> String {
    let special = url.bytes().fold(false, |special, byte| match byte {
        b'/' => false,
        b'.' => true,
        _ => special,
    });
    if special || !text::cut(url, b"?#").1.is_empty() {
        return url.to_owned();
    }
    let base = url.strip_suffix('/').unwrap_or(url);
    let suffix = match envelope {
        [only] => match only.kind {
            Kind::Handshake => "handshake",
            Kind::Connect => "connect",
            Kind::Disconnect => "disconnect",
            Kind::Subscribe | Kind::Publish => "",
        },
        _ => "",
    };
    text::join(&[base, "/", suffix])
}
