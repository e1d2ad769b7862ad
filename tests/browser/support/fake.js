// A chat server for fault tests: speaks the wire of src/manual/wire.md, over WebSocket and long-polling, until a test
// tells it to do something else. See `Fake` for the script's verbs.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { afterTest } from "./cleanup.js";
import { Bayeux } from "./fake-bayeux.js";
import { Chats } from "./fake-chat.js";
import { serveFile } from "./static.js";
import { until } from "./wait.js";

/**
 * Starts a fake server on a free port and closes it after the test `t`. `www` is a directory to serve; `advice` what
 * the server advises (`timeout` is how long it holds a connect); `cookies: false` leaves the BAYEUX_BROWSER cookie out;
 * `webSocket: false` refuses every upgrade.
 */
export async function startFake(t, options = {}) {
  const fake = new Fake(options);
  await fake.listen(options.port ?? 0);
  if (t) afterTest(t, () => fake.close());
  return fake;
}

/**
 * What a hook may answer instead of the default; `undefined` means the default.
 *
 *   { status, headers, body }   an HTTP answer (an upgrade: a refusal; a frame: the socket is closed)
 *   { html }                    a page of HTML, status 200, as a captive portal gives
 *   { silent: true }            no answer, ever
 *   { half: true }              the default answer's first half, then the connection is cut
 *   { raw }                     this text as the whole answer or frame
 *   { messages }                these Bayeux messages as the answer
 *   { change: (messages) => m } the default answer, changed
 *   { after: ms }               the default answer, late; goes with the others
 *   { close: code }             closes the socket, or cuts the HTTP connection
 */
class Fake {
  /** Everything that was asked: `{ transport, kinds, operations, messages, path, headers, at }`. */
  requests = [];
  /** Called for each request; returns an action, a promise of one, or nothing. */
  hook = () => undefined;
  sockets = new Set();
  #server = createServer((request, response) => this.#http(request, response));
  #webSockets = new WebSocketServer({ noServer: true });
  #once = [];
  /** What became of upgrades: the HTTP server does not close them, and would wait for them for ever. */
  #raw = new Set();
  #options;

