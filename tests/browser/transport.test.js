// A page's own transport, in both forms: a session runs over it, and what it reports is validated like a server's word.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

/** A page on the server's site; `window.own()` makes a transport, `window.note(session)` writes its events down. */
async function open(t) {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  await page.evaluate(() => {
    window.note = (session) => {
      const events = [];
      const names = ["onError", "onAgentConnected", "onAgentDisconnected", "onMessageReceived", "onAgentTyping", "onInterrupted", "onContinued", "onSessionEnded"];
      for (const name of names) session[name]((event) => events.push({ on: name, ...event }));
      return events;
    };
    window.turn = () => new Promise((resolve) => setTimeout(resolve, 30));

    /** `{ start, send, close }`, with a chat of one visitor behind it. */
    window.own = () => {
      const entries = [];
      const fake = {
        calls: [],
        add(type, text, who = "Agent", more = {}) {
          const from = { nickname: who === "Agent" ? "Jane" : "Ada", participantId: who === "Agent" ? 2 : 1, type: who };
          const entry = { index: entries.length + 1, type, text, utcTime: 1_700_000_000_000 + entries.length, from, ...more };
          entries.push(entry);
          return entry;
        },
        say(text) { fake.sink.receive({ statusCode: 0, messages: [fake.add("Message", text)] }); },
        start(sink, options) { fake.calls.push({ start: options }); fake.sink = sink; return fake.starting?.() ?? Promise.resolve(); },
        close() { fake.calls.push({ close: true }); },
        async send(command) {
          fake.calls.push(command);
          switch (command.operation) {
            case "requestChat":
              fake.add("ParticipantJoined", undefined, "Client");
              return { statusCode: 0, chatId: "own-1", secureKey: "key", messages: entries };
            case "requestNotifications":
              return { statusCode: 0, messages: entries.slice(command.transcriptPosition - 1) };
            case "sendMessage":
              if (command.message === "refused") throw new Error("not that");
              return { statusCode: 0, messages: [fake.add("Message", command.message, "Client", { messageId: command.messageId })] };
            case "disconnect":
              return { statusCode: 0, chatEnded: true };
          }
        },
      };
      return fake;
    };
  });
  return page;
}

test("a session runs over a transport of the page's own, without a server", async (t) => {
  const page = await open(t);
  const { events, calls, refused, id } = await page.evaluate(async () => {
    const transport = window.own();
    const session = await causerie.chat.startSession({ transport, username: "Ada", subject: "Tea", storage: "memory" });
    const events = window.note(session);
    transport.sink.receive({ statusCode: 0, messages: [transport.add("ParticipantJoined")] });
    await session.sendMessage("hello");
    transport.say("hi");
    const refused = await session.sendMessage("refused").catch(({ error }) => error);
    await session.sendTyping();
    await session.leave();
    await window.turn();
    return { events, calls: transport.calls, refused, id: session.id };
  });
  assert.equal(id, "own-1");
  assert.deepEqual(events.map(({ on }) => on), ["onAgentConnected", "onMessageReceived", "onMessageReceived", "onAgentDisconnected", "onSessionEnded"]);
  assert.deepEqual(events[2], {
    on: "onMessageReceived", index: 3, timestamp: 1_700_000_000_003, content: { text: "hi", type: { text: true } },
    party: { id: 2, name: "Jane", type: { agent: true } },
  });
  assert.equal(refused.code, 52);
  assert.match(refused.description, /not that/);
  assert.deepEqual(calls[0], { start: { service: "default" } });
  assert.equal(calls[1].operation, "requestChat");
  assert.equal(calls[1].nickname, "Ada");
  assert.equal(calls[1].subject, "Tea");
  assert.deepEqual(calls.map(({ operation }) => operation).slice(2), ["sendMessage", "sendMessage", "startTyping", "disconnect", undefined]);
  assert.deepEqual(calls.at(-1), { close: true });
});

test("a transport that loses its connection is started again, and nothing is missing", async (t) => {
  const page = await open(t);
  const { events, sent } = await page.evaluate(async () => {
    const transport = window.own();
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const events = window.note(session);
    let open;
    transport.starting = () => new Promise((resolve) => (open = resolve));
    transport.sink.closed();
    await window.turn();
    transport.add("Message", "while away");
    const waiting = session.sendMessage("it waits");
    while (!open) await window.turn();
    open();
    await waiting;
    await window.turn();
    return { events, sent: transport.calls.filter(({ operation }) => operation === "sendMessage").length };
  });
  assert.deepEqual(events.map(({ on, content }) => content?.text ?? on), ["onInterrupted", "onError", "onContinued", "while away", "it waits"]);
  assert.equal(sent, 1);
});

test("what a transport reports is validated: nonsense is reported and dropped", async (t) => {
  const page = await open(t);
  const events = await page.evaluate(async () => {
    const transport = window.own();
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const events = window.note(session);
    const entry = { index: 2, type: "Message", text: "never", from: {} };
    const bad = [undefined, null, 7, "text", [], { messages: 3 }, { messages: [null] }, { messages: [[]] }, { messages: [{ ...entry, text: undefined }] }];
    bad.push({ messages: [{ ...entry, from: [] }] });
    for (const data of bad) transport.sink.receive(data);
    transport.sink.receive({ statusCode: 0, messages: [{ index: 3, type: "Message", text: "sound", from: { type: "Agent", nickname: "J", participantId: 2 } }] });
    await window.turn();
    return events;
  });
  assert.deepEqual(events.at(-1).content, { text: "sound", type: { text: true } });
  assert.ok(events.slice(0, -1).every(({ on, error }) => on === "onError" && error.code === 304), JSON.stringify(events));
  assert.equal(events.length, 10 + 1);
});

