// The widget as a visitor uses it, over a fake server inside the page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { openWidget } from "./support/widget.js";

const browser = useBrowser();
const open = (t, given, options) => openWidget(t, browser, given, options);

test("a visitor opens the chat, says who they are and what it is about, and talks with an agent", async (t) => {
  const widget = await open(t, { attributes: { service: "pottery" } });
  await widget.begin({ name: "Ada", question: "Is it dishwasher-safe?" });
  const request = await widget.run(() => ({ ...server.chat.request, service: server.chat.service }));
  assert.deepEqual([request.nickname, request.subject, request.service], ["Ada", "Is it dishwasher-safe?", "pottery"]);
  await widget.run(() => server.agent("Jane").type());
  await widget.page.getByText("Jane is typing").waitFor();
  await widget.run(() => server.chat.agents[0].say("It is."));
  await widget.said("It is.");
  await widget.page.getByText("Jane is typing").waitFor({ state: "detached" });
  await widget.page.getByRole("heading", { name: "Jane" }).waitFor();
  await widget.page.getByText("Online").waitFor();
  await widget.say("And the cup?");
  await widget.said("And the cup?");
  await widget.until("the server has it", () => widget.run(() => server.chat.texts.length === 3));
  assert.deepEqual(await widget.messages(), [
    { side: "own", by: "You", text: "Is it dishwasher-safe?", state: undefined },
    { side: "other", by: "Jane", text: "It is.", state: undefined },
    { side: "own", by: "You", text: "And the cup?", state: "Sent" },
  ]);
  const heard = (await widget.heard()).map(({ on }) => on.replace("causerie-", "")).filter((on) => on !== "status");
  assert.deepEqual(heard, ["open", "session", "send", "message", "agent-joined", "message", "send", "message"]);
});

test("a page loads no WebAssembly for it before the visitor opens it", async (t) => {
  const widget = await open(t);
  const loaded = () => widget.run(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith(".wasm")));
  await widget.run(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await loaded(), false);
  await widget.launcher.click();
  await widget.page.getByLabel("Your name").waitFor();
  assert.equal(await loaded(), true);
});

test("the visitor's typing is told, and that it stopped; their text is not", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.input.pressSequentially("Wel");
  await widget.until("typing", () => widget.run(() => server.chat.visitorTyping.isTyping));
  assert.equal(await widget.run(() => server.chat.visitorTyping.text), undefined);
  await widget.input.fill("");
  await widget.until("no typing", () => widget.run(() => !server.chat.visitorTyping.isTyping));
});

test("while the connection is lost a banner says so, messages wait, and are there once when it is back", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => server.interrupt());
  await widget.page.locator(".banner", { hasText: "The connection is lost" }).waitFor();
  await widget.say("Are you there?");
  await widget.page.getByText("Sent as soon as you are connected").waitFor();
  await widget.run(() => server.continue());
  await widget.page.locator(".banner").waitFor({ state: "hidden" });
  await widget.until("the message", () => widget.run(() => server.chat.texts.includes("Are you there?")));
  await widget.page.getByText("Sent", { exact: true }).waitFor();
  assert.deepEqual((await widget.messages()).map(({ text }) => text), ["Is it dishwasher-safe?", "Are you there?"]);
});

test("a browser without a network says so", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.visitor.context.setOffline(true);
  await widget.page.locator(".banner", { hasText: "You are offline" }).waitFor();
  await widget.visitor.context.setOffline(false);
  await widget.page.locator(".banner").waitFor({ state: "hidden" });
});

test("a browser that is wrong about the network is not believed once something has come or gone", async (t) => {
  const widget = await open(t);
  await widget.begin();
  const banner = widget.page.locator(".banner", { hasText: "You are offline" });
  for (const comes of [() => widget.run(() => void server.agent("Jane").say("Still here")), () => widget.say("So am I")]) {
    await widget.visitor.context.setOffline(true);
    await banner.waitFor();
    await comes();
    await banner.waitFor({ state: "hidden" });
    await widget.visitor.context.setOffline(false);
  }
});

test("a message that is refused can be tried again, or discarded", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => server.refuse("sendMessage", { times: 2 }));
  await widget.say("Not now");
  await widget.page.getByRole("alert").getByText("Not sent").waitFor();
  await widget.page.getByRole("button", { name: "Try again" }).click();
  await widget.until("the second refusal", () => widget.run(() => server.commands.filter(({ message }) => message === "Not now").length === 2));
  await widget.page.getByRole("button", { name: "Try again" }).click();
  await widget.until("the message", () => widget.run(() => server.chat.texts.includes("Not now")));
  await widget.page.getByRole("alert").getByText("Not sent").waitFor({ state: "detached" });
  await widget.run(() => server.refuse("sendMessage"));
  await widget.say("Never mind");
  await widget.page.getByRole("button", { name: "Discard" }).click();
  await widget.until("it is gone", async () => (await widget.messages()).every(({ text }) => text !== "Never mind"));
  assert.deepEqual(await widget.run(() => server.chat.texts), ["Is it dishwasher-safe?", "Not now"]);
});

