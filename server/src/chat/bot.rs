//! Bots in chats: what they are told, and what becomes of what they want done; `call` is what they are called for.
//!
//! What a bot is to be called for is kept in the chat's record, in the same commit as what caused it; so a crash loses no
//! call and repeats none that was done. A call works on the locked chat, and what it wants is one change, or none if it fails.

use super::call::{CALLS, Call, Hook, Request};
use super::draft::Draft;
use super::model::{Chat, Entry, From, Kind, Reason, Role};
use super::renew::Carried;
use super::reply::Refusal;
use super::{Floor, Live, notice};
use crate::bot::engine::{ReadData, ScriptError};
use crate::config::BotConfig;
use crate::data::{Changed, DataChange, NAME};
use crate::json::{Raw, raw, write};
use crate::status::Cause;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often hooks may cause each other, and a session be renewed, without anything from the visitor.
const DEPTH: u8 = 5;

/// What a script gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    hook: &'static str,
    started: bool,
    inputs: BTreeMap<&'static str, Raw>,
    request: Request,
    session: Raw,
    internal: serde_json::Value,
    now: u64,
    over: bool,
    limits: Limits,
}

#[derive(Serialize)]
struct Limits {
    length: usize,
    messages: usize,
    name: usize,
}

/// What a script wants.
#[derive(Deserialize)]
struct Wanted {
    actions: Vec<Action>,
    session: Raw,
    lines: Vec<String>,
    /// Whether the script has a hook for changes of the status.
    follows: bool,
}

/// One thing that a script wants done; which members there are depends on what it is.
#[derive(Deserialize)]
struct Action {
    #[serde(rename = "do")]
    name: String,
    text: Option<Raw>,
    author: Option<Raw>,
    special: Option<f64>,
    params: Option<Raw>,
    when: Option<f64>,
    set: Option<BTreeMap<String, Raw>>,
    deleted: Option<Vec<String>>,
    request: Option<Request>,
    replaced: Option<bool>,
    session: Option<Raw>,
}

impl Floor {
    /// Calls the bot of a chat for all that it is to be called for.
    pub async fn run_bot(&self, id: &str) {
        for _ in 0..=CALLS * 2 {
            let Ok(Some(mut live)) = self.lock(id).await else { return };
            let Some(call) = live.chat.calls.first().cloned() else { return };
            match self.run_call(&mut live, &call).await {
                Ok(()) => {}
                Err(refusal) if refusal.conflict => {}
                // What is to be done is kept, and tried again when something else happens.
                Err(_) => return,
            }
        }
    }

