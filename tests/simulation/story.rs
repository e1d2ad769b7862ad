//! One run: a page, its later pages, an agent, and what happens to them.

use causerie::json::native::NativeJson;
use causerie::session::{Command, CommandId};
use serde_json::{Value, json};

use super::harness::chat::Chat;
use super::harness::page::Page;
use super::harness::{Flavour, Pair, Storage};
use super::setting::Setting;
use super::totals::Totals;
use super::weather::Weather;

/// A message that the visitor gave.
#[derive(Debug)]
pub struct Given {
    pub page: usize,
    pub command: CommandId,
    pub text: String,
    /// It was in the store when its page went.
    pub stored: bool,
}

/// How a run came to its end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The session ended.
    Ended,
    /// The page came back too late, or its store had nothing.
    Gone,
}

pub struct Story {
    pub pair: Pair,
    pub weather: Weather,
    pub setting: Setting,
    pub given: Vec<Given>,
    /// What can not be promised any more, for a store has failed.
    pub store_failed: bool,
    /// The story came to its good weather.
    pub lived: bool,
    pub over: Option<Over>,
    rounds: u64,
}

impl Story {
    pub fn new(setting: Setting, mut weather: Weather, loud: bool) -> Self {
        let mut pair = Pair::new(setting.options.clone());
        pair.world.quiet = !loud;
        setting.furnish(&mut pair, &mut weather.dice);
        if pair.world.chats.limit.is_some() {
            weather.totals.fault("server: takes so much and no more");
        }
        let given = Vec::new();
        Self { pair, weather, setting, given, store_failed: false, lived: false, over: None, rounds: 0 }
    }

    /// The whole run; panics when a rule is broken.
    pub fn run(&mut self) -> Totals {
        self.begin();
        while self.rounds < self.setting.rounds && self.over.is_none() {
            self.rounds += 1;
            if self.weather.loud {
                eprintln!("at {}", self.pair.world.now);
            }
            self.round();
            self.look();
        }
        if self.over.is_none() {
            self.calm();
        }
        if self.over.is_none() {
            self.judge_life();
            self.end();
        }
        self.judge_end();
        let mut totals = std::mem::take(&mut self.weather.totals);
        totals.runs = 1;
        totals.time = self.pair.world.now;
        totals
    }

    /// A session is launched, sometimes in bad weather; if it fails, in good weather.
    fn begin(&mut self) {
        // Servers that share no chats share no launch either.
        if !self.setting.apart && self.weather.dice.chance(30) {
            self.weather.exchange_fault(
                &mut self.pair.world,
                &["requestChat", "/meta/handshake", "/meta/connect", "/meta/subscribe"],
            );
        }
        self.pair.start();
        let settled = |pair: &Pair| pair.result(pair.launch).is_some();
        self.pair.wait(60_000, "the launch is settled", settled);
        if !self.pair.is_done(self.pair.launch) {
            self.heal();
            self.pair.unload();
            self.pair.start();
            self.pair.wait(60_000, "the launch is settled", settled);
            assert!(
                self.pair.is_done(self.pair.launch),
                "a launch in good weather: {:?}",
                self.pair.result(self.pair.launch)
            );
        }
        // A server that knows no ids may have made another chat of a request whose answer was lost.
        let id = self.pair.session.id().to_owned();
        let chats = &mut self.pair.world.chats.chats;
        let place = chats.iter().position(|chat| chat.id == id).expect("the session's chat");
        let chat = chats.remove(place);
        chats.push(chat);
        if self.weather.dice.chance(80) {
            self.pair.agent_joins("Jane");
        }
    }

    fn round(&mut self) {
        match self.weather.dice.between(0, 99) {
            0..=24 => self.visitor(),
            25..=44 => self.agent(),
            45..=74 => self.fault(),
            75..=92 => self.page_act(),
            _ => self.heal(),
        }
        if self.over.is_none() {
            let ms = if self.weather.dice.chance(85) {
                self.weather.dice.between(0, 3_000)
            } else {
                self.weather.dice.between(3_000, 40_000)
            };
            self.pair.run_for(ms);
            if self.weather.dice.chance(30) {
                self.heal();
            }
        }
    }

