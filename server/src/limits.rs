//! What one client may do how often: token buckets, and counters by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// For each so many bytes that are read out a token is taken.
const TOKEN_BYTES: usize = 262_144;

/// A bucket of tokens that fills at a steady rate.
#[derive(Debug, Clone)]
pub struct Bucket {
    burst: u32,
    /// For so many seconds after the last look nothing is given in order: this was announced with the last refusal.
    shut: u32,
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket of `burst` tokens, refilled by `rate` tokens a second.
    #[must_use]
    pub fn new(burst: u32, rate: f64) -> Self {
        Self { burst, shut: 0, rate, tokens: f64::from(burst), filled: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: in how many whole seconds there will be one.
    pub fn take(&mut self) -> Result<(), u64> {
        self.peek()?;
        self.tokens -= 1.0;
        Ok(())
    }

    /// Takes a token for one of several things whose order counts. After a refusal there is none before the time that was
    /// announced with it, nor with another refusal since: of what is sent in one go nothing is taken after something that was
    /// not, so that a client can send the rest again in its order.
    ///
    /// # Errors
    /// When there is none: in how many whole seconds there will be one.
    pub fn take_in_order(&mut self) -> Result<(), u64> {
        let shut = (self.filled + Duration::from_secs(self.shut.into())).saturating_duration_since(Instant::now());
        let taken =
            if shut.is_zero() { self.take() } else { Err(self.peek().err().unwrap_or(0).max(whole_seconds(shut))) };
        self.shut = taken.err().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(0);
        taken
    }

    /// Whether there is a token.
    ///
    /// # Errors
    /// When there is none: in how many whole seconds there will be one.
    pub fn peek(&mut self) -> Result<(), u64> {
        let gained = self.filled.elapsed().as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(self.burst.into());
        self.filled = Instant::now();
        if self.tokens >= 1.0 {
            return Ok(());
        }
        // A float as wide as this saturates when it becomes a whole number.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = (((1.0 - self.tokens) / self.rate).ceil() as u32).max(1);
        Err(seconds.into())
    }

    /// Takes tokens for so many bytes that were read out, down below none: then there is none until that is made up for.
    pub fn charge(&mut self, bytes: usize) {
        self.tokens -= f64::from(u32::try_from(bytes / TOKEN_BYTES).unwrap_or(u32::MAX));
    }

    /// Whether the bucket is full again, so that forgetting it changes nothing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.tokens + self.filled.elapsed().as_secs_f64() * self.rate >= f64::from(self.burst)
    }
}

/// Whole seconds that are not shorter.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// How many of something each address has.
#[derive(Debug, Default)]
pub struct PerAddress(HashMap<IpAddr, usize>);

impl PerAddress {
    /// How many this address has.
    #[must_use]
    pub fn count(&self, address: IpAddr) -> usize {
        self.0.get(&address).copied().unwrap_or(0)
    }

    /// One more.
    pub fn add(&mut self, address: IpAddr) {
        *self.0.entry(address).or_default() += 1;
    }

    /// One less.
    pub fn remove(&mut self, address: IpAddr) {
        if let Some(count) = self.0.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&address);
            }
        }
    }
}
