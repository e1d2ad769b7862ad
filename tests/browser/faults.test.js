// A server that misbehaves: each fault is told through the promise or onError, and the session goes on or ends as the
// contract says. Nothing hangs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { environment } from "./support/environment.js";
import { startFake } from "./support/fake.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** What Chromium itself writes to the console about answers that are no success. */
const NETWORK_NOISE = /Failed to load resource|WebSocket connection to|net::ERR/;

async function open(t, { expect = [], ...options } = {}) {
  const fake = await startFake(t, { www: environment.site, ...options });
  const visitor = await browser.visitor(t, { expect: [NETWORK_NOISE, ...expect] });
  const page = await visitor.open(`${fake.url}/t/plain.html`);
  const start = (more = {}) => startChat(page, { serverUrl: fake.url, ...more });
  return { fake, page, start };
}

async function talking(t, transport, options) {
  const opened = await open(t, options);
  const chat = await opened.start({ transport });
  return { ...opened, chat, theirs: await opened.fake.chats.first() };
}

const REFUSALS = [
  ["HTML in place of the handshake", { html: "<!doctype html><title>Wi-Fi</title>" }, 100],
  ["a 401", { status: 401 }, 101],
  ["a 403", { status: 403 }, 101],
  ["a 413", { status: 413 }, 100],
  ["a 429", { status: 429, headers: { "retry-after": "1" } }, 100],
  ["a 500", { status: 500 }, 100],
  ["half an answer", { half: true }, 100],
  ["a cut connection", { close: 1011 }, 100],
  ["an empty array", { messages: [] }, 100],
  ["no JSON", { raw: "[{" }, 100],
];

for (const [name, action, code] of REFUSALS) {
  test(`a start that meets ${name} is rejected with code ${code}`, async (t) => {
    const { fake, start } = await open(t, { webSocket: false });
    fake.hook = () => action;
    await assert.rejects(start(), { isError: true, hasError: true, code });
  });
}

test("a start that nobody answers is rejected with code 100", { timeout: 40_000 }, async (t) => {
  const { fake, start } = await open(t);
  fake.hook = () => ({ silent: true });
  await assert.rejects(start(), { code: 100 });
});

test("a WebSocket that opens and does not answer falls back to long-polling, and a reload remembers it", { timeout: 30_000 }, async (t) => {
  const { fake, page, start } = await open(t);
  fake.hook = ({ transport }) => (transport === "websocket" ? { silent: true } : undefined);
  const chat = await start();
  const theirs = await fake.chats.first();
  theirs.join("Jane");
  await chat.event("onAgentConnected");
  await page.reload();
  const before = fake.requests.length;
  await restoreChat(page, { serverUrl: fake.url });
  assert.ok(fake.requests.slice(before).every(({ transport }) => transport === "long-polling"));
});

test("after the handshake, subscribe, connect and requestChat go out together", async (t) => {
  const { fake } = await talking(t, "websocket");
  const [handshake, second] = fake.requests.filter(({ transport }) => transport === "websocket");
  assert.deepEqual(handshake.kinds, ["handshake"]);
  assert.deepEqual([...second.kinds].sort(), ["connect", "publish", "subscribe"]);
  assert.deepEqual(second.operations, ["requestChat"]);
});

for (const transport of ["websocket", "long-polling"]) {
  const faults = {
    "HTML": { html: "<p>sorry" },
    "half a frame": { half: true },
    "a 500": { status: 500 },
    "a 403": { status: 403 },
  };
  for (const [name, action] of Object.entries(faults)) {
    test(`a send answered with ${name} is delivered once (${transport})`, { timeout: 60_000 }, async (t) => {
      const { fake, chat, theirs } = await talking(t, transport);
      fake.once("sendMessage", action);
      assert.deepEqual(await chat.send("once"), { result: undefined });
      await chat.heard("once");
      await chat.send("after");
      assert.deepEqual(await chat.texts(), ["once", "after"]);
      assert.equal(theirs.entries.filter(({ text }) => text === "once").length, 1);
      const order = (await chat.events()).map(({ on }) => on).filter((on) => /Interrupted|Continued/.test(on));
      order.forEach((on, at) => assert.equal(on, at % 2 === 0 ? "onInterrupted" : "onContinued"));
    });
  }
}

test("a 429 is answered by a pause of its Retry-After, and the message arrives", { timeout: 30_000 }, async (t) => {
  const { fake, chat } = await talking(t, "long-polling");
  fake.once("sendMessage", { status: 429, headers: { "retry-after": "2" } });
  const sent = Date.now();
  assert.deepEqual(await chat.send("patience"), { result: undefined });
  assert.ok(Date.now() - sent >= 1_900, "seconds, not milliseconds");
  assert.deepEqual(await chat.events("onInterrupted"), []);
});

test("a 413 rejects the send with code 3, and the session goes on", async (t) => {
  const { fake, chat } = await talking(t, "long-polling");
  fake.once("sendMessage", { status: 413 });
  assert.equal((await chat.send("x".repeat(10_000))).code, 3);
  assert.deepEqual(await chat.send("short"), { result: undefined });
});

test("a frame too large for the server rejects the send with code 3, and the session goes on", { timeout: 30_000 }, async (t) => {
  const { fake, chat } = await talking(t, "websocket");
  fake.once("sendMessage", { close: 1009 });
  assert.equal((await chat.send("x".repeat(10_000_000))).code, 3);
  assert.deepEqual(await chat.send("short"), { result: undefined });
  assert.deepEqual(await chat.texts(), ["short"]);
});

