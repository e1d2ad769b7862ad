//! The proxy itself; the tests use it too.

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a node may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(1);

/// Takes turns until it is dropped.
pub async fn run(listener: TcpListener, nodes: Vec<SocketAddr>) {
    let turn = Arc::new(AtomicUsize::new(0));
    let nodes: Arc<[SocketAddr]> = nodes.into();
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (turn, nodes) = (Arc::clone(&turn), Arc::clone(&nodes));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (turn, nodes) = (Arc::clone(&turn), Arc::clone(&nodes));
                async move { Ok::<_, Infallible>(pass(request, peer, &turn, &nodes).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        });
    }
}

/// The next node that can be reached.
async fn next(turn: &AtomicUsize, nodes: &[SocketAddr]) -> Option<TcpStream> {
    for _ in nodes {
        let node = nodes.get(turn.fetch_add(1, Ordering::Relaxed) % nodes.len())?;
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(node)).await {
            let _ = stream.set_nodelay(true);
            return Some(stream);
        }
    }
    None
}

async fn pass(
    request: Request<Incoming>,
    peer: SocketAddr,
    turn: &AtomicUsize,
    nodes: &[SocketAddr],
) -> Response<Body> {
    try_pass(request, peer, turn, nodes).await.unwrap_or_else(|| {
        let mut response = Response::new(Body::from("no node answers\n"));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn try_pass(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    turn: &AtomicUsize,
    nodes: &[SocketAddr],
) -> Option<Response<Body>> {
    let node = next(turn, nodes).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(node)).await.ok()?;
    tokio::spawn(connection.with_upgrades());
    request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(&peer.ip().to_string()).ok()?);
    let upgrade = request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let mut response = sender.send_request(request).await.ok()?;
    if let Some(ours) = upgrade.filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS) {
        let theirs = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) {
                let _ = copy_bidirectional(&mut TokioIo::new(ours), &mut TokioIo::new(theirs)).await;
            }
        });
    }
    Some(response.map(Body::new))
}
