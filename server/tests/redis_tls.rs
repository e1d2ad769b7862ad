//! A Redis that is spoken to with TLS.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Folder, Redis};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

/// A certificate of this machine's own, as files.
fn certify(folder: &Folder) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.file("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.file("key.pem"), signing_key.serialize_pem()).unwrap();
}

/// The program's list of offline requests in this store; `trusted` holds the certificates that it takes for valid.
async fn requests(store: &str, trusted: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_causerie-server"));
    program.env("CAUSERIE_STORE", store).env("SSL_CERT_FILE", trusted).args(["--export-requests", "csv"]);
    program.output().await.unwrap()
}

#[tokio::test]
async fn a_redis_with_tls_is_reached_if_its_certificate_is_to_be_trusted() {
    let (folder, other) = (Folder::new(), Folder::new());
    certify(&folder);
    certify(&other);
    let Some(redis) = Redis::start().await else { return };
    let port = redis.speak_tls(&folder.file("cert.pem"), &folder.file("key.pem")).await;
    let store = format!("rediss://localhost:{port}");
    let reached = requests(&store, &folder.file("cert.pem")).await;
    assert_eq!(String::from_utf8(reached.stdout).unwrap(), "id,service,time\n");
    assert!(reached.status.success());
    let untrusted = "by TLS: its certificate is not one to trust here";
    for (store, trusted, reason) in [
        // Another one's certificate; another name than the certificate's; TLS where there is none, and none where there is.
        (store.clone(), other.file("cert.pem"), untrusted),
        (store.replace("localhost", "127.0.0.1"), folder.file("cert.pem"), untrusted),
        (format!("rediss://localhost:{}", redis.port), folder.file("cert.pem"), "Redis does not answer"),
        (store.replace("rediss", "redis"), folder.file("cert.pem"), "Redis cannot be reached"),
    ] {
        let refused = requests(&store, &trusted).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}
