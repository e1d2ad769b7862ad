// A page's own transport in the form of the Genesys chat API: it runs as it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { open } from "./support/transport.js";

const browser = useBrowser();

test("a transport in the Genesys form ends the session for the reason that it names, by its id, its code or its flag", async (t) => {
  const page = await open(browser, t);
  const reasons = [{ id: 1 }, { id: 2 }, { id: 3 }, { code: 1 }, { code: 2 }, { code: 3 }, { leaveRequest: true }, { agent: true }, { error: true }, undefined];
  const told = await page.evaluate(async (reasons) => {
    const told = [];
    for (const reason of reasons) {
      let end;
      const transport = {
        startSession: async () => ({ sessionId: "s-3" }), sendMessage: async () => {}, leaveSession: async () => {},
        getTranscript: async () => ({ transcript: [] }), onSessionEnded: (callback) => { end = callback; },
      };
      const session = await causerie.chat.startSession({ transport, storage: "memory" });
      end({ type: "SessionEnded", reason, timestamp: 1 });
      told.push(await new Promise((resolve) => session.onSessionEnded((event) => resolve(Object.keys(event.reason).join()))));
    }
    return told;
  }, reasons);
  assert.deepEqual(told, [
    "leaveRequest", "agent", "error", "leaveRequest", "agent", "error", "leaveRequest", "agent", "error", "agent",
  ]);
});

test("a transport in the Genesys form runs unchanged, with promises that are only done and fail", async (t) => {
  const page = await open(browser, t);
  const { events, calls, refused, transcript } = await page.evaluate(async () => {
    const thin = (value, failure) => ({
      done(callback) { if (!failure) setTimeout(() => callback(value)); return this; },
      fail(callback) { if (failure) setTimeout(() => callback(failure)); return this; },
    });
    const history = [];
    const calls = [];
    const hooks = {};
    const raw = (type, text, party) => {
      const event = { type, index: history.length, timestamp: 1_700_000_000_000 + history.length, party, ...(text && { content: { text, type: "text" } }) };
      history.push(event);
      return event;
    };
    const agent = { id: 2, name: "Jane", type: "Agent" };
    const visitor = { id: 1, name: "Ada", type: "Client" };
    const transport = {
      init: () => (calls.push(["init"]), thin()),
      startSession: (given) => (calls.push(["startSession", given]), thin({ sessionId: "s-1" })),
      getTranscript: (given) => (calls.push(["getTranscript", given]), thin({ transcript: history.slice(given.fromIndex) })),
      sendMessage(given) {
        calls.push(["sendMessage", given]);
        if (given.message === "refused") return thin(undefined, { error: { code: 7, description: "not that" } });
        setTimeout(() => hooks.onMessageReceived(raw("MessageReceived", given.message, visitor)));
        return thin();
      },
      sendTyping: (given) => (calls.push(["sendTyping", given]), thin()),
      leaveSession: (given) => (calls.push(["leaveSession", given]), thin({ transcript: [raw("AgentDisconnected", undefined, agent)] })),
    };
    for (const name of ["onError", "onAgentConnected", "onAgentDisconnected", "onAgentTyping", "onMessageReceived", "onSessionEnded"]) {
      transport[name] = (callback) => (hooks[name] = callback);
    }
    const session = await causerie.chat.startSession({ transport, username: "Ada", userData: { plan: "gold" }, storage: "memory" });
    const events = window.note(session);
    hooks.onAgentConnected(raw("AgentConnected", undefined, agent));
    hooks.onAgentTyping({ type: "AgentTyping", isTyping: true, party: agent });
    hooks.onMessageReceived(raw("MessageReceived", "good morning", agent));
    await session.sendMessage("hello");
    await window.turn();
    const refused = await session.sendMessage("refused").catch(({ error }) => error);
    hooks.onError({ error: { code: 5, description: "something odd" } });
    hooks.onMessageReceived({ type: "MessageReceived", index: "nonsense" });
    await window.turn();
    const { transcript } = await session.getTranscript();
    await session.leave();
    await window.turn();
    return { events, calls, refused, transcript };
  });
  assert.deepEqual(calls[0], ["init"]);
  assert.deepEqual(calls[1], ["startSession", { username: "Ada", userData: { plan: "gold" } }]);
  assert.deepEqual(calls[2], ["sendMessage", { sessionId: "s-1", message: "hello", type: "text" }]);
  assert.match(refused.description, /not that/);
  const seen = events.map(({ on, content, isTyping }) => content?.text ?? (isTyping === undefined ? on : `typing ${isTyping}`));
  assert.deepEqual(seen, [
    "onAgentConnected", "typing true", "typing false", "good morning", "hello", "onError", "onError", "onAgentDisconnected", "onSessionEnded",
  ]);
  assert.deepEqual(events.at(-1).reason, { leaveRequest: true });
  assert.deepEqual(transcript.map(({ type, index }) => [type, index]), [["AgentConnected", 0], ["MessageReceived", 1], ["MessageReceived", 2]]);
});

