//! A change of a chat in the making: committed as a whole, or not at all.

use super::call::{CALLS, Call, Hook};
use super::model::{AgentParty, Chat, Entry, FaqState, From, Kind, OfflineRequest, Reason, Renewed, Values};
use super::notice;
use super::record::Record;
use crate::faq::Match;
use crate::json::{Raw, raw};
use crate::status::{Cause, Facts, Status};
use crate::webhook::outgoing::Outgoing;

/// What of the channel, and of the moment, decides where a change leads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// The channel has a pre-chat form.
    pub pre_chat: bool,
    /// The channel has a post-chat form.
    pub post_chat: bool,
    /// The channel has an FAQ.
    pub faq: bool,
    /// The channel has an offline form.
    pub offline: bool,
    /// An agent is there.
    pub agents: bool,
    /// The channel's bot is called when forms and FAQ are done, not before.
    pub form_first: bool,
}

/// Something that others may want to know.
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    /// Somebody said something: the entry at this place of the change.
    Said(usize),
    /// The status changed.
    Changed {
        /// From this one.
        old: Status,
        /// To this one.
        new: Status,
        /// Because of this.
        cause: Cause,
    },
    /// The chat ended.
    Ended(Cause),
}

/// A change in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The chat as it will be.
    pub chat: Record,
    /// The entries it will gain.
    pub entries: Vec<Entry>,
    /// What its visitor leaves because nobody is there.
    pub request: Option<OfflineRequest>,
    /// What happens in it, in order.
    pub happenings: Vec<Happening>,
    /// What others are to be told of it.
    pub outgoing: Vec<Outgoing>,
    /// When it is made, in milliseconds since the epoch.
    now: u64,
    rules: Rules,
    /// How many calls of a bot led to it, one by the other.
    depth: u8,
}

impl Draft {
    /// A change of this chat at this time, which ends its silence.
    #[must_use]
    pub fn of(chat: &Chat, now: u64, rules: Rules) -> Self {
        let mut chat = Record::from(chat.clone());
        chat.version += 1;
        chat.warned = false;
        Self {
            chat,
            entries: Vec::new(),
            request: None,
            happenings: Vec::new(),
            outgoing: Vec::new(),
            now,
            rules,
            depth: 0,
        }
    }

