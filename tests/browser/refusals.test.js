// Whatever is in the way of a launch or a command, the page is told at once, by a ChatError that says what it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { environment } from "./support/environment.js";
import { startFake } from "./support/fake.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** A page on the fake's site; `window.outcome(promise)` says what became of it. */
async function open(t, { expect = [], routes = {} } = {}) {
  const fake = await startFake(t, { www: environment.site });
  const visitor = await browser.visitor(t, { expect });
  for (const [pattern, handle] of Object.entries(routes)) await visitor.context.route(pattern, handle);
  const page = await visitor.open(`${fake.url}/t/plain.html`);
  await page.evaluate(() => {
    window.outcome = (promise) =>
      promise.then(
        () => "done",
        (error) => ({ isOurs: error instanceof causerie.ChatError, code: error.error?.code, cause: String(error.cause?.message ?? error.cause) }),
      );
  });
  return { fake, page, serverUrl: fake.url };
}

test("options that throw when they are read reject with code 3, whose cause is what was thrown", async (t) => {
  const { page, serverUrl } = await open(t);
  const outcomes = await page.evaluate((serverUrl) => {
    const mine = () => { throw new Error("mine"); };
    const given = [{ serverUrl, get username() { return mine(); } }, new Proxy({ serverUrl }, { ownKeys: mine })];
    return Promise.all(given.flatMap((options) => [
      outcome(causerie.chat.startSession(options)), outcome(causerie.chat.restoreSession(options)), outcome(causerie.createChat(options).startSession()),
    ]));
  }, serverUrl);
  assert.deepEqual(outcomes, Array(6).fill({ isOurs: true, code: 3, cause: "mine" }));
});

test("arguments of a command that throw when they are read reject with code 3", async (t) => {
  const { page, serverUrl } = await open(t);
  const codes = await page.evaluate(async (serverUrl) => {
    const mine = () => { throw new Error("mine"); };
    const session = await causerie.chat.startSession({ serverUrl });
    const outcomes = [
      session.sendMessage({ get message() { return mine(); } }), session.sendMessage({ message: "x", get type() { return mine(); } }),
      session.sendTyping({ get isTyping() { return mine(); } }), session.getTranscript(new Proxy({}, { get: mine })),
      session.sendTyping(null), session.getTranscript(),
    ];
    return (await Promise.all(outcomes.map(outcome))).map((result) => result.code ?? result);
  }, serverUrl);
  assert.deepEqual(codes, [3, 3, 3, 3, "done", "done"]);
});

test("a stored state that throws when it is read is a failure with code 305", async (t) => {
  const { page, serverUrl } = await open(t);
  const codes = await page.evaluate(async (serverUrl) => {
    const mine = () => { throw new Error("mine"); };
    const states = [{ get keys() { return mine(); } }, new Proxy({}, { get: mine, ownKeys: mine })];
    const codes = [];
    for (const state of states) codes.push((await outcome(causerie.chat.restoreSession({ serverUrl, storage: { read: () => state, write() {} } }))).code);
    return codes;
  }, serverUrl);
  assert.deepEqual(codes, [305, 305]);
});

test("a state that the page's own storage does not take is told once by onError with code 305, and the session goes on", async (t) => {
  const { page, serverUrl } = await open(t);
  const told = await page.evaluate(async (serverUrl) => {
    const mine = () => { throw new Error("full"); };
    const told = [];
    for (const write of [mine, async () => mine()]) {
      const session = await causerie.chat.startSession({ serverUrl, multiTab: false, storage: { read() {}, write, clear: write } });
      const errors = [];
      session.onError(({ error }) => errors.push(error));
      await session.sendMessage("one");
      await session.sendMessage("two");
      await session.leave();
      await new Promise((resolve) => setTimeout(resolve, 50));
      told.push(errors.map(({ code, description }) => [code, description.includes("full")]));
    }
    return told;
  }, serverUrl);
  assert.deepEqual(told, [[[305, true]], [[305, true]]]);
});

test("what is given to a form, to the FAQ and to the data is judged as with every other command", async (t) => {
  const { page, serverUrl } = await open(t);
  await startChat(page, { serverUrl });
  const codes = (given) => page.evaluate(async (given) => {
    const codes = [];
    for (const value of given) {
      const commands = [session.submitForm(value), session.answerFaq(value), session.data.set(value), session.data.delete(value)];
      codes.push(...(await Promise.all(commands.map(outcome))).map(({ code }) => code));
    }
    return codes;
  }, given);
  // Nothing is there, or it is not what was expected.
  assert.deepEqual(await codes([null]), [2, 2, 2, 2]);
  assert.deepEqual(await codes([7, true]), Array(8).fill(3));
  assert.deepEqual(await page.evaluate(async () => {
    const nothing = [
      session.submitForm({ kind: null, values: {} }), session.submitForm({ kind: "offline", values: null }),
      session.answerFaq({ id: null, accepted: true }), session.answerFaq({ id: "1", accepted: null }),
    ];
    const wrong = [session.submitForm([]), session.submitForm("offline"), session.answerFaq({ id: {}, accepted: true }), session.answerFaq("1")];
    return (await Promise.all([...nothing, ...wrong].map(outcome))).map(({ code }) => code);
  }), [2, 2, 2, 2, 3, 3, 3, 3]);
});

