// Session lifetime: a session whose time is over goes on as a new one when its visitor writes again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { AGENT, startServer } from "./support/server.js";

const browser = useBrowser();

const SHORT = `
[[channels]]
name = "default"
idle_timeout = 1
[[agents]]
name = "${AGENT.name}"
key = "${AGENT.key}"
`;

async function open(t, config) {
  const server = await startServer(t, { config });
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada" });
  return { server, visitor, page, chat };
}

const id = (page) => page.evaluate(() => window.session.id);

test("a message after the timeout opens a new session that receives it, and the same object goes on", async (t) => {
  const { server, page, chat } = await open(t, SHORT);
  const agent = await signIn(t, server.url);
  const old = await id(page);
  await chat.send("of the old one");
  await chat.event("onStatusChanged", (event) => event.new.name.startsWith("closed"));
  assert.deepEqual(await chat.events("onSessionEnded"), [], "a session that can go on has not ended");
  assert.deepEqual(await chat.send("of the new one"), { result: undefined });
  const renewed = await chat.event("onRenewed");
  assert.equal(renewed.previousId, old);
  assert.equal(renewed.reason, "timeout");
  assert.equal(await id(page), renewed.id);
  assert.notEqual(renewed.id, old);
  await chat.heard("of the new one");
  const chatId = await agent.accept();
  assert.equal(chatId, renewed.id);
  await agent.say(chatId, "at your service");
  await chat.heard("at your service");

  await page.reload();
  const back = await restoreChat(page, { serverUrl: server.url });
  await back.heard("at your service");
  assert.equal(await id(page), renewed.id, "a later page finds the new session");
  assert.deepEqual(await back.texts(), ["of the new one", "at your service"]);
});
