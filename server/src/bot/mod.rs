//! Bots: which script leads the chats of which channel, read again when its file changes, and called with bounds.
//!
//! `engine` is one call of a script. What a call is about, and what becomes of what it wants done, is in `chat::bot`.

pub mod engine;

use crate::config::{BotConfig, BotLimits, Config};
use crate::lock::locked;
use engine::{Bounds, ReadData, Script, ScriptError, check, run};
use std::collections::HashMap;
use std::fs::Metadata;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;

/// All bots.
pub struct Bots {
    limits: BotLimits,
    /// By service.
    bots: HashMap<String, Bot>,
    /// As many calls at once as there are processors.
    turns: Semaphore,
}

struct Bot {
    config: BotConfig,
    read: Mutex<Read>,
}

/// What was last read of a file.
#[derive(Default)]
struct Read {
    /// Tells whether the file is another now.
    stamp: Option<(SystemTime, u64)>,
    looked: bool,
    script: Option<Arc<Script>>,
}

fn stamp(metadata: &Metadata) -> Option<(SystemTime, u64)> {
    Some((metadata.modified().ok()?, metadata.len()))
}

impl Bots {
    /// The bots that are configured. A script that cannot be used is said so in the log; its channel runs without it.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let bot = |bot: &BotConfig| Bot { config: bot.clone(), read: Mutex::default() };
        let bots: HashMap<_, _> = config
            .channels
            .iter()
            .filter_map(|channel| Some((channel.name.clone(), bot(channel.bot.as_ref()?))))
            .collect();
        let all = Self { limits: config.bots.clone(), bots, turns: Semaphore::new(processors) };
        for service in all.bots.keys() {
            all.script(service);
        }
        all
    }

    /// The bot of a channel.
    #[must_use]
    pub fn config(&self, service: &str) -> Option<&BotConfig> {
        self.bots.get(service).map(|bot| &bot.config)
    }

    /// The script of a channel as it is now, if it can be used. One that was changed for the worse goes on as it was.
    pub fn script(&self, service: &str) -> Option<Arc<Script>> {
        let bot = self.bots.get(service)?;
        let mut read = locked(&bot.read);
        let stamped = std::fs::metadata(&bot.config.file).ok().as_ref().and_then(stamp);
        if stamped.is_some() && stamped == read.stamp {
            return read.script.clone();
        }
        match self.load(&bot.config) {
            Ok(script) => {
                tracing::info!(service, file = %bot.config.file.display(), "a bot is read");
                read.script = Some(Arc::new(script));
                read.stamp = stamped;
            }
            Err(error) => {
                // Said once for each state of the file.
                if !read.looked || read.stamp != stamped {
                    tracing::error!(service, %error, goes_on_as_it_was = read.script.is_some(), "a bot cannot be used");
                }
                read.stamp = stamped;
            }
        }
        read.looked = true;
        read.script.clone()
    }

    fn load(&self, config: &BotConfig) -> Result<Script, ScriptError> {
        let name = config.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let source = std::fs::read_to_string(&config.file)
            .map_err(|error| ScriptError { place: name.clone(), reason: error.to_string() })?;
        let script = Script { name, source };
        check(&script, self.bounds())?;
        Ok(script)
    }

    fn bounds(&self) -> Bounds {
        Bounds { time: Duration::from_millis(self.limits.time_ms), memory: self.limits.memory_bytes }
    }

    /// Calls a script's hook, when it is its turn.
    ///
    /// # Errors
    /// When the script fails, or takes too much.
    pub async fn call(
        &self,
        script: Arc<Script>,
        call: String,
        read_data: impl FnOnce() -> ReadData + Send + 'static,
    ) -> Result<String, ScriptError> {
        let place = script.name.clone();
        let lost = |_| ScriptError { place: place.clone(), reason: "the engine broke down".to_owned() };
        let _turn = self.turns.acquire().await;
        let bounds = self.bounds();
        tokio::task::spawn_blocking(move || run(&script, &call, bounds, read_data())).await.map_err(lost)?
    }

    /// How much a call may do.
    #[must_use]
    pub fn limits(&self) -> &BotLimits {
        &self.limits
    }
}
