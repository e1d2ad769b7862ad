//! The site: a Redis, nodes that are processes, and a proxy in front of them that sends each request to the next.

use super::common::{Folder, Redis, free_port};
use super::proxy;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpListener;

const CONFIG: &str = "trust_forwarded = true\n[limits]\nsend_burst = 100000\nsend_rate = 100000.0\n\
    sessions_per_address = 100000\nconnections_per_address = 100000\n[desk]\ngrace = 60\n\
    [[channels]]\nname = \"default\"\n\
    [[agents]]\nname = \"Jane\"\nkey = \"jane-key\"\n[[agents]]\nname = \"Omar\"\nkey = \"omar-key\"\n";

pub struct Site {
    pub redis: Redis,
    pub base: String,
    nodes: Vec<Node>,
    folder: Folder,
}

struct Node {
    address: SocketAddr,
    child: Option<Child>,
}

impl Site {
    /// So many nodes; none where there is no Redis.
    pub async fn start(nodes: usize) -> Option<Self> {
        let redis = Redis::start().await?;
        let folder = Folder::new();
        std::fs::write(folder.file("chat.toml"), CONFIG).unwrap();
        let addresses: Vec<_> = (0..nodes).map(|_| SocketAddr::from(([127, 0, 0, 1], free_port()))).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(proxy::run(listener, addresses.clone()));
        let nodes = addresses.into_iter().map(|address| Node { address, child: None }).collect();
        let mut site = Self { redis, base, nodes, folder };
        for n in 0..site.nodes.len() {
            site.start_node(n).await;
        }
        Some(site)
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn config() -> causerie_server::config::Config {
        causerie_server::config::Config::parse(CONFIG, "test").unwrap()
    }

    /// Starts a node, and returns when it listens.
    pub async fn start_node(&mut self, n: usize) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.file("log")).unwrap();
        let address = self.nodes[n].address;
        let mut child = Command::new(env!("CARGO_BIN_EXE_causerie-server"))
            .args(["--listen", &address.to_string(), "--config", "chat.toml", "--store", &self.redis.address()])
            .current_dir(&self.folder.0)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        self.nodes[n].child = Some(child);
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            line
        });
        assert!(line.await.unwrap().starts_with("listening on"), "{}", self.log());
    }

    /// SIGKILL.
    pub fn kill(&mut self, n: usize) {
        if let Some(mut child) = self.nodes[n].child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM; returns when the node has stopped.
    pub async fn stop(&mut self, n: usize) {
        let mut child = self.nodes[n].child.take().unwrap();
        assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert!(status.success(), "{status}");
    }

    /// What the nodes have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for n in 0..self.nodes.len() {
            self.kill(n);
        }
    }
}
