// Our package in Chromium chats through a service that is not ours: chat v2 on cometd-nodejs-server, by long-polling only.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { CometdChat } from "./cometd-chat.js";
import { ChatPage, launch, roots } from "./support/page.js";

let browser;
let service;
let page;

before(async () => { browser = await launch(); });
after(() => browser?.close());
beforeEach(async () => {
  service = new CometdChat({ roots: roots() });
  await service.start();
  page = await new ChatPage().open(browser, service.url);
});
afterEach(async () => {
  const { faults } = page;
  await page.close();
  await service.stop();
  assert.deepEqual(faults, [], "the page caught everything, and its security policy blocked nothing");
});

/** Starts a session, with an agent in it. */
async function talk(options) {
  await page.start(options);
  const [chat] = service.chats;
  chat.join("Jane");
  await page.event("AgentConnected");
  return chat;
}

const ascending = (events) => events.map(({ index }) => index).every((index, at, all) => at === 0 || index > all[at - 1]);

describe("the package on a plain chat v2 service", () => {
  for (const transport of ["auto", "long-polling"]) {
    test(`a session starts by transport ${transport}, with all that the page knows of its visitor`, async () => {
      const { id } = await page.start({ transport, subject: "Glaze", userData: { page: "teapot" } });
      assert.equal(service.chats.length, 1);
      const [chat] = service.chats;
      assert.equal(id, chat.id);
      assert.deepEqual([chat.request.nickname, chat.request.subject], ["Ada", "Glaze"]);
      assert.deepEqual(chat.request.userData, { page: "teapot" });
      assert.equal((await page.call("isAgentConnected")).value, false);
    });
  }

  test("messages go both ways, each once, in order, the own ones too", async () => {
    const chat = await talk();
    chat.say("Hello Ada");
    const hello = await page.message("Hello Ada");
    assert.deepEqual(hello.content, { text: "Hello Ada", type: { text: true } });
    assert.equal(hello.party.name, "Jane");
    assert.deepEqual(hello.party.type, { agent: true });
    assert.equal(hello.restored, undefined);
    const texts = ["Is it blue? 💙", "<b>not bold</b>", "שלום", "four", "five", "six", "seven", "eight"];
    for (const text of texts) assert.deepEqual(await page.call("sendMessage", { message: text }), { value: undefined });
    assert.deepEqual(chat.messages().slice(1).map(({ text }) => text), texts);
    const own = await page.message("eight");
    assert.deepEqual(own.party.type, { client: true });
    assert.deepEqual(page.texts(), ["Hello Ada", ...texts]);
    assert.ok(ascending(page.of("MessageReceived")));
  });

  test("an agent is connected from the join to the leave", async () => {
    const chat = await talk();
    assert.equal((await page.call("isAgentConnected")).value, true);
    assert.equal(page.of("AgentConnected")[0].party.name, "Jane");
    chat.leave("Jane");
    const left = await page.event("AgentDisconnected");
    assert.equal(left.party.name, "Jane");
    assert.equal((await page.call("isAgentConnected")).value, false);
    assert.equal(page.of("SessionEnded").length, 0);
  });

  test("typing is seen on both sides, and one's own is not reported to oneself", async () => {
    const chat = await talk();
    chat.type(true);
    assert.equal((await page.event("AgentTyping", ({ isTyping }) => isTyping)).party.name, "Jane");
    chat.type(false);
    await page.event("AgentTyping", ({ isTyping }) => !isTyping);
    await page.call("sendTyping", { isTyping: true, typedText: "Is it" });
    const started = await service.until(() => chat.transcript.find(({ type, from }) => type === "TypingStarted" && from.type === "Client"), "typing");
    assert.equal(started.text, "Is it");
    await page.call("sendTyping", { isTyping: false });
    await service.until(() => chat.transcript.find(({ type, from }) => type === "TypingStopped" && from.type === "Client"), "the end of typing");
    chat.say("seen");
    await page.message("seen");
    assert.equal(page.of("AgentTyping").length, 2);
  });

  test("addresses go both ways as addresses", async () => {
    const chat = await talk();
    chat.pushUrl("https://example.org/blue");
    assert.deepEqual((await page.message("https://example.org/blue")).content.type, { url: true });
    await page.call("sendMessage", { message: "https://example.org/mine", type: "url" });
    assert.equal(chat.transcript.findLast(({ type }) => type === "PushUrl").text, "https://example.org/mine");
    assert.deepEqual((await page.message("https://example.org/mine")).content.type, { url: true });
  });

  test("the transcript is given from the index that is asked for, and fires no event", async () => {
    const chat = await talk();
    chat.say("first");
    const { index } = await page.message("first");
    chat.say("second");
    await page.message("second");
    const before = page.events.length;
    const { value: { transcript: all } } = await page.call("getTranscript", { fromIndex: 0 });
    assert.deepEqual(all.map(({ type }) => type), ["AgentConnected", "MessageReceived", "MessageReceived"]);
    const { value: { transcript: rest } } = await page.call("getTranscript", { fromIndex: index + 1 });
    assert.deepEqual(rest.map(({ content }) => content), [{ text: "second", type: "text" }]);
    assert.equal(page.events.length, before);
  });

  test("after a reload the session goes on: the old is restored, what came meanwhile is new, typing is gone", async () => {
    const chat = await talk();
    chat.type(true);
    chat.say("old");
    await page.call("sendMessage", { message: "mine" });
    await page.message("mine");
    const known = page.of("MessageReceived");
    await page.reload();
    chat.say("meanwhile");
    const { id } = await page.restore();
    assert.equal(id, chat.id);
    await page.message("meanwhile");
    const events = page.of("MessageReceived");
    assert.deepEqual(events.filter(({ restored }) => restored), known.map((event) => ({ ...event, restored: true })));
    assert.deepEqual(events.map(({ content }) => content.text), ["old", "mine", "meanwhile"]);
    assert.equal(events.at(-1).restored, undefined);
    assert.equal(page.of("AgentConnected")[0].restored, true);
    assert.equal(page.of("AgentTyping").length, 0);
    assert.equal((await page.call("isAgentConnected")).value, true);
    assert.deepEqual(await page.call("sendMessage", { message: "again" }), { value: undefined });
    assert.equal(service.chats.length, 1);
  });

  test("a page that left nothing has nothing to restore", async () => {
    await assert.rejects(page.restore({ serverUrl: service.url }), /nothing to restore/);
  });

  test("over a restart of the server nothing is lost, doubled or out of order, in either direction", async () => {
    const chat = await talk();
    chat.say("before");
    await page.message("before");
    await service.stop();
    await page.event("Interrupted");
    chat.say("while away");
    const waiting = ["one", "two", "three"].map((message) => page.call("sendMessage", { message }));
    await service.start();
    await page.event("Continued");
    assert.deepEqual(await Promise.all(waiting), [{ value: undefined }, { value: undefined }, { value: undefined }]);
    chat.say("after");
    await page.message("after");
    assert.deepEqual(page.texts(), ["before", "while away", "one", "two", "three", "after"]);
    assert.deepEqual(chat.messages().map(({ text }) => text), page.texts());
    assert.ok(ascending(page.of("MessageReceived")));
    const breaks = page.events.map(([name]) => name).filter((name) => name === "Interrupted" || name === "Continued");
    assert.ok(breaks.every((name, at) => name === (at % 2 === 0 ? "Interrupted" : "Continued")));
    assert.equal(page.of("AgentConnected").length, 1);
  });

  test("a visitor who leaves sees the agent leave, then the end, and can do nothing more", async () => {
    const chat = await talk();
    assert.deepEqual(await page.call("leave"), { value: undefined });
    const { reason } = await page.event("SessionEnded");
    assert.deepEqual(reason, { leaveRequest: true });
    assert.deepEqual(page.events.map(([name]) => name).slice(-2), ["AgentDisconnected", "SessionEnded"]);
    assert.equal(chat.ended, true);
    assert.deepEqual(await page.call("sendMessage", { message: "too late" }), { code: 50 });
    await page.reload();
    await assert.rejects(page.restore(), /nothing to restore/);
  });

  test("an agent who ends the chat is seen to leave, and the session has ended by the agent, once", async () => {
    const chat = await talk();
    chat.say("Goodbye");
    chat.end();
    const { reason } = await page.event("SessionEnded");
    assert.deepEqual(reason, { agent: true });
    assert.deepEqual(page.events.map(([name]) => name), ["AgentConnected", "MessageReceived", "AgentDisconnected", "SessionEnded"]);
    assert.deepEqual(await page.call("sendMessage", { message: "too late" }), { code: 50 });
    assert.equal(page.of("SessionEnded").length, 1);
  });

  test("a start that the service refuses is refused to the page, which may try again", async () => {
    service.full = true;
    await assert.rejects(page.start(), /code \d+/);
    assert.equal(service.chats.length, 0);
    service.full = false;
    await page.start();
    assert.equal(service.chats.length, 1);
  });
});
