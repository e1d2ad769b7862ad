//! What Causerie's own server says beyond chat v2: the status, as entries of the transcript, and sessions that are renewed. From
//! the manual's page on the wire.

use serde_json::{Value, json};

use super::EPOCH;
use super::chat::{Bound, Chat, visitor};

/// A session that is over, and that another one goes on from.
#[derive(Debug)]
pub struct Past {
    pub id: String,
    pub entries: Vec<Value>,
    /// Why: `timeout` or `script`.
    reason: &'static str,
}

impl Chat {
    /// The session is over and another one goes on: a new id, a new key beside the old one, a new transcript. Returns the news
    /// of it, with the last entries of the old one.
    pub fn renew(&mut self, now: u64, reason: &'static str) -> Value {
        let mut news = self.part(now);
        self.past.push(Past { id: self.id.clone(), entries: std::mem::take(&mut self.entries), reason });
        self.id.push('r');
        self.keys.push(format!("{}k{}", self.id, self.keys.len()));
        self.next_index = 1;
        self.expired = false;
        let entry = self.entry(now, "ParticipantJoined", visitor());
        self.keep(entry);
        self.status_is(now, 4);
        news.push(self.renewed(self.past.len() - 1));
        news.extend(self.entries.iter().cloned());
        self.reply(news)
    }

    /// The session's time is over: agents leave it, and the next that is said opens another one.
    pub fn expire(&mut self, now: u64) -> Value {
        self.expired = true;
        let left = self.part(now);
        self.reply(left)
    }

    /// What the owner of a key has not had of the sessions before the newest, from a position of its own on; 0 stands for none.
    pub fn trail(&self, key: &str, position: u32) -> Vec<Value> {
        let of = self.keys.iter().position(|known| known == key).unwrap_or(0);
        let mut trail = Vec::new();
        for (place, past) in self.past.iter().enumerate().skip(of) {
            let from = if place == of { u64::from(position) } else { 1 };
            let had = |entry: &&Value| from > 0 && entry["index"].as_u64() >= Some(from);
            trail.extend(past.entries.iter().filter(had).cloned());
            trail.push(self.renewed(place));
        }
        trail
    }

    /// An operation is done: its answer has what it made, or all since the session that its key is of.
    pub fn answer(&self, mut trail: Vec<Value>, made: Vec<Value>) -> Value {
        let whole = !trail.is_empty();
        trail.extend(if whole { self.entries.clone() } else { made });
        self.reply(trail)
    }

    /// All that is not the asker is to be pushed a reply.
    pub fn others(&self, asker: &Bound, reply: &Value) -> Vec<(Bound, Value)> {
        self.bound.iter().filter(|bound| *bound != asker).map(|bound| (bound.clone(), reply.clone())).collect()
    }

    /// The status has changed, if it has: a notice in the transcript.
    pub fn status_is(&mut self, now: u64, new: u8) -> Option<Value> {
        let old = if self.next_index == 2 { 0 } else { self.status };
        self.status = new;
        if !self.tells_status || old == new {
            return None;
        }
        let mut entry = self.entry(now, "Notice", system());
        entry["text"] = "status".into();
        entry["userData"] =
            json!({ "old": old.to_string(), "new": new.to_string(), "botActive": "false", "cause": "simulation" });
        Some(self.keep(entry))
    }

    /// The session data has changed.
    pub fn change_data(&mut self) -> Value {
        self.data += 1;
        self.reply(vec![self.data_since(self.data - 1)])
    }

    /// What has changed in the session data since a version; nothing is remembered for long, and then it is all of it.
    pub fn data_since(&self, version: u32) -> Value {
        let from = if version + 3 < self.data { 0 } else { version };
        json!({ "type": "Notice", "text": "session-data", "utcTime": EPOCH, "from": system(),
            "userData": { "from": from, "version": self.data } })
    }

    /// The transcripts of all sessions, oldest first, with their ids.
    pub fn sessions(&self) -> Vec<(&str, &[Value])> {
        let past = self.past.iter().map(|past| (past.id.as_str(), past.entries.as_slice()));
        past.chain([(self.id.as_str(), self.entries.as_slice())]).collect()
    }

    fn renewed(&self, place: usize) -> Value {
        let past = &self.past[place];
        let id = self.past.get(place + 1).map_or(&self.id, |next| &next.id);
        json!({ "type": "Notice", "text": "renewed", "utcTime": EPOCH, "from": system(),
            "userData": { "previousId": past.id, "id": id, "reason": past.reason } })
    }
}

fn system() -> Value {
    json!({ "nickname": "System", "participantId": 0, "type": "External" })
}
