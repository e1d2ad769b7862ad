//! What agents ask: the operations on `/service/desk`.

use super::Desk;
use super::shown::{DeskData, desk_entries};
use crate::chat::asker::Answer;
use crate::chat::draft::Draft;
use crate::chat::model::{Entry, Kind};
use crate::chat::operation::Operation;
use crate::chat::reply::Refusal;
use crate::chat::{Floor, Live, Locked, TRIES};
use crate::lock::locked;
use crate::status::Cause;
use crate::store::StoreError;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// How many offline requests are listed at a time.
const REQUESTS: usize = 100;

impl Desk {
    /// Queues the answer to an agent.
    fn answer(&self, answer: &Answer<'_>, agent: Option<&str>, chat: &str, entries: &[Entry]) {
        let state = locked(&self.state);
        answer.send(&state.data(agent, desk_entries(chat, entries)));
    }

    fn refuse(&self, answer: &Answer<'_>, agent: Option<&str>, refusal: &Refusal) {
        let state = locked(&self.state);
        answer.send(&DeskData { status_code: refusal.status, errors: refusal.wire(), ..state.data(agent, Vec::new()) });
    }
}

impl Floor {
    /// Does what an agent asks, and queues the answer.
    pub async fn attend(&self, answer: &Answer<'_>, data: Option<&RawValue>) {
        let mut done = self.try_attend(answer, data).await;
        for _ in 0..TRIES {
            if done.as_ref().is_err_and(|refusal| refusal.conflict) {
                done = self.try_attend(answer, data).await;
            }
        }
        if let Err(refusal) = done {
            tracing::debug!(code = refusal.code, "an operation of the desk is refused");
            let agent = self.desk.agent(answer.session);
            self.vitals.metrics.refused(refusal.code);
            self.desk.refuse(answer, agent.as_deref(), &refusal);
        }
    }

    async fn try_attend(&self, answer: &Answer<'_>, data: Option<&RawValue>) -> Result<(), Refusal> {
        let agent = self.desk.agent(answer.session);
        let operation = Operation::read(data);
        let unauthorised = || Refusal::new(8210, "not signed in").fatal();
        let name = match (&operation, &agent) {
            (Ok(operation), _) => operation.operation(),
            (Err(refusal), _) => Err(refusal.clone()),
        };
        if agent.is_none() && name.as_ref().is_ok_and(|name| name != "signIn") {
            return Err(unauthorised());
        }
        let (operation, name) = (operation?, name?);
        if name == "signIn" {
            let (name, key) = (operation.agent_name()?, operation.agent_key()?);
            self.desk.sign_in(answer.session, &name, &key)?;
            if let Some(node) = self.node() {
                node.news.notify_one();
            }
            if let Err(error) = self.take_up_desk(false).await {
                // They are shown as soon as the store can be read.
                tracing::warn!(%error, "the chats of the desk could not be taken up yet");
            }
            self.desk.answer(answer, Some(&name), "", &[]);
            tracing::info!("an agent has signed in");
            return Ok(());
        }
        let agent = agent.ok_or_else(unauthorised)?;
        match name.as_str() {
            "accept" => self.accept(answer, &agent, &operation).await,
            "sendMessage" => self.agent_says(answer, &agent, &operation, Kind::Message).await,
            "pushUrl" => self.agent_says(answer, &agent, &operation, Kind::PushUrl).await,
            "startTyping" => self.agent_types(answer, &agent, &operation, Kind::TypingStarted).await,
            "stopTyping" => self.agent_types(answer, &agent, &operation, Kind::TypingStopped).await,
            "leave" => self.part(answer, &agent, &operation, |draft| draft.leave(&agent)).await,
            "endChat" => self.part(answer, &agent, &operation, |draft| draft.finish(Cause::Finish)).await,
            "transfer" => self.transfer(answer, &agent, &operation).await,
            "readTranscript" => self.read_transcript(answer, &agent, &operation).await,
            "listRequests" => self.list_requests(answer, &agent, &operation).await,
            "deleteRequest" => self.delete_request(answer, &agent, &operation).await,
            _ => Err(Refusal::malformed("operation: one of the desk's operations is expected, another came")),
        }
    }

    /// The chat that an operation names, which must be one of the agent's.
    async fn own(&self, agent: &str, operation: &Operation<'_>) -> Result<Locked, Refusal> {
        let not_yours = || Refusal::new(249, "no such chat among yours");
        let live = self.lock(&operation.chat_id()?).await?.ok_or_else(not_yours)?;
        if live.chat.agent(agent).is_none() {
            return Err(not_yours());
        }
        Ok(live)
    }

    /// Takes a chat from the queue. One that is the agent's already is only shown again.
    async fn accept(&self, answer: &Answer<'_>, agent: &str, operation: &Operation<'_>) -> Result<(), Refusal> {
        let not_waiting = || Refusal::new(249, "no such chat in the queue");
        let mut live = self.lock(&operation.chat_id()?).await?.ok_or_else(not_waiting)?;
        if live.chat.agent(agent).is_none() {
            if !live.chat.agents.is_empty() || !live.chat.waits() {
                return Err(not_waiting());
            }
            let mut draft = self.draft(&live.chat);
            draft.join(agent);
            self.commit(&mut live, draft, Some(answer.session)).await?;
        }
        let entries = self.entries_of(&live, 1).await?;
        live.shown = true;
        self.desk.answer(answer, Some(agent), &live.chat.id, &entries);
        Ok(())
    }

