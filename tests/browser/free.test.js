// Letting go of sessions: `free()` and `using` leave nothing behind in the page, and the chat goes on for who restores it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { environment } from "./support/environment.js";
import { startFake } from "./support/fake.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** A page that counts what its code leaves behind: timers, listeners, sockets, channels, ports, requests, locks. */
const COUNTING = () => {
  const left = { timers: new Set(), listeners: new Set(), open: new Set() };
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = (run, delay) => {
    const timer = set(() => { left.timers.delete(timer); run(); }, delay);
    left.timers.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { left.timers.delete(timer); clear(timer); };
  const ids = new WeakMap();
  let last = 0;
  for (const target of [window, document]) {
    for (const [verb, note] of [["addEventListener", "add"], ["removeEventListener", "delete"]]) {
      const real = target[verb];
      target[verb] = (kind, listener, ...rest) => {
        if (!ids.has(listener)) ids.set(listener, ++last);
        left.listeners[note](`${kind} ${ids.get(listener)}`);
        return real.call(target, kind, listener, ...rest);
      };
    }
  }
  for (const name of ["WebSocket", "BroadcastChannel"]) {
    window[name] = class extends window[name] {
      constructor(...given) { super(...given); left.open.add(this); }
      close(...given) { left.open.delete(this); super.close(...given); }
    };
  }
  window.leftBehind = async () => ({
    timers: left.timers.size, open: [...left.open].map(({ constructor }) => Object.getPrototypeOf(constructor).name),
    listeners: [...left.listeners],
    locks: Object.values(await navigator.locks.query()).flat().length,
  });
};
const NOTHING = { timers: 0, open: [], listeners: [], locks: 0 };

async function open(t, options) {
  const fake = await startFake(t, { www: environment.site, ...options });
  const visitor = await browser.visitor(t);
  await visitor.context.addInitScript(COUNTING);
  const page = await visitor.open(`${fake.url}/t/plain.html`);
  return { fake, visitor, page };
}

for (const transport of ["websocket", "long-polling"]) {
  test(`a session that is freed leaves nothing behind, rejects what waits and hears no more (${transport})`, async (t) => {
    const { fake, page } = await open(t);
    const chat = await startChat(page, { serverUrl: fake.url, transport });
    const theirs = await fake.chats.first();
    theirs.join("Jane");
    await chat.event("onAgentConnected");
    fake.hook = ({ operations }) => (operations?.includes("sendMessage") ? { silent: true } : undefined);
    const waiting = chat.send("Anybody?");
    const id = await page.evaluate(() => window.session.id);
    await until("the message at the server", () => fake.requests.some(({ operations }) => operations?.includes("sendMessage")));
    assert.notDeepEqual(await page.evaluate(() => leftBehind()), NOTHING, "the test sees what a session uses");
    await page.evaluate(() => { session.free(); session.free(); });
    assert.equal((await waiting).code, 50);
    assert.deepEqual(await page.evaluate(() => leftBehind()), NOTHING);
    fake.hook = () => undefined;
    theirs.say("Are you there?");
    assert.equal((await chat.send("Yes")).code, 50);
    assert.equal((await chat.command("getTranscript")).code, 50);
    assert.deepEqual(await page.evaluate(() => [session.id, session.isAgentConnected()]), [id, false]);
    assert.deepEqual((await chat.events()).map(({ on }) => on), ["onAgentConnected"]);

    // The chat goes on.
    const again = await restoreChat(page);
    await again.heard("Are you there?");
    assert.deepEqual(await again.send("Yes"), { result: undefined });
    assert.deepEqual((await again.texts()).filter((text) => text !== "Anybody?"), ["Are you there?", "Yes"]);
  });
}

test("where a tab frees the session that it shares, another tab goes on", async (t) => {
  const { fake, visitor, page } = await open(t);
  await startChat(page, { serverUrl: fake.url, storage: "local" });
  const theirs = await fake.chats.first();
  const other = await visitor.open(`${fake.url}/t/plain.html`);
  const chat = await restoreChat(other, { storage: "local" });
  await page.evaluate(() => session.free());
  assert.deepEqual(await page.evaluate(() => leftBehind().then(({ locks, ...rest }) => rest)), { timers: 0, open: [], listeners: [] });
  theirs.join("Jane");
  theirs.say("Are you there?");
  await chat.heard("Are you there?");
  assert.deepEqual(await chat.send("Yes"), { result: undefined });
  assert.ok(theirs.entries.some(({ text }) => text === "Yes"));
  assert.equal(await other.evaluate(() => session.isAgentConnected()), true);
  // And what is stored is the other's.
  await page.evaluate(() => causerie.chat.restoreSession({ storage: "local" }).then((again) => { window.again = again.id; }));
  assert.equal(await page.evaluate(() => window.again), theirs.chatId);
});

test("`using` frees a session at the end of its block", async (t) => {
  const { fake, page } = await open(t);
  const code = await page.evaluate(`(async () => {
    let kept;
    {
      using session = await causerie.chat.startSession({ serverUrl: ${JSON.stringify(fake.url)} });
      await session.sendMessage("Hello");
      kept = session;
    }
    return kept.sendMessage("Hello?").catch((error) => error.code);
  })()`);
  assert.equal(code, 50);
  assert.deepEqual(await page.evaluate(() => leftBehind()), NOTHING);
});

test("a session that is freed by its own transport, callback or cache leaves nothing behind", async (t) => {
  const { page } = await open(t);
  const outcome = await page.evaluate(async () => {
    const { createFakeServer } = await import("/pkg/testing.js");
    const server = createFakeServer({ welcome: "Welcome" });
    const inner = server.transport();
    let session;
    let closed = 0;
    const transport = {
      start: (sink, options) => inner.start(sink, options),
      send(command) {
        if (command.operation === "sendMessage") session.free();
        return inner.send(command);
      },
      close() { closed += 1; return inner.close(); },
    };
    session = await causerie.chat.startSession({ transport, storage: "memory", cache: "indexeddb" });
    const byTransport = await session.sendMessage("Hello").catch((error) => error.code);
    const next = await causerie.chat.startSession({ transport: server, storage: "memory" });
    const byCallback = await new Promise((resolve) => next.onMessageReceived(() => { next.free(); next.leave().catch((error) => resolve(error.code)); }));
    return { byTransport, byCallback, closed };
  });
  assert.deepEqual(outcome, { byTransport: 50, byCallback: 50, closed: 1 });
  const { timers, ...rest } = await page.evaluate(() => leftBehind());
  assert.deepEqual(rest, { open: [], listeners: [], locks: 0 });
  assert.equal(typeof timers, "number");
});

test("a thousand sessions leave no session, no callback and no memory behind", { timeout: 300_000 }, async (t) => {
  const { fake, visitor, page } = await open(t);
  const devtools = await visitor.context.newCDPSession(page);
  await devtools.send("Performance.enable");
  const measure = async () => {
    for (let round = 0; round < 3; round += 1) await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const live = (count, how) => page.evaluate(async ([serverUrl, count, how]) => {
    window.refs ??= [];
    for (let at = 0; at < count; at += 1) {
      const session = await causerie.chat.startSession({ serverUrl, userData: { filler: "x".repeat(1000) } });
      const callback = () => session.id;
      session.onMessageReceived(callback);
      await session.sendMessage(`message ${at}`);
      if (how === "leave") await session.leave();
      session.free();
      window.refs.push(new WeakRef(session), new WeakRef(callback));
    }
  }, [fake.url, count, how]);
  await live(100, "free");
  const before = await measure();
  await live(900, "free");
  const after = await measure();
  assert.deepEqual(await page.evaluate(() => leftBehind()), NOTHING);
  const alive = () => page.evaluate(() => window.refs.filter((ref) => ref.deref()).length);
  assert.equal(await alive(), 0);
  assert.equal(after.JSEventListeners, before.JSEventListeners);
  const grown = after.JSHeapUsedSize - before.JSHeapUsedSize;
  // The list of references itself grows by some bytes for each.
  assert.ok(grown < 900 * 500, `the heap has grown by ${grown} bytes over 900 sessions`);
  t.diagnostic(`900 sessions: ${grown} bytes more on the heap, ${after.JSEventListeners} listeners`);

  // Nor do those that have ended.
  await live(20, "leave");
  assert.deepEqual(await page.evaluate(() => leftBehind()), NOTHING);
  await measure();
  assert.equal(await alive(), 0);
});

test("what a session used is let go of at its end, though its callbacks hold it and nobody frees it", async (t) => {
  const { fake, page } = await open(t);
  await page.evaluate(async (serverUrl) => {
    const session = await causerie.chat.startSession({ serverUrl });
    session.onMessageReceived(() => session.id);
    await new Promise((resolve) => {
      session.onSessionEnded(() => resolve(session.id));
      session.leave();
    });
    window.ended = new WeakRef(session);
  }, fake.url);
  const devtools = await page.context().newCDPSession(page);
  await until("the session to be gone", async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return page.evaluate(() => window.ended.deref() === undefined);
  });
});

test("a session that is freed in a callback tells no other callback, and none that is registered later", async (t) => {
  const { fake, page } = await open(t);
  const chat = await startChat(page, { serverUrl: fake.url });
  (await fake.chats.first()).join("Jane");
  await chat.event("onAgentConnected");
  const told = await page.evaluate(async () => {
    const told = [];
    session.onAgentConnected(() => { told.push("first"); session.free(); });
    session.onAgentConnected(() => told.push("second"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    session.onAgentConnected(() => told.push("later"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return told;
  });
  assert.deepEqual(told, ["first"]);
});

test("a session that is freed after its end tells nothing any more", async (t) => {
  const { fake, page } = await open(t);
  const chat = await startChat(page, { serverUrl: fake.url });
  const theirs = await fake.chats.first();
  theirs.join("Jane");
  theirs.say("Hello");
  await chat.heard("Hello");
  await chat.command("leave");
  const told = await page.evaluate(async () => {
    // Whatever it still had to do is done by now.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const told = [];
    session.onMessageReceived(({ content }) => told.push(content.text));
    session.free();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return told;
  });
  assert.deepEqual(told, []);
});
