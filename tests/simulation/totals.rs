//! What many runs came to.

use std::collections::BTreeMap;
use std::fmt;

/// The figures of one run, or of many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub runs: u64,
    /// Milliseconds of virtual time.
    pub time: u64,
    pub pages: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Transcript events that pages were told.
    pub events: u64,
    /// Entries that a page should have been told of and was not; any is a failure.
    pub lost: u64,
    /// Messages given by pages.
    pub sends: u64,
    /// Those that promises, or the transcript, say have arrived.
    pub arrived: u64,
    /// Those that a promise or `onError` refused.
    pub refused: u64,
    /// Those that were lost with a page whose store was denied, full, or deleted.
    pub unstored: u64,
    /// Messages that stand twice in the transcript of a server that knows no ids.
    pub doubled: u64,
    /// Messages that such a server refused, although their promises say otherwise: its refusals have no address.
    pub misled: u64,
    /// Entries that such a server pushed to a client that is gone, when that one's late request was the last to arrive.
    pub unheard: u64,
    /// The runs with such a server.
    pub plain_runs: u64,
    /// How runs ended.
    pub ends: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// Counts a fault.
    pub fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.time += other.time;
        self.pages += other.pages;
        self.events += other.events;
        self.lost += other.lost;
        self.sends += other.sends;
        self.arrived += other.arrived;
        self.refused += other.refused;
        self.unstored += other.unstored;
        self.doubled += other.doubled;
        self.misled += other.misled;
        self.unheard += other.unheard;
        self.plain_runs += other.plain_runs;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for (kind, count) in &other.ends {
            *self.ends.entry(kind).or_default() += count;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        writeln!(f, "runs                {}", self.runs)?;
        writeln!(f, "virtual time        {} h", self.time / 3_600_000)?;
        writeln!(f, "pages               {}", self.pages)?;
        writeln!(f, "faults              {faults}")?;
        for (kind, count) in &self.faults {
            writeln!(f, "  {kind:32} {count}")?;
        }
        writeln!(f, "events delivered    {}", self.events)?;
        writeln!(f, "  lost {}, doubled 0, out of order 0 (any of them fails its run)", self.lost)?;
        writeln!(f, "messages sent       {}", self.sends)?;
        writeln!(f, "  arrived           {}", self.arrived)?;
        writeln!(f, "  refused, and told {}", self.refused)?;
        writeln!(f, "  lost with a store {} (denied, full or deleted)", self.unstored)?;
        writeln!(
            f,
            "on servers without ids, in {} runs: {} doubled, {} refused and taken for arrived, {} pushed to nobody; 0 on ours",
            self.plain_runs, self.doubled, self.misled, self.unheard
        )?;
        let ends: Vec<String> = self.ends.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(f, "ends                {}", ends.join(", "))
    }
}