test("a later page restores the session of a Genesys transport by its transcript", async (t) => {
  const page = await open(browser, t);
  const { texts, calls } = await page.evaluate(async () => {
    const calls = [];
    const history = [0, 1, 2].map((index) => ({
      type: "MessageReceived", index, timestamp: 1 + index, content: { text: `message ${index}`, type: "text" }, party: { id: 2, name: "Jane", type: "Agent" },
    }));
    const make = () => ({
      init: async () => {},
      startSession: async () => ({ sessionId: "s-2" }),
      getTranscript: async (given) => (calls.push(given), { transcript: history.slice(given.fromIndex) }),
      sendMessage: async () => {},
      leaveSession: async () => {},
      onMessageReceived: (callback) => setTimeout(() => history.forEach(callback)),
    });
    const first = await causerie.chat.startSession({ transport: make(), storage: "memory" });
    const told = new Promise((resolve) => first.onMessageReceived(({ index }) => index === 2 && resolve()));
    await told;
    await window.turn();
    const second = await causerie.chat.restoreSession({ transport: make(), storage: "memory" });
    const texts = [];
    second.onMessageReceived(({ content, restored }) => texts.push([content.text, restored]));
    await window.turn();
    return { texts, calls };
  });
  assert.deepEqual(texts, [["message 0", true], ["message 1", true], ["message 2", true]]);
  assert.deepEqual(calls[0], { sessionId: "s-2", fromIndex: 0 });
});

test("a transport of the Genesys form may name its session by a bare text, or by nothing", async (t) => {
  const page = await open(browser, t);
  const sessions = await page.evaluate(async () => {
    const seen = [];
    for (const started of [undefined, {}, "", "s-6"]) {
      const given = [];
      const transport = {
        startSession: async () => started,
        sendMessage: async ({ sessionId, message }) => given.push(sessionId, message),
        getTranscript: async () => ({ transcript: [] }),
        leaveSession: async ({ sessionId }) => given.push(sessionId),
      };
      const session = await causerie.chat.startSession({ transport, storage: "memory" });
      const { id } = session;
      await session.sendMessage("hello");
      await session.leave();
      seen.push({ id, given });
    }
    return seen;
  });
  for (const { id, given } of sessions) assert.deepEqual(given, [id, "hello", id]);
  const ids = sessions.map(({ id }) => id);
  assert.ok(ids.every((id) => id !== ""));
  assert.deepEqual([new Set(ids).size, ids[3]], [4, "s-6"]);
});

test("what a Genesys transport says of a session that is to be restored decides whether it can be tried again", async (t) => {
  const page = await open(browser, t);
  const outcomes = await page.evaluate(async () => {
    const make = (getTranscript) => ({
      startSession: async () => ({ sessionId: "s-5" }), sendMessage: async () => {}, leaveSession: async () => {}, getTranscript,
    });
    const restore = (getTranscript) =>
      causerie.chat.restoreSession({ transport: make(getTranscript), storage: "memory" }).then(() => "restored", ({ code, message }) => [code, message]);
    const outcomes = [];
    for (const answer of [async () => undefined, () => Promise.reject({ error: { code: 50, description: "long gone" } })]) {
      (await causerie.chat.startSession({ transport: make(async () => ({ transcript: [] })), storage: "memory" })).free();
      outcomes.push(await restore(answer), await restore(async () => ({ transcript: [] })));
    }
    return outcomes;
  });
  const [broken, later, over, never] = outcomes;
  assert.equal(broken[0], 100);
  assert.match(broken[1], /the transport gave no transcript/);
  assert.equal(later, "restored");
  assert.equal(over[0], 50);
  assert.match(over[1], /long gone/);
  assert.equal(never[0], 300);
});

test("a Genesys transport's failures reach the page with the API's own codes, and others as what failed", async (t) => {
  const page = await open(browser, t);
  const found = await page.evaluate(async () => {
    const failing = (code) => ({ done() { return this; }, fail(callback) { setTimeout(() => callback({ error: { code, description: "its words" } })); return this; } });
    const hooks = {};
    const transport = (more) => ({
      startSession: async () => ({ sessionId: "s-1" }), sendMessage: ({ message }) => failing(Number(message)),
      getTranscript: async () => ({ transcript: [] }), leaveSession: async () => {}, onError: (callback) => (hooks.onError = callback), ...more,
    });
    const told = [];
    const tell = ({ error }) => told.push([error.code, error.description.endsWith("its words")]);
    const options = { storage: "memory", multiTab: false };
    for (const code of [100, 101, 999]) await causerie.chat.startSession({ ...options, transport: transport({ startSession: () => failing(code) }) }).catch(tell);
    const session = await causerie.chat.startSession({ ...options, transport: transport() });
    for (const code of ["1", "2", "3", "50", "51", "52", "150", "999"]) await session.sendMessage(code).catch(tell);
    session.onError(tell);
    hooks.onError({ error: { code: 100, description: "its words" } });
    await window.turn();
    return told;
  });
  assert.deepEqual(found, [100, 101, 101, 1, 2, 3, 50, 51, 52, 150, 52, 100].map((code) => [code, true]));
});

test("typing that a transport in the Genesys form reports neither as begun nor as over is refused as malformed", async (t) => {
  const page = await open(browser, t);
  const { typing, errors } = await page.evaluate(async () => {
    let type;
    const transport = {
      startSession: async () => ({ sessionId: "s-4" }), sendMessage: async () => {}, leaveSession: async () => {},
      getTranscript: async () => ({ transcript: [] }), onAgentTyping: (callback) => { type = callback; },
    };
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const typing = [];
    const errors = [];
    session.onError((event) => errors.push(event.error.code));
    const over = new Promise((resolve) => {
      session.onAgentTyping(({ isTyping }) => {
        typing.push(isTyping);
        if (!isTyping) resolve();
      });
    });
    const party = { id: 2, name: "Jane", type: "Agent" };
    for (const isTyping of ["yes", undefined, 1, true, false]) type({ type: "AgentTyping", timestamp: 1, party, isTyping });
    await over;
    return { typing, errors };
  });
  assert.deepEqual(typing, [true, false]);
  assert.deepEqual(errors, [304, 304, 304]);
});
