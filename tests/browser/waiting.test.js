// What a visitor answers, and what a page changes, goes out in the order of the commands. While the network is broken it waits, as a
// message does, and is done once, in order, when the server is back. Also where nothing of the kind was done before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

/** What Chromium itself writes to the console about a server that is gone. */
const NETWORK_NOISE = /Failed to load resource|WebSocket connection to|net::ERR/;

const config = (what) => `
[[channels]]
name = "default"
${what}
[[agents]]
name = "Jane"
key = "kettle"
`;
const FORM = config(`[channels.pre_chat]
fields = [{ name = "topic", label = "About", required = true }]`);
const FAQ = config(`[channels.faq]
entries = [{ id = "return", question = "How do I return something?", answer = "Within 30 days.", keywords = ["refund"] }]`);

/** A chat whose server is gone for as long as `meanwhile` takes; what runs in the page begins commands, whose ends `ends` waits for. */
async function open(t, options) {
  const server = await startServer(t, { store: "sqlite", ...options });
  const visitor = await browser.visitor(t, { expect: [NETWORK_NOISE] });
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", userData: { plan: "gold" } });
  const whileGone = async (begin) => {
    await server.kill();
    await chat.event("onInterrupted");
    await page.evaluate((begin) => {
      const ended = (promise) => promise.then(() => "done", ({ error }) => error);
      window.ends = Promise.all(new Function("session", `return ${begin}`)(window.session).map(ended));
    }, begin);
    await server.start();
    return page.evaluate(() => window.ends);
  };
  /** What checks answers has come, by itself, for one is asked for. */
  const ready = () => page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/forms.js")));
  return { page, chat, whileGone, ready };
}

test("a form that is filled in while the network is broken is submitted when it is back", async (t) => {
  const { chat, whileGone, ready } = await open(t, { config: FORM });
  await chat.event("onFormRequested");
  await ready();
  const ends = await whileGone(`[session.submitForm({ kind: "pre-chat", values: { topic: "An order" } })]`);
  assert.deepEqual(ends, ["done"]);
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue");
});

test("an answer to the FAQ that is given while the network is broken reaches the server when it is back", async (t) => {
  const { chat, whileGone, ready } = await open(t, { config: FAQ });
  await chat.send("refund");
  await chat.event("onFaqSuggested");
  await ready();
  assert.deepEqual(await whileGone(`[session.answerFaq({ id: "return", accepted: false })]`), ["done"]);
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue");
});

test("the first changes of session data are made while the network is broken, and in the order of the commands", async (t) => {
  const { page, whileGone } = await open(t);
  const ends = await whileGone(`[session.data.set({ cart: [1] }), session.data.delete("plan"), session.data.set({ cart: [1, 2] })]`);
  assert.deepEqual(ends, ["done", "done", "done"]);
  assert.deepEqual(await page.evaluate(() => window.session.data.get()), { cart: [1, 2] });
});

test("an answer goes out before what is said after it, and before a leave", async (t) => {
  const { page, chat, ready } = await open(t, { config: FAQ });
  await chat.send("refund");
  await chat.event("onFaqSuggested");
  await ready();
  // The other way round the message would be a question to the FAQ, and then nothing would be open.
  await page.evaluate(() => Promise.all([
    window.session.answerFaq({ id: "return", accepted: false }), window.session.sendMessage("A refund, please"), window.session.leave(),
  ]));
  await chat.event("onSessionEnded");
  assert.deepEqual(await chat.states(), ["faq", "inQueue", "closedFromQueue"]);
});
