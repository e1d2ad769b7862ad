// A stretch of network that can be cut: between a client and a server, so that breaks happen when the test says so.

import { once } from "node:events";
import net from "node:net";

export class Proxy {
  #to;
  #server;
  #port = 0;
  #sockets = new Set();

  constructor(to) { this.#to = to; }

  get url() { return `http://127.0.0.1:${this.#port}`; }

  async open() {
    this.#server = net.createServer((inner) => {
      const outer = net.connect(this.#to, "127.0.0.1");
      for (const [one, other] of [[inner, outer], [outer, inner]]) {
        this.#sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => { this.#sockets.delete(one); other.destroy(); });
        one.pipe(other);
      }
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = this.#server.address().port;
  }

  /** Every connection ends at once, and no new one is made until `open`. */
  async cut() {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
