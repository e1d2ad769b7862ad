// `cache: "indexeddb"`: a reload plays the conversation back at once, even without a network, and nothing of it stays
// when the session is over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

const NO_NETWORK = /Failed to load resource: net::|WebSocket connection to .* failed/;

async function meet(t, options = {}) {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t, { expect: [NO_NETWORK] });
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", cache: "indexeddb", ...options });
  const chatId = await agent.accept();
  await chat.event("onAgentConnected");
  await agent.say(chatId, "one");
  await chat.heard("one");
  await chat.send("two");
  await chat.heard("two");
  if (options.cache === undefined) await until("what was said is kept", async () => /"two"/.test(await stored(page)));
  return { server, agent, visitor, page, chat, chatId };
}

/** Everything in the site's databases, as text. */
function stored(page) {
  return page.evaluate(async () => {
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const request = indexedDB.open(name);
      const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        found.push(...(await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)))));
      }
      database.close();
    }
    return JSON.stringify(found);
  });
}

test("a reload plays the conversation back before the server has said anything", async (t) => {
  const { server, agent, page, chatId } = await meet(t);
  await agent.say(chatId, "three");
  const frames = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(payload)));
  await page.reload();
  const early = await page.evaluate(async (serverUrl) => {
    const session = await window.causerie.chat.restoreSession({ serverUrl, cache: "indexeddb" });
    const { transcript } = await session.getTranscript();
    window.session = session;
    return transcript.map(({ content }) => content?.text);
  }, server.url);
  assert.deepEqual(early.slice(0, 3), [undefined, "one", "two"]);
  await agent.say(chatId, "four");
  const said = () => page.evaluate(async () => (await window.session.getTranscript()).transcript.map(({ content }) => content?.text));
  const texts = await until("the newest is there", async () => {
    const texts = await said();
    return texts.includes("four") && texts;
  });
  assert.deepEqual(texts, [undefined, "one", "two", "three", "four"]);
  assert.ok(!frames.join("").includes('"one"'), "what was kept is not fetched again");
});

/** From now on each write of a chunk of entries is noted: the texts of all that are in it. */
function watchWrites(page) {
  return page.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    window.written = [];
    IDBObjectStore.prototype.put = function (value, key) {
      if (this.name === "chunks") window.written.push(value.map(({ text }) => text));
      return put.call(this, value, key);
    };
  });
}

test("what is played back is not written again, and what comes after it is", async (t) => {
  const { server, agent, page, chatId } = await meet(t);
  await page.reload();
  await watchWrites(page);
  const chat = await restoreChat(page, { serverUrl: server.url, cache: "indexeddb" });
  await chat.heard("two");
  await agent.say(chatId, "three");
  await chat.heard("three");
  await until("the newest is kept", async () => /"three"/.test(await stored(page)));
  const written = await page.evaluate(() => window.written);
  assert.ok(written.length > 0 && written.every((texts) => texts.includes("three")), JSON.stringify(written));
  await page.reload();
  const again = await restoreChat(page, { serverUrl: server.url, cache: "indexeddb" });
  await again.heard("three");
  assert.deepEqual(await again.texts(), ["one", "two", "three"]);
});

test("of a long conversation little is written again, all of it is played back, and in order", async (t) => {
  const { server, agent, page, chatId } = await meet(t);
  await watchWrites(page);
  const texts = Array.from({ length: 230 }, (_, place) => `word ${place}`);
  for (const text of texts) await agent.say(chatId, text);
  await until("the newest is kept", async () => /"word 229"/.test(await stored(page)));
  const written = await page.evaluate(() => window.written);
  assert.ok(written.every(({ length }) => length <= 100), "a hundred at most");
  await page.reload();
  await page.evaluate(async () => {
    await window.causerie.init();
    await import("/pkg/cache.js");
  });
  await page.context().setOffline(true);
  const again = await restoreChat(page, { serverUrl: server.url, cache: "indexeddb" });
  await again.heard("word 229");
  assert.deepEqual(await again.texts(), ["one", "two", ...texts]);
});

test("without a network the conversation is there, and goes on when the network is", async (t) => {
  const { server, agent, page, chatId } = await meet(t);
  await page.reload();
  // The page is there, as from a browser's cache; then the network goes.
  await page.evaluate(async () => {
    await window.causerie.init();
    await import("/pkg/cache.js");
  });
  await page.context().setOffline(true);
  const chat = await restoreChat(page, { serverUrl: server.url, cache: "indexeddb" });
  await chat.heard("two");
  assert.ok((await chat.events("onMessageReceived")).every(({ restored }) => restored));
  await chat.event("onInterrupted");
  await page.context().setOffline(false);
  await chat.event("onContinued");
  await agent.say(chatId, "back again");
  await chat.heard("back again");
  assert.deepEqual(await chat.texts(), ["one", "two", "back again"]);
});

test("nothing is left when the visitor leaves, or the agent ends the session", async (t) => {
  const { page, chat } = await meet(t);
  assert.match(await stored(page), /"two"/);
  await chat.command("leave");
  await chat.event("onSessionEnded");
  await until("nothing is left", async () => (await stored(page)) === "[]");

  const other = await meet(t);
  await other.agent.end(other.chatId);
  await other.chat.event("onSessionEnded");
  await until("nothing is left there", async () => (await stored(other.page)) === "[]");
});

test("without the option no text is stored anywhere", async (t) => {
  const { page } = await meet(t, { cache: "none" });
  assert.equal(await stored(page), "[]");
  const state = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
  assert.doesNotMatch(state, /one|two/);
});

test("a browser that has no database says so, and the session goes on", async (t) => {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  await visitor.context.addInitScript(() => Object.defineProperty(window, "indexedDB", { value: undefined }));
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, cache: "indexeddb" });
  assert.deepEqual(await chat.send("hello"), { result: undefined });
  await chat.heard("hello");
  const wrong = await page.evaluate((serverUrl) => window.causerie.chat.startSession({ serverUrl, cache: "attic" }).catch(({ error }) => error.code), server.url);
  assert.equal(wrong, 3);
});
