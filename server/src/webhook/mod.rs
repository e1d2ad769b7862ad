//! Webhooks: what happens in chats, told to other programs.
//!
//! What is to be told is kept in the store, in the commit that made it happen, and told from there: in order for each session
//! and receiver, signed, again and again until the receiver has it. `outgoing` is what a store keeps of it, `post` the HTTP, `places` how many are told at the same time.

pub mod outgoing;
mod places;
mod post;

use crate::App;
use crate::chat::draft::{Draft, Happening};
use crate::chat::model::{Chat, Entry, Values};
use crate::config::{Config, Webhook};
use crate::json::{Raw, write};
use crate::secret::random_hex;
use crate::status::{Cause, Status};
use outgoing::Outgoing;
use places::Places;
use post::{Answer, Post};
use ring::{digest, hmac};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// How often the store is looked through when nobody says that there is something.
const LOOK: Duration = Duration::from_secs(1);
/// What a claim allows beyond the time of a request.
const MARGIN: u64 = 30_000;
/// The longest pause between two tries, in milliseconds.
const LONGEST: u64 = 3_600_000;

/// What can be told.
pub const EVENTS: [&str; 4] =
    ["chatSession.created", "chatSession.changed", "chatSession.messageReceived", "chatSession.ended"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    time: u64,
    session: Session<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session<'a> {
    id: &'a str,
    service: &'a str,
    status: Status,
    status_name: &'static str,
    bot_active: bool,
    customer_id: &'a str,
    customer_name: &'a Raw,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_email: Option<&'a Raw>,
    subject: &'a Raw,
    agents: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    forms: &'a BTreeMap<String, Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<&'a str>,
}

impl<'a> Session<'a> {
    fn of(chat: &'a Chat) -> Self {
        Self {
            id: &chat.id,
            service: &chat.service,
            status: chat.status,
            status_name: chat.status.name(),
            bot_active: chat.bot_active,
            customer_id: &chat.user_id,
            customer_name: &chat.nickname,
            customer_email: chat.email.as_ref(),
            subject: &chat.subject,
            agents: chat.agents.iter().map(|agent| agent.name.as_str()).collect(),
            forms: &chat.forms,
            previous_id: chat.previous.as_deref(),
        }
    }
}

/// What names a receiver in the store: not its address, which may hold a secret.
#[must_use]
pub fn name(hook: &Webhook) -> String {
    hex(digest::digest(&digest::SHA256, hook.url.as_bytes()).as_ref()).chars().take(16).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The signature of a body at a time, in seconds since the epoch.
#[must_use]
pub fn sign(secret: &str, seconds: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", hex(tag.as_ref()))
}

/// What a change makes known, for each receiver of the channel that wants it.
pub(crate) fn outgoing(config: &Config, draft: &Draft, now: u64) -> Vec<Outgoing> {
    let chat = &draft.chat;
    let hooks = config.channel(&chat.service).map_or(&[][..], |channel| &channel.webhooks);
    if hooks.is_empty() {
        return Vec::new();
    }
    let named: Vec<_> = hooks.iter().map(|hook| (name(hook), hook)).collect();
    let mut all = Vec::new();
    let mut tell = |event: Event<'_>| {
        let wants = |hook: &Webhook| hook.events.is_empty() || hook.events.iter().any(|wanted| wanted == event.kind);
        let body = write(&event);
        for (name, _) in named.iter().filter(|(_, hook)| wants(hook)) {
            let (hook, chat, body) = (name.clone(), chat.id.clone(), body.clone());
            all.push(Outgoing { id: 0, hook, chat, body, tries: 0, since: now });
        }
    };
    let event = |kind| Event {
        id: random_hex(8).unwrap_or_default(),
        kind,
        time: now,
        session: Session::of(chat),
        old: None,
        new: None,
        cause: None,
        message: None,
    };
    if draft.is_beginning() {
        tell(event("chatSession.created"));
    }
    for happening in &draft.happenings {
        match happening {
            Happening::Said(place) => {
                tell(Event { message: draft.entries.get(*place), ..event("chatSession.messageReceived") });
            }
            Happening::Changed { old, new, cause } => {
                let (old, new, cause) = (Some(*old), Some(*new), Some(*cause));
                tell(Event { old, new, cause, ..event("chatSession.changed") });
            }
            Happening::Ended(cause) => tell(Event { cause: Some(*cause), ..event("chatSession.ended") }),
        }
    }
    all
}

