//! What is outside the page: the network, the hosts, and the chats behind them.

use serde_json::Value;

use super::bayeux::{Carrier, Conn, Sent};
use super::chat::{Bound, Chat, Chats, Flavour};
use super::host::{Action, Host, Http, Socket};
use super::net::{Net, Packet};

/// Everything outside the page.
#[derive(Debug)]
pub struct World {
    pub now: u64,
    pub net: Net,
    pub hosts: Vec<Host>,
    pub chats: Chats,
    /// Hosts that share no chats with the others, and what they have.
    pub apart: Vec<(usize, Chats)>,
    /// What hosts get is not noted.
    pub quiet: bool,
}

impl World {
    pub fn new(seed: u64, flavour: Flavour, names: &[&'static str]) -> Self {
        let hosts = names.iter().enumerate().map(|(place, name)| Host::new(place, name)).collect();
        Self { now: 0, net: Net::new(seed), hosts, chats: Chats::new(flavour), apart: Vec::new(), quiet: false }
    }

    /// The host of a URL, and the path there.
    pub fn host_of(&self, url: &str) -> (usize, String) {
        let rest = url.split_once("://").expect("a URL with a scheme").1;
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let place = self.hosts.iter().position(|host| host.name == name);
        (place.unwrap_or_else(|| panic!("a known host: {name}")), format!("/{path}"))
    }

    /// When something happens next.
    pub fn next(&self) -> Option<u64> {
        self.hosts.iter().filter_map(|host| host.bayeux.next_tick()).chain(self.net.next()).min()
    }

    /// Brings what is due at hosts; returns the packets for the page.
    pub fn step(&mut self) -> Vec<Packet> {
        for place in 0..self.hosts.len() {
            let sent = self.hosts[place].bayeux.tick(self.now);
            self.send(sent, 0);
        }
        let mut for_page = Vec::new();
        while let Some(packet) = self.net.arrive(self.now) {
            match packet {
                Packet::Open(conn, host) => self.open(conn, host),
                Packet::Frame(conn, body) => self.frame(conn, body),
                Packet::Close(conn) => {
                    for host in &mut self.hosts {
                        host.bayeux.closed(self.now, conn);
                    }
                    self.net.sockets.remove(&conn);
                }
                Packet::Post(conn, host, path, body) => self.post(conn, host, path, body),
                Packet::Abort(conn, host) => self.hosts[host].bayeux.aborted(self.now, conn),
                other => for_page.push(other),
            }
        }
        for_page
    }

    /// Pushes a reply to whoever listens to the newest chat.
    pub fn push(&mut self, make: impl FnOnce(&mut Chat, u64) -> Value) {
        let now = self.now;
        let data = make(self.chats.last(), now);
        for bound in self.chats.last().bound.clone() {
            self.push_to(&bound, data.clone());
        }
    }

    pub fn push_to(&mut self, bound: &Bound, data: Value) {
        let event = serde_json::json!({ "channel": "/service/chatV2/default", "data": data });
        self.hosts[bound.0].bayeux.push(&bound.1, event);
        let sent = self.hosts[bound.0].bayeux.tick(self.now);
        self.send(sent, 0);
    }

    /// Whether the server pushes to nobody that is there: one that knows one listener of a chat only has taken a late
    /// request of an earlier page's, or link's, for the newest.
    pub fn is_deaf(&mut self) -> bool {
        let plain = self.chats.flavour == Flavour::Plain;
        let bound = self.chats.last().bound.clone();
        plain && !bound.iter().any(|(host, client)| self.hosts[*host].bayeux.has(client))
    }

    /// A host stops: its connections break and its Bayeux clients are forgotten. The chats stay.
    pub fn stop(&mut self, host: usize) {
        self.hosts[host].stop();
        self.hosts[host].bayeux.forget();
        self.net.cut(self.now, Some(host));
    }

    fn open(&mut self, conn: Conn, host: usize) {
        match self.hosts[host].socket {
            Socket::Refused => self.net.break_socket(self.now, conn, 1006),
            Socket::NeverOpens => {}
            Socket::Well | Socket::Silent => self.net.send(self.now, Packet::Opened(conn)),
        }
    }

    fn frame(&mut self, conn: Conn, body: Value) {
        let Some(host) = self.net.sockets.get(&conn).copied() else { return };
        let envelope = body.as_array().expect("an envelope is an array").clone();
        if !self.quiet {
            self.hosts[host].log.push((self.now, "ws".to_owned(), envelope.clone()));
        }
        if self.hosts[host].socket == Socket::Silent {
            return;
        }
        let rule = self.hosts[host].rule(&envelope);
        match rule {
            Some(Action::LoseRequest) => return self.net.break_socket(self.now, conn, 1006),
            Some(Action::Close(code)) => return self.net.break_socket(self.now, conn, code),
            Some(Action::Status(..)) => return self.net.break_socket(self.now, conn, 1011),
            _ => {}
        }
        let sent = self.take(host, Carrier::Socket(conn), &envelope, rule);
        match rule {
            Some(Action::LoseAnswer) => self.net.break_socket(self.now, conn, 1006),
            Some(Action::Swallow) => {}
            Some(Action::Garbage) => {
                self.net.send(self.now, Packet::Brought(conn, Err("not JSON (line 1, column 9)".to_owned())));
            }
            Some(Action::Delay(late)) => self.send(sent, late),
            _ => self.send(sent, 0),
        }
    }

    fn post(&mut self, conn: Conn, host: usize, path: String, body: Value) {
        let rest = path.strip_prefix("/2/chat/").map(|call| rest_data(call, body.clone()));
        let envelope = match &rest {
            Some((_, _, data)) => vec![serde_json::json!({ "channel": "/service/chatV2/default", "data": data })],
            None => body.as_array().expect("an envelope is an array").clone(),
        };
        if !self.quiet {
            self.hosts[host].log.push((self.now, path, envelope.clone()));
        }
        match self.hosts[host].http {
            Http::Down => return self.net.break_request(self.now, conn),
            Http::Silent => return,
            Http::Html => return self.reply(conn, 200, None, Err("not JSON (line 1, column 1)".to_owned()), 0),
            Http::Status(status, wait) => return self.reply(conn, status, wait, Err("not JSON".to_owned()), 0),
            Http::Well => {}
        }
        let rule = self.hosts[host].rule(&envelope);
        match rule {
            Some(Action::LoseRequest | Action::Close(_)) => return self.net.break_request(self.now, conn),
            Some(Action::Status(status, wait)) => return self.reply(conn, status, wait, Err("not JSON".to_owned()), 0),
            _ => {}
        }
        if let Some((service, named, data)) = rest {
            return self.rest(conn, host, (&service, named.as_deref()), &data, rule);
        }
        let mut sent = self.take(host, Carrier::Request(conn), &envelope, rule);
        if matches!(rule, Some(Action::LoseAnswer | Action::Swallow | Action::Garbage)) {
            sent.retain(|sent| sent.by != Carrier::Request(conn));
        }
        match rule {
            Some(Action::LoseAnswer) => self.net.break_request(self.now, conn),
            Some(Action::Garbage) => self.reply(conn, 200, None, Err("not JSON (line 1, column 1)".to_owned()), 0),
            _ => {}
        }
        let late = if let Some(Action::Delay(late)) = rule { late } else { 0 };
        self.send(sent, late);
    }

    /// A request of chat v2 by REST. What is pushed has nowhere to go: it is polled.
    fn rest(
        &mut self,
        conn: Conn,
        host: usize,
        (service, named): (&str, Option<&str>),
        data: &Value,
        rule: Option<Action>,
    ) {
        let bound = (host, "polls".to_owned());
        let now = self.now;
        let chats = self.chats_of(host);
        chats.check_path(data, named);
        if rule == Some(Action::Twice) {
            chats.operation(now, service, bound.clone(), data);
        }
        let mut answer = chats.operation(now, service, bound, data).unwrap_or_default();
        let from = data["transcriptPosition"].as_u64();
        if chats.leads_on(data) {
            // The answer has it all.
        } else if let (Some(from), Some(0)) = (from, answer["statusCode"].as_u64()) {
            let entries = chats.last().entries.iter();
            let entries = entries.filter(|entry| entry["index"].as_u64() >= Some(from));
            let passing = answer["messages"].as_array().into_iter().flatten().filter(|entry| entry["index"].is_null());
            let entries: Vec<Value> = entries.chain(passing).cloned().collect();
            answer["messages"] = entries.into();
        }
        match rule {
            Some(Action::LoseAnswer) => self.net.break_request(self.now, conn),
            Some(Action::Swallow) => {}
            Some(Action::Garbage) => self.reply(conn, 200, None, Err("not JSON (line 1, column 1)".to_owned()), 0),
            Some(Action::Delay(late)) => self.reply(conn, 200, None, Ok(answer), late),
            _ => self.reply(conn, 200, None, Ok(answer), 0),
        }
    }

    /// A host shares its chats with no other.
    pub fn set_apart(&mut self, host: usize) {
        self.apart.push((host, Chats::new(self.chats.flavour)));
    }

    fn chats_of(&mut self, host: usize) -> &mut Chats {
        let own = self.apart.iter_mut().find(|(place, _)| *place == host).map(|(_, chats)| chats);
        own.unwrap_or(&mut self.chats)
    }

    fn take(&mut self, host: usize, by: Carrier, envelope: &[Value], rule: Option<Action>) -> Vec<Sent> {
        let own = self.apart.iter_mut().find(|(place, _)| *place == host).map(|(_, chats)| chats);
        let chats = own.unwrap_or(&mut self.chats);
        if rule == Some(Action::Twice) {
            self.hosts[host].bayeux.receive(self.now, by, envelope, chats);
        }
        let sent = self.hosts[host].bayeux.receive(self.now, by, envelope, chats);
        for (bound, data) in std::mem::take(&mut chats.pushes) {
            self.push_to(&bound, data);
        }
        sent
    }

    fn send(&mut self, sent: Vec<Sent>, late: u64) {
        for Sent { by, status, body } in sent {
            match by {
                Carrier::Socket(conn) => {
                    if self.net.sockets.contains_key(&conn) {
                        self.net.send_later(self.now, late, Packet::Brought(conn, Ok(body.into())));
                    }
                }
                Carrier::Request(conn) if status == 200 => self.reply(conn, 200, None, Ok(body.into()), late),
                Carrier::Request(conn) => self.reply(conn, status, None, Err("not JSON".to_owned()), late),
            }
        }
    }

    fn reply(&mut self, conn: Conn, status: u16, wait: Option<u32>, body: Result<Value, String>, late: u64) {
        if self.net.requests.contains_key(&conn) {
            self.net.send_later(self.now, late, Packet::Replied(conn, status, wait, body));
        }
    }
}

/// The service of a REST call, the session that it names, and its form as the data of the same operation on Bayeux.
fn rest_data(call: &str, mut form: Value) -> (String, Option<String>, Value) {
    let parts: Vec<&str> = call.split('/').collect();
    let name = match parts.get(2).copied() {
        None => "requestChat",
        Some("refresh") => "requestNotifications",
        Some("send") => "sendMessage",
        Some(name) => name,
    };
    form["operation"] = name.into();
    (parts[0].to_owned(), parts.get(1).map(|id| (*id).to_owned()), form)
}