test("the chat is ended after a question back; the transcript can be saved, and a new chat begun", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => server.agent("Jane").say("It is."));
  await widget.said("It is.");
  await widget.page.getByRole("button", { name: "Options" }).click();
  await widget.page.getByRole("button", { name: "End chat" }).click();
  await widget.page.getByRole("button", { name: "Go on chatting" }).click();
  await widget.input.waitFor();
  await widget.page.getByRole("button", { name: "Options" }).click();
  await widget.page.getByRole("button", { name: "End chat" }).click();
  await widget.page.getByRole("alertdialog").getByRole("button", { name: "End chat" }).click();
  await widget.page.getByText("You ended the chat").waitFor();
  const saving = widget.page.waitForEvent("download");
  await widget.page.getByRole("button", { name: "Save transcript" }).click();
  const file = await saving;
  assert.match(file.suggestedFilename(), /^chat-\d{4}-\d\d-\d\d\.txt$/);
  const text = await readFile(await file.path(), "utf8");
  assert.match(text, /You: Is it dishwasher-safe\?\r\n.*\(Jane joined\)\r\n.*Jane: It is\.\r\n.*\(Jane left\)\r\n$/);
  await widget.page.getByRole("button", { name: "New chat" }).click();
  await widget.page.getByLabel("Your question").waitFor();
  assert.equal(await widget.run(() => chat.session), undefined);
  assert.deepEqual((await widget.heard("causerie-end")).map(({ reason }) => reason), [{ leaveRequest: true }]);
});

test("an agent's end and a lost chat are told apart", async (t) => {
  const widget = await open(t);
  for (const [options, text] of [[{}, "The chat was ended"], [{ error: true }, "The chat was lost, and could not be reopened"]]) {
    await widget.run(async () => { await chat.start({ username: "Ada", question: "Hello" }); chat.show(); });
    await widget.run((options) => server.end(options), options);
    await widget.page.getByText(text, { exact: true }).waitFor();
    await widget.page.getByRole("button", { name: "New chat" }).click();
  }
});

test("who typed in the chat before does not type in the next one", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => server.agent("Jane").type());
  await widget.page.getByText("Jane is typing").waitFor();
  await widget.run(() => server.end());
  await widget.page.getByRole("button", { name: "New chat" }).click();
  await widget.page.getByLabel("Your name").fill("Ada");
  await widget.page.getByLabel("Your question").fill("One more thing");
  await widget.page.getByRole("button", { name: "Start chat" }).click();
  await widget.said("One more thing");
  assert.equal(await widget.page.getByText("is typing").count(), 0);
});

test("messages that come while it is closed are counted on the launcher, and seen when it is opened", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.page.getByRole("button", { name: "Minimise chat" }).click();
  await widget.run(() => server.agent("Jane").say("one").say("two"));
  await widget.page.getByRole("button", { name: "Open chat. New messages: 2" }).click();
  await widget.said("two");
  await widget.page.getByRole("button", { name: "Minimise chat" }).click();
  await widget.page.getByRole("button", { name: "Open chat", exact: true }).waitFor();
  assert.deepEqual((await widget.heard("causerie-unread")).map(({ count }) => count), [1, 2, 0]);
});

test("days have lines, and each message its time", async (t) => {
  const widget = await open(t);
  await widget.run(async () => {
    const time = testing.controlTime({ now: new Date(2030, 0, 1, 23, 59) });
    await chat.start({ username: "Ada", question: "Old year?" });
    await time.advance(120_000);
    server.agent("Jane").say("New day.");
    chat.show();
    await time.advance(100);
    time.restore();
  });
  await widget.said("New day.");
  const days = await widget.run(() => [...chat.shadowRoot.querySelectorAll(".day")].map(({ textContent }) => textContent));
  assert.equal(days.length, 2);
  const times = await widget.run(() => [...chat.shadowRoot.querySelectorAll(".message time")].map(({ dateTime, title }) => [dateTime.length, title.includes("2030")]));
  assert.deepEqual(times, [[24, true], [24, true]]);
});

