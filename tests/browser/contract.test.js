// The shapes and rules of the public API that do not depend on a server: promises, errors, callbacks, arguments.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { launchChat, restoreChat, startChat } from "./support/chat.js";
import { environment } from "./support/environment.js";
import { startFake } from "./support/fake.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

async function open(t, { expect = [] } = {}) {
  const fake = await startFake(t, { www: environment.site });
  const visitor = await browser.visitor(t, { expect });
  const page = await visitor.open(`${fake.url}/t/plain.html`);
  return { fake, page, serverUrl: fake.url };
}

async function talking(t, options = {}) {
  const opened = await open(t, options);
  const chat = await startChat(opened.page, { serverUrl: opened.serverUrl });
  return { ...opened, chat, theirs: await opened.fake.chats.first() };
}

const WRONG_STARTS = [
  [undefined, 2, /serverUrl/],
  [{}, 2, /serverUrl/],
  [{ serverUrl: "" }, 2, /serverUrl/],
  [{ serverUrl: 7 }, 3, /`serverUrl` to be a string, got 7/],
  [{ serverUrl: "ftp://x" }, 3, /serverUrl.*http/],
  [{ serverUrl: "http://[" }, 3, /serverUrl/],
  [{ servers: "http://x" }, 3, /servers/],
  [{ servers: [7] }, 3, /servers/],
  ["http://x", 3, /object/],
  [[], 3, /object/],
];

const WRONG_OPTIONS = [
  [{ username: 7 }, /username/],
  [{ subject: {} }, /subject/],
  [{ service: "" }, /service/],
  [{ service: "a/b" }, /service/],
  [{ userData: "x" }, /userData/],
  [{ userData: [1] }, /userData/],
  [{ transport: "pigeon" }, /transport.*"auto".*got a string/],
  [{ transport: 5 }, /transport/],
  [{ storage: "nowhere" }, /storage/],
  [{ storage: {} }, /storage.*read/],
  [{ maxOfflineDuration: -1 }, /maxOfflineDuration/],
  [{ maxOfflineDuration: "60" }, /maxOfflineDuration.*number.*got a string/],
  [{ logger: "console" }, /logger/],
  [{ signal: {} }, /signal/],
  [{ multiTab: "no" }, /`multiTab` to be a boolean, got a string/],
  [{ debug: 1 }, /`debug` to be a boolean, got 1/],
  [{ cache: "disk" }, /cache/],
];

test("wrong options reject with code 2 or 3 and say what was expected and what came", async (t) => {
  const { page, serverUrl } = await open(t);
  const cases = [...WRONG_STARTS, ...WRONG_OPTIONS.map(([options, pattern]) => [{ serverUrl, ...options }, 3, pattern])];
  for (const [options, code, pattern] of cases) {
    await assert.rejects(launchChat(page, "startSession", options), (failure) => {
      assert.equal(failure.code, code, `${JSON.stringify(options)}: ${failure.message}`);
      assert.deepEqual(failure.error, { code, description: failure.message });
      assert.match(failure.message, pattern);
      return true;
    });
  }
});

test("an option of null is as one that is left out", async (t) => {
  const { page, serverUrl } = await open(t);
  const names = [
    "servers", "service", "username", "firstName", "subject", "userData", "transport", "storage", "stateStorage",
    "maxOfflineDuration", "multiTab", "cache", "debug", "logger", "signal",
  ];
  for (const name of names) await launchChat(page, "startSession", { serverUrl, [name]: null });
  await assert.rejects(launchChat(page, "startSession", { serverUrl: null }), { code: 2 });
});

test("attached data is what JSON makes of it, for the server and for the page; what it can not carry is refused with code 3", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const outcomes = await page.evaluate(async (serverUrl) => {
    const cycle = {};
    cycle.self = cycle;
    const given = [
      { when: new Date(0), run() {}, nothing: undefined, nested: { list: [1, { deep: null }] } }, { body: document.body },
      cycle, { big: 1n }, { get mine() { throw new Error("mine"); } },
    ];
    const launch = (userData) => causerie.chat.startSession({ serverUrl, userData, storage: "memory" });
    const outcomes = [];
    for (const userData of given) {
      outcomes.push(await launch(userData).then(({ data }) => ({ data: data.get(), isText: typeof data.get("when") }), ({ error }) => error.code));
    }
    return outcomes;
  }, serverUrl);
  const dated = { when: "1970-01-01T00:00:00.000Z", nested: { list: [1, { deep: null }] } };
  assert.deepEqual(outcomes[0], { data: dated, isText: "string" });
  assert.deepEqual(outcomes.slice(2), [3, 3, 3]);
  assert.deepEqual(fake.chats.all.map(({ request }) => request.userData), [dated, outcomes[1].data]);
});