test("a part of the package that can not be loaded is a failure with a code, not a session that is not there", async (t) => {
  const { page, serverUrl } = await open(t, {
    expect: [/storages\.js|forms\.js|ERR_FAILED/],
    routes: { "**/storages.js": (route) => route.abort(), "**/forms.js": (route) => route.abort() },
  });
  const outcomes = await page.evaluate(async (serverUrl) => {
    const session = await causerie.chat.startSession({ serverUrl });
    return [
      await outcome(causerie.chat.restoreSession({ serverUrl, storage: "cookie" })),
      await outcome(session.submitForm({ kind: "offline", values: {} })),
    ];
  }, serverUrl);
  for (const { isOurs, code, cause } of outcomes) {
    assert.deepEqual([isOurs, code], [true, 52]);
    assert.match(cause, /module/);
  }
});

test("a browser that has no WebAssembly is told apart from a page whose policy forbids it", async (t) => {
  const { page, serverUrl } = await open(t);
  const refused = await page.evaluate((serverUrl) => {
    delete globalThis.WebAssembly;
    return causerie.chat.startSession({ serverUrl }).catch(({ code, message }) => ({ code, message }));
  }, serverUrl);
  assert.deepEqual(refused, { code: 306, message: "the WebAssembly module could not be loaded: WebAssembly is not defined" });
});

test("a signal gives a launch up at once, whatever it waits for: the module, a storage, a transport", async (t) => {
  let load;
  const loading = new Promise((resolve) => { load = resolve; });
  const { fake, page, serverUrl } = await open(t, {
    expect: [/wasm/],
    routes: { "**/*.wasm": async (route) => { await loading; await route.continue(); } },
  });
  const GIVEN_UP = { isOurs: true, code: 308, cause: "enough" };
  const early = await page.evaluate(async (serverUrl) => {
    const given = new AbortController();
    const launch = outcome(causerie.chat.startSession({ serverUrl, signal: given.signal }));
    given.abort(new Error("enough"));
    return launch;
  }, serverUrl);
  assert.deepEqual(early, GIVEN_UP);
  load();
  const late = await page.evaluate(async (serverUrl) => {
    await causerie.init();
    const never = new Promise(() => {});
    const waiting = [];
    for (const options of [
      { storage: { read: () => never, write() {} } }, { transport: { start: () => never, send() {} }, storage: "memory" },
    ]) {
      for (const command of ["startSession", "restoreSession"]) {
        if (options.storage === "memory" && command === "restoreSession") continue;
        if (!options.transport && command === "startSession") continue;
        const given = new AbortController();
        waiting.push(outcome(causerie.chat[command]({ serverUrl, ...options, signal: given.signal })));
        setTimeout(() => given.abort(new Error("enough")), 20);
      }
    }
    return Promise.all(waiting);
  }, serverUrl);
  assert.deepEqual(late, [GIVEN_UP, GIVEN_UP]);
  assert.equal(fake.chats.all.length, 0);
});

test("a restore that was given up takes no session up when its storage answers at last", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const [code, held] = await page.evaluate(async (serverUrl) => {
    let state;
    await causerie.createChat().startSession({ serverUrl, multiTab: false, storage: { read() {}, write: (written) => { state = written; } } });
    while (!state) await new Promise((resolve) => setTimeout(resolve));
    let answer;
    const given = new AbortController();
    const storage = { read: () => new Promise((resolve) => { answer = resolve; }), write() {} };
    const restore = outcome(causerie.createChat().restoreSession({ serverUrl, storage, signal: given.signal }));
    while (!answer) await new Promise((resolve) => setTimeout(resolve));
    given.abort();
    const { code } = await restore;
    answer(state);
    // A page that is hidden or online again has nobody to tell any more, either.
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      dispatchEvent(new PageTransitionEvent("pagehide"));
      dispatchEvent(new Event("online"));
    }
    return [code, (await navigator.locks.query()).held.length];
  }, serverUrl);
  assert.deepEqual([code, held], [308, 0]);
  assert.equal(fake.requests.filter(({ kinds }) => kinds.includes("handshake")).length, 1);
});

test("after the end every command rejects with code 50, whatever is given to it", async (t) => {
  const { fake, page, serverUrl } = await open(t);
  const chat = await startChat(page, { serverUrl });
  (await fake.chats.first()).end();
  await chat.event("onSessionEnded");
  const codes = () => page.evaluate(async () => {
    const given = [
      ["sendMessage", "late"], ["sendMessage", 7], ["sendTyping"], ["sendTyping", []], ["getTranscript"], ["getTranscript", { fromIndex: -1 }],
      ["leave"], ["submitForm"], ["submitForm", { kind: "offline", values: {} }], ["answerFaq"], ["answerFaq", { id: "1", accepted: true }],
    ];
    const outcomes = given.map(([name, argument]) => outcome(session[name](argument)));
    outcomes.push(outcome(session.data.set(7)), outcome(session.data.set({ late: true })), outcome(session.data.delete(7)));
    return (await Promise.all(outcomes)).map(({ code }) => code);
  });
  // Also when nothing of the session is left.
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(await codes(), Array(14).fill(50));
    await until("the connection to be closed", () => fake.sockets.size === 0);
  }
});
