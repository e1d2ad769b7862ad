//! What the server said when it refused something, as an error for the page.

use super::error::{Code, Error};
use crate::chat::Reply;
use crate::json::Json;
use crate::text;

/// The server's own words as an error; `otherwise` where its code says nothing to us.
pub(super) fn server_error<J: Json>(reply: &Reply<'_, J>, otherwise: Code) -> Error {
    let Some(error) = reply.error(0) else {
        return Error::new(otherwise, text::numbered("the server answered with status ", reply.status));
    };
    let code = match error.code {
        // The codes of the page's own API: from a transport that has them.
        1 => Code::UnknownCommand,
        51 => Code::CommandStopped,
        52 => Code::CommandFailed,
        100 => Code::ServerUnavailable,
        101 => Code::LoginRefused,
        150 => Code::NetworkInterrupted,
        2 | 102 | 103 | 161 => Code::ParameterMissing,
        3 | 204 | 364 | 400 | 404 | 413 | 422 => Code::ParameterIncorrect,
        240 | 249 if otherwise == Code::LoginRefused => Code::ServerUnavailable,
        429 if otherwise == Code::LoginRefused => Code::ServerUnavailable,
        50 | 8201 | 8209 | 8210 => Code::SessionOver,
        _ => otherwise,
    };
    if error.code == 422 {
        return Error::new(code, wrong_fields(reply));
    }
    let words = error.advice.trim_ascii_end();
    let space = if words.is_empty() { "" } else { " " };
    Error::new(code, text::join(&["the server answered ", &text::decimal(error.code.into()), space, words]))
}

/// The fields of a form that the server found wrong, each with its words.
fn wrong_fields<J: Json>(reply: &Reply<'_, J>) -> String {
    let mut words = String::new();
    let mut place = 0;
    while let Some(error) = reply.error(place) {
        place += 1;
        let field = error.field.as_deref().unwrap_or("a field");
        for part in [if words.is_empty() { "" } else { "; " }, field, ": ", &error.advice] {
            words.push_str(part);
        }
    }
    words
}
