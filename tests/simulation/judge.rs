//! What must hold after each run. Rules of order, of `restored` and of pairs of events are checked with every event, in the
//! harness' page.

use causerie::session::EndReason;
use serde_json::Value;

use super::harness::chat::Chat;
use super::harness::page::Page;
use super::harness::{Flavour, Kind, Storage};
use super::story::{Given, Over, Story};

/// How long a continuation may last that the server has not confirmed, in milliseconds: it may say a few times that it is not
/// ready.
const UNPROVEN: u64 = 20_000;

/// An entry as pages are told of it.
type Told = (Kind, u32, String);

fn told(entry: &Value) -> Option<Told> {
    let kind = match (entry["type"].as_str(), entry["from"]["type"].as_str()) {
        (Some("Message"), _) => Kind::Message,
        (Some("PushUrl"), _) => Kind::Url,
        (Some("Notice"), _) => Kind::Notice,
        (Some("ParticipantJoined"), Some("Agent")) => Kind::Joined,
        (Some("ParticipantLeft"), Some("Agent")) => Kind::Left,
        _ => return None,
    };
    let text = entry["text"].as_str().unwrap_or_default();
    let text = if kind == Kind::Notice { format!("{text} {}", entry["userData"]) } else { text.to_owned() };
    Some((kind, entry["index"].as_u64()? as u32 - 1, text))
}

/// What there is to be told of each session, oldest first, with its id.
pub fn expected(chat: &Chat) -> Vec<(String, Vec<Told>)> {
    let sessions = chat.sessions().into_iter();
    sessions.map(|(id, entries)| (id.to_owned(), entries.iter().filter_map(told).collect())).collect()
}

/// A page was told of all sessions from the one on that it began with, each in its order and without a gap, and none before
/// it was told all of the one before. Returns how many events that were, and how many of the newest session are missing.
pub fn judge_page(page: &Page, what: &str, expected: &[(String, Vec<Told>)]) -> (u64, u64) {
    let mut segments: Vec<Vec<Told>> = vec![Vec::new()];
    for seen in &page.seen {
        match seen.index {
            Some(index) => segments.last_mut().unwrap().push((seen.kind, index, seen.text.clone())),
            None if seen.kind == Kind::Renewed => segments.push(Vec::new()),
            None => {}
        }
    }
    let events = segments.iter().map(Vec::len).sum::<usize>() as u64;
    let first = expected.iter().position(|(id, _)| *id == page.began).unwrap_or(0);
    let last = first + segments.len() - 1;
    assert!(last < expected.len(), "{what} was told of {} sessions, from {first} on: {:?}", segments.len(), page.seen);
    for (of, mut seen) in (first..).zip(segments) {
        let whole = &expected[of].1;
        // An end may have added that agents are gone.
        while of == last && page.ended.is_some() && seen.last().is_some_and(|(kind, ..)| *kind == Kind::Left) {
            if whole.starts_with(&seen) {
                break;
            }
            seen.pop();
        }
        assert!(whole.starts_with(&seen), "{what} was told {seen:?} of {whole:?} in session {of}");
        assert!(
            of == last || whole.len() == seen.len(),
            "{what} was told {seen:?} of {whole:?} before session {}",
            of + 1
        );
        if of == last {
            let newest = expected.iter().skip(last).map(|(_, whole)| whole.len()).sum::<usize>();
            return (events, (newest - seen.len()) as u64);
        }
    }
    (events, 0)
}

impl Story {
    /// Every page was told what it should have been; returns what is missing on the last one.
    fn judge_pages(&mut self) -> u64 {
        let expected = expected(self.pair.chat());
        let pages = self.pair.earlier.iter().chain([&self.pair.page]);
        let mut missing = 0;
        for (place, page) in pages.enumerate() {
            let events;
            (events, missing) = judge_page(page, &format!("page {place}"), &expected);
            self.weather.totals.pages += 1;
            self.weather.totals.events += events;
        }
        missing
    }

