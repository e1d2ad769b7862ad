// The status of a chat, forms and the FAQ: SDK and server together, and what the SDK makes of a server that knows none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startFake } from "./support/fake.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

const AGENT = `
[[agents]]
name = "Jane"
key = "kettle"
`;

const PRE_CHAT = `
[[channels]]
name = "default"
[channels.pre_chat]
fields = [
  { name = "email", label = "E-mail", type = "email", required = true },
  { name = "topic", label = "About", type = "select", options = ["An order", "Something else"] },
  { name = "order", label = "Order", pattern = "[A-Z]{2}[0-9]{6}" },
]
[channels.post_chat]
fields = [{ name = "stars", label = "How was it?", type = "rating", required = true }]
${AGENT}`;

const FAQ = `
[[channels]]
name = "default"
[channels.faq]
entries = [{ id = "return", question = "How do I return something?", answer = "Within 30 days.", keywords = ["refund"] }]
${AGENT}`;

const OFFLINE = `
[[channels]]
name = "default"
[channels.offline]
fields = [{ name = "question", label = "Your question", type = "textarea", required = true }]
${AGENT}`;

async function open(t, config, { withAgent = true } = {}) {
  const server = await startServer(t, config ? { config } : {});
  const agent = withAgent ? await signIn(t, server.url) : undefined;
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  return { server, agent, page, chat };
}

const status = (page) => page.evaluate(() => ({ ...window.session.status, botActive: window.session.botActive }));

test("the status follows the conversation, and is played back after a reload", async (t) => {
  const { server, agent, page, chat } = await open(t);
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue");
  assert.deepEqual(await status(page), { code: 4, name: "inQueue", botActive: false });
  const chatId = await agent.accept();
  await agent.say(chatId, "hello");
  await chat.event("onStatusChanged", (event) => event.new.name === "userLast");
  await chat.send("hello yourself");
  const last = await chat.event("onStatusChanged", (event) => event.old.name === "userLast");
  assert.deepEqual(last.new, { code: 5, name: "customerLast" });
  assert.equal(last.botActive, false);
  assert.equal(typeof last.timestamp, "number");
  assert.equal(last.restored, undefined);
  const states = await chat.states();
  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  await back.heard("hello yourself");
  assert.deepEqual(await back.states(), states);
  assert.ok((await back.events("onStatusChanged")).every(({ restored }) => restored === true));
  assert.equal((await status(page)).name, "customerLast");
});

test("a pre-chat form is asked for, checked field by field, and leads to the queue", async (t) => {
  const { agent, page, chat } = await open(t, PRE_CHAT);
  const { form } = await chat.event("onFormRequested");
  assert.equal(form.kind, "pre-chat");
  assert.deepEqual(form.fields.map(({ name, type, required }) => [name, type, required]), [
    ["email", "email", true], ["topic", "select", false], ["order", "text", false],
  ]);
  assert.equal((await status(page)).name, "preChatForm");
  const wrong = await chat.command("submitForm", { kind: "pre-chat", values: { email: "nobody", topic: "Nothing", order: "x" } });
  assert.equal(wrong.code, 3);
  for (const field of ["email", "topic", "order"]) assert.match(wrong.description, new RegExp(`${field}: `));
  const missing = await chat.command("submitForm", { kind: "pre-chat", values: {} });
  assert.match(missing.description, /email: expected a value/);
  for (const value of [{ name: "nobody" }, ["a@b.example"]]) {
    const { code, description } = await chat.command("submitForm", { kind: "pre-chat", values: { email: value, order: "x" } });
    assert.deepEqual([code, /email: expected a string, a number or a boolean; order: /.test(description)], [3, true], description);
  }
  assert.equal((await chat.command("submitForm", { kind: "pre-chat" })).code, 2);
  assert.equal((await chat.command("submitForm", { kind: "before", values: {} })).code, 3);
  assert.equal((await chat.command("submitForm", { kind: "post-chat", values: { stars: { of: 5 } } })).code, 3);
  assert.equal((await chat.command("submitForm", { kind: "post-chat", values: { stars: 5 } })).code, 52);
  assert.deepEqual(await chat.command("submitForm", { kind: "pre-chat", values: { email: "ada@example.org", topic: "An order", order: "AB123456" } }), { result: undefined });
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue");
  await agent.accept();
  await chat.event("onAgentConnected");
});

test("a form that was asked for survives a reload and a late registration", async (t) => {
  const { server, page, chat } = await open(t, PRE_CHAT);
  await chat.event("onFormRequested");
  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  assert.equal((await back.event("onFormRequested")).form.kind, "pre-chat");
  const late = await page.evaluate(() => new Promise((resolve) => window.session.onFormRequested(resolve)));
  assert.equal(late.form.kind, "pre-chat");
  assert.equal((await back.events("onFormRequested")).length, 1);
});

