//! Bayeux 1.0, as CometD's servers speak it: what each message of an envelope asks, and the reply to it.
//!
//! Neither HTTP nor WebSocket is known here: they hand in an envelope, and carry out what comes back. `message` is what
//! messages and replies look like.

pub(crate) mod message;

use crate::App;
use crate::chat::asker::{Answer, Asker};
use crate::chat::visitor::{Request, service_of};
use crate::desk;
use crate::inspect;
use crate::json::{is_string, kind, write};
use crate::origin::Caller;
use crate::session::{Refused, Session};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

pub use message::{Advice, failure, split};
use message::{AskedAdvice, AskedExt, Ext, Message, Reply, string, valid_channel};

/// No connect is held for longer than this, whatever the client asks for.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest message id that is echoed.
const LONGEST_ID: usize = 128;
/// To a client whose session is not there any more.
const ANEW: Advice = Advice { reconnect: "handshake", interval: 0, timeout: None, multiple_clients: false };

/// What carries an envelope.
#[derive(Debug, Clone)]
pub enum Via {
    /// An HTTP request with this cookie.
    Http(Option<String>),
    /// A WebSocket.
    WebSocket,
}

/// Why a connect is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There are events, or its time is over.
    Due,
    /// A newer connect has taken its place.
    Superseded,
    /// Its browser has enough of them held.
    Crowded,
    /// The session has ended.
    Gone,
    /// The session has ended because its client left too many events.
    Overrun,
    /// The server stops.
    Stopping,
}

/// A connect to be held.
#[derive(Debug)]
pub struct Held {
    /// Whose.
    pub session: Arc<Session>,
    /// Its number among the session's connects.
    pub number: u64,
    /// For how long.
    pub timeout: Duration,
    id: Option<Box<RawValue>>,
}

/// What became of an envelope.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The replies, in the order of the messages.
    pub replies: Vec<String>,
    /// The session it belongs to; its events leave before the replies.
    pub session: Option<Arc<Session>>,
    /// A connect that came alone: it may be held.
    pub held: Option<Held>,
    /// The session that a handshake opened.
    pub opened: Option<Arc<Session>>,
    /// The session's turn: kept until the events are taken.
    turn: Option<(Arc<Session>, OwnedMutexGuard<()>)>,
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if let Some((session, turn)) = self.turn.take() {
            drop(turn);
            session.end();
        }
    }
}

impl App {
    fn advice(&self, reconnect: &'static str) -> Advice {
        let bayeux = &self.config.bayeux;
        Advice { reconnect, interval: bayeux.interval_ms, timeout: Some(bayeux.timeout_ms), multiple_clients: false }
    }

    /// Works through an envelope.
    pub async fn envelope(self: &Arc<Self>, via: &Via, caller: &Caller, messages: &[&RawValue]) -> Outcome {
        let mut outcome = Outcome::default();
        let alone = messages.len() == 1;
        for message in messages {
            if let Some(reply) = self.message(via, caller, message, alone, &mut outcome).await {
                outcome.replies.push(reply);
            }
        }
        outcome
    }

