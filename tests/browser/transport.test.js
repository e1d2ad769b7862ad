// A page's own transport: a session runs over it, and what it reports is validated like a server's word.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { open } from "./support/transport.js";

const browser = useBrowser();

test("a session runs over a transport of the page's own, without a server", async (t) => {
  const page = await open(browser, t);
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
  const page = await open(browser, t);
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
  const page = await open(browser, t);
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
  const page = await open(browser, t);
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
  const page = await open(browser, t);
  const errors = await page.evaluate(() =>
    Promise.all([{}, { start() {} }, 5, "carrier-pigeon"].map((transport) => causerie.chat.startSession({ transport }).catch(({ error }) => error))),
  );
  for (const error of errors) {
    assert.equal(error.code, 3);
    assert.match(error.description, /transport/);
  }
});

test("what a transport reports before the session is taken up is not lost", async (t) => {
  const page = await open(browser, t);
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
  const page = await open(browser, t);
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