    fn fault(&mut self) {
        for (ms, part) in self.weather.fault(&mut self.pair.world) {
            self.pair.run_for(ms);
            Weather::go_on(&mut self.pair.world, part);
        }
    }

    fn visitor(&mut self) {
        match self.weather.dice.between(0, 9) {
            0..=5 => self.send(),
            6..=7 => {
                for _ in 0..self.weather.dice.between(2, 6) {
                    self.send();
                }
            }
            8 => drop(self.pair.type_on(self.weather.dice.chance(70))),
            _ => {
                self.pair.type_on(true);
                self.send();
            }
        }
    }

    fn send(&mut self) {
        let text = format!("mine {}", self.given.len());
        let url = self.weather.dice.chance(15);
        let command = self.pair.command(Command::Send { text: text.clone(), url });
        self.given.push(Given { page: self.pair.earlier.len(), command, text, stored: false });
    }

    fn agent(&mut self) {
        let n = self.rounds;
        match self.weather.dice.between(0, 12) {
            0..=5 => self.pair.agent_says(&format!("yours {n}")),
            10 if self.setting.options.flavour == Flavour::Ours => self.renew(),
            11..=12 if self.setting.options.flavour == Flavour::Ours => {
                self.weather.count("server: the session data changes");
                self.pair.world.push(|chat, _| chat.change_data());
            }
            6..=7 => self.pair.agent_types(self.weather.dice.chance(60)),
            8 => {
                let name = format!("Agent {n}");
                self.pair.agent_joins(&name);
                if self.weather.dice.chance(50) {
                    self.pair.run_for(self.weather.dice.between(0, 500));
                    // Unless a renewal has shown everybody out.
                    if self.pair.chat().has_agent(&name) {
                        self.pair.agent_leaves(&name);
                    }
                }
            }
            _ => {
                for k in 0..self.weather.dice.between(2, 8) {
                    self.pair.agent_says(&format!("yours {n}.{k}"));
                }
            }
        }
    }

    /// A script, or the time that is over, has the session go on as another one. Jane is there in time.
    fn renew(&mut self) {
        if self.weather.dice.chance(50) {
            self.weather.count("server: renews the session");
            self.pair.world.push(|chat, now| chat.renew(now, "script"));
        } else {
            self.weather.count("server: the session's time is over");
            self.pair.world.push(Chat::expire);
        }
        if self.weather.dice.chance(50) {
            self.pair.run_for(self.weather.dice.between(0, 200));
            self.pair.agent_joins("Jane");
        }
    }

    /// Whether the story is over.
    fn look(&mut self) {
        if self.pair.page.ended.is_some() {
            self.over = Some(Over::Ended);
        } else if self.pair.session.is_over() && self.over.is_none() {
            self.judge_refusal();
            if self.pair.page.stored.is_none() {
                self.over = Some(Over::Gone);
            } else if self.weather.dice.chance(40) {
                self.reload();
            }
        }
    }

    /// The page goes and comes again. Where nothing is stored the story is over.
    pub fn reload(&mut self) {
        self.leave_page();
        self.come_back();
    }

    pub fn leave_page(&mut self) {
        self.judge_store();
        let page = self.pair.earlier.len();
        let stored = self.pair.page.unsent();
        for given in self.given.iter_mut().filter(|given| given.page == page) {
            given.stored = stored.contains(&given.text.as_str());
        }
        self.pair.unload();
    }

    pub fn come_back(&mut self) {
        let Some(snapshot) = self.pair.page.stored.clone() else {
            self.over = Some(Over::Gone);
            return;
        };
        let kept = if self.setting.keeps { self.kept(self.pair.page.told().next) } else { None };
        self.pair.launch = self.pair.command(Command::Restore(self.pair.setup(), snapshot, kept));
    }

