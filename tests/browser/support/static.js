// Serves the files of a directory, with the types that browsers insist on.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { afterTest } from "./cleanup.js";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
};

/** Answers with the file that a path names (a folder: its index.html), or with 404. `types` replaces some types. */
export async function serveFile(directory, path, response, types = {}) {
  try {
    if (directory === undefined) throw new Error("nothing is served");
    const name = normalize(decodeURIComponent(path)).replace(/[/\\]$/, "/index.html");
    if (name.split(/[/\\]/).includes("..")) throw new Error("outside the directory");
    const bytes = await readFile(join(directory, name));
    const type = { ...TYPES, ...types }[extname(name)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(bytes);
  } catch {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found");
  }
}

/** A server of one directory on a free port, closed after the test `t`; resolves to its URL. */
export async function serveDirectory(t, directory, options = {}) {
  const server = createServer((request, response) => {
    serveFile(directory, new URL(request.url, "http://here").pathname, response, options.types);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  if (t) {
    afterTest(t, () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }));
  }
  return `http://127.0.0.1:${server.address().port}`;
}
