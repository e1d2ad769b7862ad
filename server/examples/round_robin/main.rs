//! A proxy in front of several nodes, without sticky sessions: every request, and every WebSocket, goes to the next node.
//! `round_robin LISTEN NODE…`, addresses with ports. For trying things out; a real one does more.
#![allow(missing_docs)]

mod proxy;

use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let addresses: Result<Vec<SocketAddr>, _> = std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let Ok([listen, nodes @ ..]) = addresses.as_deref() else {
        eprintln!("usage: round_robin ADDRESS:PORT NODE:PORT…");
        return ExitCode::from(2);
    };
    match TcpListener::bind(listen).await {
        Ok(listener) => proxy::run(listener, nodes.to_vec()).await,
        Err(error) => {
            eprintln!("round_robin: {listen}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
