// Chat v2 on cometd-nodejs-server: long-polling only, with the cookie, and with the ack extension where a client asks for it.

import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import { ChatService } from "./support/chat-service.js";
import { serveFile } from "./support/static.js";

const require = createRequire(import.meta.url);
const { createCometDServer } = require("cometd-nodejs-server");
const { AcknowledgedMessagesExtension } = require("cometd-nodejs-server/ack-extension");

export class CometdChat extends ChatService {
  #roots;
  #channel;
  #options;
  #http;
  #bayeux;
  #cookies;
  #port = 0;

  /**
   * roots: { "/pkg/": folder, … } of what is served beside the chat, on the same origin because there is no CORS.
   * maxInterval: how long a client that does not connect is remembered. perBrowser: how many clients one cookie may have;
   * by default any number, for a reloaded page is a second client for a while. cookies: whether the browser sends them.
   */
  constructor({ roots = {}, service = "default", maxInterval = 8000, perBrowser = -1, cookies = true } = {}) {
    super();
    this.#roots = roots;
    this.#channel = `/service/chatV2/${service}`;
    this.#cookies = cookies;
    this.#options = { timeout: 5000, maxInterval, maxSessionsPerBrowser: perBrowser };
  }

  /** Whether the server sends again what a client has not acknowledged. */
  get acknowledges() { return true; }
  get url() { return `http://127.0.0.1:${this.#port}`; }
  get port() { return this.#port; }

  async start() {
    this.#bayeux = createCometDServer(this.#options);
    this.#bayeux.addExtension(new AcknowledgedMessagesExtension());
    this.#bayeux.addListener("sessionAdded", (session) => this.arrived(session.id));
    this.#bayeux.addListener("sessionRemoved", (session) => this.departed(session.id));
    const operations = this.#bayeux.createServerChannel(this.#channel);
    operations.addListener("message", (session, _channel, message, callback) => {
      this.deliver(session, this.operate(session, message.data));
      callback();
    });
    this.#http = http.createServer((request, response) => {
      if (!this.#cookies) delete request.headers.cookie;
      const path = new URL(request.url, this.url).pathname;
      if (path === "/cometd" || path.startsWith("/cometd/")) this.#bayeux.handle(request, response);
      else serveFile(this.#roots, path, response);
    });
    // The port is kept over a restart, as a server's is.
    this.#http.listen(this.#port, "127.0.0.1");
    await once(this.#http, "listening");
    this.#port = this.#http.address().port;
    return this.url;
  }

  async stop() {
    this.detach();
    this.#bayeux.close();
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  deliver(session, data) { session.deliver(null, this.#channel, data); }
}