test("a post-chat form rates the chat, and a visitor who writes again brings it back to life", async (t) => {
  const { agent, page, chat } = await open(t, PRE_CHAT);
  await chat.event("onFormRequested");
  await chat.command("submitForm", { kind: "pre-chat", values: { email: "ada@example.org" } });
  const chatId = await agent.accept();
  await chat.event("onAgentConnected");
  await agent.end(chatId);
  const { form } = await chat.event("onFormRequested", ({ form }) => form.kind === "post-chat");
  assert.equal(form.fields[0].type, "rating");
  assert.equal((await status(page)).name, "finished");
  const wrong = await chat.command("submitForm", { kind: "post-chat", values: { stars: 7 } });
  assert.match(wrong.description, /stars: expected a whole number from 1 to 5/);
  await chat.send("one more thing");
  await chat.event("onStatusChanged", (event) => event.old.name === "finished");
  assert.notEqual((await status(page)).name, "finished");
});

test("the FAQ suggests an answer; refused, the chat goes to the queue", async (t) => {
  const { agent, page, chat } = await open(t, FAQ);
  assert.equal((await status(page)).name, "faq");
  await chat.send("I want to return my kettle");
  const suggested = await chat.event("onFaqSuggested");
  assert.equal(suggested.id, "return");
  assert.equal(suggested.answer, "Within 30 days.");
  assert.equal(typeof suggested.question, "string");
  assert.equal((await chat.command("answerFaq", { id: "return" })).code, 2);
  assert.equal((await chat.command("answerFaq", { id: "return", accepted: "yes" })).code, 3);
  assert.deepEqual(await chat.command("answerFaq", { id: "return", accepted: false }), { result: undefined });
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue");
  await agent.accept();
  await chat.event("onAgentConnected");
  const late = await page.evaluate(() => new Promise((resolve) => {
    window.session.onFaqSuggested(() => resolve("told"));
    setTimeout(() => resolve("nothing"), 50);
  }));
  assert.equal(late, "nothing", "what is answered is not suggested again");
});

test("with no agent there the offline form takes a request", async (t) => {
  const { page, chat } = await open(t, OFFLINE, { withAgent: false });
  const { form } = await chat.event("onFormRequested");
  assert.equal(form.kind, "offline");
  assert.equal((await status(page)).name, "offlineForm");
  assert.deepEqual(await chat.command("submitForm", { kind: "offline", values: { question: "When are you there?" } }), { result: undefined });
  await chat.event("onStatusChanged", (event) => event.new.name === "requestPosted");
});

test("where the status is derived, the last one comes before the end, as a server's does", async (t) => {
  const fake = await startFake(t);
  const visitor = await browser.visitor(t);
  const server = await startServer(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: fake.url, username: "Ada" });
  (await fake.chats.first()).end();
  await chat.event("onSessionEnded");
  const all = await page.evaluate(() => window.events.map(({ on, new: now }) => now?.name ?? on));
  assert.deepEqual(all, ["inQueue", "finished", "onSessionEnded"]);
});

test("notices that are malformed are told by onError and dropped; what was known before holds", async (t) => {
  const fake = await startFake(t);
  const visitor = await browser.visitor(t);
  const server = await startServer(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: fake.url, username: "Ada", userData: { plan: "gold" } });
  const theirs = await fake.chats.first();
  const system = { nickname: "System", participantId: 0, type: "External" };
  const stands = (text, userData) => theirs.push([theirs.add("Notice", system, { text, userData })]);
  const passes = (text, userData) => theirs.push([{ type: "Notice", text, utcTime: 1, from: system, userData }]);
  stands("status", { old: "4", new: "6", botActive: "true" });
  const malformed = [
    [stands, "status", undefined], [stands, "status", { old: "6", new: "12" }], [stands, "status", { old: "6", new: "x" }],
    [stands, "faq", undefined], [stands, "faq", { id: 1, question: null, answer: "Yes" }],
    [passes, "form", "pre-chat"], [passes, "form", { kind: "other", fields: [] }], [passes, "form", { kind: "pre-chat", fields: [null] }],
    [passes, "session-data", { version: 1, from: 0, set: ["a"] }], [passes, "internal", undefined], [passes, "internal", [1]],
  ];
  for (const [tell, text, userData] of malformed) tell(text, userData);
  theirs.join("Jane");
  theirs.say("still here");
  await chat.heard("still here");
  const errors = await chat.events("onError");
  assert.deepEqual(errors.map(({ error }) => error.code), malformed.map(() => 304));
  for (const { error } of errors) assert.match(error.description, /expected /);
  assert.deepEqual(await chat.states(), ["inQueue", "userLast"]);
  assert.deepEqual([...await chat.events("onFormRequested"), ...await chat.events("onFaqSuggested"), ...await chat.events("onDataChanged")], []);
  assert.deepEqual(await page.evaluate(() => {
    const { status, botActive, data, internal } = window.session;
    return [status.code, botActive, data.get(), internal];
  }), [6, true, { plan: "gold" }, {}]);
});
