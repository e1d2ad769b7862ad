// A visitor's page and an agent's desk hold a conversation: the package in Chromium, our server, the official CometD client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** What Chromium itself writes to the console when a server is gone. */
const SERVER_GONE = /Failed to load resource: net::|WebSocket connection to .* failed/;

async function meet(t, options = {}) {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t, { expect: [SERVER_GONE] });
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", ...options });
  const chatId = await agent.accept();
  await chat.event("onAgentConnected");
  return { server, agent, visitor, page, chat, chatId };
}

for (const transport of ["websocket", "long-polling", "rest"]) {
  test(`visitor and agent talk, type and part (${transport})`, async (t) => {
    const { agent, page, chat, chatId } = await meet(t, { transport });
    assert.equal(await page.evaluate(() => window.session.id), chatId);
    assert.equal(await chat.isAgentConnected(), true);

    assert.deepEqual(await chat.send("Good morning"), { result: undefined });
    await agent.heard(chatId, "Good morning");
    await agent.type(chatId);
    await chat.event("onAgentTyping", ({ isTyping }) => isTyping);
    await agent.say(chatId, "And to you");
    await agent.pushUrl(chatId, "https://example.org/kettles");
    assert.deepEqual(await chat.command("sendMessage", { message: "https://example.org/", type: "url" }), { result: undefined });
    await chat.command("sendTyping", { typedText: "I th" });
    await agent.entry(chatId, "typing", ({ type, text }) => type === "TypingStarted" && text === "I th");

    const [first, second, third, fourth] = await chat.count("onMessageReceived", 4);
    assert.deepEqual(first.content, { text: "Good morning", type: { text: true } });
    assert.deepEqual(first.party, { id: first.party.id, name: "Ada", type: { client: true } });
    assert.equal(typeof first.timestamp, "number");
    assert.equal(first.restored, undefined);
    assert.deepEqual(second.content, { text: "And to you", type: { text: true } });
    assert.deepEqual(second.party, { id: second.party.id, name: "Jane", type: { agent: true } });
    assert.deepEqual(third.content, { text: "https://example.org/kettles", type: { url: true } });
    assert.deepEqual(fourth.content, { text: "https://example.org/", type: { url: true } });

    await agent.end(chatId);
    const ended = await chat.event("onSessionEnded");
    assert.deepEqual(ended, { on: "onSessionEnded", reason: { agent: true } });
    const order = (await chat.events()).map(({ on }) => on).filter((on) => on !== "onAgentTyping");
    assert.deepEqual(order.slice(-2), ["onAgentDisconnected", "onSessionEnded"]);
    const indexes = (await chat.events()).map(({ index }) => index).filter((index) => index !== undefined);
    assert.deepEqual(indexes, [...indexes].sort((a, b) => a - b));
    assert.equal(new Set(indexes).size, indexes.length);
    assert.equal((await chat.send("Anybody?")).code, 50);
    assert.equal(await chat.isAgentConnected(), false);
  });

  test(`a reload in mid-chat gives the conversation back (${transport})`, async (t) => {
    const { server, agent, page, chat, chatId } = await meet(t, { transport });
    await chat.send("one");
    await agent.say(chatId, "two");
    await chat.heard("two");

    const gone = agent.say(chatId, "said while the page reloads");
    await page.reload();
    await gone;
    const back = await restoreChat(page, { serverUrl: server.url, transport });
    await back.heard("said while the page reloads");
    await agent.say(chatId, "three");
    await back.heard("three");
    const messages = await back.events("onMessageReceived");
    assert.deepEqual(messages.map(({ content }) => content.text), ["one", "two", "said while the page reloads", "three"]);
    assert.deepEqual(messages.map(({ restored }) => restored).slice(0, 2), [true, true]);
    assert.equal(messages[3].restored, undefined);
    const [joined] = await back.events("onAgentConnected");
    assert.equal(joined.restored, true);
    assert.equal(await back.isAgentConnected(), true);
    assert.deepEqual(await back.send("four"), { result: undefined });
    await agent.heard(chatId, "four");
    assert.deepEqual(agent.texts(chatId), ["one", "two", "said while the page reloads", "three", "four"]);
  });

  test(`the visitor leaves, and there is nothing to restore (${transport})`, async (t) => {
    const { server, page, chat } = await meet(t, { transport });
    assert.deepEqual(await chat.command("leave"), { result: undefined });
    assert.deepEqual((await chat.event("onSessionEnded")).reason, { leaveRequest: true });
    await page.reload();
    await assert.rejects(restoreChat(page, { serverUrl: server.url }), { isError: true, hasError: false });
  });

  test(`a server that restarts loses the chat: the page is told (${transport})`, async (t) => {
    const { server, chat } = await meet(t, { transport });
    await server.restart({ signal: "SIGKILL" });
    if (transport !== "rest") {
      // Between two questions over plain HTTP nobody notices.
      await chat.event("onInterrupted");
      await chat.event("onError", ({ error }) => error.code === 150);
    }
    assert.deepEqual((await chat.event("onSessionEnded")).reason, { error: true });
    assert.equal((await chat.events("onAgentDisconnected")).length, 1);
  });
}

