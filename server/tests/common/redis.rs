//! A Redis of a test's own.

use super::{Folder, free_port};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How Redis is run: what it acknowledged is on the disk, as the manual wants it.
const OPTIONS: &[&str] = &["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--bind", "127.0.0.1"];

/// A Redis server, until the test is over.
pub struct Redis {
    child: Child,
    pub port: u16,
    cluster: Option<u16>,
    folder: Folder,
}

/// The program: the one that `CAUSERIE_REDIS` names, or the one on the path.
fn program() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("CAUSERIE_REDIS") {
        return Some(given.into());
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("redis-server"))
        .find(|file| file.is_file())
}

impl Redis {
    /// Starts one; none, and it is said aloud, where there is no program.
    pub async fn start() -> Option<Self> {
        Self::with(None).await
    }

    /// A node of a cluster, which has no slots and knows no other node yet.
    pub(super) async fn start_node() -> Option<Self> {
        Self::with(Some(free_port())).await
    }

    /// Where it listens to clients, and to other nodes of its cluster.
    pub(super) fn ports(&self) -> (u16, u16) {
        (self.port, self.cluster.unwrap())
    }

    async fn with(cluster: Option<u16>) -> Option<Self> {
        if program().is_none() {
            // Past the capture of a test that passes.
            let _ =
                writeln!(std::io::stderr(), "NOT tested with Redis: there is no redis-server (Debian: redis-server)");
            return None;
        }
        let (port, folder) = (free_port(), Folder::new());
        let redis = Self { child: Self::spawn(port, cluster, &folder), port, cluster, folder };
        redis.connect().await;
        Some(redis)
    }

    fn spawn(port: u16, cluster: Option<u16>, folder: &Folder) -> Child {
        let mut command = Command::new(program().unwrap());
        command.args(OPTIONS).arg("--port").arg(port.to_string()).arg("--dir").arg(&folder.0);
        if let Some(bus) = cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus.to_string()]);
            // How long a node may be silent; a replica takes over however long it did not hear of its master.
            command.args(["--repl-diskless-sync-delay", "0"]);
            command.args(["--cluster-node-timeout", "500", "--cluster-replica-validity-factor", "0"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A connection, as soon as it is there and has its data.
    pub async fn connect(&self) -> ::redis::aio::MultiplexedConnection {
        let client = ::redis::Client::open(("127.0.0.1", self.port)).unwrap();
        for _ in 0..1000 {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && ::redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return connection;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("Redis does not start");
    }

    /// Its address, as the server's `--store` has it.
    pub fn address(&self) -> String {
        format!("redis{}://127.0.0.1:{}", if self.cluster.is_some() { "+cluster" } else { "" }, self.port)
    }

    /// From now on it speaks TLS too; returns at which port.
    pub async fn speak_tls(&self, cert: &Path, key: &Path) -> u16 {
        let port = free_port();
        let mut set = ::redis::cmd("CONFIG");
        set.arg("SET").arg("tls-cert-file").arg(cert.to_str()).arg("tls-key-file").arg(key.to_str());
        set.arg("tls-ca-cert-file").arg(cert.to_str()).arg("tls-auth-clients").arg("no").arg("tls-port").arg(port);
        set.exec_async(&mut self.connect().await).await.expect("this Redis is built with TLS");
        port
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again, with what is on the disk.
    pub async fn start_again(&mut self) {
        self.child = Self::spawn(self.port, self.cluster, &self.folder);
        self.connect().await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What becomes of the answers of a [`Wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// They pass.
    Pass,
    /// The connection is cut instead, when Redis has done what was asked.
    Lost,
    /// The same, for the next answer only.
    LostOnce,
    /// They are kept back.
    Held,
}

/// A wire to Redis that can be disturbed.
pub struct Wire {
    pub port: u16,
    answers: Arc<watch::Sender<Answers>>,
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let answers = Arc::new(watch::channel(Answers::Pass).0);
        let state = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, Arc::clone(&state)));
            }
        });
        Self { port: own, answers }
    }

    pub fn answers(&self, answers: Answers) {
        self.answers.send_replace(answers);
    }
}

async fn carry(client: TcpStream, port: u16, answers: Arc<watch::Sender<Answers>>) {
    let mut state = answers.subscribe();
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut buffer = vec![0; 65_536];
    while let Ok(read) = from_server.read(&mut buffer).await {
        let gone = state.wait_for(|answers| *answers != Answers::Held).await.map_or(true, |now| *now == Answers::Lost);
        let once = answers.send_if_modified(|now| {
            let once = *now == Answers::LostOnce;
            *now = if once { Answers::Pass } else { *now };
            once
        });
        if read == 0 || gone || once || to_client.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    asking.abort();
}