  constructor(options) {
    this.#options = { webSocket: true, cookies: true, ...options };
    this.bayeux = new Bayeux(this.#options);
    this.chats = new Chats(this.bayeux);
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  async listen(port) {
    await new Promise((resolve, reject) => this.#server.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.port = this.#server.address().port;
  }

  async close() {
    this.bayeux.releaseAll();
    for (const socket of this.sockets) socket.terminate();
    for (const socket of this.#raw) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next request that `matches` (a kind, an operation, or a function) gets this action, and `times - 1` more. */
  once(matches, action, times = 1) { this.#once.push({ matches, action, times }); }

  /** Resolves when a request that `matches` has come; past ones count. */
  asked(matches, count = 1) {
    const what = typeof matches === "string" ? matches : "a request";
    return until(`${what} × ${count}`, () => {
      const found = this.requests.filter((request) => fits(request, matches));
      return found.length >= count && found;
    });
  }

  /** Cuts every WebSocket, without a closing handshake. */
  dropSockets() { for (const socket of this.sockets) socket.terminate(); }

  /** Sends a text frame as it is to every WebSocket. */
  sendRaw(text) { for (const socket of this.sockets) socket.send(text); }

  /** Forgets every Bayeux client, as after a restart; the chats stay. */
  forgetClients() { this.bayeux.forgetClients(); }

  async #action(request) {
    this.requests.push(request);
    const scripted = this.#once.find(({ matches }) => fits(request, matches));
    if (scripted) {
      if (--scripted.times === 0) this.#once.splice(this.#once.indexOf(scripted), 1);
      return typeof scripted.action === "function" ? scripted.action(request) : scripted.action;
    }
    return this.hook(request);
  }

  async #upgrade(request, socket, head) {
    this.#raw.add(socket);
    socket.on("close", () => this.#raw.delete(socket));
    socket.on("error", () => {});
    const action = await this.#action(describe("upgrade", request, []));
    if (action?.silent) return;
    if (!this.#options.webSocket || action) {
      const { status = 400, headers = {}, body = "" } = action ?? {};
      const lines = Object.entries({ "content-length": Buffer.byteLength(body), connection: "close", ...headers });
      socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#socket(webSocket, request));
  }

  #socket(socket, upgrade) {
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.sockets.delete(socket);
      this.bayeux.gone(socket);
    });
    const send = (text) => { if (socket.readyState === socket.OPEN) socket.send(text); };
    socket.on("message", async (frame) => {
      const messages = parse(frame.toString());
      const action = await this.#action(describe("websocket", upgrade, messages)) ?? {};
      if (action.after) await new Promise((resolve) => setTimeout(resolve, action.after));
      if (action.silent) return;
      if (action.close !== undefined) return socket.close(action.close);
      if (action.status) return socket.close(1011);
      if (action.raw !== undefined || action.html !== undefined) return send(action.raw ?? action.html);
      // Each answer is a frame of its own, as soon as it is there; a held connect comes when it comes.
      for (const answer of this.bayeux.answers(messages, { socket, send: (list) => send(JSON.stringify(list)) })) {
        answer.then((list) => {
          const text = JSON.stringify(action.change?.(list) ?? list);
          if (action.half) {
            send(text.slice(0, text.length / 2));
            socket.terminate();
          } else if (!action.messages && list.length > 0) send(text);
        });
      }
      if (action.messages) send(JSON.stringify(action.messages));
    });
  }

  async #http(request, response) {
    response.on("error", () => {});
    const { pathname } = new URL(request.url, this.url);
    const origin = request.headers.origin;
    if (origin) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("access-control-allow-headers", "content-type");
      response.setHeader("access-control-expose-headers", "retry-after");
    }
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    if (!pathname.startsWith("/cometd")) return serveFile(this.#options.www, pathname, response);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const messages = parse(Buffer.concat(chunks).toString());
    const action = await this.#action(describe("long-polling", request, messages)) ?? {};
    if (action.after) await new Promise((resolve) => setTimeout(resolve, action.after));
    if (action.silent) return;
    if (action.close !== undefined) return request.socket.destroy();
    if (action.html !== undefined) return response.writeHead(200, { "content-type": "text/html" }).end(action.html);
    if (action.status) return response.writeHead(action.status, action.headers).end(action.body ?? "");
    const json = { "content-type": "application/json" };
    if (action.raw !== undefined) return response.writeHead(200, json).end(action.raw);
    if (action.messages) return response.writeHead(200, json).end(JSON.stringify(action.messages));
    const lists = await Promise.all(this.bayeux.answers(messages, { request }));
    const list = lists.flat();
    if (this.#options.cookies && kindsOf(messages).includes("handshake")) {
      json["set-cookie"] = `BAYEUX_BROWSER=${randomBytes(16).toString("hex")}; Path=/; HttpOnly`;
    }
    const text = JSON.stringify(action.change?.(list) ?? list);
    if (!action.half) return response.writeHead(200, json).end(text);
    response.writeHead(200, { ...json, "content-length": Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
  }
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [];
  }
}

function kindsOf(messages) {
  return messages.map(({ channel = "" }) => (channel.startsWith("/meta/") ? channel.slice(6) : "publish"));
}

function describe(transport, request, messages) {
  return {
    transport,
    kinds: transport === "upgrade" ? ["upgrade"] : kindsOf(messages),
    operations: messages.map((message) => message.data?.operation).filter(Boolean),
    messages,
    path: request.url,
    headers: request.headers,
    at: Date.now(),
  };
}

function fits(request, matches) {
  if (typeof matches === "function") return matches(request);
  return request.kinds.includes(matches) || request.operations.includes(matches) || request.transport === matches;
}
