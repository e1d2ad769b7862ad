// `causerie/react` of the installed package with React 19, bundled by Vite, in strict mode: against the fake server in the page.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { useBrowser } from "../browser/support/browser.js";
import { serveDirectory } from "../browser/support/static.js";
import { useProject } from "./support/project.js";
import { bundlers } from "./tools/build.js";

const browser = useBrowser();
const project = useProject("react", ["react", "react-dom", "scheduler"]);
let built;

/** The page, before anything is rendered. */
async function open(t) {
  await (built ??= bundlers.vite(project.folder));
  const url = await serveDirectory(t, join(project.folder, "dist"));
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${url}/index.html`);
  await page.waitForFunction(() => window.test);
  const shows = (id, text) => page.waitForFunction(([id, text]) => document.querySelector(`#${id}`)?.textContent === text, [id, text], { timeout: 10_000 });
  const hears = (text) => page.getByText(text, { exact: true }).waitFor();
  return { page, shows, hears, counts: () => page.evaluate(() => test.counts) };
}

const begun = () => test.server.chats.length;

test("a chat: messages, agents, typing, interruption and end are what the component is rendered with", async (t) => {
  const { page, shows, hears } = await open(t);
  await page.evaluate(() => test.render());
  await shows("phase", "idle");
  await page.getByRole("button", { name: "Send" }).click();
  await shows("outcome", "sendMessage 50");
  await page.getByRole("button", { name: "Start" }).click();
  await shows("phase", "live");
  await page.evaluate(() => { test.server.agent("Jane").join().type(); });
  await shows("agents", "Jane");
  await shows("typing", "Jane");
  await page.evaluate(() => { test.server.agent("Jane").say("Can I help you?"); });
  await hears("Jane: Can I help you?");
  await page.getByRole("button", { name: "Send" }).click();
  await hears("Ada: Good morning");
  await shows("outcome", "sendMessage done");
  await page.evaluate(() => { test.server.interrupt(); });
  await shows("phase", "interrupted");
  await page.evaluate(() => test.server.continue());
  await shows("phase", "live");
  await page.getByRole("button", { name: "Leave" }).click();
  await shows("phase", "ended");
  await shows("agents", "");
});

test("in strict mode there is one session; it is freed when the component goes, and taken up when it comes back", async (t) => {
  const { page, shows, hears, counts } = await open(t);
  await page.evaluate(() => test.render({ more: { start: true } }));
  await shows("phase", "live");
  assert.deepEqual(await counts(), { startSession: 1, restoreSession: 1, freed: 0 });
  await page.evaluate(() => { test.server.agent("Jane").say("Good morning"); });
  await hears("Jane: Good morning");
  await page.evaluate(() => test.show(false));
  await page.waitForFunction(() => test.counts.freed === 1);
  await page.evaluate(() => { test.server.agent("Jane").say("Are you there?"); });
  await page.evaluate(() => test.show(true));
  await hears("Jane: Are you there?");
  assert.deepEqual(await page.locator("li").allTextContents(), ["System: Welcome", "Jane: Good morning", "Jane: Are you there?"]);
  assert.deepEqual(await counts(), { startSession: 1, restoreSession: 2, freed: 1 });
  assert.equal(await page.evaluate(begun), 1);
  await page.evaluate(() => test.root.unmount());
  await page.waitForFunction(() => test.counts.freed === 2);
});

test("a render that is never finished starts nothing, and unmounting while a launch is under way gives it up", async (t) => {
  const { page, shows, counts } = await open(t);
  await page.evaluate(() => {
    window.wait = new Promise((resolve) => { window.go = resolve; });
    test.render({ more: { start: true }, wait: window.wait });
  });
  await page.getByText("waiting").waitFor();
  assert.deepEqual(await counts(), { startSession: 0, restoreSession: 0, freed: 0 });
  await page.evaluate(() => { test.server.delay("requestChat", 600_000); go(); });
  await shows("phase", "launching");
  await page.waitForFunction(() => test.counts.startSession === 1);
  await page.evaluate(() => test.root.unmount());
  await page.evaluate(() => test.render());
  await shows("phase", "idle");
  await shows("error", "");
});

test("a thousand messages at once are a few renders, and every render has a consistent picture", async (t) => {
  const { page, shows, hears } = await open(t);
  await page.evaluate(() => test.render({ more: { start: true } }));
  await shows("phase", "live");
  const before = await page.evaluate(() => test.renders.length);
  await page.evaluate(() => { for (let at = 0; at < 1000; at += 1) test.server.agent("Jane").say(`message ${at}`); });
  await hears("Jane: message 999");
  const { renders, consistent, same } = await page.evaluate(() => {
    const ordered = (messages) => messages.every(({ index }, at) => at === 0 || messages[at - 1].index < index);
    const consistent = test.renders.every(({ messages }) => ordered(messages));
    const [first, last] = [test.renders[0], test.renders.at(-1)];
    return { renders: test.renders.length, consistent, same: first.sendMessage === last.sendMessage };
  });
  assert.ok(renders - before < 500, `${renders - before} renders for 1,000 messages`);
  assert.deepEqual([consistent, same], [true, true], "messages are in order, and the commands are always the same functions");
});

test("a launch that fails is told with its error", async (t) => {
  const { page, shows } = await open(t);
  await page.evaluate(() => { test.server.refuse("requestChat", { times: Infinity, code: 100 }); test.render({ more: { start: true } }); });
  await shows("phase", "failed");
  assert.match(await page.locator("#error").textContent(), /^\d+$/);
});

test("a server renders the component as idle, without any effect, and the page takes it over", async (t) => {
  const html = await project.node(`import { createElement } from "react";
    import { renderToString } from "react-dom/server";
    import { Chat } from "./app.js";
    const started = [];
    const chat = { startSession: () => started.push(1), restoreSession: () => started.push(2) };
    print({ html: renderToString(createElement(Chat, { options: { serverUrl: "https://chat.example", start: true, chat } })), started });
  `);
  assert.deepEqual(html.started, []);
  assert.match(html.html, /<p id="phase">idle<\/p>/);
  const { page, shows, counts } = await open(t);
  await page.evaluate((html) => test.hydrate(html), html.html);
  await shows("phase", "live");
  assert.deepEqual(await counts(), { startSession: 1, restoreSession: 1, freed: 0 });
});
