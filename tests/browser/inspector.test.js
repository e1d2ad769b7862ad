// The inspector: who may look, and that it shows what becomes of a session while it happens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { demoConfig } from "./support/bots.js";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

async function open(t, { service = "echo", path = "", config } = {}) {
  const server = await startServer(t, { config: config ?? await demoConfig() });
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, service, username: "Ada" });
  const id = await page.evaluate(() => window.session.id);
  const agent = await browser.visitor(t);
  const inspector = await agent.open(`${server.url}/inspector/${path.replace("ID", id)}`);
  return { server, page, chat, id, inspector };
}

/** By the keyboard alone. */
async function signIn(inspector, name = "Jane", key = "jane-demo-key") {
  await inspector.getByLabel("Agent’s name").focus();
  await inspector.keyboard.type(name);
  await inspector.keyboard.press("Tab");
  await inspector.keyboard.type(key);
  await inspector.keyboard.press("Enter");
}

const current = (inspector) => inspector.locator("#states [aria-current=step]");
const internal = (inspector, name) => inspector.locator("#internal > div", { has: inspector.getByText(name, { exact: true }) }).locator("pre");

test("nothing is shown to who may not look", async (t) => {
  const { inspector } = await open(t);
  for (const [name, key] of [["Jane", "guess"], ["Omar", "omar-demo-key"]]) {
    await inspector.getByLabel("Agent’s name").fill("");
    await inspector.getByLabel("Key").fill("");
    await signIn(inspector, name, key);
    await inspector.getByRole("alert").getByText(name === "Omar" ? "may not inspect" : "not their key").waitFor();
    assert.equal(await inspector.locator("#inspector").isVisible(), false);
  }
});

test("status, transitions, data, internal fields and the bot's log are shown live", async (t) => {
  const { page, chat, inspector } = await open(t);
  await signIn(inspector);
  const session = inspector.getByRole("button", { name: /Ada/ });
  await session.focus();
  await inspector.keyboard.press("Enter");
  await current(inspector).getByText("user last").waitFor();
  assert.equal(await inspector.locator("#watched-title").evaluate((title) => title === document.activeElement), true);
  await inspector.locator("#log").getByText("status 4 to 6").waitFor();
  await inspector.locator("#ways").getByRole("row", { name: /0 invalid 4 in queue begin/ }).waitFor();

  await chat.send("Good morning");
  await inspector.locator("#ways").getByRole("row", { name: /6 user last 5 customer last visitor-message/ }).waitFor();
  await internal(inspector, "messageContent").getByText("Good morning").waitFor();
  await page.evaluate(() => window.session.data.set({ cart: { teapots: 2 }, gone: 1 }));
  await inspector.locator("#data").getByText('"teapots": 2').waitFor();
  await page.evaluate(() => window.session.data.delete(["gone"]));
  await inspector.locator("#data dt", { hasText: "gone" }).waitFor({ state: "detached" });

  await chat.send("quit");
  await current(inspector).getByText("finished").waitFor();
  await session.getByText("7 finished").waitFor();
});

test("a link leads to a session, and a renewal to the one that goes on", async (t) => {
  const { chat, id, inspector } = await open(t, { path: "#ID" });
  await signIn(inspector);
  await inspector.locator("#id").getByText(id).waitFor();
  await chat.send("new");
  const { id: next } = await chat.event("onRenewed");
  await inspector.locator("#id").getByText(next).waitFor();
  await inspector.getByText("A new session has taken the place").waitFor();
  assert.equal(new URL(inspector.url()).hash, `#${next}`);
  assert.equal(await inspector.locator("#sessions li").count(), 2);
});

test("hostile data is shown as text, and signing out takes all of it away", async (t) => {
  const { page, inspector } = await open(t, { path: "#ID" });
  const hostile = "<img src=x onerror=\"window.hacked=1\">";
  await page.evaluate((hostile) => window.session.data.set({ [hostile]: hostile }), hostile);
  await signIn(inspector);
  await inspector.locator("#data dt").getByText(hostile).waitFor();
  assert.equal(await inspector.evaluate(() => window.hacked), undefined);
  await inspector.getByRole("button", { name: "Sign out" }).click();
  await inspector.getByRole("heading", { name: "Sign in to the inspector" }).waitFor();
  assert.ok(!(await inspector.locator("body").evaluate((body) => body.textContent)).includes(hostile));
});

test("after a restart of the server all is read again", { timeout: 60_000 }, async (t) => {
  const server = await startServer(t, { config: await demoConfig(), store: "sqlite" });
  const visitor = await browser.visitor(t, { expect: [/ERR_CONNECTION_REFUSED|WebSocket/] });
  const page = await visitor.open(`${server.url}/t/plain.html`);
  const chat = await startChat(page, { serverUrl: server.url, service: "echo", username: "Ada" });
  await chat.send("Good morning");
  await chat.heard("You said: Good morning");
  const inspector = await visitor.open(`${server.url}/inspector/#${await page.evaluate(() => window.session.id)}`);
  await signIn(inspector);
  await inspector.locator("#ways tbody tr").nth(3).waitFor();
  const ways = await inspector.locator("#ways tbody tr").allTextContents();
  await server.restart({ signal: "SIGKILL" });
  await chat.send("Are you there?");
  await internal(inspector, "messageContent").getByText("Are you there?").waitFor({ timeout: 30_000 });
  const after = await inspector.locator("#ways tbody tr").allTextContents();
  assert.deepEqual(after.slice(-ways.length), ways, "each once");
});
