//! A Redis Cluster of a test's own: three masters, each with a replica where that is asked for.

use super::{Redis, Wire};
use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, FromRedisValue, cmd};
use std::time::Duration;

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

/// A cluster, until the test is over.
pub struct Cluster {
    /// The masters, then the replicas in their masters' order.
    nodes: Vec<Redis>,
}

async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, command: &mut Cmd) -> T {
    command.query_async(connection).await.unwrap()
}

fn cluster(what: &str) -> Cmd {
    cmd("CLUSTER").arg(what).to_owned()
}

/// Waits until what a node says has something in it.
async fn says(connection: &mut MultiplexedConnection, command: &mut Cmd, parts: &[&str]) {
    for _ in 0..1500 {
        let said: String = ask(connection, command).await;
        if parts.iter().all(|part| said.contains(part)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a node does not say {parts:?}");
}

/// How much a node has in its replication.
async fn offset(node: &Redis) -> u64 {
    let said: String = ask(&mut node.connect().await, cmd("INFO").arg("replication")).await;
    let name = if said.contains("role:master") { "master_repl_offset:" } else { "slave_repl_offset:" };
    said.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}

impl Cluster {
    /// Three masters.
    pub async fn start() -> Option<Self> {
        Self::of(MASTERS).await
    }

    /// Three masters with a replica each.
    pub async fn start_with_replicas() -> Option<Self> {
        Self::of(2 * MASTERS).await
    }

    /// One master, which is reached through a wire that can be disturbed.
    pub async fn start_behind_wire() -> Option<(Self, Wire)> {
        let cluster = Self::of(1).await?;
        let wire = Wire::to(cluster.nodes[0].port).await;
        let mut connection = cluster.nodes[0].connect().await;
        let _: () = ask(&mut connection, cmd("CONFIG").arg("SET").arg("cluster-announce-port").arg(wire.port)).await;
        Some((cluster, wire))
    }

    async fn of(count: usize) -> Option<Self> {
        let masters = MASTERS.min(count);
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(Redis::start_node().await?);
        }
        let mut connections = Vec::new();
        for node in &nodes {
            connections.push(node.connect().await);
        }
        for (n, connection) in connections.iter_mut().enumerate() {
            let _: () = ask(connection, cluster("SET-CONFIG-EPOCH").arg(n + 1)).await;
            if n < masters {
                let (first, after) = (SLOTS * n / masters, SLOTS * (n + 1) / masters);
                let _: () = ask(connection, cluster("ADDSLOTSRANGE").arg(first).arg(after - 1)).await;
            }
            let (port, bus) = nodes[0].ports();
            let _: () = ask(connection, cluster("MEET").arg("127.0.0.1").arg(port).arg(bus)).await;
        }
        let known = format!("cluster_known_nodes:{count}\r");
        for connection in &mut connections {
            says(connection, &mut cluster("INFO"), &["cluster_state:ok", &known]).await;
        }
        for n in masters..count {
            let master: String = ask(&mut connections[n - masters], &mut cluster("MYID")).await;
            let _: () = ask(&mut connections[n], cluster("REPLICATE").arg(master)).await;
        }
        for connection in &mut connections[masters..] {
            says(connection, cmd("INFO").arg("replication"), &["master_link_status:up"]).await;
        }
        Some(Self { nodes })
    }

    /// Its address, which names one node.
    pub fn address(&self) -> String {
        self.nodes[0].address()
    }

    /// Its address, which names all masters.
    pub fn whole_address(&self) -> String {
        let masters: Vec<_> = self.nodes[..MASTERS].iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", masters.join(","))
    }

    /// Waits until what was acknowledged is at the replicas too: Redis replicates after it answers.
    pub async fn replicated(&self) {
        let (masters, replicas) = self.nodes.split_at(MASTERS);
        for (master, replica) in masters.iter().zip(replicas) {
            let told = offset(master).await;
            while offset(replica).await < told {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Whether a node is a master now.
    pub async fn is_master(&self, n: usize) -> bool {
        let said: String = ask(&mut self.nodes[n].connect().await, cmd("INFO").arg("replication")).await;
        said.contains("role:master")
    }

    /// SIGKILL for a node.
    pub fn kill(&mut self, n: usize) {
        self.nodes[n].kill();
    }
}
