//! A load of visitors and desks on a Bayeux server, spoken by one thread: our chat server, Faye, or cometd-nodejs-server.
//!
//! `load KIND ADDRESS PID [--visitors N] [--desks N] [--rate N] [--seconds N] [--window N]` prints what it measured as JSON. On
//! our server each visitor has a chat that an agent has accepted; on the others each visitor and its desk are
//! subscribed to a channel of their own, and there is no chat: what they do is the least that could be called the same traffic.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod phases;
mod polling;
mod process;
mod socket;
mod traffic;

use std::net::SocketAddr;
use std::time::Duration;

/// What is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Causerie,
    Faye,
    Cometd,
}

#[derive(Clone)]
pub struct Options {
    pub kind: Kind,
    pub address: SocketAddr,
    /// The server's process.
    pub pid: u32,
    pub visitors: usize,
    pub desks: usize,
    /// Messages a second, of all visitors together, while the time to the desk is measured.
    pub rate: u64,
    /// How long each of the two loads lasts.
    pub time: Duration,
    /// Messages that are on their way at once while the server has as much to do as it can.
    pub window: usize,
}

fn options(mut given: impl Iterator<Item = String>) -> Option<Options> {
    let kind = match given.next()?.as_str() {
        "causerie" => Kind::Causerie,
        "faye" => Kind::Faye,
        "cometd" => Kind::Cometd,
        _ => return None,
    };
    let (address, pid) = (given.next()?.parse().ok()?, given.next()?.parse().ok()?);
    let mut options =
        Options { kind, address, pid, visitors: 100, desks: 1, rate: 1000, time: Duration::from_secs(4), window: 100 };
    while let Some(name) = given.next() {
        let value: u64 = given.next()?.parse().ok()?;
        match name.as_str() {
            "--visitors" => options.visitors = usize::try_from(value).ok()?,
            "--desks" => options.desks = usize::try_from(value).ok()?,
            "--rate" => options.rate = value,
            "--seconds" => options.time = Duration::from_secs(value),
            "--window" => options.window = usize::try_from(value).ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn main() {
    // `cargo bench` adds an argument of its own.
    let Some(options) = options(std::env::args().skip(1).filter(|argument| argument != "--bench")) else {
        eprintln!(
            "load causerie|faye|cometd ADDRESS PID [--visitors N] [--desks N] [--rate N] [--seconds N] [--window N]"
        );
        std::process::exit(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    println!("{}", local.block_on(&runtime, phases::run(options)));
}
