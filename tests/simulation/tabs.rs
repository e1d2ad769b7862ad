//! One run with several tabs of one session, which share one connection: they open, close, are reloaded, freeze and thaw in
//! any weather, and each keeps the rules.

use causerie::session::{Command, CommandId, EndReason};

use super::harness::chat::Chat;
use super::harness::tabs::Tabs;
use super::harness::{Flavour, Kind, Limit, Options};
use super::judge::{expected, judge_page};
use super::setting::Setting;
use super::totals::Totals;
use super::weather::Weather;

/// A message, and the tab that it was given in.
struct Given {
    tab: usize,
    command: CommandId,
    text: String,
    /// The tab after a reload, if there was one.
    heir: Option<usize>,
}

pub struct TabsStory {
    tabs: Tabs,
    weather: Weather,
    given: Vec<Given>,
    plain: bool,
}

impl TabsStory {
    pub fn new(mut weather: Weather, setting: &Setting, loud: bool) -> Self {
        let week = 7 * 24 * 3_600_000;
        let options = Options { max_offline: week, outbox_room: 100_000, ..setting.options.clone() };
        // A fault during the launch is the other story's.
        let plain = options.flavour == Flavour::Plain;
        let mut tabs = Tabs::started(options);
        tabs.world.quiet = !loud;
        for host in &mut tabs.world.hosts {
            host.bayeux.acks = setting.acks;
        }
        if plain {
            tabs.world.chats.renews_keys = weather.dice.chance(50);
            tabs.world.chats.echoes_typing = weather.dice.chance(50);
        }
        if !plain && weather.dice.chance(20) {
            let (burst, rate) = (weather.dice.between(1, 6) as u32, weather.dice.between(1, 5) as u32);
            tabs.world.chats.limit = Some(Limit::new(burst, rate));
            weather.totals.fault("tabs: the server takes so much and no more");
        }
        weather.deadly = false;
        weather.totals.fault("tabs: several tabs");
        Self { tabs, weather, given: Vec::new(), plain }
    }

    pub fn run(&mut self, rounds: u64) -> Totals {
        self.tabs.agent_joins("Jane");
        for round in 0..rounds {
            if self.weather.loud {
                eprintln!("at {}", self.tabs.world.now);
            }
            self.round(round);
            if self.weather.dice.chance(35) {
                Weather::heal(&mut self.tabs.world);
            }
        }
        Weather::heal(&mut self.tabs.world);
        for tab in 0..self.tabs.tabs.len() {
            if self.tabs.tabs[tab].is_frozen() {
                self.tabs.thaw(tab);
            }
        }
        self.tabs.run_for(130_000);
        // What a server has lost is shown by what comes next.
        self.tabs.agent_says("the last word");
        if !self.plain {
            self.tabs.world.push(|chat, _| chat.change_data());
        }
        self.tabs.run_for(30_000);
        self.judge();
        self.end();
        let mut totals = std::mem::take(&mut self.weather.totals);
        (totals.runs, totals.time) = (1, self.tabs.world.now);
        totals
    }

    fn some(&mut self) -> usize {
        let alive = self.tabs.alive();
        alive[self.weather.dice.roll() as usize % alive.len()]
    }

    fn round(&mut self, round: u64) {
        let tab = self.some();
        let several = self.tabs.alive().len() > 1;
        match self.weather.dice.between(0, 22) {
            0..=4 => self.send(tab),
            5..=7 => self.tabs.agent_says(&format!("yours {round}")),
            8..=11 => {
                for (ms, part) in self.weather.fault(&mut self.tabs.world) {
                    self.tabs.run_for(ms);
                    Weather::go_on(&mut self.tabs.world, part);
                }
            }
            12 => {
                self.weather.count("tabs: typing");
                self.tabs.command(tab, Command::Typing { on: true, preview: None });
            }
            13 if several => {
                self.weather.count("tabs: frozen");
                self.tabs.freeze(tab);
            }
            14 => {
                if let Some(tab) = (0..self.tabs.tabs.len()).find(|tab| self.tabs.tabs[*tab].is_frozen()) {
                    self.weather.count("tabs: thawed");
                    self.tabs.thaw(tab);
                }
            }
            15 if several => {
                self.weather.count("tabs: closed");
                self.tabs.close(tab);
            }
            16..=17 if self.is_on(self.tabs.holder) && self.tabs.alive().len() < 5 => {
                self.weather.count("tabs: opened");
                self.tabs.open();
            }
            18 if self.is_on(tab) => {
                self.weather.count("tabs: reloaded");
                let heir = self.tabs.reload(tab);
                for given in self.given.iter_mut() {
                    if given.heir.unwrap_or(given.tab) == tab {
                        given.heir = Some(heir);
                    }
                }
            }
            19 if !self.plain => self.renew(),
            20..=21 if !self.plain => {
                self.weather.count("tabs: the session data changes");
                self.tabs.world.push(|chat, _| chat.change_data());
            }
            _ => self.tabs.world.net.cut(self.tabs.world.now, None),
        }
        let longest = if self.weather.dice.chance(90) { 3_000 } else { 30_000 };
        let ms = self.weather.dice.between(0, longest);
        self.tabs.run_for(ms);
    }

