// Several tabs of one site share one session and one connection; whichever is closed, the others go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

/** Two tabs in one session with an agent; `sockets` counts the WebSockets that each opened. */
async function twoTabs(t, options = {}) {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  const sockets = [0, 0];
  const url = `${server.url}/t/plain.html`;
  const pages = [await visitor.open(url), await visitor.open(url)];
  pages.forEach((page, place) => page.on("websocket", () => (sockets[place] += 1)));
  const first = await startChat(pages[0], { serverUrl: server.url, username: "Ada", ...options });
  const chatId = await agent.accept();
  await first.event("onAgentConnected");
  await agent.say(chatId, "before");
  await first.heard("before");
  const second = await restoreChat(pages[1], { serverUrl: server.url, ...options });
  return { server, agent, visitor, pages, first, second, chatId, sockets };
}

test("a second tab takes part in the session over the connection of the first", async (t) => {
  const { agent, pages, first, second, chatId, sockets } = await twoTabs(t);
  assert.equal(await pages[1].evaluate(() => window.session.id), chatId);
  const before = await second.heard("before");
  assert.equal(before.restored, true);
  assert.deepEqual(await second.send("from the second"), { result: undefined });
  assert.deepEqual(await first.send("from the first"), { result: undefined });
  await agent.say(chatId, "to both");
  for (const chat of [first, second]) {
    await chat.heard("to both");
    assert.deepEqual(await chat.texts(), ["before", "from the second", "from the first", "to both"]);
    assert.equal(await chat.isAgentConnected(), true);
  }
  assert.deepEqual(sockets, [1, 0]);
});

test("when the tab that holds the connection is closed the other takes over without an interruption", async (t) => {
  const { agent, pages, second, chatId, sockets } = await twoTabs(t);
  await second.heard("before");
  await pages[0].close();
  await agent.say(chatId, "into the gap");
  assert.deepEqual(await second.send("from who is left"), { result: undefined });
  await second.heard("into the gap");
  assert.deepEqual(new Set(await second.texts()), new Set(["before", "into the gap", "from who is left"]));
  assert.equal((await second.texts()).length, 3);
  assert.deepEqual(await second.events("onInterrupted"), []);
  assert.equal(sockets[1], 1);
});

test("a tab that holds the connection and is frozen gives way, and comes back as one of the others", async (t) => {
  const { agent, pages, first, second, chatId, sockets } = await twoTabs(t);
  await second.heard("before");
  await pages[0].evaluate(() => document.dispatchEvent(new Event("freeze")));
  await agent.say(chatId, "while the first sleeps");
  await second.heard("while the first sleeps");
  await second.send("from the second");
  assert.deepEqual(await first.texts(), ["before"]);
  await pages[0].evaluate(() => document.dispatchEvent(new Event("resume")));
  await first.heard("from the second");
  await first.send("awake");
  await second.heard("awake");
  assert.deepEqual(await first.texts(), await second.texts());
  assert.deepEqual(await second.events("onInterrupted"), []);
  assert.deepEqual(sockets, [1, 1]);
});

test("a tab that holds the connection and hangs loses it", async (t) => {
  const { agent, pages, first, second, chatId, sockets } = await twoTabs(t);
  await second.heard("before");
  await pages[0].evaluate(() => {
    setTimeout(() => {
      for (const until = performance.now() + 10_000; performance.now() < until; );
    });
  });
  const hanging = pages[0].evaluate(() => document.title);
  await agent.say(chatId, "while the first hangs");
  await second.heard("while the first hangs");
  assert.deepEqual(sockets, [1, 1]);
  await hanging;
  await first.heard("while the first hangs");
  await first.send("awake");
  await second.heard("awake");
  assert.deepEqual(await first.texts(), await second.texts());
});

test("a tab that leaves ends the session for both, by the visitor's wish", async (t) => {
  const { first, second } = await twoTabs(t);
  assert.deepEqual(await second.command("leave"), { result: undefined });
  for (const chat of [first, second]) {
    assert.deepEqual((await chat.event("onSessionEnded")).reason, { leaveRequest: true });
    assert.equal((await chat.events("onAgentDisconnected")).length, 1);
  }
});

