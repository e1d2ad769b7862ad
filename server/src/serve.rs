//! The socket: accepting connections, with or without TLS, and stopping without losing anything.

use crate::App;
use crate::config::Tls;
use crate::origin::Peer;
use crate::patience::Patient;
use crate::vitals::Stage;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tower::ServiceExt;

/// How long a client may take to shake hands in TLS.
const TLS_TIME: Duration = Duration::from_secs(15);
/// How long a client may take to send a request's head; also how long a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(75);
/// How long it may take to tell other nodes that this one stops.
const PART_TIME: Duration = Duration::from_secs(1);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[tls] {0}")]
pub struct TlsError(String);

/// Reads the certificate and the key.
///
/// # Errors
/// When a file cannot be read, or the two do not fit.
pub fn tls(config: &Tls) -> Result<TlsAcceptor, TlsError> {
    let wrong = |path: &Path, reason: &dyn std::fmt::Display| TlsError(format!("{}: {reason}", path.display()));
    let chain: Vec<_> = CertificateDer::pem_file_iter(&config.cert)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&config.cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|error| wrong(&config.key, &error))?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&config.cert, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&config.cert, &error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// Serves the router on a listener until `shutdown`; then answers what is held, closes sockets, and waits for both
/// within the configured bound.
///
/// # Errors
/// None today: an accept that fails is tried again.
pub async fn run(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    app: Arc<App>,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let sweeper = tokio::spawn(sweep(Arc::clone(&app)));
    let shutdown = async {
        shutdown.await;
        app.vitals.enter(Stage::Stopping);
        tokio::time::sleep(Duration::from_secs(app.config.stop.drain)).await;
    };
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true);
                let (app_, acceptor, router) = (Arc::clone(&app), acceptor.clone(), router.clone());
                app.tasks.spawn(async move {
                    match acceptor {
                        None => connection(&app_, stream, Peer { address, tls: false }, router).await,
                        Some(acceptor) => {
                            let shaken = tokio::select! {
                                shaken = timeout(TLS_TIME, acceptor.accept(stream)) => shaken,
                                () = app_.stop.cancelled() => return,
                            };
                            if let Ok(Ok(stream)) = shaken {
                                connection(&app_, stream, Peer { address, tls: true }, router).await;
                            }
                        }
                    }
                });
            }
            Err(error) => {
                // Most likely out of file descriptors: there will be some again.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping");
    app.stop.cancel();
    // The others are told before the last answers: who comes to them for a session of this node shakes hands anew.
    let _ = timeout(PART_TIME, app.part()).await;
    app.tasks.close();
    let bound = Duration::from_secs(app.config.stop.bound);
    if timeout(bound, app.tasks.wait()).await.is_err() {
        tracing::warn!(left = app.tasks.len(), "stopped before everything was done");
    }
    sweeper.abort();
    Ok(())
}

/// One connection, until it closes or the server stops.
async fn connection<S>(app: &App, stream: S, peer: Peer, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(Patient::new(stream)), service)
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = app.stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Ends what has had its time, over and over.
pub async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(crate::chat::sweep::PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.sweep().await;
    }
}

/// Completes at the first SIGTERM or SIGINT; they are heard from the call on.
///
/// # Errors
/// When the system does not let signals be heard.
#[cfg(unix)]
pub fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Completes at the first Ctrl-C.
///
/// # Errors
/// When the system does not let it be heard.
#[cfg(not(unix))]
pub fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// The address a listener has, as a URL.
///
/// # Errors
/// When the system does not tell.
pub fn url(listener: &TcpListener, tls: bool) -> io::Result<String> {
    let address: SocketAddr = listener.local_addr()?;
    Ok(format!("{}://{address}", if tls { "https" } else { "http" }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::patience::PATIENCE;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, advance};

    /// A client that has asked for much, over a wire that holds a little.
    async fn asked(app: &Arc<App>) -> (tokio::io::DuplexStream, tokio::task::JoinHandle<()>) {
        let (mut client, stream) = tokio::io::duplex(1024);
        let (app, router) = (Arc::clone(app), Router::new().route("/", get(async || "x".repeat(1_000_000))));
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), tls: false };
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        (client, tokio::spawn(async move { connection(&app, stream, peer, router).await }))
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_much_and_reads_nothing_is_let_go() {
        let app = App::in_memory(Config::demo().unwrap());
        let (_client, served) = asked(&app).await;
        let begun = Instant::now();
        timeout(PATIENCE * 10, served).await.expect("it ends").unwrap();
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_gets_everything() {
        let app = App::in_memory(Config::demo().unwrap());
        let (mut client, served) = asked(&app).await;
        let (mut all, mut piece) = (0, vec![0; 100_000]);
        loop {
            advance(PATIENCE / 2).await;
            match client.read(&mut piece).await.unwrap() {
                0 => break,
                length => all += length,
            }
        }
        assert!(all > 1_000_000, "{all}");
        served.await.unwrap();
    }
}
