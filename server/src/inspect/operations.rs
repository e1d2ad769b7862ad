//! What inspectors ask, and what chats tell them.

use super::{Told, Watched, row, transitions};
use crate::chat::asker::Answer;
use crate::chat::model::{Chat, Entry};
use crate::chat::operation::Operation;
use crate::chat::reply::Refusal;
use crate::chat::{Floor, TRIES};
use crate::json::Raw;
use crate::lock::locked;
use serde_json::json;

/// How many sessions are listed: the newest.
const LISTED: usize = 200;

impl Floor {
    /// A chat has changed from `before` to `after` by these entries: tells who inspects.
    pub(crate) fn inspect(&self, before: &Chat, after: &Chat, entries: &[Entry]) {
        if locked(&self.inspector.watchers).is_empty() {
            return;
        }
        if row(before).get() != row(after).get() {
            self.inspector.listed(after);
        }
        if !self.inspector.is_watched(&after.id) {
            return;
        }
        let mut ways = transitions(entries);
        // Where no notices are on there is no other trace of it.
        if !after.notices && before.status != after.status {
            let (old, new) = (before.status.code().to_string(), after.status.code().to_string());
            ways.push(
                json!({"old": old, "new": new, "botActive": after.bot_active.to_string(), "time": self.clock.now()}),
            );
        }
        let internal = Some(self.internal_of(after));
        let watched = Watched { chat_id: &after.id, transitions: ways, internal, ..Watched::default() };
        self.inspector.tell(Some(&after.id), &Told { watched: Some(watched), ..Told::default() });
    }

    /// Does what an inspector asks, and queues the answer.
    pub async fn inspected(&self, answer: &Answer<'_>, data: Option<&serde_json::value::RawValue>) {
        let mut done = self.try_inspect(answer, data).await;
        for _ in 0..TRIES {
            if done.as_ref().is_err_and(|refusal| refusal.conflict) {
                done = self.try_inspect(answer, data).await;
            }
        }
        if let Err(refusal) = done {
            tracing::debug!(code = refusal.code, "an operation of the inspector is refused");
            answer.send(&Told { status_code: refusal.status, errors: refusal.wire(), ..Told::default() });
        }
    }

    async fn try_inspect(
        &self,
        answer: &Answer<'_>,
        data: Option<&serde_json::value::RawValue>,
    ) -> Result<(), Refusal> {
        let operation = Operation::read(data)?;
        let name = operation.operation()?;
        if name == "signIn" {
            let agent = self.desk.known(answer.session, &operation.agent_name()?, &operation.agent_key()?)?;
            if !agent.inspector {
                return Err(Refusal::new(8210, "this agent may not inspect: inspector = true is expected").fatal());
            }
            self.inspector.enter(answer.session);
            tracing::info!("an agent inspects");
            answer.send(&Told { sessions: Some(self.rows().await?), ..Told::default() });
            return Ok(());
        }
        if !self.inspector.is_in(answer.session) {
            return Err(Refusal::new(8210, "not signed in").fatal());
        }
        match name.as_str() {
            "watch" => self.watch(answer, &operation.chat_id()?).await,
            "unwatch" => {
                self.inspector.watch(answer.session, None);
                answer.send(&Told::default());
                Ok(())
            }
            _ => Err(Refusal::malformed("operation: signIn, watch or unwatch is expected, another came")),
        }
    }

    /// The newest sessions.
    async fn rows(&self) -> Result<Vec<Raw>, Refusal> {
        let mut rows = Vec::new();
        if self.node().is_some() {
            rows.extend(self.store.chats().await?.iter().map(|chat| (chat.since, row(chat))));
        } else {
            for id in self.ids() {
                if let Some(live) = self.lock(&id).await? {
                    rows.push((live.chat.since, row(&live.chat)));
                }
            }
        }
        rows.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        rows.truncate(LISTED);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Shows a session, and from then on what is new of it.
    async fn watch(&self, answer: &Answer<'_>, id: &str) -> Result<(), Refusal> {
        // Locked until the answer is queued: nothing comes between it and the first push.
        let live = self.lock(id).await?.ok_or_else(|| Refusal::new(249, "no such session"))?;
        let entries = self.store.entries(id, 1).await?;
        let change = self.data_since(&live.chat, 0, None).await?;
        self.inspector.watch(answer.session, Some(id));
        let watched = Watched {
            chat_id: id,
            transitions: transitions(&entries),
            internal: Some(self.internal_of(&live.chat)),
            data: change.user_data,
            log: live.log.lines.iter().cloned().collect(),
        };
        answer.send(&Told { session: Some(row(&live.chat)), watched: Some(watched), ..Told::default() });
        Ok(())
    }
}
