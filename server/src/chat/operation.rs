//! An operation as a client sent it: its members, read one by one, each with its own complaint.

use crate::chat::Reads;
use crate::chat::reply::Refusal;
use crate::data::{DataChange, NAME};
use crate::json::{Raw, is_string, kind};
use crate::origin::locale;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Everything that an operation of the visitor or of the desk may carry. Unknown members are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation<'a> {
    #[serde(borrow)]
    operation: Option<&'a RawValue>,
    #[serde(borrow)]
    secure_key: Option<&'a RawValue>,
    #[serde(borrow)]
    chat_id: Option<&'a RawValue>,
    #[serde(borrow)]
    nickname: Option<&'a RawValue>,
    #[serde(borrow)]
    first_name: Option<&'a RawValue>,
    #[serde(borrow)]
    last_name: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    email_address: Option<&'a RawValue>,
    #[serde(borrow)]
    user_data: Option<&'a RawValue>,
    #[serde(borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    transcript_position: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    message_type: Option<&'a RawValue>,
    #[serde(borrow)]
    push_url: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    to: Option<&'a RawValue>,
    #[serde(borrow)]
    notices: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    data_version: Option<&'a RawValue>,
    #[serde(borrow)]
    data_key: Option<&'a RawValue>,
    #[serde(borrow)]
    deleted: Option<&'a RawValue>,
    #[serde(borrow)]
    locale: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

type Member<T> = Result<T, Refusal>;

/// Characters in names, subjects and the like.
const SHORT: usize = 1024;
/// Schemes of pushed addresses; one without a scheme is fine too.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

pub(crate) fn wrong(name: &str, expected: &str, value: &RawValue) -> Refusal {
    Refusal::malformed(format!("{name}: {expected} is expected, {} came", kind(value)))
}

fn raw(name: &str, value: Option<&RawValue>) -> Member<Option<Raw>> {
    match value {
        None => Ok(None),
        Some(value) if is_string(value) => Ok(Some(Raw::new(value))),
        Some(value) => Err(wrong(name, "a string", value)),
    }
}

fn short(name: &str, value: Option<&RawValue>) -> Member<Option<Raw>> {
    let text = raw(name, value)?;
    match &text {
        Some(text) if text.chars() > SHORT => {
            Err(Refusal::malformed(format!("{name}: at most {SHORT} characters are expected, more came")))
        }
        _ => Ok(text),
    }
}

/// A string that the server itself reads.
fn plain(name: &str, value: Option<&RawValue>) -> Member<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    if !is_string(value) {
        return Err(wrong(name, "a string", value));
    }
    serde_json::from_str(value.get())
        .map(Some)
        .map_err(|_| Refusal::malformed(format!("{name}: well-formed Unicode is expected")))
}

/// A whole number, or, as some clients send it, a string of digits.
fn whole(name: &str, value: &RawValue) -> Member<u64> {
    let digits = value.get().trim_matches('"');
    digits.parse().map_err(|_| Refusal::malformed(format!("{name}: a whole number from 0 on is expected")))
}

fn check_names<'a>(member: &str, mut names: impl Iterator<Item = &'a String>) -> Member<()> {
    match names.any(|name| name.is_empty() || name.len() > NAME) {
        true => Err(Refusal::malformed(format!("{member}: names of 1 to {NAME} bytes are expected"))),
        false => Ok(()),
    }
}

fn needed<T>(name: &str, value: Option<T>) -> Member<T> {
    value.ok_or_else(|| Refusal::malformed(format!("{name} is expected, nothing came")))
}

fn is_blank(text: &Raw) -> bool {
    serde_json::from_str::<String>(text.get()).is_ok_and(|text| text.trim().is_empty())
}

impl<'a> Operation<'a> {
    /// Reads the `data` of a publish.
    ///
    /// # Errors
    /// When it is no operation.
    pub fn read(data: Option<&'a RawValue>) -> Member<Self> {
        let data = needed("data", data)?;
        if !data.get().starts_with('{') {
            return Err(wrong("data", "an object", data));
        }
        serde_json::from_str(data.get())
            .map_err(|_| Refusal::malformed("data: an object with each member once is expected"))
    }

    pub(crate) fn operation(&self) -> Member<String> {
        needed("operation", plain("operation", self.operation)?)
    }

    pub(crate) fn secure_key(&self) -> Member<String> {
        needed("secureKey", plain("secureKey", self.secure_key)?)
    }

    pub(crate) fn chat_id(&self) -> Member<String> {
        needed("chatId", plain("chatId", self.chat_id)?)
    }

    /// The visitor's name: the nickname, or first and last name.
    pub(crate) fn visitor_name(&self) -> Member<Raw> {
        let nickname = short("nickname", self.nickname)?.filter(|text| !is_blank(text));
        nickname
            .or(match self.first_and_last_name()? {
                (Some(first), Some(last)) => Some(Raw::joined(&first, &last)),
                (first, last) => first.or(last),
            })
            .ok_or_else(|| Refusal::new(161, "a name is required"))
    }

    pub(crate) fn first_and_last_name(&self) -> Member<(Option<Raw>, Option<Raw>)> {
        let given = |text: Option<Raw>| text.filter(|text| !is_blank(text));
        Ok((given(short("firstName", self.first_name)?), given(short("lastName", self.last_name)?)))
    }

    pub(crate) fn subject(&self) -> Member<Raw> {
        Ok(short("subject", self.subject)?.unwrap_or_else(|| Raw::string("")))
    }

    pub(crate) fn email(&self) -> Member<Option<Raw>> {
        short("emailAddress", self.email_address)
    }

