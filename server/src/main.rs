//! The chat server's program: reads the command line and the configuration, listens, and serves until it is told to stop.

use causerie_server::chat::model::OfflineRequest;
use causerie_server::cli::{Command, Options, StoreChoice, default_file, parse};
use causerie_server::clock::Clock;
use causerie_server::config::Config;
use causerie_server::export::export;
use causerie_server::node::Node;
use causerie_server::node::redis::RedisBus;
use causerie_server::store::redis::Address;
use causerie_server::store::sqlite::all_requests;
use causerie_server::store::{MemoryStore, RedisStore, SqliteStore, Store};
use causerie_server::vitals::{Stage, pages};
use causerie_server::{App, cli, http, serve};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How long a server waits for the store: for another one to give up its file, for Redis to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let outcome =
        parse(std::env::args().skip(1)).map_err(|error| error.to_string()).and_then(|command| match command {
            Command::Print(text) => say(&text),
            Command::Serve(options) => start(&Options { store: chosen(options.store)?, ..options }),
            Command::Export(store, form) => say(&export(&requests(&chosen(store)?)?, form)),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "causerie-server: {reason}");
            ExitCode::from(2)
        }
    }
}

/// All offline requests in a store that outlives the server.
fn requests(choice: &StoreChoice) -> Result<Vec<OfflineRequest>, String> {
    if let StoreChoice::Redis(address) = choice {
        let store = RedisStore::new(Address::clone(address), &Config::demo().map_err(|error| error.to_string())?);
        let listed = runtime()?.block_on(store.requests(0, usize::MAX));
        return listed.map_err(|error| format!("--store {address}: {error}"));
    }
    let path = file(choice).ok_or("--export-requests: a store that outlives the server is expected")?;
    all_requests(&path).map_err(|error| error.to_string())
}

fn runtime() -> Result<Runtime, String> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| format!("the runtime: {error}"))
}

/// The store that is said to be used; if none is, the one that the environment says.
fn chosen(choice: StoreChoice) -> Result<StoreChoice, String> {
    match (choice, std::env::var("CAUSERIE_STORE")) {
        (StoreChoice::Default, Ok(said)) if !said.is_empty() => {
            cli::store(&said).map_err(|error| format!("CAUSERIE_STORE: {error}"))
        }
        (choice, _) => Ok(choice),
    }
}

fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| format!("stdout: {error}"))
}

fn start(options: &Options) -> Result<(), String> {
    log(options.json_log)?;
    let config = match &options.config {
        Some(path) => Config::read(path),
        None => Config::demo(),
    };
    let config = config.map_err(|error| error.to_string())?;
    if let Some(www) = options.www.as_ref().filter(|www| !www.is_dir()) {
        return Err(format!("--www {}: there is no such folder", www.display()));
    }
    let tls = config.tls.as_ref().map(serve::tls).transpose().map_err(|error| error.to_string())?;
    let runtime = runtime()?;
    let served: Result<(), String> = runtime.block_on(async {
        let store = store(&options.store, &config).await?;
        let listener = TcpListener::bind(&options.listen)
            .await
            .map_err(|error| format!("--listen {}: {error}", options.listen))?;
        let signals = serve::signals().map_err(|error| format!("signals: {error}"))?;
        let url =
            serve::url(&listener, tls.is_some()).map_err(|error| format!("--listen {}: {error}", options.listen))?;
        let app = match &options.store {
            StoreChoice::Redis(address) => {
                let reached = reached_at(options.advertise.as_deref(), &url);
                let node = Node::new(Arc::new(RedisBus::new(address)), &reached).map_err(|error| error.to_string())?;
                let app = App::one_of_many(config, Clock::system(), store, node);
                app.stand().await;
                app
            }
            _ if options.advertise.is_some() => {
                return Err("--advertise: is for servers that share a store: --store redis://HOST:PORT".to_owned());
            }
            _ => App::new(config, Clock::system(), store),
        };
        app.vitals.enter(Stage::Starting);
        let monitoring = match &options.metrics {
            Some(address) => Some(monitor(address, Arc::clone(&app)).await?),
            None => None,
        };
        app.floor.take_up().await.map_err(|error| format!("the store: {error}"))?;
        let router = http::router(Arc::clone(&app), options.www.as_deref());
        app.vitals.enter(Stage::Serving);
        say(&format!("listening on {url}"))?;
        let served = serve::run(listener, tls, app, router, signals).await.map_err(|error| error.to_string());
        if let Some(monitoring) = monitoring {
            monitoring.abort();
        }
        served
    });
    runtime.shutdown_background();
    served
}

/// Where other nodes reach this one.
fn reached_at(advertised: Option<&str>, url: &str) -> String {
    if advertised.is_none() && ["://0.0.0.0:", "://[::]:"].iter().any(|any| url.contains(any)) {
        tracing::warn!("other nodes cannot know where this one is reached: --advertise says it");
    }
    advertised.unwrap_or(url).to_owned()
}

/// Tells monitoring how the server is, at an address of its own, until the task is aborted.
async fn monitor(address: &str, app: Arc<App>) -> Result<JoinHandle<()>, String> {
    let wrong = |error: std::io::Error| format!("--metrics {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    tracing::info!(address = %listener.local_addr().map_err(wrong)?, "metrics are told");
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, pages::operator(app)).await {
            tracing::error!(%error, "metrics are told no longer");
        }
    }))
}

/// The file of a store, if it is in one.
fn file(choice: &StoreChoice) -> Option<PathBuf> {
    match choice {
        StoreChoice::Memory | StoreChoice::Redis(_) => None,
        StoreChoice::Sqlite(path) => Some(path.clone()),
        StoreChoice::Default => Some(default_file(|name| std::env::var_os(name))),
    }
}

/// Opens the store. A file that another server uses may be about to be given up, and a Redis may be starting: that is
/// waited for.
async fn store(choice: &StoreChoice, config: &Config) -> Result<Arc<dyn Store>, String> {
    let until = Instant::now() + PATIENCE;
    if let StoreChoice::Redis(address) = choice {
        let store = RedisStore::new(Address::clone(address), config);
        tracing::info!(%address, "chats are kept in Redis");
        while let Err(error) = store.look().await {
            if Instant::now() >= until {
                return Err(format!("--store {address}: {error}"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        return Ok(Arc::new(store));
    }
    let Some(path) = file(choice) else { return Ok(Arc::new(MemoryStore::default())) };
    if let (StoreChoice::Default, Some(folder)) = (choice, path.parent().filter(|folder| *folder != Path::new(""))) {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    tracing::info!(file = %path.display(), "chats are kept in SQLite");
    loop {
        match SqliteStore::open(&path) {
            Ok(store) => return Ok(Arc::new(store)),
            Err(error) if error.is_in_use() && Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(format!("--store sqlite:{error}")),
        }
    }
}

/// Logs to stderr what this crate says, from the level in `CAUSERIE_LOG` on. Libraries are not listened to: what they trace
/// holds what passes through them.
fn log(json: bool) -> Result<(), String> {
    let level = match std::env::var("CAUSERIE_LOG") {
        Ok(level) => {
            level.parse().map_err(|_| "CAUSERIE_LOG: off, error, warn, info, debug or trace is expected".to_owned())?
        }
        Err(_) => LevelFilter::INFO,
    };
    let own = Targets::new().with_target("causerie_server", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let lines = if json { lines.json().flatten_event(true).boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines).with(own).try_init().map_err(|error| format!("the log: {error}"))
}
