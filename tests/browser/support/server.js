// The real chat server as a child process: started on a free port, and stopped, killed or restarted on the same port.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterTest } from "./cleanup.js";
import { environment } from "./environment.js";
import { within } from "./wait.js";

export const AGENT = { name: "Jane", key: "kettle" };

export const DEFAULT_CONFIG = `
[[channels]]
name = "default"

[[agents]]
name = "${AGENT.name}"
key = "${AGENT.key}"

[[agents]]
name = "Omar"
key = "saucer"
`;

/**
 * Starts a server, and stops it after the test (or suite) whose context `t` is.
 *
 * `config` is the text of its TOML file; `store` "memory", "sqlite" (a file of its own, kept over restarts) or what the
 * command line takes; `www` the directory that it serves; `args` and `env` come on top.
 */
export async function startServer(t, options = {}) {
  const directory = await mkdtemp(join(tmpdir(), "causerie-server-"));
  const server = new Server(directory, options);
  if (t) afterTest(t, () => server.dispose());
  await writeFile(join(directory, "chat.toml"), options.config ?? DEFAULT_CONFIG);
  await server.start();
  return server;
}

class Server {
  /** Everything that it wrote to stderr, over all its lives. */
  stderr = "";
  port = 0;
  #child;
  #directory;
  #options;

  constructor(directory, options) {
    this.#directory = directory;
    this.#options = options;
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  get pid() { return this.#child?.pid; }

  async start() {
    const { store = "memory", www = environment.site, args = [], env = {} } = this.#options;
    const child = spawn(environment.server, [
      "--listen", `127.0.0.1:${this.port}`,
      "--config", join(this.#directory, "chat.toml"),
      "--store", store === "sqlite" ? `sqlite:${join(this.#directory, "chat.db")}` : store,
      "--www", www,
      ...args,
    ], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text) => { this.stderr += text; });
    const listening = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const address = /listening on http:\/\/[^\s/]*:(\d+)/.exec(line);
        if (address) resolve(Number(address[1]));
      });
      child.once("error", (error) => reject(new Error(`the server could not be started: ${error.message}`)));
      child.once("exit", (code, signal) => reject(new Error(`the server ended (${code ?? signal}): ${this.stderr}`)));
    });
    this.port = await within("the server's `listening on` line", listening, 30_000);
  }

  /** Ends it as an operator would; resolves to its exit code. */
  stop() { return this.#end("SIGTERM"); }

  /** Ends it as a power cut would. */
  kill() { return this.#end("SIGKILL"); }

  /** Ends it and starts it again on the same port. */
  async restart({ signal = "SIGTERM" } = {}) {
    await this.#end(signal);
    await this.start();
  }

  async #end(signal) {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode;
    const exit = once(child, "exit");
    child.kill(signal);
    const [code] = await within(`the server's end after ${signal}`, exit, 15_000).catch((error) => {
      child.kill("SIGKILL");
      throw error;
    });
    return code;
  }

  async dispose() {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
