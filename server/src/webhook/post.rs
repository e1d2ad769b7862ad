//! One request to a receiver: over HTTP or HTTPS, with the system's certificates, without following redirects.

use super::Outgoing;
use crate::config::Webhook;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::io;
use std::time::Duration;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::crypto::ring;

/// What a receiver answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has the event.
    Taken,
    /// It wants no more.
    Gone,
    /// It does not have it; `after` so many seconds it may be tried again.
    Failed { reason: String, after: Option<u64> },
}

/// The client.
pub(super) struct Post(Client<HttpsConnector<HttpConnector>, Body>);

impl Post {
    pub(super) fn new() -> io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    pub(super) async fn send(&self, hook: &Webhook, item: &Outgoing, signature: &str, time: Duration) -> Answer {
        let failed = |reason: &str, after| Answer::Failed { reason: reason.to_owned(), after };
        let request = Request::post(&hook.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("causerie-server/", env!("CARGO_PKG_VERSION")))
            .header("Causerie-Delivery", item.id)
            .header("Causerie-Signature", signature)
            .body(Body::from(item.body.clone()));
        let Ok(request) = request else { return failed("its address is none", None) };
        let until = Instant::now() + time;
        let answer = async {
            let response = timeout_at(until, self.0.request(request)).await?;
            Ok::<_, Elapsed>(match response {
                Ok(response) => {
                    let (parts, body) = response.into_parts();
                    // Read, so that the connection can be used again; a body of any length is not wanted, and what has been
                    // answered counts without the rest of it.
                    let _ = timeout_at(until, http_body_util::Limited::new(body, 65_536).collect()).await;
                    Ok(parts)
                }
                // What hyper says of it names no address.
                Err(error) if error.is_connect() => Err("it cannot be reached"),
                Err(_) => Err("the connection broke"),
            })
        };
        match answer.await {
            Err(_) => failed("it does not answer", None),
            Ok(Err(reason)) => failed(reason, None),
            Ok(Ok(parts)) if parts.status.is_success() => Answer::Taken,
            Ok(Ok(parts)) if parts.status == StatusCode::GONE => Answer::Gone,
            Ok(Ok(parts)) => {
                let after = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                failed(&format!("it answers {}", parts.status.as_u16()), after)
            }
        }
    }
}