    /// When it is made, in milliseconds since the epoch.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.now
    }

    /// The same, led to by so many calls of a bot.
    #[must_use]
    pub fn caused_by(self, depth: u8) -> Self {
        Self { depth, ..self }
    }

    /// Whether the chat begins with it.
    #[must_use]
    pub fn is_beginning(&self) -> bool {
        self.chat.version == 1
    }

    /// Whether a call of a bot led to it.
    #[must_use]
    pub fn is_caused_by_bot(&self) -> bool {
        self.depth > 0
    }

    /// The chat's bot is to be called for this. One that does not keep up leads the chat no longer.
    pub fn call(&mut self, hook: Hook) {
        if !self.chat.bot_active || (!self.chat.bot_called && !matches!(hook, Hook::Created { .. })) {
            return;
        }
        if self.chat.calls.len() >= CALLS {
            self.chat.calls.clear();
            self.hand_off();
            return;
        }
        self.chat.calls.push(Call { hook, depth: self.depth });
    }

    /// The chat's bot is to be told that it began, unless forms or FAQ come first.
    pub fn call_created(&mut self, words: Raw, started: bool) {
        if self.chat.bot_active && !(self.rules.form_first && self.chat.status != Status::InQueue) {
            self.chat.bot_called = true;
            self.call(Hook::Created { words, started });
        }
    }

    /// The bot leads the chat no longer: people do.
    pub fn hand_off(&mut self) {
        if !self.chat.bot_active {
            return;
        }
        self.chat.bot_active = false;
        self.chat.calls.clear();
        let before = self.chat.status;
        self.happened(Cause::HandOff);
        if self.chat.status == before {
            self.tell_status(before, Cause::HandOff);
        }
        self.end_finished();
    }

    /// The participant id of the bot.
    pub fn bot_participant(&mut self) -> u64 {
        let next = self.chat.next_participant;
        let participant = *self.chat.bot_participant.get_or_insert(next);
        self.chat.next_participant = next.max(participant + 1);
        participant
    }

    /// Changes the last entry; told what time it is.
    pub fn amend(&mut self, change: impl FnOnce(&mut Entry, u64)) {
        let now = self.now;
        if let Some(entry) = self.entries.last_mut() {
            change(entry, now);
        }
    }

    /// Adds an entry, to which details may be added.
    pub fn add(&mut self, kind: Kind, from: From, text: Option<Raw>) -> &mut Self {
        let mut entry = Entry::passing(kind, from, text, self.now);
        entry.index = Some(self.chat.next_index);
        self.chat.next_index += 1;
        if matches!(kind, Kind::Message | Kind::PushUrl) {
            self.happenings.push(Happening::Said(self.entries.len()));
        }
        self.entries.push(entry);
        self
    }

    /// Gives the last entry the ids and types its sender gave it.
    pub fn marked(&mut self, message_id: Option<String>, message_type: Option<Raw>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.message_id = message_id;
            entry.message_type = message_type;
        }
    }

    /// Adds a notice, if the visitor reads any.
    pub fn notice(&mut self, name: &str, members: &[(&str, &str)]) -> &mut Self {
        if self.chat.notices {
            self.add(Kind::Notice, From::system(), Some(Raw::string(name)));
            if let Some(entry) = self.entries.last_mut() {
                entry.user_data = Some(notice::strings(members));
            }
        }
        self
    }

    /// Something has happened: the status goes where the table says. Says whether the table says anything.
    pub fn happened(&mut self, cause: Cause) -> bool {
        let chat = &self.chat;
        let facts = Facts {
            pre_chat: self.rules.pre_chat && chat.notices && !chat.forms.contains_key("pre-chat"),
            faq: self.rules.faq && chat.notices && chat.faq != FaqState::Done,
            offline: self.rules.offline && chat.notices,
            agents: self.rules.agents,
            bot: chat.bot_active,
        };
        // What was finished and is about to end is brought back by nothing that is said meanwhile.
        let stays = chat.closes.is_some() && cause == Cause::VisitorMessage;
        let Some(next) = chat.status.next(cause, facts).filter(|_| !stays) else { return false };
        let old = std::mem::replace(&mut self.chat.status, next);
        if old != next {
            self.chat.status_before = Some(old);
            self.happenings.push(Happening::Changed { old, new: next, cause });
            if next == Status::InQueue && !self.chat.bot_called && old != Status::Invalid {
                self.call_created(raw(""), true);
            }
            if old != Status::Invalid {
                self.call(Hook::Changed { old, new: next });
            }
            self.tell_status(old, cause);
        }
        true
    }

    /// Tells the status, and where it comes from.
    fn tell_status(&mut self, old: Status, cause: Cause) {
        let (old, new) = (old.code().to_string(), self.chat.status.code().to_string());
        let bot = self.chat.bot_active.to_string();
        let word = crate::status::word(cause);
        self.notice("status", &[("old", &old), ("new", &new), ("botActive", &bot), ("cause", &word)]);
    }

    /// From now on the visitor reads notices; the first tells the status.
    pub fn begin_notices(&mut self) {
        self.chat.notices = true;
        self.tell_status(self.chat.status, Cause::Begin);
    }

    /// The visitor asks the FAQ, and this is what it says.
    pub fn suggest(&mut self, found: Option<&Match>) {
        self.chat.intent = found.map(|found| (found.id.clone(), found.score));
        match found.filter(|found| self.chat.faq != FaqState::Suggested(found.id.clone())) {
            Some(Match { id, question, answer, .. }) => {
                self.chat.faq = FaqState::Suggested(id.clone());
                self.notice("faq", &[("id", id), ("question", question), ("answer", answer)]);
            }
            None => {
                self.chat.faq = FaqState::Done;
                self.happened(Cause::FaqMissed);
            }
        }
    }

    /// An agent joins.
    pub fn join(&mut self, name: &str) {
        let party = AgentParty { name: name.to_owned(), participant: self.chat.next_participant };
        self.chat.next_participant += 1;
        self.add(Kind::ParticipantJoined, party.from(), None);
        self.chat.agents.push(party);
        // Where people are, the bot is not.
        self.chat.bot_active = false;
        self.chat.calls.clear();
        self.happened(Cause::AgentAccepted);
    }

    /// An agent leaves.
    pub fn leave(&mut self, name: &str) {
        if let Some(at) = self.chat.agents.iter().position(|agent| agent.name == name) {
            let party = self.chat.agents.remove(at);
            self.add(Kind::ParticipantLeft, party.from(), None);
            if self.chat.agents.is_empty() {
                self.happened(Cause::AgentsGone);
            }
        }
    }

    fn agents_leave(&mut self) {
        for party in std::mem::take(&mut self.chat.agents) {
            self.add(Kind::ParticipantLeft, party.from(), None);
        }
    }

    /// The offline form is filled in.
    pub fn post(&mut self, values: Values) {
        self.request = Some(OfflineRequest { id: 0, service: self.chat.service.clone(), time: self.now, values });
        self.end(Cause::OfflineSubmitted);
    }

    /// The chat is finished. With a post-chat form the visitor stays to fill it in, or to come back; else it ends, as soon as
    /// its bot, which is told of the status, has had its last word.
    pub fn finish(&mut self, cause: Cause) {
        self.agents_leave();
        self.happened(cause);
        if !(self.rules.post_chat && self.chat.notices) {
            self.chat.closes = Some(cause);
            if !self.awaits_last_word() {
                self.end_finished();
            }
        }
    }

    /// Whether the bot is still to be told that the chat is finished.
    #[must_use]
    pub fn awaits_last_word(&self) -> bool {
        let tells = |call: &Call| matches!(call.hook, Hook::Changed { new: Status::Finished, .. });
        self.chat.calls.iter().any(tells)
    }

    /// What is finished, and waited for the bot's last word, ends.
    pub fn end_finished(&mut self) {
        if let Some(cause) = self.chat.closes.filter(|_| self.chat.ended.is_none()) {
            self.visitor_leaves(cause);
        }
    }

    /// The chat ends: every agent leaves, then the visitor.
    pub fn end(&mut self, cause: Cause) {
        self.agents_leave();
        self.happened(cause);
        self.visitor_leaves(cause);
    }

    /// The chat's time is over. The visitor stays, and opens a new session by writing.
    pub fn lapse(&mut self) {
        self.agents_leave();
        self.happened(Cause::Timeout);
        self.chat.lapsed = Some(self.now);
    }

    /// Another session takes the chat's place.
    pub fn give_way(&mut self, to: &Chat, reason: Reason) {
        self.end(Cause::Renew);
        self.chat.calls.clear();
        self.chat.renewed = Some(Renewed { id: to.id.clone(), reason });
    }

    fn visitor_leaves(&mut self, cause: Cause) {
        let visitor = self.chat.visitor();
        self.add(Kind::ParticipantLeft, visitor, None);
        self.chat.ended = Some(self.now);
        self.chat.closes = None;
        self.happenings.push(Happening::Ended(cause));
        self.chat.closing = self.entries.first().and_then(|entry| entry.index).unwrap_or(1);
    }
}
