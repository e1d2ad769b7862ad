// What a page is served by, with a delay on the way: files that may be cached, our chat server behind it, and stand-ins of the rivals'
// servers.

import { createServer as createHttp, request as ask } from "node:http";
import { connect, createServer as createTcp } from "node:net";
import { brotliCompressSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const YEARS = "2099-01-01T00:00:00.000Z";

/** Serves `directory`, and all else by the chat server at `chat` (an address). Resolves to `{ origin(delay), stop }`. */
export async function front(directory, chat) {
  const rivals = new WebSocketServer({ noServer: true });
  rivals.on("connection", (socket) => socket.on("message", (bytes) => {
    const { topic, content } = JSON.parse(bytes.toString() || "{}");
    if (topic === "aws/subscribe") socket.send(JSON.stringify({ topic, content: { status: "success", ...content } }));
    else if (topic) socket.send(JSON.stringify({ topic }));
  }));
  const packed = new Map();
  const server = createHttp(async (request, response) => {
    const { pathname } = new URL(request.url, "http://here");
    const here = `ws://${request.headers.host}/rival`;
    const json = (body) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (pathname === "/participant/connection") {
      return json({ ConnectionCredentials: { ConnectionToken: "token", Expiry: YEARS }, Websocket: { Url: here, ConnectionExpiry: YEARS } });
    }
    if (pathname === "/directline/conversations") return json({ conversationId: "c", token: "token", streamUrl: here, expires_in: 3600 });
    if (pathname.startsWith("/cometd")) return forward(request, response, chat);
    try {
      if (!packed.has(pathname)) packed.set(pathname, brotliCompressSync(await readFile(join(directory, pathname))));
      const caching = extname(pathname) === ".html" ? "no-store" : "max-age=31536000, immutable";
      const headers = { "content-type": TYPES[extname(pathname)] ?? "text/plain", "content-encoding": "br", "cache-control": caching };
      response.writeHead(200, headers).end(packed.get(pathname));
    } catch {
      response.writeHead(404).end();
    }
    return undefined;
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.url.startsWith("/rival")) {
      rivals.handleUpgrade(request, socket, head, (opened) => {
        rivals.emit("connection", opened);
        // Direct Line says that it is there by a first activity.
        opened.send(JSON.stringify({ activities: [{ type: "event", id: "c|1", from: { id: "agent" } }], watermark: "1" }));
      });
      return;
    }
    const [host, port] = chat.split(":");
    const behind = connect(Number(port), host, () => {
      const lines = request.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []));
      behind.write([`GET ${request.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
      behind.pipe(socket).pipe(behind);
    });
    for (const one of [behind, socket]) one.on("error", () => { behind.destroy(); socket.destroy(); });
  });
  const port = await listening(server);
  const delays = new Map();
  return {
    /** The origin whose answers come `delay` milliseconds later. */
    async origin(delay) {
      if (!delays.has(delay)) delays.set(delay, await delayed(port, delay));
      return `http://127.0.0.1:${delays.get(delay)}`;
    },
    stop() { server.closeAllConnections(); },
  };
}

function forward(request, response, chat) {
  const [host, port] = chat.split(":");
  request.pipe(ask({ host, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  }));
}

function listening(server) {
  return new Promise((resolve) => { server.listen(0, "127.0.0.1", () => resolve(server.address().port)); });
}

/** A port that leads to another: half of the delay on each way, and as much again before a connection is there. */
function delayed(port, delay) {
  const way = (from, to) => from.on("data", (bytes) => setTimeout(() => to.destroyed || to.write(bytes), delay / 2));
  return listening(createTcp((socket) => {
    const behind = connect(port, "127.0.0.1");
    // The round trip of TCP's own handshake, which the loopback has done already.
    const open = () => {
      way(socket, behind);
      way(behind, socket);
    };
    if (delay > 0) setTimeout(open, delay);
    else open();
    for (const [one, other] of [[socket, behind], [behind, socket]]) {
      one.setNoDelay(true);
      one.on("close", () => setTimeout(() => other.destroy(), delay));
      one.on("error", () => other.destroy());
    }
  }));
}