test("a chat that was left is taken up again: by a later page, open if it was open, and nothing is counted as new", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(async () => {
    server.agent("Jane").say("before the reload");
    await server.settled();
    // A later page, as far as the widget can tell: another element over what the browser has kept.
    const earlier = chat;
    Object.assign(window, embed({ server }));
    earlier.remove();
  });
  await widget.said("before the reload");
  assert.equal(await widget.run(() => chat.open), true);
  await widget.run(() => server.chat.agents[0].say("after it"));
  await widget.said("after it");
  const [session] = await widget.heard("causerie-session");
  assert.equal(session.restored, true);
  assert.deepEqual(await widget.heard("causerie-unread"), []);
  await widget.say("still here");
  await widget.until("the message", () => widget.run(() => server.chat.texts.includes("still here")));
});

test("without a server, or with one that refuses, it says so, keeps what was written, and can be tried again", async (t) => {
  const widget = await open(t);
  await widget.run(() => server.refuse("requestChat", { fatal: true }));
  await widget.launcher.click();
  await widget.page.getByLabel("Your name").fill("Ada");
  await widget.page.getByLabel("Your question").fill("Anyone?");
  await widget.page.getByRole("button", { name: "Start chat" }).click();
  await widget.page.getByRole("alert").getByText("The chat could not be opened").waitFor();
  assert.equal(await widget.page.getByLabel("Your question").inputValue(), "Anyone?");
  assert.equal(await widget.page.getByLabel("Your name").inputValue(), "Ada");
  await widget.page.getByRole("button", { name: "Start chat" }).click();
  await widget.said("Anyone?");
});

test("an opening that takes too long can be given up", async (t) => {
  const widget = await open(t);
  await widget.run(() => server.ignore("requestChat"));
  await widget.launcher.click();
  await widget.page.getByLabel("Your name").fill("Ada");
  await widget.page.getByLabel("Your question").fill("Anyone?");
  await widget.page.getByRole("button", { name: "Start chat" }).click();
  await widget.page.getByRole("button", { name: "Cancel" }).click();
  await widget.page.getByRole("button", { name: "Start chat" }).waitFor();
  assert.equal(await widget.page.getByLabel("Your question").inputValue(), "Anyone?");
});

test("a page that has not set it up is told what is missing, and so is its visitor", async (t) => {
  const widget = await open(t, { options: { transport: undefined } });
  const warned = widget.page.waitForEvent("console", (message) => /causerie-chat.*server-url/.test(message.text()));
  await widget.launcher.click();
  await widget.page.getByRole("alert").getByText("The chat is not set up correctly on this page").waitFor();
  await warned;
});

test("a page that sets it up after it was opened is not too late", async (t) => {
  for (const late of ["options", "attribute"]) {
    const widget = await open(t, { options: { transport: undefined } });
    await widget.launcher.click();
    await widget.page.getByRole("alert").getByText("not set up correctly").waitFor();
    await widget.run((late) => {
      if (late === "options") chat.options = { transport: testing.createFakeServer(), storage: "memory" };
      else chat.setAttribute("server-url", location.origin);
    }, late);
    await widget.page.getByRole("button", { name: "Start chat" }).waitFor();
  }
});

test("a page whose user has switched the chat's options keeps them: sound on, once", async (t) => {
  const widget = await open(t);
  await widget.launcher.click();
  await widget.page.getByRole("button", { name: "Options" }).click();
  const sound = widget.page.getByRole("switch", { name: "Sound" });
  await sound.click();
  assert.equal(await sound.getAttribute("aria-checked"), "true");
  await widget.page.reload();
  await widget.embed();
  await widget.launcher.click();
  await widget.page.getByRole("button", { name: "Options" }).click();
  assert.equal(await widget.page.getByRole("switch", { name: "Sound" }).getAttribute("aria-checked"), "true");
});

test("notifications are shown to who asked for them, while the page is out of sight, and hold no text", async (t) => {
  const widget = await open(t, {}, { permissions: ["notifications"] });
  await widget.run(() => {
    window.shown = [];
    window.Notification = class {
      static permission = "default";
      static requestPermission = async () => (Notification.permission = "granted");
      constructor(title, options) { window.shown.push([title, options.body]); }
      close() {}
    };
  });
  await widget.begin();
  await widget.page.getByRole("button", { name: "Options" }).click();
  const toggle = widget.page.getByRole("switch", { name: "Notifications" });
  await toggle.click();
  await widget.until("it is on", async () => (await toggle.getAttribute("aria-checked")) === "true");
  await widget.run(async () => {
    server.agent("Jane").say("in sight");
    await server.settled();
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    server.chat.agents[0].say("a confidential matter");
    await server.settled();
  });
  assert.deepEqual(await widget.run(() => window.shown), [["New message from Jane", undefined]]);
});