    /// One call. If it fails, the session goes to people.
    async fn run_call(&self, live: &mut Live, call: &Call) -> Result<(), Refusal> {
        let service = live.chat.service.clone();
        let failure = match self.try_call(live, call).await? {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        tracing::warn!(service, error = %failure, "a bot failed; its session goes to people");
        let mut draft = self.draft(&live.chat);
        draft.chat.calls.clear();
        draft.hand_off();
        self.commit(live, draft, None).await?;
        self.tell_log(live, &[failure.to_string()], true);
        Ok(())
    }

    async fn try_call(&self, live: &mut Live, call: &Call) -> Result<Result<(), ScriptError>, Refusal> {
        let service = live.chat.service.clone();
        let fail = |reason: &str| {
            let file = self.bots.config(&service).and_then(|bot| bot.file.file_name());
            let place = file.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Ok(Err(ScriptError { place, reason: reason.to_owned() }))
        };
        let (Some(config), Some(script)) = (self.bots.config(&service), self.bots.script(&service)) else {
            return fail("there is no script");
        };
        if call.depth > DEPTH {
            return fail(
                "its hooks cause each other without end: a status that changes back and forth, or newSession \
                with an event that is not reset ($request.event = null)",
            );
        }
        let told = write(&self.told(&live.chat, config, call));
        let (store, user) = (Arc::clone(&self.store), live.chat.user_id.clone());
        let runtime = tokio::runtime::Handle::current();
        let read_data = move || -> ReadData {
            Box::new(move || {
                let delta = runtime.block_on(store.read_data(&user, 0)).unwrap_or_default();
                write(&delta.set)
            })
        };
        let text = match self.bots.call(script, told, read_data).await {
            Ok(text) => text,
            Err(error) => return Ok(Err(error)),
        };
        let Ok(wanted) = serde_json::from_str::<Wanted>(&text) else {
            return fail("$context.session is to be an object that JSON can hold");
        };
        if !wanted.session.get().starts_with('{') || wanted.session.get().len() > self.bots.limits().session_bytes {
            return fail("$context.session is to be an object, within its limit");
        }
        let change = data_change(&wanted.actions);
        let changes_data = !change.set.is_empty() || !change.deleted.is_empty();
        let version = match changes_data {
            false => None,
            true => match self.change_data(&live.chat, change).await {
                Ok(Changed::Done(version)) => Some(version),
                Ok(_) => None,
                Err(refusal) if refusal.code == 413 => return fail("sessionData.set: there would be too much"),
                Err(refusal) => return Err(refusal),
            },
        };
        let carried = self.apply(live, config, call, &wanted).await?;
        if let Some(version) = version {
            let news = self.data_since(&live.chat, version.saturating_sub(1), None).await?;
            self.push_data(live, &news, version, None);
        }
        self.tell_log(live, &wanted.lines, false);
        if let Some(carried) = carried {
            self.renew(live, Reason::Script, None, Some(carried)).await?;
        }
        Ok(Ok(()))
    }

    /// Does what a script wants, in one change; but for a new session, which is returned.
    async fn apply(
        &self,
        live: &mut Live,
        config: &BotConfig,
        call: &Call,
        wanted: &Wanted,
    ) -> Result<Option<Carried>, Refusal> {
        let mut draft = self.draft(&live.chat).caused_by(call.depth + 1);
        draft.chat.calls.remove(0);
        draft.chat.bot_session = Some(wanted.session.clone());
        let mut carried = None;
        // A session that is stopped and started is started: the new one ends the old one.
        let renews = wanted.actions.iter().any(|action| action.name == "renew");
        for action in &wanted.actions {
            match action.name.as_str() {
                "finish" if renews => {}
                "say" if draft.chat.is_full(&self.config.limits) => {}
                "say" => say(&mut draft, config, action),
                "handOff" => draft.hand_off(),
                "finish" if draft.chat.ended.is_none() => draft.finish(Cause::Finish),
                "close" if draft.chat.ended.is_none() => draft.end(Cause::Close),
                "renew" if draft.chat.ended.is_none() => {
                    let request = action.request.clone();
                    let replaced = action.replaced == Some(true);
                    carried = request.map(|request| {
                        // What is said in other words is another message.
                        let message_id = original_id(call).filter(|_| !replaced);
                        Carried {
                            request: Request { message_id, ..request },
                            session: action.session.clone(),
                            depth: call.depth + 1,
                        }
                    });
                }
                _ => {}
            }
        }
        if matches!(call.hook, Hook::Created { .. }) {
            draft.chat.bot_greeted = true;
        }
        if carried.is_none() && !(wanted.follows && draft.awaits_last_word()) {
            draft.end_finished();
        }
        self.commit(live, draft, None).await?;
        Ok(carried)
    }

    /// Tells what a script logs: who inspects, and pages that read notices, where the operator wants that.
    fn tell_log(&self, live: &mut Live, lines: &[String], failed: bool) {
        let now = self.clock.now();
        self.inspector.logged(&live.chat, &mut live.log, lines, failed, now);
        if lines.is_empty() || !self.bots.config(&live.chat.service).is_some_and(|bot| bot.debug) {
            return;
        }
        let entry = notice::passing("bot-log", &BTreeMap::from([("lines", lines)]), self.clock.now());
        self.say_passing(&live.chat, &entry);
        self.push_passing(live, &entry, |reads| reads.notices);
    }

    /// What a script is told of a chat.
    fn told(&self, chat: &Chat, config: &BotConfig, call: &Call) -> Told {
        let mut inputs = inputs(chat, config);
        let (hook, started, request) = match &call.hook {
            Hook::Created { started, words } => ("created", *started, Request::new(words, None, None, None)),
            Hook::Changed { old, new } => {
                inputs.insert("status.old", raw(&old.code().to_string()));
                inputs.insert("status.new", raw(&new.code().to_string()));
                // The one that it is told of, whatever has come since.
                inputs.insert("chatSession.status", raw(&new.code().to_string()));
                ("changed", false, Request::new(&raw(""), None, None, None))
            }
            Hook::Request(request) => {
                inputs.insert("chatMessage.message", request.query.clone());
                ("message", false, request.clone())
            }
        };
        Told {
            hook,
            started,
            inputs,
            request,
            session: chat.bot_session.clone().unwrap_or_else(|| raw(&BTreeMap::<&str, &str>::new())),
            internal: self.internal_of(chat),
            now: self.clock.now(),
            over: chat.ended.is_some() || chat.status.is_over(),
            limits: Limits {
                length: self.config.limits.message_length,
                messages: self.bots.limits().messages,
                name: NAME,
            },
        }
    }
}

/// The inputs, by their published names; all are strings.
fn inputs(chat: &Chat, config: &BotConfig) -> BTreeMap<&'static str, Raw> {
    let filled = |names: &[&str]| {
        let form = chat.forms.get("pre-chat");
        let value = names.iter().find_map(|name| form?.get(*name));
        raw(value.map_or("", String::as_str))
    };
    let agents: Vec<&str> = chat.agents.iter().map(|agent| agent.name.as_str()).collect();
    BTreeMap::from([
        ("chatSession.id", raw(&chat.id)),
        ("chatSession.topicId", raw(&chat.service)),
        ("chatSession.customerAlias", chat.nickname.clone()),
        // A name for the key; the key itself is the visitor's.
        ("chatSession.sessionKey", raw(chat.key.handle())),
        ("chatSession.customerHost", raw(&chat.address)),
        ("chatSession.status", raw(&chat.status.code().to_string())),
        ("chatSession.chatbot_isactive", raw(if chat.bot_active { "1" } else { "0" })),
        ("chatSession.userId", raw(&agents.join(", "))),
        ("chatSession.customerId", raw(&chat.user_id)),
        ("chatSession.botActive", raw(if chat.bot_active { "true" } else { "false" })),
        ("chatSession.customerName", chat.nickname.clone()),
        ("chatSession.customerEmail", chat.email.clone().unwrap_or_else(|| raw(""))),
        ("chatSession.companyName", filled(&["companyName", "company"])),
        ("chatSession.customerPhone", filled(&["customerPhone", "phone", "telephone", "tel"])),
        ("chatTopic.id", raw(&chat.service)),
        ("chatTopic.name", raw(&chat.service)),
        ("chatTopic.botName", raw(&config.name)),
        ("foundAgents", raw("false")),
    ])
}

