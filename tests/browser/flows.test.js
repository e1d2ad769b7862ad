// The demo's page of flows: each flow as a newcomer walks through it, with the demo's own configuration.

import assert from "node:assert/strict";
import { test } from "node:test";
import { demoConfig } from "./support/bots.js";
import { useBrowser } from "./support/browser.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();
const JANE = { name: "Jane", key: "jane-demo-key" };

async function open(t, flow, { withAgent = false } = {}) {
  const server = await startServer(t, { config: await demoConfig() });
  const agent = withAgent ? await signIn(t, server.url, JANE) : undefined;
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/try/?flow=${flow}`);
  const say = async (text) => {
    await page.getByRole("textbox", { name: "Your message" }).fill(text);
    await page.keyboard.press("Enter");
  };
  return {
    server, agent, page, say,
    said: (text) => page.getByRole("log").getByText(text).last().waitFor(),
    status: (text) => page.locator("#status").getByText(text).waitFor(),
  };
}

const begin = async (page, question) => {
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Your question").fill(question);
  await page.getByRole("button", { name: "Start chat" }).click();
};

test("every flow has a channel, a title of its own and something to try", async (t) => {
  const { page } = await open(t, "echo");
  const flows = await page.getByRole("navigation", { name: "Flows" }).getByRole("link").evaluateAll((all) => all.map((one) => one.textContent));
  assert.equal(new Set(flows).size, 7);
  for (const title of flows) {
    await page.getByRole("navigation", { name: "Flows" }).getByRole("link", { name: title, exact: true }).click();
    await page.locator("#flow-title").getByText(title, { exact: true }).waitFor();
    assert.ok(await page.locator("#steps li").count() > 1);
    // It has begun, or asks before it begins.
    await page.locator("#status:not(:empty)").or(page.getByRole("button", { name: "Start chat" })).waitFor();
  }
});

test("form first: a wrong field is named, what was typed stays, and with nobody there the offline form follows", async (t) => {
  const { page, status } = await open(t, "forms");
  await status("1 pre-chat form");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("What is it about?").selectOption("An order");
  await page.getByLabel(/Order number/).fill("12");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("[aria-invalid=true]").waitFor();
  assert.equal(await page.getByLabel("Your name").inputValue(), "Ada");
  await page.getByLabel(/Order number/).fill("TP123456");
  await page.getByRole("button", { name: "Send" }).click();
  await status("3 offline form");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Your question").fill("When are you there?");
  await page.getByRole("button", { name: "Send" }).click();
  await status("10 request posted");
});

test("form first with an agent there: queue, conversation, post-chat form, and back by writing", async (t) => {
  const { agent, page, say, said, status } = await open(t, "forms", { withAgent: true });
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("What is it about?").selectOption("A product");
  await page.getByRole("button", { name: "Send" }).click();
  await status("4 in queue");
  const chatId = await agent.accept();
  await agent.say(chatId, "Good morning");
  await said("Good morning");
  await agent.end(chatId);
  await status("7 finished");
  await page.getByText("How was it?").waitFor();
  await page.getByRole("button", { name: "Not now" }).click();
  await say("One more thing");
  await status("4 in queue");
});

test("FAQ first: refused, the question is in the queue", async (t) => {
  const { agent, page, status } = await open(t, "faq", { withAgent: true });
  await status("2 FAQ");
  await page.getByRole("textbox", { name: "Your message" }).fill("How can I send my teapot back?");
  await page.keyboard.press("Enter");
  await page.getByText("The label is in the parcel.").waitFor();
  await page.getByRole("button", { name: "No, ask a person" }).click();
  await status("4 in queue");
  assert.ok(await agent.accept());
});

test("bot first: the echo bot, a new session by its script, and the hand-off to nobody", async (t) => {
  const { page, say, said, status } = await open(t, "echo");
  await said("Welcome human.");
  const id = () => page.locator("#session-id").textContent();
  const before = await id();
  assert.equal(await page.locator("#leader").textContent(), "the bot");
  await say("Good morning");
  await said("You said: Good morning");
  await say("new");
  await page.waitForFunction((before) => document.getElementById("session-id").textContent !== before, before);
  await status("6 user last");
  await say("human");
  await status("3 offline form");
  assert.equal(await page.locator("#leader").textContent(), "nobody");
});

test("form, then bot", async (t) => {
  const { page, said, status } = await open(t, "form-first");
  await status("1 pre-chat form");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByRole("button", { name: "Send" }).click();
  await said("Hello Ada! What is it about?");
});

test("silence: a message after the timeout goes to a new session", async (t) => {
  const { page, say, said, status } = await open(t, "brief");
  await begin(page, "Anybody there?");
  await said("Anybody there?");
  await status(/closed/);
  await page.getByText("The chat is over", { exact: true }).waitFor();
  const before = await page.locator("#session-id").textContent();
  await say("Still here");
  await page.waitForFunction((before) => document.getElementById("session-id").textContent !== before, before);
  await said("Still here");
  await page.getByText("You are in the queue", { exact: true }).waitFor();
});
