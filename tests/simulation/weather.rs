//! What goes wrong outside the page: on the network and at the servers. Each fault is counted by its kind.

use serde_json::json;

use super::harness::world::World;
use super::harness::{Action, Flavour, Http, Seeded, Socket};
use super::setting::{self, Setting};
use super::totals::Totals;

/// What exchanges are about that a fault may meet.
const ABOUT: [&str; 8] = [
    "sendMessage",
    "requestNotifications",
    "/meta/connect",
    "/meta/handshake",
    "/meta/subscribe",
    "startTyping",
    "pushUrl",
    "disconnect",
];

/// A part of a fault that comes later.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Cut,
    Go(usize),
}

/// What makes the weather.
pub struct Weather {
    pub dice: Seeded,
    pub totals: Totals,
    /// The second host is used, too.
    pub several: bool,
    /// Sessions may be told to end.
    pub deadly: bool,
    /// Each fault is told.
    pub loud: bool,
}

impl Weather {
    pub fn new(dice: Seeded, setting: &Setting) -> Self {
        let several = setting.options.servers.len() > 1;
        Self { dice, totals: Totals::default(), several, deadly: !setting.patient, loud: false }
    }

    /// Something goes wrong. Returns how long the world is to run until the next part of it, which `go_on` is.
    pub fn fault(&mut self, world: &mut World) -> Vec<(u64, Part)> {
        match self.dice.between(0, 9) {
            0..=3 => self.network_fault(world),
            4..=6 => {
                self.exchange_fault(world, &ABOUT);
                Vec::new()
            }
            _ => self.server_fault(world),
        }
    }

    /// All faults are over; what is on its way arrives.
    pub fn heal(world: &mut World) {
        let net = &mut world.net;
        (net.mute_up, net.mute_down, net.loss) = (false, false, 0);
        net.latency = (10, 30);
        for host in &mut world.hosts {
            host.go();
            host.rules.clear();
            setting::mend(&mut host.bayeux);
        }
        world.chats.refusals.clear();
    }

    /// A later part of a fault.
    pub fn go_on(world: &mut World, part: Part) {
        match part {
            Part::Cut => world.net.cut(world.now, None),
            Part::Go(host) => world.hosts[host].go(),
        }
    }

    pub fn count(&mut self, kind: &'static str) {
        if self.loud {
            eprintln!("then {kind}");
        }
        self.totals.fault(kind);
    }

    fn network_fault(&mut self, world: &mut World) -> Vec<(u64, Part)> {
        match self.dice.between(0, 7) {
            0 => {
                self.count("network: delay");
                let from = self.dice.between(1, 400);
                world.net.latency = (from, from + self.dice.between(0, 300));
            }
            1 => {
                self.count("network: delay and reorder");
                world.net.latency = (1, self.dice.between(500, 6_000));
            }
            2 => {
                self.count("network: drop");
                world.net.loss = self.dice.between(2, 40);
            }
            3 => {
                self.count("network: cut");
                world.net.cut(world.now, None);
            }
            4 => {
                self.count("network: one way, up only");
                world.net.mute_down = true;
            }
            5 => {
                self.count("network: one way, down only");
                world.net.mute_up = true;
            }
            6 => {
                self.count("network: dead without a word");
                world.net.silence(true);
                if self.dice.chance(50) {
                    world.net.silence(false);
                }
            }
            _ => {
                self.count("network: flapping");
                return (0..self.dice.between(2, 6)).map(|_| (self.dice.between(0, 800), Part::Cut)).collect();
            }
        }
        Vec::new()
    }

    /// Something happens to the next exchange of a kind.
    pub fn exchange_fault(&mut self, world: &mut World, about: &[&'static str]) {
        let about = about[self.dice.between(0, about.len() as u64 - 1) as usize];
        let plain = world.chats.flavour == Flavour::Plain;
        let is_launch = world.chats.chats.is_empty();
        let (kind, action) = match self.dice.between(0, 8) {
            0 => ("exchange: request lost", Action::LoseRequest),
            1 => ("exchange: cut before the answer", Action::LoseAnswer),
            2 => ("exchange: no answer", Action::Swallow),
            3 => ("exchange: half an answer", Action::Garbage),
            4 => ("exchange: late answer", Action::Delay(self.dice.between(1, 4_000))),
            5 => ("exchange: very late answer", Action::Delay(self.dice.between(4_000, 40_000))),
            6 => {
                let status = [429, 500, 503, 400, 502, 404][self.dice.between(0, 5) as usize];
                let wait = if self.dice.chance(50) { Some(self.dice.between(0, 5) as u32) } else { None };
                ("exchange: HTTP error", Action::Status(status, wait))
            }
            // Who repeats a send to a server that knows no ids makes two of it: that is not the client's doing.
            7 if !(plain && (is_launch || matches!(about, "sendMessage" | "pushUrl" | "requestChat"))) => {
                ("exchange: request doubled", Action::Twice)
            }
            _ => (
                "exchange: connection closed",
                Action::Close([1000, 1001, 1006, 1011, 1012][self.dice.between(0, 4) as usize]),
            ),
        };
        self.count(kind);
        let host = self.a_host();
        world.hosts[host].rules.push((about.to_owned(), action));
    }

    fn a_host(&mut self) -> usize {
        usize::from(self.several && self.dice.chance(40))
    }

    fn server_fault(&mut self, world: &mut World) -> Vec<(u64, Part)> {
        let host = self.a_host();
        match self.dice.between(0, 10) {
            0..=1 => {
                self.count("server: restart");
                world.stop(host);
                return vec![(self.dice.between(0, 2_000), Part::Go(host))];
            }
            2 => {
                self.count("server: down");
                world.stop(host);
            }
            3..=4 => {
                self.count("server: forgets its clients");
                world.hosts[host].bayeux.forget();
            }
            5 => {
                self.count("server: not ready");
                let times = self.dice.between(1, 6) as usize;
                world.chats.refusals.extend(vec![("requestNotifications".to_owned(), 1, 249); times]);
            }
            // Where a server without ids tells a sender nothing, nobody can know which message it refused.
            6 if !world.chats.is_mute => {
                self.count("server: refuses messages");
                world.chats.refusals.push(("sendMessage".to_owned(), 1, 249));
            }
            7 => {
                self.count("server: lies in its advice");
                setting::lie(&mut world.hosts[host].bayeux, &mut self.dice);
            }
            8 => {
                self.count("server: HTML, errors or silence");
                let http = [
                    Http::Html,
                    Http::Silent,
                    Http::Status(503, Some(1)),
                    Http::Status(500, None),
                    Http::Status(403, None),
                ];
                let socket = [Socket::Refused, Socket::NeverOpens, Socket::Silent, Socket::Well];
                world.hosts[host].http = http[self.dice.between(0, 4) as usize];
                world.hosts[host].socket = socket[self.dice.between(0, 3) as usize];
                if self.dice.chance(50) {
                    world.net.cut(world.now, None);
                }
            }
            9 if world.hosts[host].bayeux.acks => {
                let sends_again = self.dice.chance(50);
                self.count(if sends_again { "server: batches sent again" } else { "server: batches lost" });
                world.hosts[host].bayeux.doubt(sends_again);
            }
            _ => {
                self.count("server: asks not to reconnect, for a moment");
                let bayeux = &mut world.hosts[host].bayeux;
                // A session that is told so ends; only the impatient ones are.
                if self.deadly {
                    bayeux.advice = json!({ "reconnect": "none" });
                }
            }
        }
        Vec::new()
    }
}