/// All changes of session data that a script wants, as one.
fn data_change(actions: &[Action]) -> DataChange {
    let mut change = DataChange::default();
    for action in actions.iter().filter(|action| action.name == "data") {
        for name in action.deleted.iter().flatten() {
            change.set.remove(name);
            change.deleted.push(name.clone());
        }
        for (name, value) in action.set.iter().flatten() {
            change.deleted.retain(|deleted| deleted != name);
            change.set.insert(name.clone(), value.clone());
        }
    }
    change
}

fn original_id(call: &Call) -> Option<String> {
    match &call.hook {
        Hook::Request(request) => request.message_id.clone(),
        _ => None,
    }
}

/// A bot says something.
fn say(draft: &mut Draft, config: &BotConfig, action: &Action) {
    let Some(text) = action.text.clone().filter(|_| draft.chat.ended.is_none()) else { return };
    let participant = draft.bot_participant();
    let nickname = action.author.clone().unwrap_or_else(|| raw(&config.name));
    let from = From { nickname, participant_id: participant, role: Role::External };
    draft.add(Kind::Message, from, Some(text));
    draft.amend(|entry: &mut Entry, now| {
        if let Some(special) = action.special.filter(|special| *special != 0.0) {
            entry.message_type = Some(raw(&format!("special-{special}")));
            entry.user_data = action.params.as_ref().map(|params| raw(&BTreeMap::from([("specialParams", params)])));
        }
        // A whole number of milliseconds; a float as wide as this saturates when it becomes one.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        if let Some(when) = action.when {
            entry.utc_time = (when as u64).min(now);
        }
    });
    if draft.chat.bot_active {
        draft.happened(Cause::BotMessage);
    }
}
