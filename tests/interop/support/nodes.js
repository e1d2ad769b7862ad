// Runs several of our servers on one Redis, behind a proxy that sends each request to the next one: what
// `cargo xtask demo --nodes` runs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CONFIG } from "./server.js";

/** What the machine lacks, as the reason of a skipped test; undefined where it has all. */
export function missing() {
  if (!process.env.CAUSERIE_NODES) throw new Error("CAUSERIE_NODES is not set: it names what runs the nodes (cargo xtask test interop sets it)");
  return process.env.CAUSERIE_REDIS ? undefined : "no redis-server, and none could be installed (Debian: apt install redis-server)";
}

export class Nodes {
  /** Each has `url`, `pid`, and the `name` that the ids of its Bayeux sessions begin with; `dead` when it was killed. */
  all = [];
  #folder;
  #process;

  async start(count) {
    this.#folder = await mkdtemp(join(tmpdir(), "causerie-nodes-"));
    await mkdir(join(this.#folder, "redis"));
    await writeFile(join(this.#folder, "chat.toml"), `trust_forwarded = true\n${CONFIG}`);
    this.#process = spawn(process.env.CAUSERIE_NODES, ["127.0.0.1:0", process.env.CAUSERIE_REDIS, join(this.#folder, "redis"), String(count),
      process.env.CAUSERIE_SERVER, "--config", join(this.#folder, "chat.toml")], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    this.#process.stderr.on("data", (chunk) => said.push(chunk));
    const exited = once(this.#process, "exit").then(([code]) => { throw new Error(`the nodes ended (${code}): ${said.join("")}`); });
    exited.catch(() => {});
    const ready = new Promise((resolve) => {
      createInterface({ input: this.#process.stdout }).on("line", (line) => {
        const [, url, pid] = /node \d+ +(http:\S+)\/ +process (\d+)/.exec(line) ?? [];
        if (url) this.all.push({ url, pid: Number(pid), dead: false });
        const proxy = /proxy +(http:\S+)\//.exec(line)?.[1];
        if (proxy) resolve(proxy);
      });
    });
    this.url = await Promise.race([ready, exited]);
    for (const node of this.all) node.name = await nameOf(node.url);
  }

  /** The node that holds the Bayeux session of a client. */
  of(client) {
    const id = client.cometd.getClientId();
    const node = this.all.find(({ name }) => id.startsWith(name));
    if (!node) throw new Error(`the id of a session begins with the name of no node: ${id}`);
    return node;
  }

  /** As a power cut would. */
  kill(node) {
    process.kill(node.pid, "SIGKILL");
    node.dead = true;
  }

  async remove() {
    if (this.#process && this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await exited;
    }
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the ids of a node's sessions begin with. */
async function nameOf(url) {
  const handshake = [{ channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] }];
  const answer = await fetch(`${url}/cometd`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(handshake) });
  const [{ clientId }] = await answer.json();
  return clientId.slice(0, 8);
}
