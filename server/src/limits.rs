//! What one client may do how often: token buckets, and counters by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// For each so many bytes that are read out a token is taken.
const TOKEN_BYTES: usize = 262_144;

/// A bucket of tokens that fills at a steady rate.
#[derive(Debug, Clone)]
pub struct Bucket {
    burst: u32,
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket of `burst` tokens, refilled by `rate` tokens a second.
    #[must_use]
    pub fn new(burst: u32, rate: f64) -> Self {
        Self { burst, rate, tokens: f64::from(burst), filled: Instant::now() }
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

/// So many senders of a chat are remembered that something was refused of.
const MOST_REFUSED: usize = 64;

/// A bucket for what comes in an order. After a refusal nothing is taken of the same sender before the time that was announced
/// with it, nor with another refusal since: of what is sent in one go nothing is taken after something that was not, so that the
/// sender can send the rest again in its order.
#[derive(Debug, Clone)]
pub struct Turns {
    /// How much may be sent, by whomever.
    pub bucket: Bucket,
    /// Whose turn it is not, and until when.
    refused: Vec<(String, Instant)>,
}

impl Turns {
    /// Everybody may send what the bucket has tokens for.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, refused: Vec::new() }
    }

    /// Takes a token for a message with this id. Ids that differ in their last digits only are those of one sender, a page or a
    /// tab; what has no id has no sender, either.
    ///
    /// # Errors
    /// When it is too much: in how many whole seconds it is not.
    pub fn take(&mut self, message_id: Option<&str>) -> Result<(), u64> {
        let now = Instant::now();
        self.refused.retain(|(_, until)| *until > now);
        let Some(sender) = message_id.map(|id| id.trim_end_matches(|c: char| c.is_ascii_digit())) else {
            return self.bucket.take();
        };
        let place = self.refused.iter().position(|(of, _)| of == sender);
        let taken = match place.map(|place| self.refused.swap_remove(place)) {
            Some((_, until)) => Err(self.bucket.peek().err().unwrap_or(0).max(whole_seconds(until - now))),
            None => self.bucket.take(),
        };
        if let Err(seconds) = taken {
            if self.refused.len() >= MOST_REFUSED {
                self.refused.remove(0);
            }
            self.refused.push((sender.to_owned(), now + Duration::from_secs(seconds)));
        }
        taken
    }
}

/// Whole seconds that are not shorter.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What counts as one address: one of IPv4; of IPv6 the network of 64 bits, for whoever has one address of it has all of them.
#[must_use]
pub fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
    }
}

/// How many of something each address has.
#[derive(Debug, Default)]
pub struct PerAddress(HashMap<IpAddr, usize>);

impl PerAddress {
    /// How many this address has.
    #[must_use]
    pub fn count(&self, address: IpAddr) -> usize {
        self.0.get(&counted(address)).copied().unwrap_or(0)
    }

    /// One more.
    pub fn add(&mut self, address: IpAddr) {
        *self.0.entry(counted(address)).or_default() += 1;
    }

    /// One less.
    pub fn remove(&mut self, address: IpAddr) {
        let address = counted(address);
        if let Some(count) = self.0.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&address);
            }
        }
    }
}