test("a restore that fails stands in the way of no other: not of the next restore, and not of a new session", async (t) => {
  const { server, agent, page, chat, chatId } = await meet(t);
  await agent.say(chatId, "before");
  await chat.heard("before");
  const offline = async () => {
    await page.reload();
    await page.evaluate(() => causerie.init());
    await page.context().setOffline(true);
  };
  await offline();
  const failed = restoreChat(page, { serverUrl: server.url, maxOfflineDuration: 1 });
  await assert.rejects(failed, ({ code, hasError }) => code === 100 && hasError);
  await page.context().setOffline(false);
  const restored = await restoreChat(page, { serverUrl: server.url });
  await restored.heard("before");
  assert.equal(await page.evaluate(() => window.session.id), chatId);
  await offline();
  await assert.rejects(restoreChat(page, { serverUrl: server.url, maxOfflineDuration: 1 }), ({ code }) => code === 100);
  await page.context().setOffline(false);
  const begun = await startChat(page, { serverUrl: server.url, username: "Ada" });
  const id = await page.evaluate(() => window.session.id);
  assert.notEqual(id, chatId);
  assert.deepEqual(await begun.send("anew"), { result: undefined });
  await page.reload();
  await restoreChat(page, { serverUrl: server.url });
  assert.equal(await page.evaluate(() => window.session.id), id);
});

test("several restores at once in one page share the session, and each has everything once", async (t) => {
  const { server, agent, page, chat, chatId } = await meet(t);
  await agent.say(chatId, "one");
  await chat.heard("one");
  await page.reload();
  const texts = await page.evaluate(async (serverUrl) => {
    const sessions = await Promise.all([1, 2, 3].map(() => causerie.chat.restoreSession({ serverUrl })));
    const heard = sessions.map(() => []);
    const all = sessions.map((session, place) => new Promise((resolve) => session.onMessageReceived(({ content }) => {
      heard[place].push(content.text);
      if (content.text === "three") resolve();
    })));
    for (const text of ["two", "three"]) await sessions[1].sendMessage(text);
    await Promise.all(all);
    return heard;
  }, server.url);
  assert.deepEqual(texts, [1, 2, 3].map(() => ["one", "two", "three"]));
});

test("of two sessions of a page the one that goes on is restored, though the other one ends, in every storage", async (t) => {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  for (const storage of ["session", "local", "cookie", "memory", "own"]) {
    const page = await visitor.open(`${server.url}/t/plain.html`);
    const [went, restored] = await page.evaluate(async ([serverUrl, storage]) => {
      let state;
      const own = { read: () => state, write: (next) => { state = next; }, clear: () => { state = undefined; } };
      const options = { serverUrl, storage: storage === "own" ? own : storage, multiTab: false };
      const first = await causerie.chat.startSession(options);
      const second = await causerie.chat.startSession(options);
      await first.leave();
      const restored = await causerie.chat.restoreSession(options).then(({ id }) => id, ({ code }) => code);
      await second.leave();
      return [second.id, restored];
    }, [server.url, storage]);
    assert.equal(restored, went, storage);
    await page.close();
  }
});

test("a page that sends from within its own WebSocket.send is served, in the order of its calls", async (t) => {
  const { agent, chat, chatId } = await meet(t);
  await chat.page.evaluate(() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
      if (String(data).includes("first")) window.session.sendMessage("second");
      return send.call(this, data);
    };
  });
  await chat.send("first");
  await chat.send("third");
  const said = async () => (await chat.command("getTranscript")).result.transcript.filter(({ type }) => type === "MessageReceived");
  await until("three messages", async () => (await said()).length === 3);
  assert.deepEqual((await said()).map(({ content }) => content.text), ["first", "second", "third"]);
  await agent.say(chatId, "Hi");
  await chat.heard("Hi");
});

