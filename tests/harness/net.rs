//! The network: packets on their way, in virtual time. Sockets keep their order; HTTP requests do not. What is lost on a
//! socket is the end of it in that direction, as with TCP.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Seeded;
use super::bayeux::Conn;
use super::privacy::Secrets;

/// Something on its way.
#[derive(Debug)]
pub enum Packet {
    /// To the host: a socket is to be opened.
    Open(Conn, usize),
    /// To the host: a frame.
    Frame(Conn, Value),
    /// To the host: a socket was closed.
    Close(Conn),
    /// To the host: a request.
    Post(Conn, usize, String, Value),
    /// To the host: a request was given up.
    Abort(Conn, usize),
    /// To the page: a socket is open.
    Opened(Conn),
    /// To the page: a frame.
    Brought(Conn, Result<Value, String>),
    /// To the page: a socket is closed.
    Closed(Conn, u16),
    /// To the page: an answer.
    Replied(Conn, u16, Option<u32>, Result<Value, String>),
}

impl Packet {
    /// The socket that it belongs to.
    fn socket(&self) -> Option<Conn> {
        match self {
            Packet::Open(conn, _) | Packet::Frame(conn, _) | Packet::Close(conn) => Some(*conn),
            Packet::Opened(conn) | Packet::Brought(conn, _) | Packet::Closed(conn, _) => Some(*conn),
            Packet::Post(..) | Packet::Abort(..) | Packet::Replied(..) => None,
        }
    }

    /// What it carries.
    fn body(&self) -> Option<&Value> {
        match self {
            Packet::Frame(_, body) | Packet::Post(.., body) => Some(body),
            Packet::Brought(_, body) | Packet::Replied(.., body) => body.as_ref().ok(),
            _ => None,
        }
    }

    /// The size of what is uploaded.
    fn size(&self) -> u64 {
        match self {
            Packet::Frame(_, body) | Packet::Post(.., body) => body.to_string().len() as u64,
            _ => 0,
        }
    }

    fn is_up(&self) -> bool {
        matches!(self, Packet::Open(..) | Packet::Frame(..) | Packet::Close(_) | Packet::Post(..) | Packet::Abort(..))
    }
}

/// The network.
#[derive(Debug)]
pub struct Net {
    dice: Seeded,
    queue: BTreeMap<(u64, u64), Packet>,
    serial: u64,
    /// The latency, one way, in milliseconds: from, to.
    pub latency: (u64, u64),
    /// The upload's speed, in bytes a millisecond; without limit when `None`.
    pub upload: Option<u64>,
    /// Nothing gets to a host.
    pub mute_up: bool,
    /// Nothing gets to the page.
    pub mute_down: bool,
    /// So many of a hundred requests and answers are lost without a word; sockets die as often at each tenth packet.
    pub loss: u64,
    /// The hosts of open sockets.
    pub sockets: BTreeMap<Conn, usize>,
    /// The hosts of requests without an answer.
    pub requests: BTreeMap<Conn, usize>,
    /// What has passed and is nobody's business.
    pub secrets: Secrets,
    /// The last arrivals on each socket, up and down.
    arrivals: BTreeMap<(Conn, bool), u64>,
    /// Directions of sockets that have lost something.
    broken: BTreeSet<(Conn, bool)>,
}