    async fn message(
        self: &Arc<Self>,
        via: &Via,
        caller: &Caller,
        raw: &RawValue,
        alone: bool,
        outcome: &mut Outcome,
    ) -> Option<String> {
        let fail = |error: &str| Some(write(&Reply { error: Some(error), ..Reply::default() }));
        if !raw.get().starts_with('{') {
            return fail(&format!("400::message_invalid: an object is expected, {} came", kind(raw)));
        }
        let Ok(message) = serde_json::from_str::<Message<'_>>(raw.get()) else {
            return fail("400::message_invalid: each member once is expected");
        };
        if message.id.is_some_and(|id| id.get().len() > LONGEST_ID || id.get().starts_with(['{', '['])) {
            return fail("405::message_id_invalid");
        }
        let fail = |error: &str| Some(write(&Reply { id: message.id, error: Some(error), ..Reply::default() }));
        let Some(channel) = message.channel else { return fail("400::channel_missing") };
        let Some(channel) = string(channel).filter(|channel| valid_channel(channel)) else {
            return fail("405::channel_invalid");
        };
        let reply = Reply { id: message.id, channel: Some(&channel), ..Reply::default() };
        if channel == "/meta/handshake" {
            return Some(self.handshake(via, caller, &message, reply, alone, outcome));
        }
        let client = match message.client_id {
            Some(id) if !is_string(id) => {
                return Some(write(&Reply {
                    error: Some(&format!("400:clientId:a string is expected, {} came", kind(id))),
                    ..reply
                }));
            }
            id => id.and_then(string),
        };
        let Some(session) = client.and_then(|client| self.session(via, &client, outcome)) else {
            return Some(unknown(reply, (channel == "/meta/connect").then_some(ANEW)));
        };
        outcome.session = Some(Arc::clone(&session));
        if channel == "/meta/connect" {
            return self.connect(&session, &message, reply, alone, outcome);
        }
        if outcome.turn.is_none() {
            let turn = Arc::clone(&session.turn).lock_owned().await;
            session.begin();
            outcome.turn = Some((Arc::clone(&session), turn));
        }
        session.touch(self.config.bayeux.max_interval());
        Some(match channel.as_str() {
            "/meta/subscribe" => subscribe(&message, reply, true),
            "/meta/unsubscribe" => subscribe(&message, reply, false),
            "/meta/disconnect" => {
                Box::pin(self.end_session(&session)).await;
                write(&Reply { successful: true, ..reply })
            }
            desk::CHANNEL => {
                let answer = Answer { session: &session, channel: &channel, id: message.id };
                Box::pin(self.floor.attend(&answer, message.data)).await;
                write(&Reply { successful: true, ..reply })
            }
            inspect::CHANNEL => {
                let answer = Answer { session: &session, channel: &channel, id: message.id };
                Box::pin(self.floor.inspected(&answer, message.data)).await;
                write(&Reply { successful: true, ..reply })
            }
            _ if service_of(&channel).is_some() => {
                let asker = Asker::Bayeux(Answer { session: &session, channel: &channel, id: message.id });
                let service = service_of(&channel).unwrap_or_default();
                Box::pin(self.floor.visit(&asker, &Request { service, named: None, data: message.data })).await;
                write(&Reply { successful: true, ..reply })
            }
            _ if channel.starts_with("/meta/") => write(&Reply { error: Some("404::channel_unknown"), ..reply }),
            _ => write(&Reply { error: Some("403::publish_denied"), ..reply }),
        })
    }

    /// The session of a message. An envelope belongs to one, and HTTP has to show the session's cookie.
    fn session(&self, via: &Via, client: &str, outcome: &Outcome) -> Option<Arc<Session>> {
        let session = self.hub.get(client)?;
        if outcome.session.as_ref().is_some_and(|other| other.id != session.id) {
            return None;
        }
        match via {
            Via::WebSocket => Some(session),
            Via::Http(cookie) => {
                let shown = session
                    .browser
                    .as_deref()
                    .zip(cookie.as_deref())
                    .is_some_and(|(ours, theirs)| crate::secret::same(ours, theirs));
                shown.then_some(session)
            }
        }
    }

    /// Ends a session for good: its chats and the desk learn of it.
    pub async fn end_session(&self, session: &Session) {
        self.hub.close(session);
        self.floor.session_gone(session).await;
    }

    fn handshake(
        &self,
        via: &Via,
        caller: &Caller,
        message: &Message<'_>,
        reply: Reply<'_>,
        alone: bool,
        outcome: &mut Outcome,
    ) -> String {
        let types = Some(["websocket", "long-polling"]);
        let reply =
            Reply { supported_connection_types: types, version: Some("1.0"), minimum_version: Some("1.0"), ..reply };
        let refuse = |error: &str, reconnect: &'static str, interval: u64| {
            let advice = Some(Advice { reconnect, interval, timeout: None, multiple_clients: false });
            write(&Reply {
                id: reply.id,
                channel: reply.channel,
                error: Some(error),
                advice,
                supported_connection_types: types,
                ..Reply::default()
            })
        };
        if !alone {
            return refuse("400::handshake_not_alone", "none", 0);
        }
        let Some(version) = message.version else { return refuse("400::version_missing", "none", 0) };
        if string(version).is_none_or(|version| version != "1" && !version.starts_with("1.")) {
            return refuse("400:version:\"1.0\" is expected", "none", 0);
        }
        let Some(offered) = message.supported_connection_types else {
            return refuse("400::supportedConnectionTypes_missing", "none", 0);
        };
        let Ok(offered) = serde_json::from_str::<Vec<String>>(offered.get()) else {
            return refuse("400:supportedConnectionTypes:an array of strings is expected", "none", 0);
        };
        if !offered.iter().any(|offered| types.iter().flatten().any(|ours| ours == offered)) {
            return refuse("400::supportedConnectionTypes_unsupported", "none", 0);
        }
        let ext = message.ext.and_then(|ext| serde_json::from_str::<AskedExt<'_>>(ext.get()).ok()).unwrap_or_default();
        let ack = ext.ack.is_some_and(|ack| ack.get() == "true" || ack.get().starts_with('{'));
        let browser = match via {
            Via::WebSocket => None,
            Via::Http(Some(cookie)) => Some(cookie.clone()),
            Via::Http(None) => match crate::secret::random_hex(20) {
                Ok(cookie) => Some(cookie),
                Err(_) => return refuse("500::no_randomness", "handshake", 10_000),
            },
        };
        match self.hub.open(caller, browser, ack) {
            Ok(session) => {
                let ext = ack.then_some(Ext::Enabled { ack: true });
                let text = write(&Reply {
                    successful: true,
                    client_id: Some(&session.id),
                    advice: Some(self.advice("retry")),
                    ext,
                    ..reply
                });
                outcome.session = Some(Arc::clone(&session));
                outcome.opened = Some(session);
                text
            }
            Err(refused) => {
                let wait = match &refused {
                    Refused::Overloaded(overloaded) => overloaded.retry_after.saturating_mul(1000),
                    Refused::TooMany | Refused::NoRandomness(_) => 5_000,
                };
                refuse(&refused.to_string(), "handshake", wait)
            }
        }
    }

    fn connect(
        &self,
        session: &Arc<Session>,
        message: &Message<'_>,
        reply: Reply<'_>,
        alone: bool,
        outcome: &mut Outcome,
    ) -> Option<String> {
        let advice = Some(self.advice("retry"));
        match message.connection_type.map(string) {
            None => return Some(write(&Reply { error: Some("400::connectionType_missing"), advice, ..reply })),
            Some(Some(kind)) if kind == "long-polling" || kind == "websocket" => {}
            Some(_) => return Some(write(&Reply { error: Some("400::connectionType_unsupported"), advice, ..reply })),
        }
        let ext = message.ext.and_then(|ext| serde_json::from_str::<AskedExt<'_>>(ext.get()).ok()).unwrap_or_default();
        let acknowledged = ext.ack.and_then(|ack| serde_json::from_str(ack.get()).ok());
        let asked = message
            .advice
            .and_then(|advice| serde_json::from_str::<AskedAdvice>(advice.get()).ok())
            .unwrap_or_default();
        let timeout =
            asked.timeout.map_or_else(|| self.config.bayeux.timeout(), Duration::from_millis).min(LONGEST_TIMEOUT);
        let number = session.connect(acknowledged);
        let held = Held { session: Arc::clone(session), number, timeout, id: message.id.map(ToOwned::to_owned) };
        if alone {
            outcome.held = Some(held);
            return None;
        }
        // Among other messages it is never held.
        session.connect_over(number, self.config.bayeux.max_interval());
        Some(write(&Reply { successful: true, advice, ..reply }))
    }

    /// The answer to a held connect, with the events that leave with it.
    #[must_use]
    pub fn connected(&self, held: &Held, ending: Ending) -> Vec<Arc<str>> {
        held.session.connect_over(held.number, self.config.bayeux.max_interval());
        if ending == Ending::Overrun {
            let reply = Reply { id: held.id.as_deref(), channel: Some("/meta/connect"), ..Reply::default() };
            return vec![unknown(reply, Some(ANEW)).into()];
        }
        let (mut texts, batch) = match ending {
            Ending::Superseded => (Vec::new(), None),
            _ => held.session.take_for_connect(),
        };
        let advice = match ending {
            Ending::Overrun => ANEW,
            Ending::Gone => Advice { timeout: None, ..self.advice("none") },
            // The client that was slower waits, lest two that share a session chase each other; as does the tab that is one too many.
            Ending::Superseded | Ending::Crowded => {
                let interval = self.config.bayeux.interval_ms.max(2_000);
                Advice { interval, multiple_clients: true, ..self.advice("retry") }
            }
            Ending::Stopping => Advice { interval: 1_000, ..self.advice("retry") },
            Ending::Due => self.advice("retry"),
        };
        let ext = batch.map(|ack| Ext::Batch { ack });
        let reply = Reply {
            id: held.id.as_deref(),
            channel: Some("/meta/connect"),
            successful: true,
            advice: Some(advice),
            ext,
            ..Reply::default()
        };
        texts.push(write(&reply).into());
        texts
    }
}

