//! HTTP: which path leads where, Bayeux by long-polling, the upgrade to a WebSocket, the static files, and the headers on all
//! of them.

use crate::App;
use crate::bayeux::{Ending, Held, Via, failure, split};
use crate::body::{BodyError, kind_of, read_body};
use crate::json::array;
use crate::node::relay::{self, PassedOn};
use crate::origin::{Caller, Origin, Peer, cookie, preflight, secure, set_cookie};
use crate::rest;
use crate::session::Hold;
use crate::vitals::pages;
use crate::ws;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use percent_encoding::percent_decode_str;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;
use tower::Layer;
use tower_http::services::ServeDir;

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; require-trusted-types-for 'script'; base-uri 'none'; frame-ancestors 'self'";

/// What each WebSocket has at hand for what it reads; a larger frame gets room of its own. Most visitors are silent most of the time.
const READ_BUFFER: usize = 1024;
/// From so many bytes on that wait to be written, a frame is written at once; a few short ones go together.
const WRITE_BUFFER: usize = 4096;

/// The server as a router; `www` is the folder of static files.
pub fn router(app: Arc<App>, www: Option<&Path>) -> Router {
    let health = pages::health(Arc::clone(&app));
    let bayeux = any(cometd).with_state(Arc::clone(&app));
    let router = Router::new()
        .route("/2/chat/", any(rest::chat).with_state(Arc::clone(&app)))
        .route("/2/chat/{*path}", any(rest::chat).with_state(app))
        .route("/cometd", bayeux.clone())
        .route("/cometd/", bayeux.clone())
        .route("/cometd/{*rest}", bayeux);
    let router = match www {
        Some(www) => router.fallback_service(from_fn(visible).layer(ServeDir::new(www))),
        None => router.fallback(async || {
            (StatusCode::NOT_FOUND, "Nothing here. The chat is at /cometd and /2/chat; --www DIR serves files.\n")
        }),
    };
    router.merge(health).layer(from_fn(headers))
}

/// Of the static files those are not served that are hidden: what begins with a dot is a version control's, or a secret.
async fn visible(request: Request, next: Next) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    if path.split(['/', '\\']).any(|step| step.starts_with('.') && step != ".well-known") {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

/// The headers that every response has.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/javascript") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

fn json(status: StatusCode, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

async fn cometd(State(app): State<Arc<App>>, request: Request) -> Response {
    let origin = Origin::of(&app.config, request.headers());
    if origin == Origin::Foreign {
        let mut response = json(StatusCode::FORBIDDEN, failure("403::origin_denied"));
        origin.grant(response.headers_mut());
        return response;
    }
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(&origin, "GET, POST, OPTIONS"),
        Method::POST => poll(&app, &origin, request).await,
        Method::GET if request.headers().contains_key(header::UPGRADE) => upgrade(&app, request).await,
        _ => {
            let mut response = json(StatusCode::METHOD_NOT_ALLOWED, failure("405::method_not_allowed"));
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
            response
        }
    };
    origin.grant(response.headers_mut());
    response
}

async fn upgrade(app: &Arc<App>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let caller = Caller::of(&app.config, peer, request.headers());
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Err(rejection) => rejection.into_response(),
        Ok(upgrade) => {
            let limit = app.config.limits.frame_bytes;
            let app = Arc::clone(app);
            // Counted from here on, so that a stop waits for it.
            let token = app.tasks.token();
            let upgrade = upgrade
                .max_message_size(limit)
                .max_frame_size(limit)
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(WRITE_BUFFER);
            upgrade.on_upgrade(async move |socket| {
                // A task of its own: that of the upgrade has room for the handshake, which nobody needs from here on.
                app.tasks.spawn(ws::serve(Arc::clone(&app), caller, socket));
                drop(token);
            })
        }
    }
}