test("a message of 10 MB from the server is passed on", { timeout: 30_000 }, async (t) => {
  const { chat, theirs } = await talking(t, "websocket");
  theirs.join("Jane");
  theirs.say("y".repeat(10_000_000));
  const length = await until("the message", () => chat.page.evaluate(() => window.events.find((event) => event.content)?.content.text.length));
  assert.equal(length, 10_000_000);
});

test("malformed frames and events are told by onError, dropped, and do not end the session", async (t) => {
  const { fake, chat, theirs } = await talking(t, "websocket");
  theirs.join("Jane");
  await chat.event("onAgentConnected");
  fake.sendRaw("no JSON");
  fake.sendRaw("[1, null, {\"channel\": 7}]");
  fake.sendRaw(JSON.stringify([{ channel: "/service/chatV2/default", data: "text" }]));
  for (const wrong of [{ text: 7 }, { text: undefined }, { from: "Jane" }, { type: 5 }]) {
    theirs.push([{ ...theirs.add("Message", theirs.agent, { text: "well" }), ...wrong }]);
  }
  theirs.push([{ index: "six", type: "Message" }]);
  theirs.push([theirs.add("SomethingNew", theirs.agent, { text: { odd: true }, extra: [1] })]);
  theirs.say("still here");
  await chat.heard("still here");
  const errors = await chat.events("onError");
  assert.ok(errors.length >= 7, `${errors.length} errors were told`);
  for (const { error } of errors) {
    assert.equal(error.code, 304);
    assert.match(error.description, /expected .*, got /);
  }
  assert.deepEqual(await chat.events("onInterrupted"), []);
});

test("a network cut in mid-chat: messages wait, arrive once and in order, after onContinued", { timeout: 60_000 }, async (t) => {
  const { fake, chat, theirs, page } = await talking(t, "auto");
  fake.hook = () => ({ status: 503 });
  fake.dropSockets();
  await chat.event("onInterrupted");
  await chat.event("onError", ({ error }) => error.code === 150);
  await page.evaluate(() => {
    window.sent = [];
    for (const text of ["one", "two", "three"]) window.session.sendMessage(text).then(() => window.sent.push(text));
  });
  theirs.join("Jane");
  theirs.say("while you were away");
  fake.hook = () => undefined;
  await chat.event("onContinued");
  await until("the sends to settle", () => page.evaluate(() => window.sent.length === 3));
  assert.deepEqual(await page.evaluate(() => window.sent), ["one", "two", "three"]);
  await chat.heard("three");
  assert.deepEqual(await chat.texts(), ["while you were away", "one", "two", "three"]);
  assert.equal(theirs.entries.filter(({ type }) => type === "Message").length, 4);
});

test("a page that is restored is told, once it listens, that the server was not ready, and that another one has taken over", { timeout: 30_000 }, async (t) => {
  const first = await startFake(t);
  const { fake: second, page } = await open(t);
  second.chats.all = first.chats.all;
  const servers = [first.url, second.url];
  await startChat(page, { servers });
  await page.reload();
  const notReady = { statusCode: 1, errors: [{ code: 1, advice: "not yet" }] };
  first.once("requestNotifications", { change: (messages) => messages.map((message) => (message.data ? { ...message, data: notReady } : message)) });
  const one = await restoreChat(page, { servers });
  await one.event("onError", ({ error }) => error.code === 303);
  await page.reload();
  await first.close();
  const other = await restoreChat(page, { servers });
  await other.event("onError", ({ error }) => error.code === 302);
});

test("a network that stays away ends the session after maxOfflineDuration", { timeout: 40_000 }, async (t) => {
  const { fake, page } = await open(t);
  const chat = await startChat(page, { serverUrl: fake.url, maxOfflineDuration: 2 });
  const theirs = await fake.chats.first();
  theirs.join("Jane");
  await chat.event("onAgentConnected");
  const pending = page.evaluate(() => new Promise((resolve) => {
    window.session.onInterrupted(() => window.session.sendMessage("lost").fail((event) => resolve(event.error.code)));
  }));
  await fake.close();
  await chat.event("onInterrupted");
  const ended = await chat.event("onSessionEnded");
  assert.deepEqual(ended.reason, { error: true });
  assert.equal(await pending, 50);
  const order = (await chat.events()).map(({ on }) => on);
  assert.ok(order.indexOf("onAgentDisconnected") < order.indexOf("onSessionEnded"));
});

test("after a trap in the module every command says so, and none hangs", async (t) => {
  // What can not be told to anybody is reported as an uncaught error.
  const { fake, page, start } = await open(t, { expect: [/an internal error|unreachable/] });
  // As a bug in the module would: from some moment on it traps wherever it is entered.
  await page.evaluate(() => {
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...source) => {
      const { module, instance } = await instantiateStreaming.apply(WebAssembly, source);
      const trapping = (own) => (...values) => {
        if (window.isTrapping) throw new WebAssembly.RuntimeError("unreachable");
        return own(...values);
      };
      const exports = Object.entries(instance.exports).map(([name, own]) => [name, typeof own === "function" ? trapping(own) : own]);
      return { module, instance: { exports: Object.fromEntries(exports) } };
    };
  });
  const chat = await start();
  fake.hook = () => ({ silent: true });
  const pending = chat.command("sendMessage", { message: "Under way" });
  await page.evaluate(() => { window.isTrapping = true; });
  for (const command of [["sendMessage", { message: "Hello" }], ["sendTyping"], ["leave"]]) {
    const { code, description } = await chat.command(...command);
    assert.equal(code, 307, description);
    assert.match(description, /internal error/);
  }
  assert.equal((await pending).code, 307, "what was under way is settled, too");
  await page.evaluate(() => { window.isTrapping = false; });
  assert.equal((await chat.command("leave")).code, 307, "what has trapped is not entered again");
});
