//! The bus on Redis: words are published on one channel, and who is there is one hash whose members have their time.
//!
//! What Redis does not deliver is made up for: who was cut off is told so when it is over, and who could not speak says so as
//! soon as it can, so that everybody compares what they have with the store.

use super::{BEAT, Bus, Heard, NodeId, Standing};
use crate::json::write;
use crate::lock::locked;
use crate::secret::random_hex;
use crate::store::redis::{Address, Call, Link, Lua};
use crate::store::{StoreError, Stored};
use futures_util::StreamExt;
use redis::{Client, ConnectionInfo, cmd};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// Words that are published at once.
const BATCH: usize = 200;
/// What is published when words could not be.
const DOUBT: &str = "?";
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// After so long without a word, be it one's own, the connection is lost.
const SILENT: Duration = Duration::from_secs(12);
/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(250);

/// Says that a node is there, forgets those whose time is over, keeps what only nodes know, returns who is there.
static ANNOUNCE: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(
        "local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]) .. ' ' .. ARGV[3])
if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4], 'NX') end
local all, there = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #all, 2 do
    local over, standing = string.match(all[at + 1], '^(%d+) (.*)$')
    if over and tonumber(over) > now then
        there[#there + 1] = standing
    else
        redis.call('HDEL', KEYS[1], all[at])
    end
end
return there",
    )
});

/// A node's way to the others.
pub struct RedisBus {
    link: Arc<Link>,
    prefix: String,
    words: UnboundedSender<String>,
    heard: Mutex<Option<UnboundedReceiver<Heard>>>,
    secret: OnceCell<String>,
}

impl RedisBus {
    /// A bus on this Redis, which need not answer yet. To be made within a runtime.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        let link = Arc::new(Link::new(address.clone()));
        let (words, spoken) = unbounded_channel();
        let (ear, heard) = unbounded_channel();
        // Channels are of all databases of a Redis, keys of one.
        let channel = format!("{}words:{}", address.prefix, address.connection.redis_settings().db());
        tokio::spawn(speak(Arc::clone(&link), channel.clone(), spoken));
        tokio::spawn(hear(Arc::clone(&link), channel, ear));
        let heard = Mutex::new(Some(heard));
        Self { link, prefix: address.prefix.clone(), words, heard, secret: OnceCell::new() }
    }

    /// A key; all are on one machine of a cluster.
    fn key(&self, name: &str) -> String {
        format!("{}{{nodes}}:{name}", self.prefix)
    }

    async fn shared(&self) -> Result<String, StoreError> {
        let new = random_hex(32).map_err(|error| StoreError::Failed(error.to_string()))?;
        let key = self.key("secret");
        let _: Option<String> = self.link.run(cmd("SET").arg(&key).arg(new).arg("NX")).await?;
        self.link.run(cmd("GET").arg(&key)).await
    }

    async fn say_there(&self, standing: &Standing, life: Duration) -> Result<Vec<Standing>, StoreError> {
        let mut call = Call::of(&ANNOUNCE, vec![self.key("there"), self.key("secret")]);
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        // A Redis that has forgotten everything is told the secret again.
        let secret = self.secret.get().map_or("", String::as_str);
        call.arg(standing.node.as_str()).arg(life).arg(write(standing)).arg(secret);
        let there: Vec<String> = self.link.call(&call).await?;
        // What a node of another release says of itself may be something else.
        Ok(there.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }
}

impl Bus for RedisBus {
    fn say(&self, text: String) {
        // Without anybody to publish it the server is about to be gone.
        let _ = self.words.send(text);
    }

    fn listen(&self) -> Option<UnboundedReceiver<Heard>> {
        locked(&self.heard).take()
    }

    fn announce<'a>(&'a self, standing: &'a Standing, life: Duration) -> Stored<'a, Vec<Standing>> {
        Box::pin(self.say_there(standing, life))
    }

    fn leave<'a>(&'a self, node: &'a NodeId) -> Stored<'a, ()> {
        Box::pin(async move { self.link.run(cmd("HDEL").arg(self.key("there")).arg(node.as_str())).await })
    }

    fn secret(&self) -> Stored<'_, String> {
        Box::pin(async move { self.secret.get_or_try_init(|| self.shared()).await.cloned() })
    }
}

/// Publishes words, as many at once as there are; and something every now and then, so that who listens knows that it can.
async fn speak(link: Arc<Link>, channel: String, mut words: UnboundedReceiver<String>) {
    let mut doubt = false;
    loop {
        let mut batch = Vec::new();
        if let Ok(0) = timeout(BEAT, words.recv_many(&mut batch, BATCH)).await {
            return;
        }
        if doubt {
            batch.push(DOUBT.to_owned());
        }
        let published: Result<u64, _> = link.run(cmd("PUBLISH").arg(&channel).arg(batch.join("\n"))).await;
        if let (Err(error), false) = (&published, doubt) {
            tracing::warn!(%error, "other nodes cannot be told what happens here");
        }
        doubt = published.is_err();
    }
}

/// Listens, over one connection after the other. What is published at one node of a cluster is heard at each; one that is gone, or
/// cut off from the others, is left for the next.
async fn hear(link: Arc<Link>, channel: String, ear: UnboundedSender<Heard>) {
    let mut turn = 0;
    loop {
        let places = link.places().await;
        let place = places.get(turn % places.len().max(1)).cloned();
        turn += 1;
        if let Some(mut words) = subscribe(place, &channel).await {
            if ear.send(Heard::Resumed).is_err() {
                return;
            }
            while let Ok(Some(message)) = timeout(SILENT, words.next()).await {
                let payload: String = message.get_payload().unwrap_or_default();
                for line in payload.lines() {
                    let heard = if line == DOUBT { Heard::Resumed } else { Heard::Said(line.to_owned()) };
                    if ear.send(heard).is_err() {
                        return;
                    }
                }
            }
            tracing::warn!("other nodes cannot be heard: the connection to Redis is lost");
        }
        if ear.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn subscribe(place: Option<ConnectionInfo>, channel: &str) -> Option<redis::aio::PubSubStream> {
    let joined = async {
        let client = Client::open(place?).ok()?;
        let (mut sink, stream) = client.get_async_pubsub().await.ok()?.split();
        sink.subscribe(channel).await.ok()?;
        Some(stream)
    };
    timeout(CONNECT, joined).await.ok().flatten()
}