/// Tells what is to be told, until the server is gone.
pub(crate) async fn run(app: Weak<App>, wake: Arc<Notify>) {
    let post = match Post::new() {
        Ok(post) => Arc::new(post),
        Err(error) => {
            return tracing::error!(%error, "webhooks cannot be told: the system's certificates cannot be read");
        }
    };
    let places = Arc::new(Places::default());
    loop {
        let Some(held) = app.upgrade() else { return };
        let found = next(&held, &places).await;
        let some = !found.is_empty();
        for item in found {
            let place = places.take(&item.hook);
            let (held, post) = (Arc::clone(&held), Arc::clone(&post));
            let wake = Arc::clone(&wake);
            held.tasks.clone().spawn(async move {
                held.tell(&post, item).await;
                drop(place);
                wake.notify_one();
            });
        }
        drop(held);
        if !some {
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

async fn next(app: &App, places: &Places) -> Vec<Outgoing> {
    if app.stop.is_cancelled() {
        return Vec::new();
    }
    let (full, room) = places.left();
    let now = app.floor.clock.latest();
    let until = now + app.config.webhooks.timeout_ms + MARGIN;
    match app.floor.store.claim_outgoing(now, until, room, &full).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "what is to be told to webhooks cannot be read");
            Vec::new()
        }
    }
}

impl App {
    /// Tells one event, and keeps what came of it.
    async fn tell(&self, post: &Post, item: Outgoing) {
        let hooks = self.config.channels.iter().flat_map(|channel| &channel.webhooks);
        let Some(hook) = hooks.into_iter().find(|hook| name(hook) == item.hook) else {
            tracing::info!(hook = item.hook, "an event is dropped: its webhook is not configured any more");
            return self.settle(&item, None).await;
        };
        let limits = &self.config.webhooks;
        let now = self.floor.clock.now();
        let signature = sign(&hook.secret, now / 1000, &item.body);
        let answer = post.send(hook, &item, &signature, Duration::from_millis(limits.timeout_ms)).await;
        let now = self.floor.clock.latest();
        let wait = match answer {
            Answer::Taken => return self.settle(&item, None).await,
            Answer::Gone => {
                tracing::warn!(hook = item.hook, "a webhook says that it is gone: an event is dropped");
                return self.settle(&item, None).await;
            }
            Answer::Failed { reason, after } => {
                tracing::warn!(hook = item.hook, tries = item.tries + 1, reason, "a webhook does not take an event");
                after.map_or(0, |seconds| seconds.saturating_mul(1000)).max(self.pause(item.tries))
            }
        };
        if now.saturating_sub(item.since) >= limits.give_up.saturating_mul(1000) {
            tracing::error!(hook = item.hook, "an event is dropped: its webhook has not taken it for too long");
            return self.settle(&item, None).await;
        }
        self.settle(&item, Some(now.saturating_add(wait.min(LONGEST)))).await;
    }

    /// How long to wait after so many tries: twice as long each time, and not at the same time as others.
    fn pause(&self, tries: u32) -> u64 {
        let longest = self.config.webhooks.retry_ms.saturating_mul(1 << tries.min(20)).min(LONGEST);
        let random = random_hex(2).ok().and_then(|hex| u64::from_str_radix(&hex, 16).ok()).unwrap_or(0);
        longest / 2 + longest / 2 * random / 0xffff
    }

    async fn settle(&self, item: &Outgoing, due: Option<u64>) {
        if let Err(error) = self.floor.store.settle_outgoing(item.id, due).await {
            // It is told again when its claim is over.
            tracing::warn!(%error, "what came of an event cannot be kept");
        }
    }
}
