// A stretch of network between a client and a server, where breaks happen when the test says so.

import { once } from "node:events";
import net from "node:net";

export class Proxy {
  #to;
  #server;
  #port = 0;
  #sockets = new Set();
  #loss; // what is to be lost: { fits, done }

  constructor(to) { this.#to = to; }

  get url() { return `http://127.0.0.1:${this.#port}`; }

  async open() {
    this.#server = net.createServer((inner) => {
      const outer = net.connect(this.#to, "127.0.0.1");
      for (const [one, other] of [[inner, outer], [outer, inner]]) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => {});
        one.on("close", () => { this.#sockets.delete(one); other.destroy(); });
        one.on("end", () => other.end());
      }
      inner.on("data", (chunk) => outer.write(chunk));
      outer.on("data", (chunk) => {
        if (!this.#loss?.fits(chunk)) return inner.write(chunk);
        const { done } = this.#loss;
        this.#loss = undefined;
        inner.destroy();
        done();
      });
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = this.#server.address().port;
  }

  /** Every connection ends at once, and no new one is made until `open`. */
  async cut() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.drop();
    await closed;
  }

  /** Every connection ends at once; new ones are made. */
  drop() { for (const socket of this.#sockets) socket.destroy(); }

  /**
   * The next thing from the server that holds `text` (without it: the next thing of any kind) never arrives, and the
   * connection that it was on ends. Resolves when it is lost. What is compressed does not show its text.
   */
  lose(text) {
    return new Promise((resolve) => {
      this.#loss = { fits: (chunk) => text === undefined || chunk.includes(text), done: resolve };
    });
  }
}