    /// A script, or the time that is over, has the session go on as another one. Jane is there in time.
    fn renew(&mut self) {
        if self.weather.dice.chance(50) {
            self.weather.count("tabs: the server renews the session");
            self.tabs.world.push(|chat, now| chat.renew(now, "script"));
        } else {
            self.weather.count("tabs: the session's time is over");
            self.tabs.world.push(Chat::expire);
        }
        if self.weather.dice.chance(50) {
            self.tabs.run_for(self.weather.dice.between(0, 200));
            self.tabs.agent_joins("Jane");
        }
    }

    /// Whether a tab's session is on, and stored.
    fn is_on(&self, tab: usize) -> bool {
        let place = &self.tabs.tabs[tab];
        place.page.stored.is_some() && !place.session.is_over()
    }

    fn send(&mut self, tab: usize) {
        let text = format!("mine {}", self.given.len());
        let command = self.tabs.send(tab, &text);
        self.given.push(Given { tab, command, text, heir: None });
    }

    fn judge(&mut self) {
        let chat = self.tabs.world.chats.last();
        let expected = expected(chat);
        let data = chat.data;
        let said: Vec<String> = chat.visitor_said().into_iter().map(str::to_owned).collect();
        let refused = self.tabs.world.chats.refused.clone();
        let is_deaf = self.tabs.world.is_deaf();
        let alive = self.tabs.alive();
        let totals = &mut self.weather.totals;
        for (tab, place) in self.tabs.tabs.iter().enumerate() {
            let (events, missing) = judge_page(&place.page, &format!("tab {tab}"), &expected);
            (totals.pages, totals.events) = (totals.pages + 1, totals.events + events);
            // A restore that met bad weather for too long has failed, and told so.
            if alive.contains(&tab) && !place.session.is_over() {
                if is_deaf {
                    totals.unheard += missing;
                } else {
                    assert_eq!(missing, 0, "tab {tab} was told everything: {:?}", place.page.seen);
                    assert_eq!(place.page.data, data, "tab {tab} has the session data: {:?}", place.page.seen);
                }
                assert!(!place.page.is_interrupted(), "the link is up in good weather");
            }
        }
        let reports = self.tabs.tabs.iter().flat_map(|tab| tab.page.errors()).filter(|code| *code == 309).count();
        let mut missing = 0;
        for Given { tab, command, text, heir } in &self.given {
            let count = said.iter().filter(|said| *said == text).count();
            totals.sends += 1;
            totals.doubled += count.saturating_sub(1) as u64;
            assert!(self.plain || count <= 1, "{text} stands {count} times in the transcript");
            let last = heir.unwrap_or(*tab);
            let lives = alive.contains(&last) && !self.tabs.tabs[last].session.is_over();
            match self.tabs.tabs[*tab].page.results.get(command) {
                Some(Ok(())) if self.plain && refused.contains(text) => totals.misled += 1,
                Some(Ok(())) => {
                    assert!(count >= 1, "{text} was settled well and is missing");
                    totals.arrived += 1;
                }
                Some(Err(_)) => totals.refused += 1,
                None if count > 0 => totals.arrived += 1,
                None => {
                    assert!(heir.is_some() || !lives, "{text} is settled");
                    missing += usize::from(heir.is_some() && lives);
                    totals.unstored += u64::from(!lives);
                }
            }
        }
        assert!(missing <= reports, "{missing} are missing, and {reports} were reported");
        totals.refused += missing as u64;
        totals.plain_runs += u64::from(self.plain);
    }

    /// All tabs end together.
    fn end(&mut self) {
        let tabs: Vec<usize> = self.tabs.alive().into_iter().filter(|tab| self.is_on(*tab)).collect();
        let Some(leaver) = tabs.first().copied() else { return };
        // Nobody would be told of an end from the agent's side.
        let reason = if self.weather.dice.chance(50) || self.tabs.world.is_deaf() {
            self.tabs.command(leaver, Command::Leave);
            EndReason::LeaveRequest
        } else {
            self.tabs.world.push(Chat::close);
            EndReason::Agent
        };
        self.tabs.run_for(30_000);
        for tab in tabs {
            let place = &self.tabs.tabs[tab];
            assert_eq!(place.page.ended, Some(reason), "tab {tab}");
            let agents = place.page.count(Kind::Joined) - place.page.count(Kind::Left);
            assert_eq!(agents, 0, "agents are gone before");
            assert_eq!(place.session.footprint(), 0, "nothing is kept: {:?}", place.session);
            assert!(place.page.stored.is_none());
        }
        let kind = if reason == EndReason::Agent { "all tabs, by the agent" } else { "all tabs, left" };
        *self.weather.totals.ends.entry(kind).or_default() += 1;
    }

    /// Prints what happened.
    pub fn explain(&self) {
        for (tab, place) in self.tabs.tabs.iter().enumerate() {
            eprintln!("tab {tab}");
            for seen in &place.page.seen {
                eprintln!("  {seen:?}");
            }
            for line in &place.page.logs {
                eprintln!("  {line}");
            }
            eprintln!("  {:?}", place.session);
        }
        for (at, path, envelope) in self.tabs.world.hosts.iter().flat_map(|host| &host.log) {
            eprintln!("{at} {path} {:?}", super::harness::host::Host::summary(envelope));
        }
        for entry in self.tabs.world.chats.chats.iter().flat_map(|chat| &chat.entries) {
            eprintln!("{entry}");
        }
        eprintln!(
            "{:?} {:?}",
            self.tabs.options,
            self.given.iter().map(|given| (given.tab, &given.text, given.heir)).collect::<Vec<_>>()
        );
    }
}