    /// What the page has kept of the transcript: what callbacks of earlier pages were told.
    fn kept(&mut self, told: u32) -> Option<NativeJson> {
        let told = |entry: &&Value| {
            entry["index"].as_u64() <= Some(u64::from(told))
                && (matches!(entry["type"].as_str(), Some("Message" | "PushUrl" | "Notice"))
                    || entry["from"]["type"] == "Agent")
        };
        let chat = &self.pair.page.began;
        let sessions = self.pair.world.chats.last().sessions();
        let entries = sessions.into_iter().find(|(id, _)| id == chat).map_or(&[][..], |(_, entries)| entries);
        let entries: Vec<Value> = entries.iter().filter(told).cloned().collect();
        (!entries.is_empty()).then(|| NativeJson::from(json!({ "messages": entries })))
    }

    /// All faults are over; what is on its way arrives.
    pub fn heal(&mut self) {
        Weather::heal(&mut self.pair.world);
        if self.pair.page.storage != Storage::Well {
            self.pair.page.storage = Storage::Well;
        }
        if std::mem::take(&mut self.pair.page.is_busy) {
            self.pair.tell();
        }
    }

    /// Good weather, long enough for everything to come right.
    fn calm(&mut self) {
        self.heal();
        self.pair.run_for(120_000);
        for _ in 0..3 {
            if self.pair.page.ended.is_some() || !self.pair.session.is_over() {
                break;
            }
            self.judge_refusal();
            self.leave_page();
            self.come_back();
            if self.over.is_some() {
                return;
            }
            self.pair.run_for(60_000);
        }
        self.look();
        if self.over.is_none() {
            // What a server has lost is shown by what comes next.
            self.pair.agent_says("the last word");
            if self.setting.options.flavour == Flavour::Ours {
                self.pair.world.push(|chat, _| chat.change_data());
            }
            self.pair.run_for(30_000);
        }
    }

    /// The end, in one of the ways in which sessions end.
    fn end(&mut self) {
        let kind = self.weather.dice.between(0, if self.setting.patient { 3 } else { 4 });
        // Nobody would be told of an end from the agent's side.
        let kind = if kind == 2 && self.pair.world.is_deaf() { 0 } else { kind };
        match kind {
            0 => drop(self.pair.leave()),
            1 => {
                self.weather.exchange_fault(&mut self.pair.world, &["disconnect"]);
                self.pair.leave();
            }
            2 => self.pair.agent_ends(),
            3 => {
                self.pair.world.chats.chats.clear();
                self.pair.world.apart.clear();
                for host in &mut self.pair.world.hosts {
                    host.bayeux.forget();
                }
                self.pair.cut();
            }
            _ => {
                for host in 0..self.pair.world.hosts.len() {
                    self.pair.world.stop(host);
                }
                self.send();
            }
        }
        let limit = self.setting.options.max_offline.min(100_000) + 120_000;
        let is_over = |pair: &Pair| pair.page.ended.is_some();
        self.pair.wait(limit, &format!("the session ends ({kind})"), is_over);
        self.over = Some(Over::Ended);
        *self
            .weather
            .totals
            .ends
            .entry(["left", "left in bad weather", "by the agent", "forgotten", "offline too long"][kind as usize])
            .or_default() += 1;
    }

    /// Prints what happened.
    pub fn explain(&self) {
        for (place, page) in self.pair.earlier.iter().enumerate() {
            eprintln!("page {place}");
            for seen in &page.seen {
                eprintln!("  {seen:?}");
            }
            for line in &page.logs {
                eprintln!("  {line}");
            }
            Self::explain_results(page);
        }
        eprintln!("the last page");
        self.pair.explain();
        Self::explain_results(&self.pair.page);
        eprintln!("{:#?}", self.setting);
        for given in &self.given {
            eprintln!("{given:?}");
        }
    }

    fn explain_results(page: &Page) {
        for (at, command) in &page.settled {
            eprintln!("  {at} command {command}: {:?}", page.results[command]);
        }
    }
}
