// The ways to load the package without a bundler: a module, a classic script, one file with the wasm inside, each in a page
// with a strict policy and in a worker. Each has a conversation with the real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();
const WASM = "/pkg/wasm/causerie_bg.wasm";
const FULL = "/pkg/wasm/causerie_full.wasm";

/** A page, what it fetched of the package, and an agent who waits for its chat. */
async function meet(t, path) {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  const fetched = [];
  visitor.context.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/pkg/")) fetched.push(pathname);
  });
  return { server, agent, fetched, page: await visitor.open(`${server.url}${path}`) };
}

for (const { what, path, files } of [
  { what: "a module", path: "/t/plain.html", files: ["/pkg/index.js", WASM] },
  { what: "a classic script", path: "/t/classic.html", files: ["/pkg/causerie.global.js", FULL] },
  { what: "one file with the wasm inside", path: "/t/inline.html", files: ["/pkg/inline.js"] },
]) {
  test(`${what} chats, goes on after a reload, and fetches nothing else of the package`, async (t) => {
    const { server, agent, fetched, page } = await meet(t, path);
    const names = await page.evaluate(() => Object.keys(window.causerie).sort());
    assert.deepEqual(names, ["ChatError", "ChatPromise", "ChatSession", "chat", "createChat", "init"]);
    const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
    const chatId = await agent.accept();
    await agent.say(chatId, "Good morning");
    await chat.heard("Good morning");
    assert.deepEqual(await chat.send("And to you"), { result: undefined });
    await agent.heard(chatId, "And to you");
    assert.deepEqual(fetched.sort(), files);

    await page.reload();
    const again = await restoreChat(page);
    const heard = await again.count("onMessageReceived", 2);
    assert.deepEqual(heard.map(({ content, restored }) => [content.text, restored]), [["Good morning", true], ["And to you", true]]);
  });
}

test("a page that preloads the module and its wasm has both before its first command, and fetches each once", async (t) => {
  const { server, agent, fetched, page } = await meet(t, "/t/preloaded.html");
  await until("both are there", () => fetched.length === 2);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  await agent.say(await agent.accept(), "Good morning");
  await chat.heard("Good morning");
  assert.deepEqual(fetched.sort(), ["/pkg/index.js", WASM]);
});

test("what few pages need is loaded on demand, but is inside the classic script and the one file", async (t) => {
  for (const [path, parts] of [["/t/plain.html", 5], ["/t/classic.html", 0], ["/t/inline.html", 0]]) {
    const { server, fetched, page } = await meet(t, path);
    const { form, wrong } = await page.evaluate(async (serverUrl) => {
      const { ChatError, chat } = window.causerie;
      const outcome = (promise) => promise.then(() => undefined, (error) => [error instanceof ChatError, error.code]);
      const session = await chat.startSession({ serverUrl, storage: "memory", cache: "indexeddb" });
      const form = await outcome(session.submitForm({ kind: "offline", values: { email: "ada@example.org" } }));
      await session.events().next();
      return { form, wrong: await outcome(chat.startSession({ transport: {} })) };
    }, server.url);
    // The server has asked for no form.
    assert.deepEqual([form, wrong], [[true, 52], [true, 3]], path);
    assert.equal(fetched.filter((file) => /(cache|events|forms|storages|transport)\.js$/.test(file)).length, parts, fetched.join(", "));
  }
});

for (const { what, entry, type, source } of [
  { what: "a module", entry: "/pkg/index.js", type: "module" },
  { what: "one file with the wasm inside", entry: "/pkg/inline.js", type: "module" },
  // It can not know where it came from: the page says where the wasm is.
  { what: "a classic script", entry: "/pkg/causerie.global.js", type: "classic", source: FULL },
  { what: "a classic script that is given the wasm without REST", entry: "/pkg/causerie.global.js", type: "classic", source: WASM },
]) {
  test(`${what} chats in a worker`, async (t) => {
    const { server, agent, page } = await meet(t, "/t/plain.html");
    await page.evaluate(([entry, type, message]) => {
      const policy = trustedTypes.createPolicy("the page's own", { createScriptURL: (url) => url });
      const worker = new Worker(policy.createScriptURL(`/t/worker.js?entry=${entry}`), { type });
      window.told = [];
      worker.onmessage = ({ data }) => window.told.push(data);
      worker.onerror = ({ message }) => window.told.push({ failed: message });
      worker.postMessage(message);
    }, [entry, type, { source, texts: ["Good morning"], options: { serverUrl: server.url, username: "Ada", storage: "memory" } }]);
    const told = (matches) => until("word from the worker", async () => {
      const all = await page.evaluate(() => window.told);
      assert.deepEqual(all.filter(({ failed, error }) => failed ?? error), []);
      return all.find(matches);
    });
    const { id } = await told(({ id }) => id);
    assert.equal(await agent.accept(), id);
    await agent.heard(id, "Good morning");
    await agent.say(id, "And to you");
    assert.deepEqual(await told(({ from }) => from === "Jane"), { heard: "And to you", from: "Jane" });
    await agent.end(id);
    assert.deepEqual((await told(({ ended }) => ended)).ended, { agent: true });
  });
}
