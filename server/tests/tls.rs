//! TLS, with a certificate made here.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{HANDSHAKE, Socket, config, running};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

#[tokio::test]
async fn https_and_wss_are_spoken_and_the_cookie_is_secure() {
    let folder = std::env::temp_dir().join(format!("causerie-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    let running = running(config(
        &format!("[tls]\ncert = {0:?}\nkey = {1:?}", folder.join("cert.pem"), folder.join("key.pem")),
        "",
    ))
    .await;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    let connect = || async {
        connector
            .connect("localhost".try_into().unwrap(), TcpStream::connect(running.address).await.unwrap())
            .await
            .unwrap()
    };

    let mut https = connect().await;
    let request = format!(
        "POST /cometd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{HANDSHAKE}",
        HANDSHAKE.len()
    );
    https.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = https.read_to_end(&mut response).await;
    let response = String::from_utf8(response).unwrap();
    assert!(
        response.starts_with("HTTP/1.1 200") && response.contains("; HttpOnly; SameSite=Lax; Secure"),
        "{response}"
    );

    let (socket, _) = tokio_tungstenite::client_async("wss://localhost/cometd", connect().await).await.unwrap();
    let mut socket = Socket { socket, id: String::new() };
    socket.send(HANDSHAKE).await;
    assert_eq!(socket.frame().await[0]["successful"], true);
    std::fs::remove_dir_all(folder).unwrap();
}
