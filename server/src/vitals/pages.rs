//! What operators ask over HTTP: `/healthz`, whether the process lives; `/readyz`, whether it can serve; `/metrics`, what is
//! counted. The first two are for everybody. The last is served on an address of its own only, which an operator gives.

use super::Stage;
use crate::App;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long the store may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(2);

/// What is for everybody.
pub fn health(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(async || plain(StatusCode::OK, "alive\n")))
        .route("/readyz", get(ready))
        .with_state(app)
}

/// What is for the operator.
pub fn operator(app: Arc<App>) -> Router {
    let metrics = Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(&app));
    health(app).merge(metrics)
}

fn plain(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let not = |reason| plain(StatusCode::SERVICE_UNAVAILABLE, reason);
    match app.vitals.stage() {
        Stage::Starting => return not("starting\n"),
        Stage::Stopping => return not("stopping\n"),
        Stage::Serving => {}
    }
    let asked = [String::new()];
    match timeout(ANSWER, app.floor.store.versions(&asked)).await {
        Ok(Ok(_)) if app.vitals.store_refuses() => not("the store keeps nothing\n"),
        Ok(Ok(_)) => plain(StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => not("the store is away\n"),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (headers, app.vitals.metrics.text(app.load())).into_response()
}