test("wrong arguments of commands reject with code 2 or 3, and nothing throws", async (t) => {
  const { chat } = await talking(t);
  const cases = [
    ["sendMessage", undefined, 2], ["sendMessage", {}, 2], ["sendMessage", { message: 7 }, 3], ["sendMessage", 7, 3],
    ["sendMessage", "", 3], ["sendMessage", { message: "x", type: "image" }, 3], ["sendMessage", { message: "x", type: 1 }, 3],
    ["sendTyping", "yes", 3], ["sendTyping", { isTyping: "yes" }, 3], ["sendTyping", { typedText: 5 }, 3],
    ["getTranscript", 0, 3], ["getTranscript", { fromIndex: -1 }, 3], ["getTranscript", { fromIndex: 0.5 }, 3],
    ["getTranscript", { fromIndex: "0" }, 3], ["getTranscript", [], 3], ["sendTyping", [true], 3], ["sendMessage", ["x"], 3],
  ];
  for (const [name, argument, code] of cases) {
    const error = await chat.command(name, argument);
    assert.equal(error.code, code, `${name}(${JSON.stringify(argument)}): ${JSON.stringify(error)}`);
    assert.match(error.description, /expects/);
  }
  assert.deepEqual(await chat.events("onError"), []);
});

test("a command's promise is a real one that has done and fail, which chain and also run late", async (t) => {
  const { page } = await talking(t);
  const seen = await page.evaluate(async () => {
    const { ChatError, chat } = window.causerie;
    const seen = [];
    const sent = window.session.sendMessage("x");
    seen.push(sent instanceof Promise, sent.done((value) => seen.push(["done", value])) === sent, sent.fail(() => seen.push("never")) === sent);
    await sent;
    sent.fail(() => seen.push("never")).done(() => seen.push("late"));
    await null; await null;
    const failed = window.session.sendMessage();
    failed.done(() => seen.push("never")).fail((event) => seen.push([event instanceof ChatError, event instanceof Error, event.error.code, event.code]));
    await failed.catch((error) => seen.push(error.error.description === error.message));
    seen.push(chat.startSession().fail(() => {}) instanceof Promise);
    return seen;
  });
  assert.deepEqual(seen, [true, true, true, ["done", undefined], "late", [true, true, 2, 2], true, true]);
});

