// Chat v2 on Faye: Bayeux by another hand, over WebSocket and long-polling.
//
// Faye has no service channels: it refuses to subscribe a client to `/service/…`, hands what is published there to nobody, and
// can not answer one client. So each client that subscribes to the chat's channel gets a broadcast channel of its own in its
// place, and the answers and pushes of its chat are published there. What Faye leaves off, stays off: events keep the ids of
// whoever published them, a client that is unknown may publish, there are no extensions, and no cookie.

import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import { ChatService } from "./support/chat-service.js";
import { serveFile } from "./support/static.js";

const faye = createRequire(import.meta.url)("faye");

export class FayeChat extends ChatService {
  #roots;
  #channel;
  #timeout;
  #asItIs;
  #http;
  #bayeux;
  #sockets = new Set();
  #port = 0;

  /**
   * roots: as elsewhere. maxInterval: how long, at least, a client that does not connect is remembered. asItIs: Faye as it
   * is, which can not carry a chat.
   */
  constructor({ roots = {}, service = "default", maxInterval = 10_000, asItIs = false } = {}) {
    super();
    this.#roots = roots;
    this.#channel = `/service/chatV2/${service}`;
    this.#asItIs = asItIs;
    this.#timeout = maxInterval / 2000; // in seconds; Faye forgets a client after twice its timeout
  }

  get url() { return `http://127.0.0.1:${this.#port}`; }
  get port() { return this.#port; }

  async start() {
    this.#bayeux = new faye.NodeAdapter({ mount: "/cometd", timeout: this.#timeout });
    this.#bayeux.on("disconnect", (clientId) => this.departed(clientId));
    this.#bayeux.addExtension({ incoming: (message, callback) => callback(this.#incoming(message)) });
    this.#http = http.createServer((request, response) => serveFile(this.#roots, new URL(request.url, this.url).pathname, response));
    this.#http.on("upgrade", (_request, socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#bayeux.attach(this.#http);
    // The port is kept over a restart, as a server's is.
    this.#http.listen(this.#port, "127.0.0.1");
    await once(this.#http, "listening");
    this.#port = this.#http.address().port;
    return this.url;
  }

  async stop() {
    this.detach();
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await this.#bayeux.getClient().disconnect();
    this.#bayeux.close();
    await closed;
  }

  #incoming(message) {
    const { channel, clientId, subscription, data } = message;
    if (this.#asItIs) return message;
    if (channel === "/meta/subscribe" && subscription === this.#channel) {
      this.arrived(clientId);
      return { ...message, subscription: own(clientId) };
    }
    if (channel === this.#channel) this.deliver(clientId, this.operate(clientId, data));
    return message;
  }

  deliver(clientId, data) { this.#bayeux.getClient().publish(own(clientId), data); }
}

/** The broadcast channel of one client. */
const own = (clientId) => `/chat/${clientId}`;
