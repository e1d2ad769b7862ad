// Session data: shared between tabs, bounded, and kept over a reload.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

async function open(t, options = {}) {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", ...options });
  return { server, visitor, page, chat };
}

const data = (page, name) => page.evaluate((name) => window.session.data.get(name), name);

test("session data is set, read and deleted, and outlives a reload", async (t) => {
  const { server, page, chat } = await open(t, { userData: { plan: "gold" } });
  assert.equal(await data(page, "plan"), "gold");
  const set = await page.evaluate(() => window.session.data.set({ cart: { items: [1, 2] }, __proto__x: true }));
  assert.equal(set, undefined);
  assert.deepEqual(await data(page, "cart"), { items: [1, 2] });
  await page.evaluate(() => window.session.data.delete(["plan"]));
  assert.equal(await data(page, "plan"), undefined);
  const changes = await chat.events("onDataChanged");
  assert.ok(changes.some(({ keys }) => keys.includes("cart")) && changes.some(({ keys }) => keys.includes("plan")));
  await page.reload();
  await restoreChat(page, { serverUrl: server.url });
  await page.waitForFunction(() => window.session.data.get("cart") !== undefined);
  assert.deepEqual(await page.evaluate(() => window.session.data.get()), { cart: { items: [1, 2] }, __proto__x: true });
});

test("a copy is given out, not the data itself, and the internal fields can not be changed", async (t) => {
  const { page } = await open(t, { userData: { cart: { items: [1] } } });
  const seen = await page.evaluate(() => {
    window.session.data.get("cart").items.push(2);
    const { internal } = window.session;
    const before = JSON.stringify(internal);
    try {
      internal.sessionId = "mine";
    } catch {
      // A module is strict: it throws.
    }
    return { items: window.session.data.get("cart").items, same: JSON.stringify(window.session.internal) === before, frozen: Object.isFrozen(internal) };
  });
  assert.deepEqual(seen, { items: [1], same: true, frozen: true });
});

test("data of nine megabytes is kept, also over a reload", async (t) => {
  const { page, server } = await open(t);
  const large = await page.evaluate(() => window.session.data.set({ large: "x".repeat(9_000_000) }).then(() => window.session.data.get("large").length, ({ error }) => error));
  assert.equal(large, 9_000_000);
  await page.reload();
  await restoreChat(page, { serverUrl: server.url });
  await page.waitForFunction(() => window.session.data.get("large")?.length === 9_000_000);
});

test("data beyond ten megabytes is refused with code 3 and nothing is changed", async (t) => {
  const { page } = await open(t, { userData: { plan: "gold" } });
  const error = await page.evaluate(() => window.session.data.set({ plan: "silver", large: "x".repeat(11_000_000) }).catch(({ error }) => error));
  assert.equal(error.code, 3);
  assert.match(error.description, /bytes/);
  assert.deepEqual(await page.evaluate(() => window.session.data.get()), { plan: "gold" });
  const wrong = await page.evaluate(() => Promise.all([
    window.session.data.set("text").catch(({ error }) => error.code),
    window.session.data.set({ big: 1n }).catch(({ error }) => error.code),
    window.session.data.delete([7]).catch(({ error }) => error.code),
    window.session.data.set().catch(({ error }) => error.code),
    window.session.data.delete().catch(({ error }) => error.code),
  ]));
  assert.deepEqual(wrong, [3, 3, 3, 2, 2]);
});

test("over plain HTTP it is not asked for again and again", async (t) => {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const versions = [];
  page.on("request", (request) => {
    const form = new URLSearchParams(request.postData() ?? "");
    if (request.url().endsWith("/refresh")) versions.push(form.get("dataVersion"));
  });
  await startChat(page, { serverUrl: server.url, username: "Ada", transport: "rest" });
  const set = { plan: "gold", cart: { items: [1, "2", null] }, paid: true };
  await page.evaluate((set) => window.session.data.set(set), set);
  assert.deepEqual(await page.evaluate(() => window.session.data.get()), set, "a change is told at once, and as it is");
  await page.evaluate(() => window.session.data.delete(["paid"]));
  assert.equal(await data(page, "paid"), undefined);
  await until("two more questions", () => versions.filter((version) => version === "2").length >= 2);
  assert.deepEqual(versions.slice(-2), ["2", "2"]);
});

test("over plain HTTP attached data is what JSON makes of it", async (t) => {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const seen = await page.evaluate(async (serverUrl) => {
    const userData = { when: new Date(0), run() {}, nothing: undefined, paid: false, pages: ["teapot", { visits: 2 }] };
    const session = await window.causerie.chat.startSession({ serverUrl, userData, transport: "rest", storage: "memory" });
    return session.data.get();
  }, server.url);
  assert.deepEqual(seen, { when: "1970-01-01T00:00:00.000Z", paid: false, pages: ["teapot", { visits: 2 }] });
});

test("tabs of one session share its data", async (t) => {
  const { server, visitor, page } = await open(t, { userData: { plan: "gold" } });
  const other = await visitor.open(`${server.url}/t/plain.html`);
  const second = await restoreChat(other, { serverUrl: server.url });
  await other.waitForFunction(() => window.session.data.get("plan") === "gold");
  await page.evaluate(() => window.session.data.set({ plan: "silver" }));
  await second.event("onDataChanged", ({ keys }) => keys.includes("plan"));
  await other.waitForFunction(() => window.session.data.get("plan") === "silver");
});

test("the key of a visitor's data is kept where the state is, under the names of the start", async (t) => {
  const { server, page } = await open(t, { stateStorage: "local" });
  const kept = () => page.evaluate(() => [localStorage, sessionStorage].map((place) => Object.keys(place).filter((name) => name.startsWith("causerie-data:"))));
  const name = `causerie-data:default|${server.url}`;
  await until("the key to be kept", async () => (await kept())[0].length > 0);
  await page.reload();
  await restoreChat(page, { stateStorage: "local" });
  await page.evaluate(() => window.session.data.set({ known: true }));
  assert.deepEqual(await kept(), [[name], []]);
});
