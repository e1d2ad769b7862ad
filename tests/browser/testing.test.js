// `causerie/testing` as a page's own tests use it: a session in a page, with no server but the one in the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { environment } from "./support/environment.js";
import { serveDirectory } from "./support/static.js";

const browser = useBrowser();

/** A page with `causerie`, `testing`, and `begin(options)`: a fake server and a session, whose events are in `window.events`. */
async function open(t) {
  const url = await serveDirectory(t, environment.site);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${url}/t/testing.html`);
  await page.evaluate(() => {
    const NAMES = [
      "onError", "onAgentConnected", "onAgentDisconnected", "onMessageReceived", "onAgentTyping", "onInterrupted", "onContinued",
      "onSessionEnded",
    ];
    window.note = (session) => {
      const events = [];
      for (const name of NAMES) session[name]((event) => events.push({ on: name, ...event }));
      return events;
    };
    window.begin = async (serverOptions, options) => {
      const server = testing.createFakeServer(serverOptions);
      const session = await causerie.chat.startSession({ transport: server, storage: "memory", username: "Ada", ...options });
      return { server, session, events: window.note(session) };
    };
  });
  return page;
}

/** An event in a word or two. */
const short = ({ on, content, party, isTyping, reason, error, restored }) => [
  on, content?.text ?? party?.name ?? error?.code ?? Object.keys(reason ?? {})[0], isTyping, restored,
].filter((part) => part !== undefined).join(" ");

test("agents join, type, say, send an address and leave, and the page is told all of it in order", async (t) => {
  const page = await open(t);
  const { events, url } = await page.evaluate(async () => {
    const { server, session, events } = await begin({ welcome: "Welcome" }, { subject: "Tea", userData: { plan: "gold" } });
    const jane = server.agent("Jane");
    jane.join().type().say("Good morning").sendUrl("https://example.org/tea");
    const visitorSaid = server.heard(/tea/);
    await session.sendTyping({ typedText: "A" });
    const { visitorTyping } = server.chat;
    await session.sendMessage("A cup of tea");
    await visitorSaid;
    jane.leave();
    server.end();
    await server.settled();
    return { events: [...events, visitorTyping, server.chat.request.subject, server.chat.userData, server.chat.texts], url: events.find(({ content }) => content?.type.url) };
  });
  assert.deepEqual(events.slice(0, -4).map(short), [
    "onMessageReceived Welcome", "onAgentConnected Jane", "onAgentTyping Jane true", "onAgentTyping Jane false",
    "onMessageReceived Good morning", "onMessageReceived https://example.org/tea", "onMessageReceived A cup of tea",
    "onAgentDisconnected Jane", "onSessionEnded agent",
  ]);
  assert.deepEqual(events.slice(-4), [
    { isTyping: true, text: "A" }, "Tea", { plan: "gold" },
    ["Welcome", "Good morning", "https://example.org/tea", "A cup of tea"],
  ]);
  assert.equal(url.content.text, "https://example.org/tea");
});

test("an interruption is told, what is written meanwhile waits, and both sides have everything once", async (t) => {
  const page = await open(t);
  const { events, texts } = await page.evaluate(async () => {
    const { server, session, events } = await begin();
    const jane = server.agent("Jane").join();
    server.interrupt();
    const waiting = session.sendMessage("I wait");
    jane.say("You do not hear me yet");
    await server.continue();
    await waiting;
    await server.settled();
    return { events, texts: server.chat.texts };
  });
  assert.deepEqual(events.map(short), [
    "onAgentConnected Jane", "onInterrupted", "onError 150", "onContinued", "onMessageReceived You do not hear me yet",
    "onMessageReceived I wait",
  ]);
  assert.deepEqual(texts, ["You do not hear me yet", "I wait"]);
});

test("the server refuses, and keeps silent about what it did: nothing is doubled", async (t) => {
  const page = await open(t);
  const outcome = await page.evaluate(async () => {
    const server = testing.createFakeServer();
    const start = () => causerie.chat.startSession({ transport: server, storage: "memory" });
    server.refuse("requestChat", { advice: "not today", fatal: true });
    const refusedStart = await start().catch(({ error }) => error);
    const session = await start();
    server.refuse("sendMessage", { code: 204, advice: "too long" });
    const refused = await session.sendMessage("much too long").catch(({ error }) => error);
    server.ignore("sendMessage", { done: true });
    const sent = session.sendMessage("once");
    await server.heard("once");
    server.interrupt();
    await server.continue();
    await sent;
    server.on("sendMessage", () => { throw new Error("no line"); });
    const thrown = await session.sendMessage("lost").catch(({ error }) => error);
    return { refusedStart, refused, thrown, texts: server.chat.texts, sent: server.commands.filter(({ message }) => message === "once").length };
  });
  assert.equal(outcome.refusedStart.code, 100);
  assert.match(outcome.refusedStart.description, /not today/);
  assert.match(outcome.refused.description, /too long/);
  assert.match(outcome.thrown.description, /no line/);
  assert.deepEqual([outcome.texts, outcome.sent], [["once"], 1]);
});

test("what is malformed is pushed as it is, and the page is told by onError", async (t) => {
  const page = await open(t);
  const events = await page.evaluate(async () => {
    const { server, events } = await begin();
    for (const wrong of [7, { messages: [null] }, { statusCode: 0, messages: [{ index: "two", type: "Message", text: "whose?" }] }]) server.push(wrong);
    server.agent("Jane").say("sound");
    await server.settled();
    return events;
  });
  assert.deepEqual(events.map(short), [
    "onError 304", "onError 304", "onError 304", "onAgentConnected Jane", "onMessageReceived sound",
  ]);
});

test("a later page of the same test restores the session, and two pages share a chat by transports of their own", async (t) => {
  const page = await open(t);
  const { later, both } = await page.evaluate(async () => {
    const { server } = await begin();
    server.agent("Jane").say("before the reload");
    await server.settled();
    const events = window.note(await causerie.chat.restoreSession({ transport: server, storage: "memory" }));
    server.chat.say("after it");
    await server.settled();
    const other = testing.createFakeServer();
    let state;
    const storage = { read: () => state, write: (next) => (state = next), clear: () => (state = undefined) };
    const one = await causerie.chat.startSession({ transport: other.transport(), storage });
    const two = await causerie.chat.restoreSession({ transport: other.transport(), storage });
    const told = [window.note(one), window.note(two)];
    await one.sendMessage("from one");
    await two.sendMessage("from two");
    await other.settled();
    return { later: events, both: told };
  });
  assert.deepEqual(later.map(short), ["onAgentConnected Jane true", "onMessageReceived before the reload true", "onMessageReceived after it"]);
  assert.deepEqual(both.map((events) => events.map(({ content }) => content.text)), [["from one", "from two"], ["from one", "from two"]]);
});

test("time stands still until the test moves it: late answers, typing that fades, a session that is given up", async (t) => {
  const page = await open(t);
  const { steps, events, stamps, own } = await page.evaluate(async () => {
    const time = testing.controlTime({ now: Date.UTC(2030, 0, 1) });
    const { server, session, events } = await begin(undefined, { maxOfflineDuration: 60 });
    const steps = [];
    const jane = server.agent("Jane").join();
    server.delay("sendMessage", 4_000);
    session.sendMessage("hello").then(() => steps.push("answered"));
    await time.advance(3_999);
    steps.push("not yet");
    await time.advance(1);
    jane.type();
    await time.advance(29_000);
    steps.push(events.filter(({ isTyping }) => isTyping === false).length);
    await time.advance(2_000);
    steps.push(events.filter(({ isTyping }) => isTyping === false).length);
    const interval = setInterval(() => steps.push(`at ${Date.now() - time.now} of ${new Date().getFullYear()}`), 500);
    await time.advance(1_000);
    clearInterval(interval);
    server.interrupt();
    await time.advance(59_000);
    steps.push(events.at(-1).on);
    await time.advance(2_000);
    const stamps = events.filter(({ index }) => index !== undefined).map(({ timestamp }) => timestamp - Date.UTC(2030, 0, 1));
    const last = time.now;
    time.restore();
    return { steps, events, stamps, own: [Date.now() === last, time.timers, String(setTimeout).includes("native")] };
  });
  assert.deepEqual(steps, ["not yet", "answered", 0, 1, "at 0 of 2030", "at 0 of 2030", "onError"]);
  assert.equal(short(events.at(-1)), "onSessionEnded error");
  assert.deepEqual(stamps.slice(0, 2), [0, 0]);
  assert.deepEqual(own, [false, 0, true]);
});

test("a bot of a few lines answers each chat, by the page's own timers", async (t) => {
  const page = await open(t);
  const events = await page.evaluate(async () => {
    const time = testing.controlTime();
    const server = testing.createFakeServer();
    server.onChat(async (chat) => {
      const bot = chat.agent("Robo");
      await chat.heard(/help/);
      bot.type();
      await server.wait(1_500);
      bot.say(`How can I help you, ${chat.visitor.nickname}?`);
    });
    const session = await causerie.chat.startSession({ transport: server, storage: "memory", username: "Ada" });
    const events = window.note(session);
    await session.sendMessage("Can you help me?");
    await time.advance(1_499);
    const before = events.length;
    await time.advance(1);
    time.restore();
    return [...events.map(({ content, on }) => content?.text ?? on), before];
  });
  assert.deepEqual(events, ["Can you help me?", "onAgentConnected", "onAgentTyping", "onAgentTyping", "How can I help you, Ada?", 3]);
});

test("a wrong use of the kit says what is right", async (t) => {
  const page = await open(t);
  const errors = await page.evaluate(async () => {
    const server = testing.createFakeServer();
    const tries = [
      () => server.chat, () => server.refuse("sendmessage"), () => server.on("sendMessage"), () => server.onChat(3),
      () => testing.controlTime({ now: "noon" }),
    ];
    return tries.map((act) => { try { act(); return "nothing"; } catch (error) { return error.message; } });
  });
  assert.match(errors[0], /no chat has begun/);
  assert.match(errors[1], /no operation "sendmessage"; there are requestChat/);
  for (const error of errors.slice(2)) assert.match(error, /expects/);
});

test("status, forms, FAQ, data and renewal: what the server asks and tells beside the conversation", async (t) => {
  const page = await open(t);
  const seen = await page.evaluate(async () => {
    const server = testing.createFakeServer({ status: "inQueue" });
    const session = await causerie.chat.startSession({ transport: server, storage: "memory", userData: { plan: "gold" } });
    const seen = [];
    session.onStatusChanged((event) => seen.push(["status", event.old.code, event.new.name, event.botActive]));
    session.onFormRequested(({ form }) => seen.push(["form", form.kind, form.fields.length]));
    session.onFaqSuggested(({ id, question, answer }) => seen.push(["faq", id, question, answer]));
    session.onDataChanged(({ keys }) => seen.push(["data", ...keys]));
    session.onRenewed(({ previousId, id, reason }) => seen.push(["renewed", previousId, id, reason]));
    session.onMessageReceived(({ content, index }) => seen.push(["message", content.text, index]));
    const { chat } = server;
    chat.askForm({ kind: "pre-chat", fields: [{ name: "email", label: "E-mail", type: "email", required: true }] });
    await server.settled();
    const wrong = await session.submitForm({ kind: "pre-chat", values: { email: "nobody" } }).catch(({ error }) => error);
    server.refuse("customNotice", { code: 422, field: "email", advice: "is known already" });
    const refused = await session.submitForm({ kind: "pre-chat", values: { email: "a@b.example" } }).catch(({ error }) => error);
    await session.submitForm({ kind: "pre-chat", values: { email: "c@d.example" } });
    const twice = await session.submitForm({ kind: "pre-chat", values: { email: "c@d.example" } }).catch(({ error }) => error);
    const filledIn = await chat.submitted("pre-chat");
    chat.suggest({ id: "7", question: "Dishwasher?", answer: "Yes." });
    await server.settled();
    await session.answerFaq({ id: "7", accepted: false });
    const late = await session.answerFaq({ id: "7", accepted: true }).catch(({ error }) => error);
    const answered = await chat.answered("7");
    chat.setStatus("customerLast", { botActive: true });
    await session.data.set({ cart: 2 });
    chat.setData({ seen: true }, ["plan"]);
    chat.setInternal({ botId: "robo" });
    await server.settled();
    const data = [session.data.get(), chat.userData, session.internal];
    chat.renew({ reason: "script" });
    await session.sendMessage("in the new one");
    await server.settled();
    return { seen, wrong, refused, twice, late, filledIn, answered, data, id: session.id };
  });
  assert.deepEqual([seen.twice.code, seen.late.code], [52, 52], "what nothing asks for any more is refused, as by a server");
  assert.deepEqual(seen.seen, [
    ["status", 0, "inQueue", false], ["status", 4, "preChatForm", false], ["form", "pre-chat", 1], ["status", 1, "inQueue", false],
    ["status", 4, "faq", false], ["faq", "7", "Dishwasher?", "Yes."], ["status", 2, "inQueue", false],
    ["status", 4, "customerLast", true], ["data", "cart"], ["data", "seen", "plan"], ["status", 5, "closed", true],
    ["renewed", "chat-1", "chat-1-2", "script"], ["status", 0, "inQueue", false], ["message", "in the new one", 2],
  ]);
  assert.match(seen.wrong.description, /email: expected/);
  assert.match(seen.refused.description, /email: is known already/);
  assert.deepEqual(seen.filledIn, { email: "c@d.example" });
  assert.deepEqual(seen.answered, { id: "7", accepted: false });
  assert.deepEqual(seen.data, [{ cart: 2, seen: true }, { cart: 2, seen: true }, { botId: "robo" }]);
  assert.equal(seen.id, "chat-1-2");
});