test("a promise on which done or fail was used raises no unhandledrejection; another does", async (t) => {
  const { page } = await open(t, { expect: [/mandatory parameter/] });
  const raised = await page.evaluate(async () => {
    let raised = 0;
    window.addEventListener("unhandledrejection", (event) => { raised += 1; event.preventDefault(); });
    const { chat } = window.causerie;
    chat.startSession().done(() => {});
    chat.startSession().fail(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    const quiet = raised;
    chat.startSession();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return [quiet, raised];
  });
  assert.deepEqual(raised, [0, 1]);
});

test("a callback registered late gets the past in order, each event once; typing is never replayed", async (t) => {
  const { page, theirs, chat } = await talking(t);
  theirs.join("Jane");
  theirs.type();
  for (let n = 0; n < 5; n += 1) theirs.say(`message ${n}`);
  await chat.heard("message 4");
  const late = await page.evaluate(async () => {
    const late = [];
    window.session.onAgentTyping(() => late.push("typing"));
    window.session.onMessageReceived((event) => late.push(event.content.text));
    window.session.onAgentConnected((event) => late.push(event.party.name));
    late.push("registered");
    await new Promise((resolve) => setTimeout(resolve, 50));
    return late;
  });
  assert.deepEqual(late, ["registered", "Jane", "message 0", "message 1", "message 2", "message 3", "message 4"]);
});

test("an error that nobody could hear is told to the first callback for errors, and to no later one", async (t) => {
  const { page, serverUrl, fake } = await open(t);
  await page.evaluate(async (serverUrl) => {
    window.session = await window.causerie.chat.startSession({ serverUrl });
    window.session.onMessageReceived(({ content }) => { window.heard = content.text; });
  }, serverUrl);
  const theirs = await fake.chats.first();
  theirs.join("Jane");
  theirs.push([{ ...theirs.add("Message", theirs.agent, { text: "well" }), text: 7 }]);
  theirs.say("after it");
  await until("the message after it", () => page.evaluate(() => window.heard));
  const told = await page.evaluate(async () => {
    const told = [];
    const turn = () => new Promise((resolve) => setTimeout(resolve, 50));
    await turn();
    window.session.onError(({ error }) => told.push(["first", error.code]));
    await turn();
    window.session.onError(({ error }) => told.push(["second", error.code]));
    await turn();
    return told;
  });
  assert.deepEqual(told, [["first", 304]]);
});

test("callbacks are called in the order of registration; one that throws stops no other and is reported", async (t) => {
  const { page, theirs } = await talking(t, { expect: [/my own trouble/] });
  const called = await page.evaluate(async () => {
    window.called = [];
    window.addEventListener("error", (event) => window.called.push(`reported ${event.error.message}`));
    const { session } = window;
    session.onMessageReceived(() => window.called.push("first"));
    session.onMessageReceived(() => { throw new Error("my own trouble"); });
    const off = session.onMessageReceived(() => window.called.push("unregistered"));
    const controller = new AbortController();
    session.onMessageReceived(() => window.called.push("aborted"), { signal: controller.signal });
    session.onMessageReceived(async (event) => {
      window.called.push(`awaiting ${event.content.text}`);
      await null; await null; await null;
      window.called.push(`went on ${event.content.text}`);
    });
    off();
    controller.abort();
    let thrown = 0;
    for (const wrong of [undefined, null, "x", {}]) {
      try { session.onError(wrong); } catch (error) { thrown += error instanceof TypeError ? 1 : 0; }
    }
    return thrown;
  });
  assert.equal(called, 4);
  theirs.join("Jane");
  theirs.push([theirs.add("Message", theirs.agent, { text: "a" }), theirs.add("Message", theirs.agent, { text: "b" })]);
  await until("all callbacks", async () => (await page.evaluate(() => window.called)).includes("went on b"));
  assert.deepEqual(await page.evaluate(() => window.called), [
    "first", "reported my own trouble", "awaiting a", "went on a", "first", "reported my own trouble", "awaiting b", "went on b",
  ]);
});

test("interruptions alternate, and one that lasts is told to a callback registered late", async (t) => {
  const { fake, page, chat } = await talking(t, { expect: [/WebSocket|Failed to load/] });
  fake.hook = () => ({ status: 503 });
  fake.dropSockets();
  await chat.event("onInterrupted");
  const told = await page.evaluate(() => new Promise((resolve) => window.session.onInterrupted((...given) => resolve(given.length))));
  assert.equal(told, 0);
  fake.hook = () => undefined;
  await chat.event("onContinued");
  const order = (await chat.events()).map(({ on }) => on).filter((on) => /Interrupted|Continued/.test(on));
  assert.deepEqual(order, ["onInterrupted", "onContinued"]);
});

test("a launch is given up by its signal", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  fake.hook = () => ({ silent: true });
  const codes = await page.evaluate(async (serverUrl) => {
    const { chat } = window.causerie;
    const controller = new AbortController();
    const given = chat.startSession({ serverUrl, signal: controller.signal }).catch((error) => error.code);
    setTimeout(() => controller.abort(), 100);
    return [await given, await chat.startSession({ serverUrl, signal: AbortSignal.abort() }).catch((error) => error.code)];
  }, serverUrl);
  assert.deepEqual(codes, [308, 308]);
});

test("a launch that is given up leaves no chat behind, and does not touch the one that is started next", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const codes = await page.evaluate(async (serverUrl) => {
    const { chat } = window.causerie;
    const controller = new AbortController();
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
      send.call(this, data);
      if (data.includes("requestChat")) queueMicrotask(() => controller.abort());
    };
    const code = await chat.startSession({ serverUrl, signal: controller.signal }).catch((error) => error.code);
    window.session = await chat.startSession({ serverUrl });
    return [code, window.session.id];
  }, serverUrl);
  await until("the first to be left", () => fake.chats.all[0].ended);
  const [, next] = fake.chats.all;
  assert.deepEqual([codes, fake.chats.all.length, next.ended], [[308, next.chatId], 2, false]);
  await page.reload();
  await restoreChat(page);
  assert.equal(await page.evaluate(() => window.session.id), next.chatId, "it is the stored one");
});

for (const storage of ["session", "local", "cookie"]) {
  test(`a session is restored from storage: ${storage}, without a server URL, and holds no message's text`, async (t) => {
    const { page, theirs, serverUrl } = await open(t).then(async (opened) => {
      await startChat(opened.page, { serverUrl: opened.serverUrl, storage, username: "Ada Lovelace" });
      return { ...opened, theirs: await opened.fake.chats.first() };
    });
    theirs.join("Jane");
    theirs.say("a confidential matter");
    await until("the message", () => page.evaluate(() => window.events.some(({ content }) => content)));
    const stored = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, decodeURIComponent(document.cookie)]));
    assert.ok(stored.includes(serverUrl.slice(7)), stored);
    assert.doesNotMatch(stored, /confidential|Ada|Jane/);
    await page.reload();
    const back = await restoreChat(page, { storage });
    assert.equal((await back.heard("a confidential matter")).restored, true);
    assert.deepEqual(await back.command("leave"), { result: undefined });
    await page.reload();
    await assert.rejects(restoreChat(page, { storage }), { hasError: false });
  });
}

