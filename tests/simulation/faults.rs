//! What goes wrong: on the network, at the servers, and with the page. Each fault is counted by its kind.

use causerie::session::Input;
use serde_json::json;

use super::harness::{Action, Flavour, Http, Socket, Storage};
use super::setting;
use super::story::{Over, Story};

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

const HOUR: u64 = 3_600_000;

impl Story {
    pub fn fault(&mut self) {
        match self.dice.between(0, 9) {
            0..=3 => self.network_fault(),
            4..=6 => self.exchange_fault(&ABOUT),
            _ => self.server_fault(),
        }
    }

    fn count(&mut self, kind: &'static str) {
        self.totals.fault(kind);
    }

    fn network_fault(&mut self) {
        match self.dice.between(0, 7) {
            0 => {
                self.count("network: delay");
                let from = self.dice.between(1, 400);
                self.pair.world.net.latency = (from, from + self.dice.between(0, 300));
            }
            1 => {
                self.count("network: delay and reorder");
                self.pair.world.net.latency = (1, self.dice.between(500, 6_000));
            }
            2 => {
                self.count("network: drop");
                self.pair.world.net.loss = self.dice.between(2, 40);
            }
            3 => {
                self.count("network: cut");
                self.pair.cut();
            }
            4 => {
                self.count("network: one way, up only");
                self.pair.world.net.mute_down = true;
            }
            5 => {
                self.count("network: one way, down only");
                self.pair.world.net.mute_up = true;
            }
            6 => {
                self.count("network: dead without a word");
                self.pair.world.net.silence(true);
                if self.dice.chance(50) {
                    self.pair.world.net.silence(false);
                }
            }
            _ => {
                self.count("network: flapping");
                for _ in 0..self.dice.between(2, 6) {
                    self.pair.cut();
                    self.pair.run_for(self.dice.between(0, 800));
                }
            }
        }
    }

    /// Something happens to the next exchange of a kind.
    pub fn exchange_fault(&mut self, about: &[&'static str]) {
        let about = about[self.dice.between(0, about.len() as u64 - 1) as usize];
        let plain = self.setting.options.flavour == Flavour::Plain;
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
            7 if !(plain && matches!(about, "sendMessage" | "pushUrl" | "requestChat")) => {
                ("exchange: request doubled", Action::Twice)
            }
            _ => (
                "exchange: connection closed",
                Action::Close([1000, 1001, 1006, 1011, 1012][self.dice.between(0, 4) as usize]),
            ),
        };
        self.count(kind);
        let host = self.a_host();
        self.pair.world.hosts[host].rules.push((about.to_owned(), action));
    }

    fn a_host(&mut self) -> usize {
        if self.setting.options.servers.len() > 1 && self.dice.chance(40) { 1 } else { 0 }
    }

    fn server_fault(&mut self) {
        let host = self.a_host();
        match self.dice.between(0, 9) {
            0..=1 => {
                self.count("server: restart");
                self.pair.world.stop(host);
                self.pair.run_for(self.dice.between(0, 2_000));
                self.pair.world.hosts[host].go();
            }
            2 => {
                self.count("server: down");
                self.pair.world.stop(host);
            }
            3..=4 => {
                self.count("server: forgets its clients");
                self.pair.world.hosts[host].bayeux.forget();
            }
            5 => {
                self.count("server: not ready");
                let times = self.dice.between(1, 6) as usize;
                self.pair.world.chats.refusals.extend(vec![("requestNotifications".to_owned(), 1, 249); times]);
            }
            // Where a server without ids tells a sender nothing, nobody can know which message it refused.
            6 if !self.pair.world.chats.is_mute => {
                self.count("server: refuses messages");
                self.pair.world.chats.refusals.push(("sendMessage".to_owned(), 1, 249));
            }
            7 => {
                self.count("server: lies in its advice");
                setting::lie(&mut self.pair.world.hosts[host].bayeux, &mut self.dice);
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
                self.pair.world.hosts[host].http = http[self.dice.between(0, 4) as usize];
                self.pair.world.hosts[host].socket = socket[self.dice.between(0, 3) as usize];
                if self.dice.chance(50) {
                    self.pair.cut();
                }
            }
            _ => {
                self.count("server: asks not to reconnect, for a moment");
                let bayeux = &mut self.pair.world.hosts[host].bayeux;
                // A session that is told so ends; only the impatient ones are.
                if !self.setting.patient {
                    bayeux.advice = json!({ "reconnect": "none" });
                }
            }
        }
    }

    /// Something happens to the page.
    pub fn page_act(&mut self) {
        match self.dice.between(0, 14) {
            0..=2 => {
                self.count("page: reload");
                self.reload();
            }
            3..=4 => {
                self.count("page: reload in the middle of a restore");
                for _ in 0..self.dice.between(2, 4) {
                    self.reload();
                    if self.over.is_some() {
                        return;
                    }
                    self.pair.run_for(self.dice.between(0, 150));
                }
            }
            5 => self.go_away(),
            6..=7 => self.sleep(),
            8 => {
                self.count("page: back/forward cache");
                let ms = self.dice.between(10, 50_000);
                self.pair.put_aside(ms, self.dice.chance(50));
            }
            9 => {
                self.count("page: timers held back");
                let ms = self.dice.between(1_000, 60_000);
                self.pair.throttle(ms);
            }
            10 => {
                self.count("page: looked at");
                self.pair.input(Input::Wake);
            }
            11 => {
                self.count("page: hidden");
                self.pair.input(Input::Hidden);
            }
            12 => {
                self.count("page: clock set");
                self.pair.set_clock(self.dice.between(1_000, 20_000));
            }
            13 => {
                self.count("page: callbacks do not come to an end");
                self.pair.page.is_busy = true;
            }
            _ => self.store_fault(),
        }
    }

    fn go_away(&mut self) {
        self.count("page: away");
        self.leave_page();
        let limit = self.setting.options.max_offline;
        let ms =
            if self.setting.patient { self.dice.between(0, 2 * HOUR) } else { self.dice.between(0, limit * 5 / 4) };
        self.pair.run_for(ms);
        if self.dice.chance(50) {
            self.pair.agent_says(&format!("while away, {ms}"));
        }
        self.come_back();
    }

    fn sleep(&mut self) {
        let hours = self.dice.chance(20);
        let ms = if hours { self.dice.between(HOUR, 5 * HOUR) } else { self.dice.between(100, 90_000) };
        let clock_runs = self.dice.chance(50);
        if self.dice.chance(50) {
            self.count(if hours { "page: sleeps for hours" } else { "page: sleeps" });
            self.pair.sleep(ms, clock_runs);
        } else {
            self.count(if hours { "page: sleeps for hours, no network" } else { "page: sleeps, no network" });
            self.pair.sleep_offline(ms, clock_runs);
        }
        if self.dice.chance(60) {
            self.pair.input(Input::Wake);
        }
    }

    fn store_fault(&mut self) {
        match self.dice.between(0, 2) {
            0 => {
                self.count("store: denied");
                self.pair.page.storage = Storage::Denied;
                self.store_failed = true;
            }
            1 => {
                self.count("store: full");
                self.pair.page.storage = Storage::Full;
                self.store_failed = true;
            }
            _ => {
                self.count("store: deleted");
                self.store_failed = true;
                self.pair.page.stored = None;
                if self.dice.chance(20) {
                    self.leave_page();
                    self.over = Some(Over::Gone);
                }
            }
        }
    }
}
