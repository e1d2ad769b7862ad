//! What visitors submit inside `customNotice`: forms.

use super::asker::Asker;
use super::draft::Draft;
use super::model::{Kind, Values};
use super::notice;
use super::operation::{Operation, wrong};
use super::reply::Refusal;
use super::{Floor, Live};
use crate::json::{Raw, is_string};
use crate::status::Cause;
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

impl Operation<'_> {
    /// Whether a custom notice is for the server itself.
    pub(super) fn is_submission(&self) -> bool {
        self.notice().is_some_and(|(name, _)| name == "submit-form")
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
    /// A form is filled in.
    pub(super) async fn submit(
        &self,
        asker: &Asker<'_>,
        live: &mut Live,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let message_id = operation.message_id()?;
        if let Some(entry) = self.known(live, 0, message_id.as_deref()).await? {
            return self.reply(asker, live, operation, vec![entry]).await;
        }
        let carried = operation.notice().and_then(|(_, carried)| carried);
        let carried = carried.ok_or_else(|| Refusal::malformed("userData is expected, nothing came"))?;
        let submitted: Submitted = serde_json::from_str(carried.get())
            .map_err(|_| Refusal::malformed("userData: {kind, values: {name: value}} is expected"))?;
        self.may_change(live)?;
        live.sends.take().map_err(Refusal::too_many)?;
        let channel = self.config.channel(&live.chat.service);
        let asked = channel.and_then(|channel| notice::asked(channel, &live.chat));
        let Some((kind, form)) = asked.filter(|(kind, _)| *kind == submitted.kind) else {
            return Err(Refusal::new(249, "no such form is asked for"));
        };
        let filled: Result<Values, Refusal> =
            submitted.values.iter().map(|(name, raw)| value(name, raw).map(|value| (name.clone(), value))).collect();
        let values = form.validate(filled?).map_err(Refusal::form)?;
        let mut draft = self.draft(&live.chat);
        draft.notice("form-submitted", &[("kind", kind)]).marked(message_id, None);
        draft.chat.forms.insert(kind.to_owned(), values.clone());
        match kind {
            "pre-chat" => {
                introduce(&mut draft, &values);
                draft.happened(Cause::PreChatSubmitted);
            }
            "post-chat" => draft.end(Cause::PostChatSubmitted),
            _ => draft.end(Cause::OfflineSubmitted),
        }
        let entries = self.commit(live, draft, asker.except()).await?;
        self.reply(asker, live, operation, entries).await
    }
}

/// Takes over what the pre-chat form says of the visitor.
fn introduce(draft: &mut Draft, values: &Values) {
    let given = |name: &str| values.get(name).map(|value| Raw::string(value));
    let name = given("nickname").or_else(|| match (given("firstName"), given("lastName")) {
        (Some(first), Some(last)) => Some(Raw::joined(&first, &last)),
        (first, last) => first.or(last),
    });
    if let Some(name) = name.filter(|name| name.get() != draft.chat.nickname.get()) {
        draft.chat.nickname = name;
        let visitor = draft.chat.visitor();
        draft.add(Kind::NicknameUpdated, visitor, None);
    }
    if let Some(email) = given("emailAddress").or_else(|| given("email")) {
        draft.chat.email = Some(email);
    }
    if let Some(subject) = given("subject") {
        draft.chat.subject = subject;
    }
}