test("what a transport reports may run code of the page's, throw, or be no JSON: it is dropped, and the sessions go on", async (t) => {
  const page = await open(t);
  const { events, refused, hooked } = await page.evaluate(async () => {
    const mine = () => { throw new Error("mine"); };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const from = { nickname: "Jane", participantId: 2, type: "Agent" };
    const cycle = { statusCode: 0, messages: [] };
    cycle.self = cycle;
    const transport = window.own();
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const events = window.note(session);
    for (const data of [
      { get statusCode() { return mine(); } }, new Proxy({}, { get: mine, ownKeys: mine }), proxy, cycle, { statusCode: 0n }, () => {}, Symbol("data"),
      { messages: [{ get index() { return mine(); } }] }, { messages: [{ index: 2, type: "Message", get text() { return mine(); }, from }] },
      { messages: [{ index: NaN, type: "Message", text: "nowhere", from }] }, { messages: [{ index: 2, type: "Message", text: "never", utcTime: NaN, from }] },
    ]) transport.sink.receive(data);
    const { send } = transport;
    transport.send = async () => ({ get statusCode() { return mine(); } });
    const refused = await session.sendMessage("answered by nonsense").catch(({ error }) => error.code);
    transport.send = send;
    transport.add("Message", "skipped");
    transport.say("sound");
    await window.turn();

    let hook;
    const genesys = {
      startSession: async () => ({ sessionId: "s-4" }), sendMessage: async () => {}, leaveSession: async () => {},
      getTranscript: async () => ({ transcript: [] }), onMessageReceived: (callback) => { hook = callback; },
    };
    const other = await causerie.chat.startSession({ transport: genesys, storage: "memory" });
    const hooked = window.note(other);
    hook({ get index() { return mine(); } });
    hook(proxy);
    hook({ index: 0, timestamp: 1, content: { text: "sound", type: "text" }, party: { id: 2, name: "Jane", type: "Agent" } });
    await window.turn();
    return { events, refused, hooked };
  });
  assert.equal(refused, 52);
  for (const [heard, count] of [[events, 11], [hooked, 2]]) {
    assert.deepEqual(heard.map(({ on, error, content }) => error?.code ?? content?.text ?? on), [...Array(count).fill(304), "sound"]);
  }
});

test("what is no transport is refused by its name", async (t) => {
  const page = await open(t);
  const errors = await page.evaluate(() =>
    Promise.all([{}, { start() {} }, 5, "carrier-pigeon"].map((transport) => causerie.chat.startSession({ transport }).catch(({ error }) => error))),
  );
  for (const error of errors) {
    assert.equal(error.code, 3);
    assert.match(error.description, /transport/);
  }
});

test("what a transport reports before the session is taken up is not lost", async (t) => {
  const page = await open(t);
  const events = await page.evaluate(async () => {
    const transport = window.own();
    const { send } = transport;
    transport.send = async (command) => {
      if (command.operation !== "requestChat") return send(command);
      transport.sink.receive({ statusCode: 0, messages: [transport.add("ParticipantJoined"), transport.add("Message", "welcome")] });
      return { statusCode: 0, chatId: "own-1", secureKey: "key" };
    };
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const events = window.note(session);
    await window.turn();
    return [session.isAgentConnected(), events];
  });
  assert.equal(events[0], true);
  assert.deepEqual(events[1].map(({ on, index, content }) => [on, index, content?.text]), [
    ["onAgentConnected", 0, undefined], ["onMessageReceived", 1, "welcome"],
  ]);
});

test("a transport may bring the reply to its wish for a session later, as a socket does: there is no session before", async (t) => {
  const page = await open(t);
  const { refused, id, events } = await page.evaluate(async () => {
    const transport = window.own();
    const { send } = transport;
    transport.send = (command) => { setTimeout(async () => transport.sink.receive(await send(command)), 10); };
    const reply = { statusCode: 1, errors: [{ code: 5, advice: "full" }] };
    const full = { start: (sink) => { full.sink = sink; sink.opened(); }, send: async () => { setTimeout(() => full.sink.receive(reply)); } };
    const refused = await causerie.chat.startSession({ transport: full, storage: "memory" }).catch(({ error }) => error);
    const session = await causerie.chat.startSession({ transport, storage: "memory" });
    const { id } = session;
    const events = window.note(session);
    transport.sink.receive({ statusCode: 0, messages: [transport.add("ParticipantJoined")] });
    await session.sendMessage("hello");
    await window.turn();
    transport.say("hi");
    await window.turn();
    return { refused, id, events };
  });
  assert.equal(refused.code, 101);
  assert.match(refused.description, /full/);
  assert.equal(id, "own-1");
  assert.deepEqual(events.map(({ on, index, content }) => [index, content?.text ?? on]), [[1, "onAgentConnected"], [2, "hello"], [3, "hi"]]);
});

test("a transport in the Genesys form ends the session for the reason that it names, by its id, its code or its flag", async (t) => {
  const page = await open(t);
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
  const page = await open(t);
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
  const page = await open(t);
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

test("what a Genesys transport says of a session that is to be restored decides whether it can be tried again", async (t) => {
  const page = await open(t);
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
  const page = await open(t);
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