    /// The session is on, and the weather has been good for long.
    pub fn judge_life(&mut self) {
        self.lived = true;
        assert!(!self.pair.page.is_interrupted(), "the link is up in good weather");
        let missing = self.judge_pages();
        if self.pair.world.is_deaf() {
            self.weather.totals.unheard += missing;
        } else {
            self.weather.totals.lost += missing;
            assert_eq!(missing, 0, "the last page was told everything: {:?}", self.pair.page.seen);
        }
        if !self.pair.world.is_deaf() {
            let data = self.pair.chat().data;
            assert_eq!(self.pair.page.data, data, "the page has the session data: {:?}", self.pair.page.seen);
        }
        let page = self.pair.earlier.len();
        for given in self.given.iter().filter(|given| given.page == page) {
            assert!(self.pair.page.results.contains_key(&given.command), "{} is settled", given.text);
        }
        assert_eq!(self.pair.page.unsent(), [] as [&str; 0], "the store holds nothing that is settled");
        self.judge_messages();
    }

    /// Each message arrived once, in order, or somebody was told that it did not.
    fn judge_messages(&mut self) {
        let said: Vec<String> = self.pair.chat().visitor_said().into_iter().map(str::to_owned).collect();
        let plain = self.setting.options.flavour == Flavour::Plain;
        let reports: usize = self.pages().map(|page| page.errors().iter().filter(|code| **code == 309).count()).sum();
        let mut missing = Vec::new();
        let mut first_places: Vec<((usize, bool), usize)> = Vec::new();
        for Given { page, command, text, stored } in &self.given {
            let results = self.pair.earlier.get(*page).map_or(&self.pair.page.results, |page| &page.results);
            let places: Vec<usize> =
                said.iter().enumerate().filter(|(_, said)| *said == text).map(|(at, _)| at).collect();
            self.weather.totals.sends += 1;
            self.weather.totals.doubled += places.len().saturating_sub(1) as u64;
            assert!(plain || places.len() <= 1, "{text} stands {} times in the transcript", places.len());
            // What the server refused, and took when it came once more, stands after what it took meanwhile.
            if !self.pair.world.chats.refused.contains(text) {
                first_places.extend(places.first().map(|at| ((*page, *stored), *at)));
            }
            match results.get(command) {
                // A refusal without an address was taken to be another message's, or was lost.
                Some(Ok(())) if plain && self.pair.world.chats.refused.contains(text) => {
                    self.weather.totals.misled += 1;
                }
                Some(Ok(())) => {
                    assert!(!places.is_empty(), "{text} was settled well and is missing");
                    self.weather.totals.arrived += 1;
                }
                Some(Err(_)) => self.weather.totals.refused += 1,
                None if !places.is_empty() => self.weather.totals.arrived += 1,
                None if *stored => missing.push(text.clone()),
                None => self.weather.totals.unstored += 1,
            }
        }
        // A store that failed may have brought back an older state, from before the message was given.
        if self.store_failed || self.setting.options.outbox_room < 10_000 {
            self.weather.totals.unstored += missing.len().saturating_sub(reports) as u64;
        } else {
            assert!(missing.len() <= reports, "{missing:?} are missing, and {reports} were reported");
            self.weather.totals.refused += missing.len() as u64;
        }
        // What a page could not store may arrive after what the next one sends, or before what that one sends again.
        let whole = !self.store_failed && self.setting.options.outbox_room >= 10_000;
        for fate in (0..=self.pair.earlier.len()).flat_map(|page| [(page, false), (page, true)]) {
            let together = first_places.iter().filter(|(of, _)| whole || *of == fate);
            assert!(together.is_sorted_by_key(|(_, at)| *at), "messages stay in order: {said:?}");
        }
        self.weather.totals.plain_runs += u64::from(plain);
    }

    fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pair.earlier.iter().chain([&self.pair.page])
    }

    /// Everything that the page gave and that is not settled is in the store, from the moment on when it is given.
    pub fn judge_store(&mut self) {
        let room = self.setting.options.outbox_room;
        if self.store_failed || self.pair.session.is_over() || room < 10_000 || self.pair.page.storage != Storage::Well
        {
            return;
        }
        let page = self.pair.earlier.len();
        assert!(self.pair.page.stored.is_some(), "a session that is on is stored");
        let waiting = self
            .given
            .iter()
            .filter(|given| given.page == page && !self.pair.page.results.contains_key(&given.command));
        let waiting: Vec<&str> = waiting.map(|given| given.text.as_str()).collect();
        let stored = self.pair.page.unsent();
        assert!(stored.ends_with(&waiting), "{waiting:?} are not settled, and {stored:?} are stored");
    }

    /// A restore was refused: in good faith only.
    pub fn judge_refusal(&mut self) {
        let code = self.pair.code(self.pair.launch);
        // The server may be out of reach, or refuse HTTP; a page may come back too late; a store may be stale.
        let well = match code {
            Some(100 | 101) => true,
            Some(300) => !self.setting.patient || self.store_failed,
            Some(50) => self.store_failed,
            _ => false,
        };
        assert!(well, "the launch came to {:?}", self.pair.result(self.pair.launch));
    }

    /// The end, whatever it was: nothing is left.
    pub fn judge_end(&mut self) {
        self.pair.run_for(3_000);
        if self.over == Some(Over::Ended) {
            self.judge_reason();
            let late = self.pair.send("too late");
            assert_eq!(self.pair.code(late), Some(50));
            assert!(self.pair.session.is_over());
            assert_eq!(self.pair.session.footprint(), 0, "nothing is kept: {:?}", self.pair.session);
            let page = self.pair.earlier.len();
            assert!(self.pair.open.is_empty(), "nothing is open: {:?}", self.pair.open);
            assert!(self.store_failed || self.pair.page.stored.is_none(), "the store is empty");
            for given in self.given.iter().filter(|given| given.page == page) {
                assert!(self.pair.page.results.contains_key(&given.command), "{} is settled", given.text);
            }
            assert!(self.pair.page.results.contains_key(&self.pair.launch), "the launch is settled");
        }
        if !self.pair.world.chats.chats.is_empty() {
            if !self.lived {
                self.judge_pages();
            }
            if !self.lived {
                *self
                    .weather
                    .totals
                    .ends
                    .entry(if self.over == Some(Over::Gone) { "gone" } else { "in the storm" })
                    .or_default() += 1;
            }
        }
    }

    /// An end by an error has a reason: the link was down for long enough, or the server wanted it. An interruption goes on
    /// until the server has taken the page up: news alone is a short continuation, while the page is awake.
    fn judge_reason(&mut self) {
        if self.lived || self.pair.page.ended != Some(EndReason::Error) {
            return;
        }
        assert!(!self.setting.patient, "a patient session is not ended by an error");
        let none = self.pair.world.hosts.iter().any(|host| host.bayeux.advice["reconnect"] == "none");
        let none = none || self.weather.totals.faults.contains_key("server: asks not to reconnect, for a moment");
        let (mut since, mut until) = (0, self.pair.world.now);
        for seen in self.pair.page.seen.iter().rev() {
            match seen.kind {
                Kind::Ended => (since, until) = (seen.at, seen.at),
                Kind::Interrupted => since = seen.at,
                Kind::Continued if self.pair.awake(seen.at, since) > UNPROVEN => break,
                _ => {}
            }
        }
        let down = until - since;
        let limit = self.setting.options.max_offline.min(15_000);
        // A clock that somebody sets forward is taken for a sleep, which counts.
        let down = down + self.pair.clock_set();
        assert!(none || down + 100 >= limit, "the link was down for {down} ms only");
    }
}
