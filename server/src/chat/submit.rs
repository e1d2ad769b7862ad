//! What visitors submit inside `customNotice`: forms, and what they think of the FAQ's answer.

use super::draft::Draft;
use super::model::{FaqState, Kind, Values, WordKind};
use super::notice;
use super::operation::{Operation, wrong};
use super::reply::Refusal;
use super::visitor::Visit;
use super::{Floor, Live};
use crate::json::{Raw, is_string};
use crate::status::{Cause, Status};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a submitted form carries.
#[derive(Deserialize)]
struct Submitted {
    kind: String,
    #[serde(default)]
    values: BTreeMap<String, Box<RawValue>>,
}

/// What an answer to the FAQ carries.
#[derive(Deserialize)]
struct Answered {
    id: String,
    accepted: Box<RawValue>,
}

impl Operation<'_> {
    /// Whether a custom notice is for the server itself.
    pub(super) fn is_submission(&self) -> bool {
        self.notice().is_some_and(|(name, _)| matches!(name.as_str(), "submit-form" | "answer-faq"))
    }
}

/// A value of a form as its text.
fn value(name: &str, value: &RawValue) -> Result<String, Refusal> {
    match value.get().as_bytes().first() {
        _ if is_string(value) => serde_json::from_str(value.get())
            .map_err(|_| Refusal::malformed(format!("{name}: well-formed Unicode is expected"))),
        Some(b'{' | b'[') => Err(wrong(name, "a string, a number or a boolean", value)),
        Some(b'n') => Ok(String::new()),
        _ => Ok(value.get().to_owned()),
    }
}

impl Floor {
    /// Something is submitted. What was before is answered as it was.
    pub(super) async fn submit(&self, visit: &Visit<'_>, live: &mut Live) -> Result<(), Refusal> {
        let message_id = visit.operation.message_id()?;
        if let Some(made) = self.known(live, 0, message_id.as_deref()).await? {
            return self.reply(visit, live, made).await;
        }
        let Some((name, carried)) = visit.operation.notice() else { return Ok(()) };
        let carried = carried.ok_or_else(|| Refusal::malformed("userData is expected, nothing came"))?;
        self.may_change(live)?;
        live.sends.take(message_id.as_deref()).map_err(Refusal::too_many)?;
        let mut draft = self.draft(&live.chat);
        draft.chat.last_kind = WordKind::Postback;
        match name.as_str() {
            "submit-form" => self.fill_in(&mut draft, carried, message_id)?,
            _ => answer_faq(&mut draft, carried, message_id)?,
        }
        let entries = self.commit(live, draft, visit.asker.except()).await?;
        self.reply(visit, live, entries).await
    }

    /// A form is filled in.
    fn fill_in(&self, draft: &mut Draft, carried: &RawValue, message_id: Option<String>) -> Result<(), Refusal> {
        let submitted: Submitted = serde_json::from_str(carried.get())
            .map_err(|_| Refusal::malformed("userData: {kind, values: {name: value}} is expected"))?;
        let channel = self.config.channel(&draft.chat.service);
        let asked = channel.and_then(|channel| notice::asked(channel, &draft.chat));
        let Some((kind, form)) = asked.filter(|(kind, _)| *kind == submitted.kind) else {
            return Err(Refusal::new(249, "no such form is asked for"));
        };
        let filled: Result<Values, Refusal> =
            submitted.values.iter().map(|(name, raw)| value(name, raw).map(|value| (name.clone(), value))).collect();
        let values = form.validate(filled?).map_err(Refusal::form)?;
        draft.notice("form-submitted", &[("kind", kind)]).marked(message_id, None);
        draft.chat.forms.insert(kind.to_owned(), values.clone());
        match kind {
            "pre-chat" => {
                introduce(draft, &values);
                draft.happened(Cause::PreChatSubmitted);
            }
            "post-chat" => draft.end(Cause::PostChatSubmitted),
            _ => draft.post(values),
        }
        Ok(())
    }
}

/// The FAQ's answer helps, or does not.
fn answer_faq(draft: &mut Draft, carried: &RawValue, message_id: Option<String>) -> Result<(), Refusal> {
    let expected = || Refusal::malformed("userData: {id, accepted: true or false} is expected");
    let answered: Answered = serde_json::from_str(carried.get()).map_err(|_| expected())?;
    let accepted = match answered.accepted.get().trim_matches('"') {
        "true" => true,
        "false" => false,
        _ => return Err(expected()),
    };
    if draft.chat.status != Status::Faq || draft.chat.faq != FaqState::Suggested(answered.id.clone()) {
        return Err(Refusal::new(249, "the FAQ has no such question open"));
    }
    draft.chat.faq = FaqState::Done;
    let word = accepted.to_string();
    draft.notice("faq-answered", &[("id", &answered.id), ("accepted", &word)]).marked(message_id, None);
    if accepted {
        draft.finish(Cause::FaqAccepted);
    } else {
        draft.happened(Cause::FaqRefused);
    }
    Ok(())
}

/// Takes over what the pre-chat form says of the visitor.
fn introduce(draft: &mut Draft, values: &Values) {
    let given = |name: &str| values.get(name).map(|value| Raw::string(value));
    let first = |names: [&str; 3]| names.into_iter().find_map(given);
    let name = first(["nickname", "customerName", "name"]).or_else(|| match (given("firstName"), given("lastName")) {
        (Some(first), Some(last)) => Some(Raw::joined(&first, &last)),
        (first, last) => first.or(last),
    });
    if let Some(name) = name.filter(|name| name.get() != draft.chat.nickname.get()) {
        draft.chat.nickname = name;
        let visitor = draft.chat.visitor();
        draft.add(Kind::NicknameUpdated, visitor, None);
    }
    if let Some(email) = first(["emailAddress", "email", "customerEmail"]) {
        draft.chat.email = Some(email);
    }
    if let Some(subject) = given("subject") {
        draft.chat.subject = subject;
    }
}
