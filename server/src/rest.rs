//! Chat v2 by REST: which request is which operation, and what is no chat v2 at all.
//!
//! What an operation does is in `chat`; here are paths, bodies and statuses. See the manual's chapter on the wire.

use crate::App;
use crate::body::{BodyError, kind_of, read_body};
use crate::chat::asker::{Answered, Asker, Exchange};
use crate::chat::visitor::Request as Asked;
use crate::form;
use crate::json::{too_deep, write};
use crate::origin::{Caller, Origin, Peer, preflight};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// The operations by their names in addresses, and by those on Bayeux.
const OPERATIONS: [(&str, &str); 9] = [
    ("send", "sendMessage"),
    ("refresh", "requestNotifications"),
    ("startTyping", "startTyping"),
    ("stopTyping", "stopTyping"),
    ("disconnect", "disconnect"),
    ("pushUrl", "pushUrl"),
    ("updateNickname", "updateNickname"),
    ("updateData", "updateData"),
    ("customNotice", "customNotice"),
];

/// What is answered to a request that is no operation.
struct Failure(StatusCode, String);

impl Failure {
    fn new(status: StatusCode, advice: &str) -> Self {
        Self(status, advice.to_owned())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(status, advice) = self;
        let errors = [json!({"code": status.as_u16(), "advice": advice})];
        let body = json!({"statusCode": 1, "chatEnded": false, "messages": [], "errors": errors});
        let mut response = answer(status, body.to_string());
        let headers = response.headers_mut();
        match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
            }
            // The rest of the body is still on its way.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

fn answer(status: StatusCode, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// Serves `/2/chat/{path}`.
pub(crate) async fn chat(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    // What cannot be decoded is no path of ours.
    let path = path.map(|Path(path)| path).unwrap_or_default();
    let origin = Origin::of(&app.config, request.headers());
    let mut response = match operation(&app, &origin, &path, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    origin.grant(response.headers_mut());
    response
}

async fn operation(app: &Arc<App>, origin: &Origin, path: &str, request: Request) -> Result<Response, Failure> {
    if *origin == Origin::Foreign {
        return Err(Failure::new(StatusCode::FORBIDDEN, "pages of this origin may not chat here"));
    }
    match *request.method() {
        Method::OPTIONS => return Ok(preflight(origin, "POST, OPTIONS")),
        Method::POST => {}
        _ => return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "POST is expected")),
    }
    let (service, chat, name) = steps(path).ok_or_else(|| {
        Failure::new(
            StatusCode::NOT_FOUND,
            "no such path: /2/chat/{service} or /2/chat/{service}/{chatId}/{operation} is expected",
        )
    })?;
    let (service, chat) = (service.to_owned(), chat.map(ToOwned::to_owned));
    let peer = request.extensions().get::<Peer>().copied();
    let (parts, body) = request.into_parts();
    let exchange = Exchange::new(Caller::of(&app.config, peer, &parts.headers));
    let form = match kind_of(&parts.headers).as_deref() {
        Some("application/x-www-form-urlencoded") => true,
        Some("application/json") => false,
        _ => {
            return Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "application/x-www-form-urlencoded or application/json is expected",
            ));
        }
    };
    let text = read_body(app.config.limits.frame_bytes, body).await.map_err(|error| body_failure(app, &error))?;
    let data = if form { from_form(&text)? } else { from_json(text)? };
    // A task of its own: what has begun is done to its end, even if the client hangs up meanwhile.
    let worker = Arc::clone(app);
    let worked = app.tasks.spawn(async move {
        let asked = Asked { service: &service, named: Some((name, chat.as_deref())), data: Some(&data) };
        worker.floor.visit(&Asker::Rest(&exchange), &asked).await;
        exchange.into_answer()
    });
    let failed = || Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the server could not do it");
    let Answered { text, retry_after } = worked.await.ok().flatten().ok_or_else(failed)?;
    let mut response = answer(StatusCode::OK, text);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// The service, the chat and the operation of a path.
fn steps(path: &str) -> Option<(&str, Option<&str>, &'static str)> {
    let mut steps = path.split('/');
    match (steps.next(), steps.next(), steps.next(), steps.next()) {
        (Some(service), None, ..) if !service.is_empty() => Some((service, None, "requestChat")),
        (Some(service), Some(chat), Some(name), None) => {
            let (_, name) = OPERATIONS.iter().find(|(ours, _)| *ours == name)?;
            Some((service, Some(chat), name))
        }
        _ => None,
    }
}

fn body_failure(app: &App, error: &BodyError) -> Failure {
    let limit = app.config.limits.frame_bytes;
    match error {
        BodyError::Slow => Failure::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
        BodyError::TooLarge => {
            Failure(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {limit} bytes are expected, more came"))
        }
        BodyError::Broken => Failure::new(StatusCode::BAD_REQUEST, "the body broke off"),
        BodyError::NotUtf8 => Failure::new(StatusCode::BAD_REQUEST, "UTF-8 is expected"),
    }
}

fn from_form(text: &str) -> Result<Box<RawValue>, Failure> {
    let mut members = form::read(text).map_err(|advice| Failure::new(StatusCode::BAD_REQUEST, advice))?;
    // Some clients send it with a capital.
    if let Some(subject) = members.remove("Subject") {
        members.entry("subject").or_insert(subject);
    }
    // The same in JSON, from a client that does not know yet who reads it: it goes before what brackets say.
    if let Some(json) = members.remove("userDataJson") {
        members.insert("userData".to_owned(), json);
    }
    // Of what is an object or a list on Bayeux, JSON says more than brackets can.
    for name in ["userData", "deleted"] {
        if let Some(Value::String(text)) = members.get(name)
            && text.starts_with(['{', '['])
            && !too_deep(text)
            && let Ok(value) = serde_json::from_str(text)
        {
            members.insert(name.to_owned(), value);
        }
    }
    raw(write(&Value::Object(members)))
}

fn from_json(text: String) -> Result<Box<RawValue>, Failure> {
    if too_deep(&text) {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "JSON nested less deep is expected"));
    }
    let data = raw(text)?;
    if data.get().starts_with('{') {
        Ok(data)
    } else {
        Err(Failure::new(StatusCode::BAD_REQUEST, "a JSON object is expected"))
    }
}

fn raw(text: String) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(text).map_err(|_| Failure::new(StatusCode::BAD_REQUEST, "JSON is expected"))
}
