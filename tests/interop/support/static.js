// Serves the files of a test's site under the policy that the package promises to work under.

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import http from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json",
};
const POLICY = "script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; require-trusted-types-for 'script'";

/** roots: { "/pkg/": folder, "/": folder }; the longest that fits is taken. `/blank` is a page with nothing on it. */
export async function serveFile(roots, path, response) {
  const headers = { "Content-Security-Policy": POLICY, "Cache-Control": "no-store" };
  if (path === "/blank") {
    response.writeHead(200, { ...headers, "Content-Type": TYPES[".html"] });
    return response.end("<!doctype html><title>blank</title>");
  }
  const root = Object.keys(roots).filter((prefix) => path.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
  const file = root && join(roots[root], normalize(`/${decodeURIComponent(path.slice(root.length))}`));
  const found = file && await stat(file).catch(() => undefined);
  if (!found?.isFile()) return response.writeHead(404).end();
  response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}

/** A site of its own, on a free port: `{ url, close() }`. */
export async function serveSite(roots) {
  const server = http.createServer((request, response) => serveFile(roots, new URL(request.url, "http://here").pathname, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
