// Several widgets on one page, over the real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { environment } from "./support/environment.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** A page with two widgets of these services, both open. */
async function twoOn(t, services) {
  const channels = [...new Set(services)].map((name) => `[[channels]]\nname = "${name}"\n`).join("");
  const server = await startServer(t, { config: channels, www: environment.site });
  const visitor = await browser.visitor(t, {});
  const page = await visitor.open(`${server.url}/t/widget.html`);
  await embed(page, services);
  return { page, server, widgets: [0, 1].map((at) => page.locator("causerie-chat").nth(at)) };
}

async function embed(page, services) {
  await page.waitForFunction(() => window.embed);
  await page.evaluate((services) => {
    for (const service of services) {
      const widget = document.createElement("causerie-chat");
      for (const [name, value] of Object.entries({ "server-url": location.origin, service, inline: "" })) widget.setAttribute(name, value);
      document.body.append(widget);
    }
  }, services);
}

async function begin(widget, name, question) {
  await widget.getByLabel("Your name").fill(name);
  await widget.getByLabel("Your question").fill(question);
  await widget.getByRole("button", { name: "Start chat" }).click();
  await said(widget, question);
}

const said = (widget, text) => widget.getByRole("log").getByText(text, { exact: true }).waitFor();
const ids = (page) => page.evaluate(() => [...document.querySelectorAll("causerie-chat")].map(({ session }) => session?.id));

async function say(widget, text) {
  const input = widget.getByRole("textbox", { name: "Your message" });
  await input.fill(text);
  await input.press("Enter");
}

test("two widgets of one server and service show one chat, and each what is said in the other", async (t) => {
  const { page, widgets: [first, second] } = await twoOn(t, ["default", "default"]);
  await second.getByLabel("Your name").waitFor();
  await begin(first, "Ada", "Is it dishwasher-safe?");
  await said(second, "Is it dishwasher-safe?");
  const [one, other] = await ids(page);
  assert.ok(one);
  assert.equal(one, other);
  await say(second, "And the cup?");
  await said(first, "And the cup?");
  await say(first, "And the spoon?");
  await said(second, "And the spoon?");
  const counts = () => page.evaluate(() => [...document.querySelectorAll("causerie-chat")].map((chat) => chat.shadowRoot.querySelectorAll(".message").length));
  await until("each message once in each", async () => (await counts()).join() === "3,3");
  await page.reload();
  await embed(page, ["default", "default"]);
  await said(first, "And the cup?");
  await said(second, "And the cup?");
  assert.deepEqual(await ids(page), [one, one]);
});

test("widgets of different services have a chat each", async (t) => {
  const { page, widgets: [first, second] } = await twoOn(t, ["default", "sales"]);
  await second.getByLabel("Your name").waitFor();
  await begin(first, "Ada", "Is it dishwasher-safe?");
  await begin(second, "Ada", "What does it cost?");
  const [one, other] = await ids(page);
  assert.notEqual(one, other);
});