/// What is answered when a Bayeux client's body cannot be had.
fn refuse(limit: usize, error: &BodyError) -> Response {
    let (status, reason) = match error {
        BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, "408::body_too_slow".to_owned()),
        BodyError::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("413::body_too_large: at most {limit} bytes are expected"))
        }
        BodyError::Broken => (StatusCode::BAD_REQUEST, "400::body_broken".to_owned()),
        BodyError::NotUtf8 => return json(StatusCode::BAD_REQUEST, failure("400::not_utf8")),
    };
    let mut response = json(status, failure(&reason));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn poll(app: &Arc<App>, origin: &Origin, request: Request) -> Response {
    if kind_of(request.headers()).is_none_or(|kind| kind != "application/json") {
        return json(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure("415::application_json_expected"));
    }
    let peer = request.extensions().get::<Peer>().copied();
    let (parts, stream) = request.into_parts();
    let passed_on = match app.floor.node() {
        None => None,
        Some(node) => match node.passed_on(&parts.headers).await {
            Ok(passed_on) => passed_on,
            Err(_) => return json(StatusCode::FORBIDDEN, failure("403::not_a_node")),
        },
    };
    let mut caller = Caller::of(&app.config, peer, &parts.headers);
    if let Some(on) = &passed_on {
        caller.address = on.address;
    }
    let limit = app.config.limits.frame_bytes;
    let text = match read_body(limit, stream).await {
        Ok(text) => text,
        Err(error) => return refuse(limit, &error),
    };
    if let Some(node) = app.floor.node().filter(|_| passed_on.is_none())
        && let Some(response) = relay::pass_on(app, node, &parts.headers, caller.address, &text).await
    {
        return response;
    }
    let via = Via::Http(cookie(&parts.headers));
    // A task of its own: what has begun is done to its end, even if the client hangs up meanwhile.
    let worker = Arc::clone(app);
    let worked = app.tasks.spawn(async move {
        let messages = split(&text)
            .and_then(|messages| if messages.is_empty() { Err("400::no_messages") } else { Ok(messages) })?;
        Ok::<_, &str>(worker.envelope(&via, &caller, &messages).await)
    });
    let mut outcome = match worked.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => return json(StatusCode::BAD_REQUEST, failure(error)),
        Err(_) => return json(StatusCode::INTERNAL_SERVER_ERROR, failure("500::server_error")),
    };
    if let Some(held) = outcome.held.take() {
        held.session.unlink(None);
        let ending = hold(app, &held, passed_on.as_ref()).await;
        return json(StatusCode::OK, array(app.connected(&held, ending).iter().map(AsRef::as_ref)));
    }
    let events = outcome.session.as_ref().map(|session| session.drain()).unwrap_or_default();
    let texts = events.iter().map(AsRef::as_ref).chain(outcome.replies.iter().map(String::as_str));
    let mut response = json(StatusCode::OK, array(texts));
    if let Some(browser) = outcome.opened.as_ref().and_then(|session| session.browser.as_deref()) {
        let cookie = set_cookie(browser, origin, secure(&app.config, peer, &parts.headers));
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// When the client hangs up, the future is dropped, and the session's time runs again.
struct Waiting<'a> {
    app: &'a App,
    held: &'a Held,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.held.session.connect_over(self.held.number, self.app.config.bayeux.max_interval());
    }
}

/// Holds a connect until there is something to say.
async fn hold(app: &App, held: &Held, passed_on: Option<&PassedOn>) -> Ending {
    let _waiting = Waiting { app, held };
    let browser = held.session.browser.as_deref().unwrap_or_default();
    let place = app.hub.polls.take(browser, &held.session.id);
    if place.is_none() && !held.timeout.is_zero() {
        return Ending::Crowded;
    }
    let deadline = Instant::now() + held.timeout;
    let by = app.floor.node().zip(passed_on).filter(|(node, on)| node.knows(&on.by));
    loop {
        let changed = held.session.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let parted = async {
            match by {
                Some((node, _)) => node.parted.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(parted);
        // Polled once, so that no parting is missed between the look below and the wait.
        let _ = futures_util::poll!(parted.as_mut());
        // The node that passed it on stops, and can carry the answer still.
        if by.is_some_and(|(node, on)| !node.knows(&on.by)) {
            return Ending::Due;
        }
        match held.session.hold(held.number, false) {
            Hold::Events => return Ending::Due,
            Hold::Superseded => return Ending::Superseded,
            Hold::Gone => return Ending::Gone,
            Hold::Overrun => return Ending::Overrun,
            Hold::Wait => {}
        }
        tokio::select! {
            () = changed => {}
            () = parted => {}
            () = tokio::time::sleep_until(deadline) => return Ending::Due,
            () = app.stop.cancelled() => return Ending::Stopping,
        }
    }
}
