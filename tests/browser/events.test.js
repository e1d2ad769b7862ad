// `session.events()`: all events, in their order, for `for await`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { environment } from "./support/environment.js";
import { startFake } from "./support/fake.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** A chat, and loops over its events: `listen` begins one, `heard` are the types of what the loop was told. */
async function meet(t) {
  const fake = await startFake(t, { www: environment.site });
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${fake.url}/t/plain.html`);
  await startChat(page, { serverUrl: fake.url, username: "Ada" });
  await page.evaluate(() => {
    window.loops = {};
    window.stop = {};
    window.listen = async (name, most = Infinity) => {
      const events = (loops[name] = []);
      stop[name] = new AbortController();
      for await (const event of session.events({ signal: stop[name].signal })) {
        events.push(event);
        if (events.length === most) break;
      }
      events.push({ type: "done" });
    };
  });
  const heard = (name, count) => until(`${count} events`, async () => {
    const events = await page.evaluate((name) => loops[name], name);
    return events.length >= count && events.map(({ type }) => type);
  });
  return { chat: await fake.chats.first(), page, heard };
}

test("a loop is told the past and what comes, with the members that callbacks get, and is over with the session", async (t) => {
  const { chat, page, heard } = await meet(t);
  chat.join("Jane");
  await page.evaluate(() => { listen("all"); });
  await heard("all", 3);
  chat.say("Good morning");
  await heard("all", 5);
  await page.evaluate(() => session.leave().then(() => {}));
  assert.deepEqual(await heard("all", 9), [
    "StatusChanged", "AgentConnected", "StatusChanged", "MessageReceived", "StatusChanged", "AgentDisconnected", "StatusChanged",
    "SessionEnded", "done",
  ]);
  const { loops, events } = await page.evaluate(() => ({ loops, events }));
  const message = events.find(({ on }) => on === "onMessageReceived");
  const { type, ...same } = loops.all[3];
  assert.deepEqual({ on: `on${type}`, ...same }, message);
  // One that begins after the end has the past.
  await page.evaluate(() => { listen("late"); });
  assert.deepEqual((await heard("late", 9)).filter((type) => type !== "StatusChanged"), [
    "AgentConnected", "MessageReceived", "AgentDisconnected", "SessionEnded", "done",
  ]);
});

test("a loop ends by `break`, by its signal, and when the session is freed; the others go on", async (t) => {
  const { chat, page, heard } = await meet(t);
  await page.evaluate(() => { listen("break", 1); listen("signal"); listen("free"); });
  assert.deepEqual(await heard("break", 2), ["StatusChanged", "done"]);
  await heard("signal", 1);
  await page.evaluate(() => stop.signal.abort());
  assert.deepEqual(await heard("signal", 2), ["StatusChanged", "done"]);
  chat.join("Jane");
  await heard("free", 3);
  await page.evaluate(() => session.free());
  assert.deepEqual(await heard("free", 4), ["StatusChanged", "AgentConnected", "StatusChanged", "done"]);
});
