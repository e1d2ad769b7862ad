//! Static files and the headers on them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use axum::http::Method;
use causerie_server::http::router;
use common::{request, server};

#[tokio::test]
async fn files_are_served_with_their_types_and_nothing_else_is() {
    let folder = std::env::temp_dir().join(format!("causerie-www-{}", std::process::id()));
    let www = folder.join("www");
    for folder in ["desk", ".git", ".well-known"] {
        std::fs::create_dir_all(www.join(folder)).unwrap();
    }
    for name in [
        ".env",
        ".git/config",
        ".well-known/security.txt",
        "index.html",
        "a.js",
        "a.mjs",
        "a.wasm",
        "a.css",
        "desk/index.html",
        "../secret.txt",
    ] {
        std::fs::write(www.join(name), "x").unwrap();
    }
    let get = |path: &'static str| request(router(server(), Some(&www)), Method::GET, path, &[], "");
    for (path, kind) in [
        ("/", "text/html"),
        ("/desk/", "text/html"),
        ("/a.js", "text/javascript"),
        ("/a.mjs", "text/javascript"),
        ("/a.wasm", "application/wasm"),
        ("/a.css", "text/css"),
        ("/.well-known/security.txt", "text/plain"),
    ] {
        let response = get(path).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.headers["content-type"], kind, "{path}");
        assert_eq!(response.headers["cache-control"], "no-cache");
        assert_eq!(response.headers["x-content-type-options"], "nosniff");
        assert_eq!(response.headers["referrer-policy"], "same-origin");
        let policy = response.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self'; script-src 'self' 'wasm-unsafe-eval';")
                && policy.ends_with("frame-ancestors 'self'")
        );
    }
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/desk/..%5c..%5c..%5csecret.txt",
        "/none.html",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/desk/..%2f.git/config",
    ] {
        assert_eq!(get(path).await.status, 404, "{path}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
