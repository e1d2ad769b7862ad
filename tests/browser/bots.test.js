// Bots, as pages see them: the SDK and the server together, with the bots that ship.

import assert from "node:assert/strict";
import { test } from "node:test";
import { botChannel } from "./support/bots.js";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

const WELCOME = "Welcome human. Say 'human' to transfer. Say 'quit' to end session.";
const POST_CHAT = "[channels.post_chat]\nfields = [{ name = \"stars\", label = \"How was it?\", type = \"rating\", required = true }]\n";
const PRE_CHAT = "[channels.pre_chat]\nfields = [{ name = \"nickname\", label = \"Your name\", required = true }]\n";

async function open(t, config, { withAgent = true } = {}) {
  const server = await startServer(t, { config });
  const agent = withAgent ? await signIn(t, server.url) : undefined;
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  return { server, agent, page, chat };
}

const status = (page) => page.evaluate(() => ({ ...window.session.status, botActive: window.session.botActive }));
const changedTo = (chat, name) => chat.event("onStatusChanged", (event) => event.new.name === name);

test("bot first: the welcome keeps the session off the queue, and the bot answers until it hands over", async (t) => {
  const { server, agent, page, chat } = await open(t, botChannel("echo.js"));
  const welcome = await chat.heard(WELCOME);
  assert.equal(welcome.party.name, "Robin");
  assert.equal(welcome.party.type.external, true);
  await changedTo(chat, "userLast");
  assert.deepEqual(await status(page), { code: 6, name: "userLast", botActive: true });
  await chat.send("Good morning");
  await chat.heard("You said: Good morning");
  assert.deepEqual(agent.queue, []);
  const states = await chat.states();
  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  await back.heard("You said: Good morning");
  assert.deepEqual(await back.states(), states, "the playback is what happened");
  assert.equal((await status(page)).botActive, true);
});

test("handed over with agents there, the session is in the queue and the bot is not called any more", async (t) => {
  const { agent, page, chat } = await open(t, botChannel("echo.js", { offline: true }));
  await chat.heard(WELCOME);
  await chat.send("human");
  const handedOver = await chat.event("onStatusChanged", (event) => event.new.name === "inQueue" && !event.botActive);
  assert.equal(handedOver.old.name, "userLast");
  assert.deepEqual(await status(page), { code: 4, name: "inQueue", botActive: false });
  const chatId = await agent.accept();
  await chat.send("Are you one?");
  await agent.heard(chatId, "Are you one?");
  await agent.say(chatId, "I am");
  await chat.heard("I am");
  assert.deepEqual(await chat.texts(), [WELCOME, "human", "I ask a human to take over.", "Are you one?", "I am"]);
});

test("handed over with nobody there, the offline form is asked for", async (t) => {
  const { page, chat } = await open(t, botChannel("echo.js", { offline: true }), { withAgent: false });
  await chat.heard(WELCOME);
  assert.equal((await status(page)).botActive, true, "the bot is always present");
  await chat.send("human");
  const { form } = await chat.event("onFormRequested");
  assert.equal(form.kind, "offline");
  assert.deepEqual(await status(page), { code: 3, name: "offlineForm", botActive: false });
  assert.deepEqual(await chat.command("submitForm", { kind: "offline", values: { question: "When are you there?" } }), { result: undefined });
  await changedTo(chat, "requestPosted");
  await chat.event("onSessionEnded");
});

test("ended by the bot, the post-chat form is asked for; writing brings the session back, the form closes it", async (t) => {
  const { page, chat } = await open(t, botChannel("echo.js", { tables: POST_CHAT }));
  await chat.heard(WELCOME);
  await chat.send("quit");
  const { form } = await chat.event("onFormRequested");
  assert.equal(form.kind, "post-chat");
  assert.equal((await status(page)).name, "finished");
  assert.deepEqual(await chat.events("onSessionEnded"), []);
  await chat.send("One more thing");
  const back = await chat.event("onStatusChanged", (event) => event.old.name === "finished");
  assert.equal(back.new.name, "customerLast");
  await chat.heard("You said: One more thing");
  await chat.send("quit");
  await chat.count("onFormRequested", 2);
  assert.deepEqual(await chat.command("submitForm", { kind: "post-chat", values: { stars: 5 } }), { result: undefined });
  await changedTo(chat, "closed");
  await chat.event("onSessionEnded");
});

test("form first: the bot says hello when the session reaches the queue, and knows the visitor's name", async (t) => {
  const { agent, page, chat } = await open(t, botChannel("form-first.js", { tables: PRE_CHAT }));
  await chat.event("onFormRequested");
  assert.deepEqual(await status(page), { code: 1, name: "preChatForm", botActive: true });
  assert.deepEqual(await chat.texts(), []);
  await chat.command("submitForm", { kind: "pre-chat", values: { nickname: "Ada Lovelace" } });
  await chat.heard("Hello Ada Lovelace! What is it about?");
  await chat.send("A broken pot");
  await chat.event("onStatusChanged", (event) => event.new.name === "inQueue" && !event.botActive);
  await chat.event("onDataChanged");
  assert.equal(await page.evaluate(() => window.session.data.get("topic")), "A broken pot");
  await agent.accept();
  await chat.event("onAgentConnected");
});

test("the bot with answers answers, asks, and hands over what it does not know", async (t) => {
  const { agent, chat } = await open(t, botChannel("faq.js"));
  await chat.send("How long does delivery take?");
  await chat.event("onMessageReceived", ({ content }) => content.text.startsWith("Delivery takes three days."));
  await chat.send("no, mine is late");
  await chat.heard("I ask somebody who knows more.");
  await agent.accept();
  await chat.event("onAgentConnected");
});

test("a new session by the script: the same object goes on, and a later page finds the new session", async (t) => {
  const { server, page, chat } = await open(t, botChannel("echo.js"));
  const old = await page.evaluate(() => window.session.id);
  await chat.heard(WELCOME);
  await chat.send("new");
  const renewed = await chat.event("onRenewed");
  assert.deepEqual([renewed.previousId, renewed.reason], [old, "script"]);
  assert.equal(await page.evaluate(() => window.session.id), renewed.id);
  await chat.count("onMessageReceived", 3);
  assert.deepEqual(await chat.texts(), [WELCOME, "new", WELCOME], "the bot greets in the new session");
  assert.deepEqual(await chat.events("onSessionEnded"), []);
  await chat.send("Still me");
  await chat.heard("You said: Still me");
  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  await back.heard("You said: Still me");
  assert.equal(await page.evaluate(() => window.session.id), renewed.id);
  assert.deepEqual(await back.texts(), [WELCOME, "Still me", "You said: Still me"]);
});