    /// The members of an object, each with its value as it came.
    pub(crate) fn user_data(&self) -> Member<Option<BTreeMap<String, Raw>>> {
        let Some(value) = self.user_data else { return Ok(None) };
        if !value.get().starts_with('{') {
            return Err(wrong("userData", "an object", value));
        }
        let members: BTreeMap<String, Raw> = serde_json::from_str(value.get())
            .map_err(|_| Refusal::malformed("userData: well-formed Unicode is expected in the names of members"))?;
        check_names("userData", members.keys())?;
        Ok(Some(members))
    }

    /// How session data is to be changed.
    pub(crate) fn data_change(&self) -> Member<DataChange> {
        let set = self.user_data()?;
        let deleted: Option<Vec<String>> = match self.deleted {
            Some(value) => {
                Some(serde_json::from_str(value.get()).map_err(|_| wrong("deleted", "an array of names", value))?)
            }
            None => None,
        };
        if set.is_none() && deleted.is_none() {
            return Err(Refusal::malformed("userData is expected, nothing came"));
        }
        check_names("deleted", deleted.iter().flatten())?;
        Ok(DataChange {
            set: set.unwrap_or_default(),
            deleted: deleted.unwrap_or_default(),
            only: self.data_version()?,
            message: self.message_id()?,
            ..DataChange::default()
        })
    }

    /// The version of the session data that the client has.
    pub(crate) fn data_version(&self) -> Member<Option<u64>> {
        self.data_version.map(|value| whole("dataVersion", value)).transpose()
    }

    /// The key of the session data of an earlier session.
    pub(crate) fn data_key(&self) -> Member<Option<String>> {
        plain("dataKey", self.data_key)
    }

    /// The visitor's locale; one that does not look like one is none.
    pub(crate) fn locale(&self) -> Member<Option<String>> {
        Ok(plain("locale", self.locale)?.and_then(|tag| locale(&tag)))
    }

    /// What the client reads.
    pub(crate) fn reads(&self) -> Reads {
        Reads { notices: self.reads_notices(), data: self.data_version.is_some() }
    }

    pub(crate) fn message_id(&self) -> Member<Option<String>> {
        let id = plain("messageId", self.message_id)?;
        match id {
            Some(id) if id.is_empty() || id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(Refusal::malformed("messageId: 1 to 64 letters and digits are expected"))
            }
            id => Ok(id),
        }
    }

    /// Whether the client says that it reads notices.
    pub(crate) fn reads_notices(&self) -> bool {
        self.notices.is_some_and(|notices| matches!(notices.get(), "1" | "\"1\"" | "true"))
    }

    /// What the visitor says with the request.
    pub(crate) fn first_words(&self, length: usize) -> Member<Option<Raw>> {
        let text = raw("text", self.text)?.filter(|text| !is_blank(text));
        match text {
            Some(text) if text.chars() > length => {
                Err(Refusal::new(204, format!("text too long: at most {length} characters are expected")))
            }
            text => Ok(text),
        }
    }

    /// What `customNotice` says, and what it carries.
    pub(crate) fn notice(&self) -> Option<(String, Option<&'a RawValue>)> {
        let name = serde_json::from_str(self.message?.get()).ok()?;
        Some((name, self.user_data))
    }

    /// From which entry on the transcript is wanted: a number, or, as some clients send it, a string of digits.
    pub(crate) fn position(&self) -> Member<Option<u64>> {
        self.transcript_position.map(|value| whole("transcriptPosition", value)).transpose()
    }

    /// The text of a message that must be there.
    pub(crate) fn message(&self, length: usize) -> Member<Raw> {
        let text = needed("message", raw("message", self.message)?)?;
        match text.chars() {
            0 => Err(Refusal::new(204, "the message is empty")),
            n if n > length => {
                Err(Refusal::new(204, format!("message too long: at most {length} characters are expected, {n} came")))
            }
            _ => Ok(text),
        }
    }

    /// The text typed so far, which may be left out.
    pub(crate) fn preview(&self, length: usize) -> Member<Option<Raw>> {
        Ok(raw("message", self.message)?.filter(|text| text.chars() <= length))
    }

    pub(crate) fn message_type(&self) -> Member<Option<Raw>> {
        short("messageType", self.message_type)
    }

    /// An address to open. Schemes that run code are refused.
    pub(crate) fn push_url(&self, length: usize) -> Member<Raw> {
        let token = needed("pushUrl", raw("pushUrl", self.push_url)?)?;
        let url = needed("pushUrl", plain("pushUrl", self.push_url)?)?;
        if url.is_empty() || token.chars() > length {
            return Err(Refusal::new(
                204,
                format!("the address is empty or too long: 1 to {length} characters are expected"),
            ));
        }
        // Browsers skip white space and control characters in a scheme; so does this look at it.
        let bare: String = url.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        let scheme = bare.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains(['/', '?', '#']));
        if scheme.is_some_and(|scheme| !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())) {
            return Err(Refusal::malformed(
                "pushUrl: http:, https:, mailto:, tel: or no scheme is expected, another came",
            ));
        }
        Ok(token)
    }

    /// The request after which the list goes on.
    pub(crate) fn after(&self) -> Member<u64> {
        self.after.map_or(Ok(0), |value| whole("after", value))
    }

    pub(crate) fn request_id(&self) -> Member<u64> {
        whole("id", needed("id", self.id)?)
    }

    pub(crate) fn agent_name(&self) -> Member<String> {
        needed("name", plain("name", self.name)?)
    }

    pub(crate) fn agent_key(&self) -> Member<String> {
        needed("key", plain("key", self.key)?)
    }

    pub(crate) fn to(&self) -> Member<Option<String>> {
        plain("to", self.to)
    }
}
