// The installed package, bundled by each bundler for a page in Chromium: the same conversation with the real server, and of the
// two wasms each is emitted once, and fetched once by the page that needs it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { useBrowser } from "../browser/support/browser.js";
import { startChat } from "../browser/support/chat.js";
import { afterTest } from "../browser/support/cleanup.js";
import { signIn } from "../browser/support/desk.js";
import { startServer } from "../browser/support/server.js";
import { useProject } from "./support/project.js";
import { bundlers, inline, viteServer } from "./tools/build.js";

const browser = useBrowser();

const hash = async (file) => createHash("sha256").update(await readFile(file)).digest("hex");

/** The wasm files in what a bundler made. */
async function emitted(folder) {
  const files = await readdir(folder, { recursive: true });
  return files.filter((name) => name.endsWith(".wasm")).map((name) => join(folder, name));
}

/** The smoke test: a session with the real server, a message each way. Resolves to the names of the wasm files that were fetched. */
async function smoke(t, www, transport = "auto") {
  const server = await startServer(t, { www });
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  const fetched = [];
  visitor.context.on("request", (request) => { if (/\.wasm/.test(request.url())) fetched.push(basename(new URL(request.url()).pathname)); });
  const page = await visitor.open(`${server.url}/index.html`);
  if (transport === "rest") await page.evaluate(() => window.full && window.causerie.init(window.full, { transport: "rest" }));
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", transport });
  const chatId = await agent.accept();
  await agent.say(chatId, "Good morning");
  await chat.heard("Good morning");
  assert.deepEqual(await chat.send("And to you"), { result: undefined });
  await agent.heard(chatId, "And to you");
  return fetched;
}

for (const [name, bundle] of Object.entries(bundlers)) {
  const project = useProject("bundled");
  test(`a page chats with ${name === "none" ? "no bundler" : name}, and the wasm that it needs is emitted and fetched once`, async (t) => {
    await bundle(project.folder);
    const dist = join(project.folder, "dist");
    const files = await emitted(dist);
    assert.equal(files.length, 2, files.join(", "));
    const names = new Map();
    for (const file of files) names.set(await hash(file), basename(file));
    const emittedAs = async (wasm) => names.get(await hash(join(project.package, "wasm", wasm)));
    assert.deepEqual(await smoke(t, dist), [await emittedAs("causerie_bg.wasm")]);
    // Where the page gives the address of the main one itself, it has done so before it knows what it will need.
    const given = name === "esbuild" ? [await emittedAs("causerie_bg.wasm")] : [];
    assert.deepEqual(await smoke(t, dist, "rest"), [...given, await emittedAs("causerie_full.wasm")]);
  });
}

const project = useProject("bundled");
test("`causerie/inline` needs no help of the bundler: nothing is emitted beside it, and nothing fetched", async (t) => {
  await inline(project.folder);
  assert.deepEqual(await readdir(join(project.folder, "dist")), ["index.html", "inline.js"]);
  for (const transport of ["auto", "rest"]) assert.deepEqual(await smoke(t, join(project.folder, "dist"), transport), []);
});

test("Vite's development server serves the wasm from where the package has it", async (t) => {
  const { url, close } = await viteServer(project.folder);
  afterTest(t, close);
  // What Vite itself adds to a page that is worked at is a script, and wants a socket.
  const visitor = await browser.visitor(t, { expect: [/vite|WebSocket|ws:/i] });
  const page = await visitor.open(url);
  await page.waitForFunction(() => window.causerie);
  for (const transport of ["auto", "rest"]) {
    const load = (transport) => window.causerie.init(undefined, { transport }).then(() => "loaded", ({ message }) => message);
    assert.equal(await page.evaluate(load, transport), "loaded", transport);
  }
});
