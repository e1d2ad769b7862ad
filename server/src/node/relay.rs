//! How a request finds the node that holds its Bayeux session: it is passed on there over HTTP, and the answer comes back the same
//! way. So a proxy in front may send each request of a long-polling client to another node.
//!
//! A request that is passed on shows the secret that all nodes share, and is never passed on again. If the other node is not there
//! the session is unknown here, and its client shakes hands anew.

use super::{Node, NodeId};
use crate::App;
use crate::bayeux::message::split;
use crate::lock::locked;
use crate::secret::same;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use axum::response::Response;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::rustls::crypto::ring;

const SECRET: &str = "causerie-node-secret";
const NODE: &str = "causerie-node";
const VISITOR: &str = "causerie-visitor";

/// How long it may take to reach another node.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How often it is looked whether a node that does not answer is still there.
const LOOK: Duration = Duration::from_secs(1);
/// How often all nodes are asked for because of a session whose node is unknown.
const ASK: Duration = Duration::from_millis(500);

type Caller = Client<HttpsConnector<HttpConnector>, Body>;

/// What passing on needs.
#[derive(Default)]
pub(crate) struct Relay {
    client: Mutex<Option<Caller>>,
    secret: tokio::sync::OnceCell<String>,
    asked: Mutex<Option<Instant>>,
}

/// A request that another node has passed on.
pub(crate) struct PassedOn {
    /// By which one.
    pub(crate) by: NodeId,
    /// Where it came from there.
    pub(crate) address: IpAddr,
}

/// Somebody shows a wrong secret.
pub(crate) struct NoNode;

#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(rename = "clientId", borrow)]
    client: Option<&'a RawValue>,
}

fn caller() -> io::Result<Caller> {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT_TIME));
    http.set_nodelay(true);
    http.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

impl Relay {
    fn client(&self) -> io::Result<Caller> {
        let mut client = locked(&self.client);
        match &*client {
            Some(client) => Ok(client.clone()),
            None => Ok(client.insert(caller()?).clone()),
        }
    }

    /// Whether it is time to ask again who is there.
    fn may_ask(&self) -> bool {
        let mut asked = locked(&self.asked);
        let may = asked.is_none_or(|asked| asked.elapsed() >= ASK);
        if may {
            *asked = Some(Instant::now());
        }
        may
    }
}

impl Node {
    async fn secret(&self) -> Option<&str> {
        match self.relay.secret.get_or_try_init(|| self.bus.secret()).await {
            Ok(secret) => Some(secret),
            Err(error) => {
                tracing::warn!(%error, "what the nodes share cannot be had");
                None
            }
        }
    }

    /// Whether another node is there still, as far as this one knows.
    pub(crate) fn knows(&self, node: &NodeId) -> bool {
        self.address_of(node).is_some()
    }

    /// Who passed a request on, if somebody did.
    pub(crate) async fn passed_on(&self, headers: &HeaderMap) -> Result<Option<PassedOn>, NoNode> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(theirs) = text(SECRET) else { return Ok(None) };
        let ours = self.secret().await.ok_or(NoNode)?;
        if !same(ours, theirs) {
            return Err(NoNode);
        }
        let by = text(NODE).map(|node| NodeId(node.to_owned())).ok_or(NoNode)?;
        let address = text(VISITOR).and_then(|address| address.parse().ok()).ok_or(NoNode)?;
        Ok(Some(PassedOn { by, address }))
    }
}

/// The other node that holds the session of an envelope, as its first message says.
async fn holder(app: &Arc<App>, node: &Node, text: &str) -> Option<(NodeId, String)> {
    let messages = split(text).ok()?;
    let peek: Peek<'_> = serde_json::from_str(messages.first()?.get()).ok()?;
    let client: String = serde_json::from_str(peek.client?.get()).ok()?;
    let holder = NodeId::of_client(&client).filter(|holder| *holder != node.id)?;
    if !node.knows(&holder) && node.relay.may_ask() {
        app.stand().await;
    }
    let address = node.address_of(&holder)?;
    Some((holder, address))
}

/// Passes a request on, if its session is another node's, and returns the answer; none if it is to be worked on here.
pub(crate) async fn pass_on(
    app: &Arc<App>,
    node: &Node,
    headers: &HeaderMap,
    address: IpAddr,
    text: &str,
) -> Option<Response> {
    let (holder, base) = holder(app, node, text).await?;
    let secret = node.secret().await?;
    let client = node
        .relay
        .client()
        .map_err(|error| tracing::warn!(%error, "other nodes cannot be reached: there are no certificates"))
        .ok()?;
    let mut request = Request::post(format!("{base}/cometd"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(SECRET, secret)
        .header(NODE, node.id.as_str())
        .header(VISITOR, address.to_string());
    for cookie in headers.get_all(header::COOKIE) {
        request = request.header(header::COOKIE, cookie);
    }
    let answered = client.request(request.body(Body::from(text.to_owned())).ok()?);
    tokio::pin!(answered);
    let answer = loop {
        tokio::select! {
            answer = &mut answered => break answer.ok(),
            () = tokio::time::sleep(LOOK) => if !node.knows(&holder) {
                break None;
            },
        }
    };
    let Some(answer) = answer else {
        tracing::info!("a request could not be passed on to its node");
        return None;
    };
    let (mut parts, body) = answer.into_parts();
    let kept = [header::CONTENT_TYPE, header::CACHE_CONTROL];
    let old = std::mem::take(&mut parts.headers);
    for name in kept {
        if let Some(value) = old.get(&name) {
            parts.headers.insert(name, value.clone());
        }
    }
    Some(Response::from_parts(parts, Body::new(body)))
}
