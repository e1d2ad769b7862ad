//! Several nodes on a Redis of their own, behind a proxy without sticky sessions, to try: `cargo xtask demo --nodes 3`.
//! `nodes LISTEN REDIS FOLDER NODES SERVER [ARGUMENT…]`: where the proxy listens, Redis's program, a folder for its data, how many
//! nodes, the server's program and its arguments. All of it stops when this does.
#![allow(missing_docs)]

mod proxy;

use std::net::{SocketAddr, TcpListener as Listener};
use std::process::{ExitCode, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// How long Redis and a node may take to start.
const START: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("nodes: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, redis, folder, count, server, rest @ ..] = arguments.as_slice() else {
        return Err("usage: nodes LISTEN REDIS FOLDER NODES SERVER [ARGUMENT…]".to_owned());
    };
    let count: usize = count.parse().map_err(|_| format!("a number of nodes is expected, {count} came"))?;
    let stopped = causerie_server::serve::signals().map_err(|error| format!("signals: {error}"))?;
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("{listen}: {error}"))?;
    let free = free_addresses(count + 1).map_err(|error| format!("free ports: {error}"))?;
    let [of_redis, of_nodes @ ..] = free.as_slice() else { return Err("there is no free port".to_owned()) };
    let port = of_redis.port().to_string();
    let mut running = Command::new(redis);
    running.args(["--bind", "127.0.0.1", "--port", &port, "--dir", folder, "--save", ""]);
    running.args(["--appendonly", "yes", "--appendfsync", "always"]).stdout(Stdio::null());
    let mut children = vec![start(&mut running)?];
    let answers = async {
        while TcpStream::connect(of_redis).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(START, answers).await.map_err(|_| "Redis does not start".to_owned())?;
    let store = format!("redis://127.0.0.1:{port}");
    for (n, address) in of_nodes.iter().enumerate() {
        let mut node = Command::new(server);
        node.args(rest).args(["--store", &store, "--listen", &address.to_string()]).stdout(Stdio::piped());
        let mut child = start(&mut node)?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the node's output is not there")?;
        let read = tokio::time::timeout(START, BufReader::new(stdout).read_line(&mut line)).await;
        if read.is_err() || !line.starts_with("listening on") {
            return Err(format!("node {} does not start", n + 1));
        }
        println!("  node {}           http://{address}/       process {}", n + 1, child.id().unwrap_or_default());
        children.push(child);
    }
    println!(
        "  Redis            127.0.0.1:{port}               process {}",
        children.first().and_then(Child::id).unwrap_or_default()
    );
    let proxy = listener.local_addr().map_err(|error| format!("{listen}: {error}"))?;
    println!("  proxy            http://{proxy}/");
    println!(
        "\nEach request goes to the next node. Kill a node (kill -9 PROCESS) in the middle of a chat: it goes on.\n"
    );
    tokio::select! {
        () = proxy::run(listener, of_nodes.to_vec()) => {}
        () = stopped => {}
    }
    Ok(())
}

fn start(command: &mut Command) -> Result<Child, String> {
    command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{:?}: {error}", command.as_std().get_program()))
}

/// Addresses that nobody listens at, each another.
fn free_addresses(count: usize) -> std::io::Result<Vec<SocketAddr>> {
    let listeners = (0..count).map(|_| Listener::bind("127.0.0.1:0")).collect::<std::io::Result<Vec<_>>>()?;
    listeners.iter().map(Listener::local_addr).collect()
}
