//! Running seeds: one, or many on all cores.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::harness::Seeded;
use super::setting::Setting;
use super::story::Story;
use super::tabs::TabsStory;
use super::totals::Totals;
use super::weather::Weather;

/// So many failing seeds are enough.
const ENOUGH: usize = 10;

/// What a seed is: a story of one page after the other, or one of several tabs.
enum Run {
    Pages(Box<Story>),
    Tabs(Box<TabsStory>, u64),
}

impl Run {
    fn new(seed: u64, loud: bool) -> Self {
        let mut dice = Seeded::new(seed.wrapping_mul(0x9E37_79B9) ^ 0xC0FF_EE00);
        let setting = Setting::roll(seed, &mut dice);
        let mut weather = Weather::new(dice, &setting);
        weather.loud = loud;
        if seed % 5 == 4 {
            let rounds = setting.rounds;
            return Run::Tabs(Box::new(TabsStory::new(weather, &setting, loud)), rounds);
        }
        Run::Pages(Box::new(Story::new(setting, weather, loud)))
    }

    fn run(&mut self) -> Totals {
        match self {
            Run::Pages(story) => story.run(),
            Run::Tabs(story, rounds) => story.run(*rounds),
        }
    }

    fn explain(&self) {
        match self {
            Run::Pages(story) => story.explain(),
            Run::Tabs(story, _) => story.explain(),
        }
    }
}

/// Runs one seed, and tells its story.
pub fn one(seed: u64) {
    let mut story = Run::new(seed, true);
    let result = catch_unwind(AssertUnwindSafe(|| story.run()));
    story.explain();
    match result {
        Ok(totals) => println!("\nseed {seed}\n{totals}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Runs many seeds on all cores. Fails when one fails, and says which and why.
pub fn seeds(seeds: Range<u64>, shows_progress: bool) {
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let state = Mutex::new((Totals::default(), BTreeMap::new()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    // What a run says while it fails is kept, and printed at the end.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            return;
                        }
                        let result = catch_unwind(AssertUnwindSafe(|| Run::new(seed, false).run()));
                        let mut state = state.lock().unwrap();
                        match result {
                            Ok(totals) => state.0.add(&totals),
                            Err(panic) => {
                                let why = why(&*panic);
                                if shows_progress {
                                    eprintln!("seed {seed} fails: {}", why.lines().next().unwrap_or_default());
                                }
                                state.1.insert(seed, why);
                                stop.fetch_or(state.1.len() >= ENOUGH, Ordering::Relaxed);
                            }
                        }
                    }
                })
            })
            .collect();
        let count = seeds.end - seeds.start;
        let mut shown = Instant::now();
        while shows_progress && !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(200));
            if shown.elapsed() > Duration::from_secs(10) {
                shown = Instant::now();
                let (runs, failed) = {
                    let state = state.lock().unwrap();
                    (state.0.runs + state.1.len() as u64, state.1.len())
                };
                let took = began.elapsed().as_secs();
                let left = took * (count - runs) / runs.max(1);
                eprintln!("{runs} of {count} runs, {failed} failed, {took} s; about {left} s to go");
                std::io::stderr().flush().ok();
            }
        }
    });
    std::panic::set_hook(hook);
    let (totals, failed) = state.into_inner().unwrap();
    println!("\n{totals}\ntook                {} s on {cores} cores", began.elapsed().as_secs());
    for (seed, why) in &failed {
        println!("\nseed {seed} fails: {why}");
        println!("    again, with its story: cargo xtask simulate --seed {seed}");
    }
    assert!(failed.is_empty(), "{} of {} runs failed", failed.len(), totals.runs + failed.len() as u64);
}

fn why(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