test("how long the page may be away is the session's own, unless the restore says otherwise", async (t) => {
  const { page, serverUrl } = await open(t);
  /** A later page, so many seconds after the last one. */
  const away = async (seconds) => {
    await page.reload();
    await page.evaluate((seconds) => {
      for (const name of Object.keys(sessionStorage).filter((name) => name.startsWith("causerie:"))) {
        const state = JSON.parse(sessionStorage.getItem(name));
        sessionStorage.setItem(name, JSON.stringify({ ...state, seen: state.seen - seconds * 1_000 }));
      }
    }, seconds);
  };
  await startChat(page, { serverUrl, maxOfflineDuration: 5 });
  await away(20);
  await assert.rejects(restoreChat(page), { hasError: false });
  await startChat(page, { serverUrl, maxOfflineDuration: 300 });
  for (const seconds of [200, 250]) {
    await away(seconds);
    await restoreChat(page);
  }
  await away(20);
  await assert.rejects(restoreChat(page, { maxOfflineDuration: 5 }), { hasError: false });
});

test("a cookie lives as long as the page may be away, also after a restore", async (t) => {
  const { page, serverUrl } = await open(t);
  const storage = "cookie";
  await startChat(page, { serverUrl, storage, maxOfflineDuration: 600 });
  await page.reload();
  const chat = await restoreChat(page, { storage });
  await chat.send("hello");
  await until("a cookie of ten minutes", async () => {
    const [{ expires }] = await page.context().cookies();
    const seconds = expires - Date.now() / 1_000;
    return seconds > 300 && seconds < 601;
  });
});

test("a session is restored from the page's own storage, synchronous or not", async (t) => {
  const { page, serverUrl } = await open(t);
  const texts = await page.evaluate(async (serverUrl) => {
    const calls = [];
    let state;
    const storage = {
      read: async () => state,
      write: (next) => { calls.push(typeof next); state = structuredClone(next); },
      clear: async () => { calls.push("clear"); state = undefined; },
    };
    const { chat } = window.causerie;
    const first = await chat.startSession({ serverUrl, storage });
    await first.sendMessage("hello");
    const second = await chat.restoreSession({ storage });
    const heard = await new Promise((resolve) => second.onMessageReceived((event) => resolve(event.content.text)));
    await second.leave();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const failed = await chat.restoreSession({ storage }).catch((error) => "error" in error);
    return [heard, calls[0], calls.at(-1), failed];
  }, serverUrl);
  assert.deepEqual(texts, ["hello", "object", "clear", false]);
});

test("an instance of createChat has its own defaults, and both are usable at once", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  await page.evaluate(async (serverUrl) => {
    const { chat, createChat } = window.causerie;
    const own = createChat({ serverUrl, username: "Own", service: "sales", storage: "memory" });
    await Promise.all([own.startSession(), own.startSession({ username: "Given" }), chat.startSession({ serverUrl })]);
  }, serverUrl);
  assert.deepEqual(fake.chats.all.map(({ request }) => request.nickname).sort(), ["Given", "Own", "User"]);
  assert.deepEqual(fake.chats.all.map(({ channel }) => channel).sort(), ["/service/chatV2/default", "/service/chatV2/sales", "/service/chatV2/sales"]);
});

test("the options of a start reach the server under their names", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const userData = { FirstName: "Ada", nested: { list: [1, null, true] } };
  await startChat(page, {
    serverUrl, username: "Ada", firstName: "A", lastName: "L", emailAddress: "a@example.org", subject: "Pots", userData,
  });
  const { request } = await fake.chats.first();
  assert.deepEqual(
    { ...request, messageId: undefined },
    {
      operation: "requestChat", nickname: "Ada", firstName: "A", lastName: "L", emailAddress: "a@example.org", subject: "Pots",
      userData, messageId: undefined, notices: 1, dataVersion: 0,
    },
  );
});

test("with a server that tells no status it is derived from who speaks", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const chat = await startChat(page, { serverUrl });
  const status = () => page.evaluate(() => window.session.status);
  assert.deepEqual(await status(), { code: 4, name: "inQueue" });
  await chat.send("anybody?");
  assert.equal((await status()).name, "inQueue", "nobody has taken it");
  const room = await fake.chats.first();
  room.join();
  await chat.event("onAgentConnected");
  assert.equal((await status()).name, "customerLast");
  room.say("hello");
  await chat.heard("hello");
  assert.equal((await status()).name, "userLast");
  await chat.send("hi");
  assert.equal((await status()).name, "customerLast");
  assert.deepEqual(await chat.states(), ["inQueue", "customerLast", "userLast", "customerLast"]);
  assert.equal((await chat.events("onStatusChanged"))[1].old.name, "inQueue");
});
