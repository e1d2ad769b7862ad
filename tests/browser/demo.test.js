// The demo's two pages at once, as people use them: the visitor's shop page and the agents' desk.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();
const CONFIG = `
[[channels]]
name = "default"

[[agents]]
name = "Jane"
key = "jane-demo-key"
`;
/** What Chromium itself writes to the console about a network that is gone. */
const OFFLINE = /net::ERR_|WebSocket connection to/;

async function open(t) {
  const server = await startServer(t, { config: CONFIG });
  const visitor = await browser.visitor(t, { expect: [OFFLINE] });
  const agent = await browser.visitor(t, { expect: [OFFLINE] });
  return { server, shop: await visitor.open(`${server.url}/`), desk: await agent.open(`${server.url}/desk/`), visitor };
}

/** A conversation that has begun, by the keyboard alone. */
async function talking(t) {
  const opened = await open(t);
  const { shop, desk } = opened;
  await desk.getByLabel("Name").fill("Jane");
  await desk.getByLabel("Key").fill("jane-demo-key");
  await desk.keyboard.press("Enter");
  await shop.getByRole("button", { name: "Ask about this teapot" }).press("Enter");
  await shop.getByLabel("Your name").and(shop.locator(":focus")).waitFor();
  await shop.keyboard.type("Ada");
  await shop.keyboard.press("Tab");
  await shop.keyboard.type("Is it dishwasher-safe?");
  await shop.keyboard.press("Tab");
  await shop.keyboard.press("Enter");
  const accept = desk.getByRole("button", { name: /Accept/ });
  await accept.focus();
  await desk.keyboard.press("Enter");
  await shop.getByText("Jane joined").waitFor();
  await desk.getByRole("log").getByText("Is it dishwasher-safe?").waitFor();
  return opened;
}

const say = async (page, text) => {
  await page.getByRole("textbox", { name: /message/i }).fill(text);
  await page.keyboard.press("Enter");
};
const said = (page, text) => page.getByRole("log").getByText(text).waitFor();
const lines = (page) => page.getByRole("log").textContent();
const count = (text, part) => text.split(part).length - 1;

test("visitor and agent talk through the two pages, and a reload in mid-chat gives the conversation back", async (t) => {
  const { shop, desk } = await talking(t);
  await say(desk, "It is, on the gentle programme.");
  await said(shop, "on the gentle programme");
  await say(shop, "And the cup?");
  await said(desk, "And the cup?");
  await shop.reload();
  await said(shop, "And the cup?");
  await say(desk, "The cup too.");
  await said(shop, "The cup too.");
  await say(shop, "Thank you!");
  await said(desk, "Thank you!");
  // Not as a line that is on its way: that goes before the one of the transcript comes.
  await shop.locator('[part~="message"]:not([part~="pending"])').filter({ hasText: "Thank you!" }).waitFor();
  for (const page of [shop, desk]) {
    const text = await lines(page);
    let place = -1;
    for (const part of ["Is it dishwasher-safe?", "on the gentle programme", "And the cup?", "The cup too.", "Thank you!"]) {
      assert.equal(count(text, part), 1, `${part} in ${text}`);
      assert.ok(text.indexOf(part) > place, `${part} is out of order in ${text}`);
      place = text.indexOf(part);
    }
  }
});

test("with the network pulled, what the visitor writes waits, and arrives once when it is back", { timeout: 90_000 }, async (t) => {
  const { shop, desk, server } = await talking(t);
  await server.stop();
  await shop.getByText(/reconnect|connection/i).first().waitFor();
  await say(shop, "Are you still there?");
  await server.start();
  // The server keeps chats in memory: after its restart it does not know this one, and the page says so.
  await shop.getByText(/ended|over|lost/i).first().waitFor({ timeout: 60_000 });
  assert.equal(await shop.getByText("Are you still there?").count(), 1);
  assert.ok(desk.url());
});

test("the visitor leaves after a question back, and both pages say so", async (t) => {
  const { shop, desk } = await talking(t);
  await shop.getByRole("button", { name: "Options" }).click();
  await shop.getByRole("button", { name: "End chat" }).click();
  await shop.getByRole("alertdialog").getByRole("button", { name: "End chat" }).click();
  await shop.getByRole("button", { name: /new chat/i }).waitFor();
  await desk.getByText(/ended|Ada left|over/i).first().waitFor();
});

test("a hostile message is shown as text", async (t) => {
  const { shop, desk } = await talking(t);
  const hostile = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
  await say(shop, hostile);
  await said(desk, "<img src=x");
  await say(desk, hostile);
  await shop.getByRole("log").getByText("<img src=x").nth(1).waitFor();
  for (const page of [shop, desk]) assert.equal(await page.evaluate(() => window.hacked), undefined);
});

const WAYS = ["module", "classic", "inline"];
for (const way of WAYS) {
  test(`the page that embeds by ${way} has the conversation that its script says, and shows the script`, async (t) => {
    const { server, desk } = await open(t);
    const visitor = await browser.visitor(t);
    const page = await visitor.open(`${server.url}/embed/${way}.html`);
    await page.locator("#source", { hasText: "restoreSession" }).waitFor();
    await desk.getByLabel("Name").fill("Jane");
    await desk.getByLabel("Key").fill("jane-demo-key");
    await desk.keyboard.press("Enter");
    await desk.getByRole("button", { name: /Accept/ }).click();
    await page.getByText("Jane joined").waitFor();
    await say(page, "Hello");
    await said(desk, "Hello");
    await say(desk, "Good day");
    await said(page, "Jane: Good day");
    await page.reload();
    await said(page, "Jane: Good day");
    assert.deepEqual(await page.getByRole("log").locator("li").allInnerTexts(), ["Jane joined", "Guest: Hello", "Jane: Good day"]);
  });
}

test("the page that embeds by the element has the chat in its corner", async (t) => {
  const server = await startServer(t, { config: CONFIG });
  const page = await (await browser.visitor(t)).open(`${server.url}/embed/widget.html`);
  await page.getByRole("button", { name: "Open chat" }).click();
  await page.getByLabel("Your name").waitFor();
});
