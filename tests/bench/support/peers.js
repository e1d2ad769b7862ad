// Servers as processes of their own, each with what it was started by.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { environment } from "../../browser/support/environment.js";
import { within } from "../../browser/support/wait.js";

/** Starts a program that prints `listening on http://ADDRESS`; resolves to `{ url, address, pid, stop }`. */
async function started(program, args, dispose = async () => {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = new Promise((resolve) => { child.once("exit", resolve); });
  const address = await within(`${program} to listen`, new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /listening on http:\/\/(\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${program} ended (${code})`)));
  }), 30_000);
  const stop = async () => {
    child.kill("SIGKILL");
    await exit;
    await dispose();
  };
  return { url: `http://${address}`, address, pid: child.pid, stop };
}

/** Our server, optimised, without the bounds that one address has, and with so many agents. */
export async function ours({ agents = 1, store = "memory", www } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "causerie-bench-"));
  const config = `
[limits]
sessions_per_address = 100000
connections_per_address = 100000
max_sessions = 100000
max_connections = 100000
send_burst = 100000
send_rate = 100000.0

[[channels]]
name = "default"
${Array.from({ length: agents }, (_, agent) => `\n[[agents]]\nname = "agent${agent}"\nkey = "key${agent}"\n`).join("")}`;
  const file = join(directory, "chat.toml");
  await writeFile(file, config);
  const kept = store === "sqlite" ? `sqlite:${join(directory, "chat.db")}` : store;
  const args = ["--listen", "127.0.0.1:0", "--config", file, "--store", kept, ...(www ? ["--www", www] : [])];
  return started(environment.server, args, () => rm(directory, { recursive: true, force: true }));
}

/** A rival, of `peers/`. */
export function rival(name) {
  return started(process.execPath, [new URL(`../peers/${name}.js`, import.meta.url).pathname]);
}
