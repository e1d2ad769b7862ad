// Runs our chat server as a process of its own, for as long as a test needs it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const CONFIG = `
[limits]
sessions_per_address = 1000
connections_per_address = 1000
[[channels]]
name = "default"
[[agents]]
name = "Jane"
key = "jane's key"
[[agents]]
name = "Omar"
key = "omar's key"
`;
export const AGENTS = { Jane: { name: "Jane", key: "jane's key" }, Omar: { name: "Omar", key: "omar's key" } };

export class Server {
  #binary = process.env.CAUSERIE_SERVER;
  #folder;
  #process;
  #store;
  #origins;
  #port = 0;

  /** store: "memory", whose chats are lost with a restart, or "sqlite", which keeps them in a file. origins: of pages. */
  constructor({ store = "memory", origins = [] } = {}) {
    this.#store = store;
    this.#origins = origins;
  }

  get url() { return `http://127.0.0.1:${this.#port}`; }
  get port() { return this.#port; }

  async start() {
    if (!this.#binary) throw new Error("CAUSERIE_SERVER is not set: it names the server's binary (cargo xtask test sets it)");
    if (!this.#folder) {
      this.#folder = await mkdtemp(join(tmpdir(), "causerie-interop-"));
      await writeFile(join(this.#folder, "chat.toml"), `allowed_origins = ${JSON.stringify(this.#origins)}\n${CONFIG}`);
    }
    // The port is kept over a restart.
    this.#process = spawn(this.#binary, ["--listen", `127.0.0.1:${this.#port}`, "--config", join(this.#folder, "chat.toml"),
      "--store", this.#store === "sqlite" ? `sqlite:${join(this.#folder, "chat.db")}` : this.#store], { cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    this.#process.stderr.on("data", (chunk) => said.push(chunk));
    const exited = once(this.#process, "exit").then(([code]) => { throw new Error(`the server ended (${code}): ${said.join("")}`); });
    exited.catch(() => {});
    const ready = new Promise((resolve) => {
      createInterface({ input: this.#process.stdout }).on("line", (line) => {
        const port = /listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
        if (port) resolve(Number(port));
      });
    });
    this.#port = await Promise.race([ready, exited]);
    return this.url;
  }

  /** As an operator would. */
  stop() { return this.#end("SIGTERM"); }

  /** As a power cut would. */
  kill() { return this.#end("SIGKILL"); }

  async #end(signal) {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill(signal);
    await exited;
  }

  async remove() {
    await this.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
