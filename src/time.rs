//! Time as data: the two clocks that come in with every input, and timers that a state machine keeps in a table.

/// The time of an input. The core never reads a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that only goes forward; all deadlines are on it.
    pub mono: u64,
    /// Milliseconds since the epoch, UTC; for what is stored or shown.
    pub wall: u64,
}

impl Now {
    /// The point on the monotonic clock `ms` milliseconds from now.
    pub fn after(self, ms: u64) -> u64 {
        self.mono.saturating_add(ms)
    }
}

/// The earliest of several points in time.
pub fn earliest(points: &[Option<u64>]) -> Option<u64> {
    points
        .iter()
        .copied()
        .fold(None, |earliest, at| if earliest.is_none() { at } else { earliest.min(at.or(earliest)) })
}

/// The timers of one state machine: at most one of each kind.
#[derive(Debug)]
pub struct Timers<K> {
    set: Vec<(K, u64)>,
}

impl<K: Copy + PartialEq> Timers<K> {
    /// No timer is set.
    pub fn new() -> Self {
        Self { set: Vec::new() }
    }

    /// Sets a timer, in place of an earlier one of its kind.
    pub fn set(&mut self, kind: K, at: u64) {
        self.cancel(kind);
        self.set.push((kind, at));
    }

    /// Sets a timer later, if it is set and would fire before.
    pub fn put_off(&mut self, kind: K, until: u64) {
        for (_, at) in self.set.iter_mut().filter(|(k, _)| *k == kind) {
            *at = until.max(*at);
        }
    }

    /// Sets a timer so much earlier, if it is set.
    pub fn bring_forward(&mut self, kind: K, by: u64) {
        for (_, at) in self.set.iter_mut().filter(|(k, _)| *k == kind) {
            *at = at.saturating_sub(by);
        }
    }

    /// Unsets a timer; nothing happens when it is not set.
    pub fn cancel(&mut self, kind: K) {
        if let Some(place) = self.set.iter().position(|(k, _)| *k == kind) {
            self.set.swap_remove(place);
        }
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Unsets all.
    pub fn clear(&mut self) {
        self.set.clear();
    }

    /// Whether a timer of the kind is set and its time has come.
    pub fn is_due(&self, kind: K, now: Now) -> bool {
        self.set.iter().any(|(k, at)| *k == kind && *at <= now.mono)
    }

    /// Whether a timer of the kind is set.
    pub fn is_set(&self, kind: K) -> bool {
        self.set.iter().any(|(k, _)| *k == kind)
    }

    /// When the next timer fires.
    pub fn next(&self) -> Option<u64> {
        self.set.iter().map(|(_, at)| *at).min()
    }

    /// Takes out the earliest timer that is due.
    pub fn pop_due(&mut self, now: Now) -> Option<K> {
        let at = self.next().filter(|at| *at <= now.mono)?;
        let place = self.set.iter().position(|(_, t)| *t == at)?;
        Some(self.set.swap_remove(place).0)
    }
}

impl<K: Copy + PartialEq> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// A small generator for jitter and ids that need not be secret, seeded by the driver (the core has no randomness).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator that gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number (xorshift64*).
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 to `limit`, `limit` included.
    pub fn up_to(&mut self, limit: u64) -> u64 {
        (self.roll() >> 11) % limit.saturating_add(1)
    }

    /// `length` letters and digits.
    pub fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut word = String::new();
        for _ in 0..length {
            let place = (self.roll() >> 40) as usize % LETTERS.len();
            word.push(LETTERS.get(place).copied().map_or('a', char::from));
        }
        word
    }
}
