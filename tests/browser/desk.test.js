// The demo's desk, beside the conversation itself: requests that were left, what visitors filled in, the session before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { demoConfig } from "./support/bots.js";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();

async function open(t) {
  const server = await startServer(t, { config: await demoConfig() });
  const visitor = await browser.visitor(t);
  const agent = await browser.visitor(t);
  const begin = async (options) => {
    const page = await visitor.open(`${server.url}/t/plain.html`);
    return { page, chat: await startChat(page, { serverUrl: server.url, username: "Ada", ...options }) };
  };
  const signIn = async () => {
    const desk = await agent.open(`${server.url}/desk/`);
    await desk.getByRole("button", { name: "Fill in Jane" }).click();
    await desk.keyboard.press("Enter");
    await desk.getByText("Signed in as Jane").waitFor();
    return desk;
  };
  return { begin, signIn };
}

test("a request that was left is listed, read and deleted", async (t) => {
  const { begin, signIn } = await open(t);
  const { chat } = await begin({ service: "answers" });
  await chat.send("Do you engrave?");
  await chat.event("onFormRequested");
  const hostile = "<img src=x onerror=\"window.hacked=1\">";
  await chat.command("submitForm", { kind: "offline", values: { email: "ada@example.org", question: hostile } });
  await chat.event("onSessionEnded");
  const desk = await signIn();
  const request = desk.locator("#requests li");
  await request.locator("summary").focus();
  await desk.keyboard.press("Enter");
  await request.getByText(hostile).waitFor();
  assert.equal(await desk.evaluate(() => window.hacked), undefined);
  await request.getByRole("button", { name: /Delete/ }).click();
  await desk.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await desk.getByText("No requests.").waitFor();
});

test("what a visitor filled in is shown to the agent who has the chat", async (t) => {
  const { begin, signIn } = await open(t);
  const desk = await signIn();
  const { chat } = await begin({ service: "forms" });
  await chat.event("onFormRequested");
  const values = { nickname: "Ada Lovelace", topic: "An order", order: "TP123456" };
  assert.deepEqual(await chat.command("submitForm", { kind: "pre-chat", values }), { result: undefined });
  await desk.getByRole("button", { name: "Accept Ada Lovelace" }).click();
  await desk.getByText("What was filled in").click();
  await desk.locator("#about").getByText("TP123456").waitFor();
  await desk.getByText("5 customer last").waitFor();
});

test("the transcript of the session before stays readable, and of the one before that", async (t) => {
  const { begin, signIn } = await open(t);
  const desk = await signIn();
  const { page, chat } = await begin({ service: "brief" });
  for (const text of ["first", "second", "third"]) {
    await chat.send(text);
    await chat.heard(text);
    if (text !== "third") await chat.count("onStatusChanged", text === "first" ? 2 : 4);
  }
  // However long the agent takes, this session does not become one before, too.
  await page.evaluate(() => setInterval(() => session.sendMessage("Still here"), 500));
  await desk.getByRole("button", { name: "Accept Ada" }).click();
  await desk.getByRole("button", { name: "Earlier" }).click();
  const dialog = desk.getByRole("dialog");
  await dialog.getByText("second").waitFor();
  await dialog.getByRole("button", { name: "The one before" }).click();
  await dialog.getByText("first").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "The one before" }).isVisible(), false);
  await desk.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});