impl Net {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Seeded::new(seed),
            queue: BTreeMap::new(),
            serial: 0,
            latency: (10, 20),
            upload: None,
            mute_up: false,
            mute_down: false,
            loss: 0,
            sockets: BTreeMap::new(),
            requests: BTreeMap::new(),
            secrets: Secrets::default(),
            arrivals: BTreeMap::new(),
            broken: BTreeSet::new(),
        }
    }

    /// Sends a packet off.
    pub fn send(&mut self, now: u64, packet: Packet) {
        self.send_later(now, 0, packet);
    }

    /// Sends a packet off, some milliseconds late.
    pub fn send_later(&mut self, now: u64, late: u64, packet: Packet) {
        if let Some(body) = packet.body() {
            self.secrets.note(body);
        }
        let is_up = packet.is_up();
        let late = late + self.upload.map_or(0, |speed| packet.size() / speed);
        let mute = if is_up { self.mute_up } else { self.mute_down };
        let mut at = now + late + self.dice.between(self.latency.0, self.latency.1);
        if let Some(conn) = packet.socket() {
            if mute || self.loss > 0 && self.dice.chance(self.loss) && self.dice.chance(10) {
                self.broken.insert((conn, is_up));
            }
            if self.broken.contains(&(conn, is_up)) {
                return;
            }
            let last = self.arrivals.entry((conn, is_up)).or_default();
            at = at.max(*last);
            *last = at;
        } else if mute || self.loss > 0 && self.dice.chance(self.loss) {
            return;
        }
        self.serial += 1;
        self.queue.insert((at, self.serial), packet);
    }

    /// Nothing gets through any more, neither what is under way nor what is to come; or new connections work again.
    pub fn silence(&mut self, silent: bool) {
        self.mute_up = silent;
        self.mute_down = silent;
        if silent {
            self.queue.clear();
            for conn in self.sockets.keys() {
                self.broken.extend([(*conn, true), (*conn, false)]);
            }
        }
    }

    /// When the next packet arrives.
    pub fn next(&self) -> Option<u64> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the next packet, when it has arrived.
    pub fn arrive(&mut self, now: u64) -> Option<Packet> {
        self.next().filter(|at| *at <= now)?;
        self.queue.pop_first().map(|(_, packet)| packet)
    }

    /// A socket breaks: what is on its way is lost, and both sides learn of it.
    pub fn break_socket(&mut self, now: u64, conn: Conn, code: u16) {
        if self.sockets.remove(&conn).is_none() {
            return;
        }
        self.queue.retain(|_, packet| packet.socket() != Some(conn));
        self.serial += 2;
        self.queue.insert((now, self.serial - 1), Packet::Close(conn));
        self.queue.insert((now, self.serial), Packet::Closed(conn, code));
    }

    /// A request breaks: the page learns of it.
    pub fn break_request(&mut self, now: u64, conn: Conn) {
        let Some(host) = self.requests.get(&conn).copied() else { return };
        self.queue.retain(|_, packet| !matches!(packet, Packet::Post(it, ..) | Packet::Replied(it, ..) if *it == conn));
        self.serial += 2;
        self.queue.insert((now, self.serial - 1), Packet::Abort(conn, host));
        self.queue.insert((now, self.serial), Packet::Replied(conn, 0, None, Err("the network".to_owned())));
    }

    /// Everything breaks, or everything of one host's.
    pub fn cut(&mut self, now: u64, host: Option<usize>) {
        let of_host = |(conn, at): (&Conn, &usize)| host.is_none_or(|host| host == *at).then_some(*conn);
        let sockets: Vec<Conn> = self.sockets.iter().filter_map(of_host).collect();
        let requests: Vec<Conn> = self.requests.iter().filter_map(of_host).collect();
        for conn in sockets {
            self.break_socket(now, conn, 1006);
        }
        for conn in requests {
            self.break_request(now, conn);
        }
    }

    /// The page is gone: its sockets close, its requests are given up, and nothing gets to it any more.
    pub fn unload(&mut self, now: u64, page: u32) {
        let sockets: Vec<Conn> = self.sockets.keys().filter(|conn| conn.0 == page).copied().collect();
        let requests: Vec<(Conn, usize)> =
            self.requests.iter().filter(|(conn, _)| conn.0 == page).map(|(conn, host)| (*conn, *host)).collect();
        self.queue.retain(|_, packet| packet.is_up());
        for conn in sockets {
            self.send(now, Packet::Close(conn));
            self.sockets.remove(&conn);
        }
        for (conn, host) in requests {
            self.send(now, Packet::Abort(conn, host));
            self.requests.remove(&conn);
        }
    }
}