test("the transcript is given in its plain form, from an index on", async (t) => {
  const { agent, chat, chatId } = await meet(t);
  await chat.send("Hello");
  await agent.say(chatId, "Hi");
  await chat.heard("Hi");
  const { result } = await chat.command("getTranscript");
  const [joined, hello, hi] = result.transcript;
  assert.deepEqual(joined, { type: "AgentConnected", party: { id: joined.party.id, type: "Agent", name: "Jane" }, index: joined.index, timestamp: joined.timestamp });
  assert.deepEqual(hello.content, { text: "Hello", type: "text" });
  assert.equal(hello.party.type, "Client");
  const later = await chat.command("getTranscript", { fromIndex: hi.index });
  assert.deepEqual(later.result.transcript, [hi]);
});

test("a lone half of a surrogate pair survives both ways", async (t) => {
  const { chat } = await meet(t);
  const codes = await chat.page.evaluate(async () => {
    await window.session.sendMessage("a\ud83db");
    const { transcript } = await window.session.getTranscript();
    return [...Array(3).keys()].map((at) => transcript.at(-1).content.text.charCodeAt(at));
  });
  assert.deepEqual(codes, [97, 0xd83d, 98]);
});

for (const [transport, storage] of [["websocket", "session"], ["long-polling", "local"]]) {
  test(`what is sent while the network is cut survives a reload, and arrives once (${transport}, ${storage} storage)`, { timeout: 60_000 }, async (t) => {
    const { server, agent, visitor, page, chat, chatId } = await meet(t, { transport, storage });
    await chat.send("before");
    await visitor.context.setOffline(true);
    await page.evaluate(() => {
      for (const text of ["one", "lone \ud83d half", "three"]) window.session.sendMessage(text).catch(() => {});
    });
    // Beside the state there are names, such as the tab's.
    const waiting = await page.evaluate(() => {
      const state = Object.values(sessionStorage).find((value) => value.includes('"outbox"'));
      return JSON.parse(state).outbox.map(({ text }) => text);
    });
    assert.deepEqual(waiting, ["one", "lone \ud83d half", "three"]);
    assert.deepEqual(agent.texts(chatId), ["before"]);
    await visitor.context.setOffline(false);
    await page.reload();
    const back = await restoreChat(page, { serverUrl: server.url, transport, storage });
    assert.deepEqual(await back.send("after"), { result: undefined });
    await agent.heard(chatId, "after");
    const texts = ["before", ...waiting, "after"];
    assert.deepEqual(await page.evaluate(async () => {
      const { transcript } = await window.session.getTranscript();
      return transcript.filter(({ content }) => content).map(({ content }) => content.text);
    }), texts);
    assert.equal(agent.texts(chatId).length, texts.length);
    const left = await page.evaluate(() => [...Object.values(sessionStorage), ...Object.values(localStorage)].join());
    for (const text of ["one", "three", "half", "after"]) assert.ok(!left.includes(`"${text}`), `${text} is gone from the storage`);
  });
}

for (const transport of ["websocket", "long-polling"]) {
  test(`a page that is looked at again finds out a dead link, and one that is online again the live one (${transport})`, { timeout: 60_000 }, async (t) => {
    const { agent, visitor, page, chat, chatId } = await meet(t, { transport });
    const look = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await look();
    await agent.say(chatId, "still here");
    await chat.heard("still here");
    assert.deepEqual(await chat.events("onInterrupted"), []);
    await visitor.context.setOffline(true);
    await look();
    await chat.event("onInterrupted");
    await agent.say(chatId, "in the dark");
    await visitor.context.setOffline(false);
    await chat.event("onContinued");
    await chat.heard("in the dark");
    assert.deepEqual(await chat.texts(), ["still here", "in the dark"]);
  });
}

test("a page that is said to be offline finds out soon that its link is dead", async (t) => {
  const { agent, visitor, chat, chatId } = await meet(t, { transport: "websocket" });
  await visitor.context.setOffline(true);
  await chat.event("onInterrupted");
  await agent.say(chatId, "in the dark");
  await visitor.context.setOffline(false);
  await chat.event("onContinued");
  await chat.heard("in the dark");
});