test("a reload of either tab restores it, and the other does not notice", async (t) => {
  const { server, agent, pages, first, second, chatId } = await twoTabs(t);
  await second.heard("before");
  await pages[0].reload();
  const back = await restoreChat(pages[0], { serverUrl: server.url });
  await agent.say(chatId, "after the reload");
  await back.heard("after the reload");
  await second.heard("after the reload");
  assert.deepEqual(await back.texts(), ["before", "after the reload"]);
  assert.deepEqual(await second.texts(), ["before", "after the reload"]);
  assert.deepEqual(await second.events("onInterrupted"), []);
});

test("with multiTab false each tab connects by itself", async (t) => {
  const { sockets, second } = await twoTabs(t, { multiTab: false, storage: "local" });
  await second.heard("before");
  assert.deepEqual(sockets, [1, 1]);
});

test("without the browser's locks each tab works alone", async (t) => {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  await visitor.context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  const chatId = await agent.accept();
  await agent.say(chatId, "hello");
  await chat.heard("hello");
  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  await back.heard("hello");
});

for (const [what, deny] of [
  ["locks", () => {
    const request = () => Promise.reject(new DOMException("Access denied", "SecurityError"));
    Object.defineProperty(navigator, "locks", { value: { request, query: async () => ({ held: [] }) } });
  }],
  ["channels", () => { window.BroadcastChannel = class { constructor() { throw new DOMException("Access denied", "SecurityError"); } }; }],
]) {
  test(`where the browser denies its ${what} to a page, as in a sandboxed frame, it works alone`, async (t) => {
    const server = await startServer(t);
    const visitor = await browser.visitor(t);
    await visitor.context.addInitScript(deny);
    const page = await visitor.open(`${server.url}/t/plain.html`);
    await startChat(page, { serverUrl: server.url });
    await page.reload();
    const back = await restoreChat(page);
    assert.deepEqual(await back.send("here I am"), { result: undefined });
    await back.heard("here I am");
  });
}

test("eight tabs that share nothing all go on over long-polling, though a browser keeps six connections", async (t) => {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t);
  const options = { serverUrl: server.url, transport: "long-polling", multiTab: false, storage: "local" };
  const open = () => visitor.open(`${server.url}/t/plain.html`);
  const chats = [await startChat(await open(), { username: "Ada", ...options })];
  const chatId = await agent.accept();
  await chats[0].event("onAgentConnected");
  while (chats.length < 8) chats.push(await restoreChat(await open(), options));
  await agent.say(chatId, "to all");
  for (const chat of chats) await chat.heard("to all");
  for (const [place, chat] of chats.entries()) assert.deepEqual(await chat.send(`from ${place}`), { result: undefined });
  for (const chat of chats) {
    await chat.heard("from 7");
    assert.deepEqual(await chat.texts(), ["to all", ...chats.map((_, place) => `from ${place}`)]);
    assert.deepEqual(await chat.events("onInterrupted"), []);
  }
});

test("five tabs share one session and its cache", async (t) => {
  const { server, visitor, agent, pages, first, second, chatId, sockets } = await twoTabs(t, { storage: "local", cache: "indexeddb" });
  const options = { serverUrl: server.url, storage: "local", cache: "indexeddb" };
  const chats = [first, second];
  while (chats.length < 5) chats.push(await restoreChat(await visitor.open(`${server.url}/t/plain.html`), options));
  for (const [place, chat] of chats.entries()) assert.deepEqual(await chat.send(`from ${place}`), { result: undefined });
  await agent.say(chatId, "to all");
  const all = ["before", ...chats.map((_, place) => `from ${place}`), "to all"];
  for (const chat of chats) {
    await chat.heard("to all");
    assert.deepEqual(await chat.texts(), all);
  }
  assert.deepEqual(sockets, [1, 0]);
  await pages[0].close();
  const again = [];
  for (const { page } of chats.slice(1)) {
    await page.reload();
    again.push(await restoreChat(page, options));
  }
  await agent.say(chatId, "once more");
  for (const chat of again) {
    await chat.heard("once more");
    assert.deepEqual(await chat.texts(), [...all, "once more"]);
  }
});
