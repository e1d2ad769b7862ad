//! What is done, in turn: desks, visitors, silence, a steady rate, as much as the server can.

use crate::traffic::{Shared, World};
use crate::{Kind, Options, polling, process, socket};
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{sleep, timeout};

/// Visitors that arrive at once.
const ARRIVING: usize = 64;
/// How long the silence lasts before the memory is read.
const SILENCE: Duration = Duration::from_secs(2);
/// How long what is on its way may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

type Seen = mpsc::UnboundedReceiver<(u64, u64)>;
type Visitors = Vec<mpsc::UnboundedSender<u64>>;

pub async fn run(options: Options) -> Value {
    let (seen, mut arrived) = mpsc::unbounded_channel();
    let (desks, told): (Vec<_>, Vec<_>) = (0..options.desks).map(|_| mpsc::unbounded_channel()).unzip();
    let shared = Rc::new(World { options, start: Instant::now(), seen, desks });
    let options = &shared.options;
    for (number, given) in told.into_iter().enumerate() {
        if options.kind == Kind::Cometd {
            spawn_local(polling::desk_of(Rc::clone(&shared), number).await);
        } else {
            spawn_local(socket::desk_of(Rc::clone(&shared), number, given).await);
        }
    }
    let before = process::memory(options.pid);
    let start = Instant::now();
    let visitors = arrive(&shared).await;
    let arriving = start.elapsed();
    sleep(SILENCE).await;
    let memory = process::memory(options.pid).saturating_sub(before);
    let idle = process::processor(options.pid);
    sleep(SILENCE).await;
    let idle = process::processor(options.pid) - idle;
    let steady = steady(&shared, &visitors, &mut arrived).await;
    let full = full(&shared, &visitors, &mut arrived).await;
    json!({
        "arriving": arriving.as_secs_f64(),
        "memory": memory as f64 / options.visitors as f64,
        "idle": idle as f64 / SILENCE.as_micros() as f64,
        "steady": steady,
        "full": full,
    })
}

async fn arrive(shared: &Shared) -> Visitors {
    let room = Arc::new(Semaphore::new(ARRIVING));
    let publishers = match shared.options.kind {
        Kind::Cometd => polling::Publishers::open(shared).await,
        _ => polling::Publishers::default(),
    };
    let (mut set, mut visitors) = (JoinSet::new(), Vec::new());
    for number in 0..shared.options.visitors {
        let (give, given) = mpsc::unbounded_channel();
        visitors.push(give);
        let (shared, publishers) = (Rc::clone(shared), publishers.clone());
        let permit = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
        set.spawn_local(async move {
            if shared.options.kind == Kind::Cometd {
                spawn_local(polling::visitor(shared, number, publishers, given).await);
            } else {
                spawn_local(socket::visitor(shared, number, given).await);
            }
            drop(permit);
        });
    }
    while let Some(done) = set.join_next().await {
        done.expect("a visitor arrives");
    }
    visitors
}

/// So many messages a second, whatever the server does: how long they take to the desk from when they should have left.
async fn steady(shared: &Shared, visitors: &Visitors, arrived: &mut Seen) -> Value {
    let options = &shared.options;
    let wanted = options.rate * options.time.as_secs();
    let between = 1_000_000 / options.rate.max(1);
    let (start, before) = (shared.now(), process::processor(options.pid));
    let mut times = Vec::new();
    let mut due = beats(shared.start, (0..wanted).map(move |sent| start + sent * between));
    for sent in 0..wanted {
        let due = due.recv().await.expect("a beat for each message");
        // A stride apart, so that no desk gets many in a row.
        let visitor = usize::try_from(sent).expect("a number") * 7 % visitors.len();
        visitors[visitor].send(due).expect("the visitor is there");
        while let Ok((sent, now)) = arrived.try_recv() {
            times.push(now - sent);
        }
    }
    while times.len() < usize::try_from(wanted).expect("a number") {
        let Ok(Some((sent, now))) = timeout(PATIENCE, arrived.recv()).await else { break };
        times.push(now - sent);
    }
    let took = shared.now() - start;
    let spent = process::processor(options.pid) - before;
    times.sort_unstable();
    let at =
        |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied();
    json!({
        "wanted": wanted, "arrived": times.len(), "seconds": took as f64 / 1e6,
        "median": at(0.5), "p99": at(0.99), "processor": spent as f64 / times.len().max(1) as f64,
    })
}

/// These times, in microseconds since `start`, each when it is that time. A thread of their own keeps them: the runtime's timer counts in whole
/// milliseconds, which is longer than a server takes.
fn beats(start: Instant, times: impl Iterator<Item = u64> + Send + 'static) -> mpsc::UnboundedReceiver<u64> {
    let (beat, beats) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for due in times {
            std::thread::sleep((start + Duration::from_micros(due)).saturating_duration_since(Instant::now()));
            if beat.send(due).is_err() {
                return;
            }
        }
    });
    beats
}

/// As many as the server can: each that arrives lets another one leave.
async fn full(shared: &Shared, visitors: &Visitors, arrived: &mut Seen) -> Value {
    let options = &shared.options;
    let mut next = 0;
    let mut send = |sent| {
        next = (next + 7) % visitors.len();
        visitors[next].send(sent).expect("the visitor is there");
    };
    for _ in 0..options.window {
        send(shared.now());
    }
    let (start, before, mut count) = (Instant::now(), process::processor(options.pid), 0_u64);
    while start.elapsed() < options.time {
        let Ok(Some(_)) = timeout(PATIENCE, arrived.recv()).await else { break };
        count += 1;
        send(shared.now());
    }
    let took = start.elapsed();
    let spent = process::processor(options.pid) - before;
    json!({
        "arrived": count, "rate": count as f64 / took.as_secs_f64(), "processor": spent as f64 / count.max(1) as f64,
        "busy": spent as f64 / took.as_micros() as f64,
    })
}
