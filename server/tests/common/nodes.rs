//! Several servers of one process on one store, joined by a bus in memory.

use super::Redis;
use causerie_server::App;
use causerie_server::clock::Clock;
use causerie_server::config::Config;
use causerie_server::node::memory::Hall;
use causerie_server::node::redis::RedisBus;
use causerie_server::node::{Bus, Node};
use causerie_server::serve;
use causerie_server::store::redis::Address;
use causerie_server::store::{MemoryStore, RedisStore, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where nodes meet, and what they share.
pub struct Site {
    pub hall: Hall,
    /// Instead of the hall.
    pub redis: Option<Address>,
    pub store: Arc<dyn Store>,
    pub config: Config,
    pub clock: Clock,
}

/// A node whose time passes, until it dies.
pub struct Alive {
    pub app: Arc<App>,
    sweeper: JoinHandle<()>,
}

impl Site {
    pub fn new(config: Config) -> Self {
        let store = Arc::new(MemoryStore::default());
        Self { hall: Hall::default(), redis: None, store, config, clock: Clock::steady() }
    }

    /// Nodes that meet on a Redis.
    pub fn on(redis: &Redis, config: Config) -> Self {
        let address: Address = redis.address().parse().unwrap();
        let store = Arc::new(RedisStore::new(address.clone(), &config));
        Self { hall: Hall::default(), redis: Some(address), store, config, clock: Clock::system() }
    }

    fn bus(&self) -> Arc<dyn Bus> {
        match &self.redis {
            Some(address) => Arc::new(RedisBus::new(address)),
            None => Arc::new(self.hall.place()),
        }
    }

    pub async fn node(&self) -> Alive {
        self.node_at("http://nowhere.example").await
    }

    pub async fn node_at(&self, address: &str) -> Alive {
        let node = Node::new(self.bus(), address).unwrap();
        let app = App::one_of_many(self.config.clone(), self.clock.clone(), Arc::clone(&self.store), node);
        app.stand().await;
        let sweeper = tokio::spawn(serve::sweep(Arc::clone(&app)));
        Alive { app, sweeper }
    }
}

/// A node that other nodes reach.
pub async fn listening(site: &Site) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let node = Node::new(site.bus(), &format!("http://{address}")).unwrap();
    let app = App::one_of_many(site.config.clone(), site.clock.clone(), Arc::clone(&site.store), node);
    app.stand().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (router, served) = (causerie_server::app(Arc::clone(&app)), Arc::clone(&app));
    let done = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serve::run(listener, None, served, router, stopped).await.unwrap();
    });
    Served { app, address, stop, done }
}

/// A node on a port of its own, until it is stopped.
pub struct Served {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub done: JoinHandle<()>,
}

impl Alive {
    /// It is gone without a word.
    pub fn die(self) {
        self.sweeper.abort();
        self.app.stop.cancel();
    }
}

/// Time for words to arrive.
pub async fn settled() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
