// Chat v2 on the reference CometD server (Java, Jetty), over WebSocket and long-polling, with the ack extension. The server is
// a process of its own (java/src/Bridge.java) and carries messages only; the chats are here, and outlive it.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { ChatService } from "./support/chat-service.js";
import { start } from "./support/java.js";
import { serveSite } from "./support/static.js";

export class JettyChat extends ChatService {
  #roots;
  #channel;
  #maxInterval;
  #process;
  #pages;
  #port = 0;

  /** roots: as elsewhere, on another origin than the chat. maxInterval: how long a client that does not connect is remembered. */
  constructor({ roots = {}, service = "default", maxInterval = 8000 } = {}) {
    super();
    this.#roots = roots;
    this.#channel = `/service/chatV2/${service}`;
    this.#maxInterval = maxInterval;
  }

  /** Whether the server sends again what a client has not acknowledged. */
  get acknowledges() { return true; }
  get url() { return `http://127.0.0.1:${this.#port}`; }
  get port() { return this.#port; }
  /** Where the pages are. */
  get site() { return this.#pages.url; }

  async start() {
    this.#pages ??= await serveSite(this.#roots);
    // The port is kept over a restart, as a server's is.
    const java = start("Bridge", this.#port, 5000, this.#maxInterval);
    this.#process = java;
    let said = "";
    java.stderr.setEncoding("utf8").on("data", (text) => { said += text; });
    java.stdin.on("error", () => {});
    const ended = once(java, "exit").then(([code, signal]) => { throw new Error(`the Java server ended (${code ?? signal}): ${said}`); });
    ended.catch(() => {});
    const listening = new Promise((resolve) => {
      createInterface({ input: java.stdout }).on("line", (line) => {
        const told = JSON.parse(line);
        if (told.listening) resolve(told.listening);
        else if (java === this.#process) this.#take(told);
      });
    });
    this.#port = await Promise.race([listening, ended]);
    return this.url;
  }

  /** As a power cut would. */
  async stop() {
    this.detach();
    const java = this.#process;
    this.#process = undefined;
    const ended = once(java, "exit");
    java.kill("SIGKILL");
    await ended;
  }

  /** Stops for good. */
  async remove() {
    await this.stop();
    this.#pages.close();
  }

  #take({ arrived, departed, session, data, call }) {
    if (arrived) return this.arrived(arrived);
    if (departed) return this.departed(departed);
    this.deliver(session, this.operate(session, data));
    this.#tell({ call });
  }

  deliver(session, data) { this.#tell({ session, channel: this.#channel, data }); }

  #tell(line) { this.#process?.stdin.write(`${JSON.stringify(line)}\n`); }
}
