// The installed package, bundled by each bundler for a page in Chromium: the same conversation with the real server, and the
// wasm is emitted and fetched once.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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

/** The smoke test: a session with the real server, a message each way. Resolves to the wasm files that were fetched. */
async function smoke(t, www) {
  const server = await startServer(t, { www });
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  const fetched = [];
  visitor.context.on("request", (request) => { if (/\.wasm/.test(request.url())) fetched.push(request.url()); });
  const page = await visitor.open(`${server.url}/index.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  const chatId = await agent.accept();
  await agent.say(chatId, "Good morning");
  await chat.heard("Good morning");
  assert.deepEqual(await chat.send("And to you"), { result: undefined });
  await agent.heard(chatId, "And to you");
  return fetched;
}

for (const [name, bundle] of Object.entries(bundlers)) {
  const project = useProject("bundled");
  test(`a page chats with ${name === "none" ? "no bundler" : name}, and its wasm is emitted and fetched once`, async (t) => {
    await bundle(project.folder);
    const dist = join(project.folder, "dist");
    const files = await emitted(dist);
    assert.equal(files.length, 1, files.join(", "));
    assert.equal(await hash(files[0]), await hash(join(project.package, "wasm", "causerie_bg.wasm")));
    assert.equal((await smoke(t, dist)).length, 1);
  });
}

const project = useProject("bundled");
test("`causerie/inline` needs no help of the bundler: nothing is emitted beside it, and nothing fetched", async (t) => {
  await inline(project.folder);
  assert.deepEqual(await readdir(join(project.folder, "dist")), ["index.html", "inline.js"]);
  assert.deepEqual(await smoke(t, join(project.folder, "dist")), []);
});

test("Vite's development server serves the wasm from where the package has it", async (t) => {
  const { url, close } = await viteServer(project.folder);
  afterTest(t, close);
  // What Vite itself adds to a page that is worked at is a script, and wants a socket.
  const visitor = await browser.visitor(t, { expect: [/vite|WebSocket|ws:/i] });
  const page = await visitor.open(url);
  await page.waitForFunction(() => window.causerie);
  assert.equal(await page.evaluate(() => window.causerie.init().then(() => "loaded", ({ message }) => message)), "loaded");
});