/// The reply to a client whose session is not there any more.
fn unknown(reply: Reply<'_>, advice: Option<Advice>) -> String {
    write(&Reply { error: Some("402::session_unknown"), advice, ..reply })
}

/// Subscribes or unsubscribes. Service channels deliver without, so that nothing is kept of it; what counts is which may be
/// asked for.
fn subscribe(message: &Message<'_>, reply: Reply<'_>, on: bool) -> String {
    let Some(subscription) = message.subscription else {
        return write(&Reply { error: Some("400::subscription_missing"), ..reply });
    };
    let reply = Reply { subscription: Some(subscription), ..reply };
    let channels = if is_string(subscription) {
        string(subscription).map(|channel| vec![channel])
    } else {
        serde_json::from_str(subscription.get()).ok()
    };
    let Some(channels) = channels.filter(|channels: &Vec<String>| !channels.is_empty()) else {
        let error =
            format!("400:subscription:a string or an array of strings is expected, {} came", kind(subscription));
        return write(&Reply { error: Some(&error), subscription: None, ..reply });
    };
    if channels.iter().any(|channel| !valid_channel(channel)) {
        return write(&Reply { error: Some("405::subscription_invalid"), ..reply });
    }
    let allowed = |channel: &String| {
        [desk::CHANNEL, inspect::CHANNEL].contains(&channel.as_ref())
            || service_of(channel).is_some_and(|service| !service.contains('*'))
    };
    if on && !channels.iter().all(allowed) {
        return write(&Reply { error: Some("403::subscribe_denied"), ..reply });
    }
    write(&Reply { successful: true, ..reply })
}