    async fn agent_says(
        &self,
        answer: &Answer<'_>,
        agent: &str,
        operation: &Operation<'_>,
        kind: Kind,
    ) -> Result<(), Refusal> {
        let mut live = self.own(agent, operation).await?;
        let Some(party) = live.chat.agent(agent).cloned() else { return Ok(()) };
        let message_id = operation.message_id()?;
        if let Some(made) = self.known(&live, party.participant, message_id.as_deref()).await? {
            self.desk.answer(answer, Some(agent), &live.chat.id, &made);
            return Ok(());
        }
        let length = self.config.limits.message_length;
        let (text, message_type) = match kind {
            Kind::PushUrl => (operation.push_url(length)?, None),
            _ => (operation.message(length)?, operation.message_type()?),
        };
        self.may_change(&live)?;
        let mut draft = self.draft(&live.chat);
        draft.add(kind, party.from(), Some(text)).marked(message_id, message_type);
        draft.happened(Cause::AgentMessage);
        let entries = self.commit(&mut live, draft, Some(answer.session)).await?;
        self.desk.answer(answer, Some(agent), &live.chat.id, &entries);
        Ok(())
    }

    async fn agent_types(
        &self,
        answer: &Answer<'_>,
        agent: &str,
        operation: &Operation<'_>,
        kind: Kind,
    ) -> Result<(), Refusal> {
        let mut live = self.own(agent, operation).await?;
        self.break_silence(&mut live).await?;
        let Some(party) = live.chat.agent(agent).cloned() else { return Ok(()) };
        let entry = Entry::passing(kind, party.from(), None, self.clock.now());
        self.say_passing(&live.chat, &entry);
        self.show_typing(&mut live, entry);
        self.desk.answer(answer, Some(agent), &live.chat.id, &[]);
        Ok(())
    }

    /// Shows the visitor that an agent types, or does not any more.
    pub(crate) fn show_typing(&self, live: &mut Live, entry: Entry) {
        live.active = Instant::now();
        self.push_passing(live, &entry, |_| true);
        live.typed.retain(|(typed, _)| typed.from.participant_id != entry.from.participant_id);
        live.typed.push((entry, Instant::now()));
    }

    /// Leaves a chat, or ends it.
    async fn part(
        &self,
        answer: &Answer<'_>,
        agent: &str,
        operation: &Operation<'_>,
        change: impl FnOnce(&mut Draft),
    ) -> Result<(), Refusal> {
        let mut live = self.own(agent, operation).await?;
        let mut draft = self.draft(&live.chat);
        change(&mut draft);
        let entries = self.commit(&mut live, draft, Some(answer.session)).await?;
        self.desk.answer(answer, Some(agent), &live.chat.id, &entries);
        Ok(())
    }

    /// Hands a chat to another agent, who joins before this one leaves: the visitor is never alone. Or, to nobody in
    /// particular, back to the queue.
    async fn transfer(&self, answer: &Answer<'_>, agent: &str, operation: &Operation<'_>) -> Result<(), Refusal> {
        let Some(to) = operation.to()? else {
            return self.part(answer, agent, operation, |draft| draft.leave(agent)).await;
        };
        let mut live = self.own(agent, operation).await?;
        if to == agent {
            return Err(Refusal::malformed("to: another agent is expected, yourself came"));
        }
        if !self.desk.is_there(&to) {
            return Err(Refusal::new(249, "no such agent is signed in"));
        }
        let so_far = self.entries_of(&live, 1).await?;
        let mut draft = self.draft(&live.chat);
        draft.join(&to);
        draft.leave(agent);
        // The transcript so far first, so that the new agent too sees the entries in their order.
        self.hand_over(&mut live, std::slice::from_ref(&to), &so_far);
        let entries = self.commit(&mut live, draft, Some(answer.session)).await?;
        self.desk.answer(answer, Some(agent), &live.chat.id, &entries);
        Ok(())
    }

    /// The transcript of a chat that is the agent's or waits in the queue, or of one that it took the place of.
    async fn read_transcript(
        &self,
        answer: &Answer<'_>,
        agent: &str,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let not_yours = || Refusal::new(249, "no such chat among yours, in the queue, or before these");
        let id = operation.chat_id()?;
        let entries = match self.store.entries(&id, 1).await {
            Err(StoreError::Unknown) => return Err(not_yours()),
            entries => entries?,
        };
        let mut chat = self.store.load(&id).await?.ok_or_else(not_yours)?;
        let previous_id = chat.previous.clone();
        while let Some(newer) = chat.renewed {
            chat = self.store.load(&newer.id).await?.ok_or_else(not_yours)?;
        }
        if !chat.waits() && chat.agent(agent).is_none() {
            return Err(not_yours());
        }
        let state = locked(&self.desk.state);
        answer.send(&DeskData { previous_id, ..state.data(Some(agent), desk_entries(&id, &entries)) });
        Ok(())
    }

    /// The offline requests after the one that is named, so many at a time.
    async fn list_requests(&self, answer: &Answer<'_>, agent: &str, operation: &Operation<'_>) -> Result<(), Refusal> {
        let requests = self.store.requests(operation.after()?, REQUESTS).await?;
        let state = locked(&self.desk.state);
        answer.send(&DeskData { requests: Some(requests), ..state.data(Some(agent), Vec::new()) });
        Ok(())
    }

    async fn delete_request(&self, answer: &Answer<'_>, agent: &str, operation: &Operation<'_>) -> Result<(), Refusal> {
        if !self.store.remove_request(operation.request_id()?).await? {
            return Err(Refusal::new(249, "no such request"));
        }
        self.desk.answer(answer, Some(agent), "", &[]);
        Ok(())
    }
}
