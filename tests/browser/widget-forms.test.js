// What the server asks in the widget beside the conversation: forms before, after and instead of a chat, and the FAQ.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { openWidget } from "./support/widget.js";

const browser = useBrowser();
const FIELDS = [
  { name: "customer", label: "Customer number", type: "text", required: true, pattern: "[0-9]{4}", maxLength: 4 },
  { name: "email", label: "E-mail", type: "email", required: true },
  { name: "topic", label: "Topic", type: "select", required: true, options: ["Pots", "Cups"] },
  { name: "more", label: "More", type: "textarea", required: false },
  { name: "age", label: "Age", type: "number", required: false },
  { name: "phone", label: "Phone", type: "tel", required: false },
  { name: "terms", label: "I agree", type: "checkbox", required: true },
];

/** A widget whose visitor has begun a chat. */
async function talking(t, given) {
  const widget = await openWidget(t, browser, given);
  await widget.begin();
  return widget;
}

test("the form before a chat is asked for, checked field by field, and leads on to the conversation", async (t) => {
  const widget = await talking(t);
  const { page } = widget;
  await widget.run((fields) => server.chat.askForm({ kind: "pre-chat", fields }), FIELDS);
  await page.getByRole("heading", { name: "Before we begin" }).waitFor();
  assert.equal(await widget.input.count(), 0);
  await page.getByRole("button", { name: "Send" }).click();
  assert.match(await widget.focus(), /Customer number/);
  const invalid = () => page.locator("causerie-chat [aria-invalid=true]").evaluateAll((inputs) => inputs.map(({ name }) => name));
  assert.deepEqual(await invalid(), ["customer", "email", "topic", "terms"]);
  await page.getByLabel("Customer number").fill("12x4");
  await page.getByLabel("E-mail").fill("nobody");
  await page.getByLabel("Topic").selectOption("Cups");
  await page.getByLabel("I agree").check();
  await page.getByRole("button", { name: "Send" }).click();
  assert.deepEqual(await invalid(), ["customer", "email"]);
  await page.getByLabel("Customer number").fill("1234");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Send" }).click();
  await widget.input.waitFor();
  assert.deepEqual(await widget.run(() => server.chat.submitted("pre-chat")), {
    customer: "1234", email: "ada@example.org", topic: "Cups", terms: "true",
  });
  await page.getByText("You are in the queue").waitFor();
  assert.equal(await widget.focus(), "Your message");
});

test("what the server or the session finds wrong is marked at its field; what else goes wrong is said", async (t) => {
  const widget = await talking(t);
  const { page } = widget;
  await widget.run((fields) => server.chat.askForm({ kind: "pre-chat", fields: fields.slice(1, 2) }), FIELDS);
  await widget.run(() => server.refuse("customNotice", { code: 422, field: "email", advice: "is blocked" }));
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Please check this field").waitFor();
  assert.match(await widget.focus(), /E-mail/);
  await widget.run(() => server.refuse("customNotice"));
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").getByText("Not sent").waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await widget.input.waitFor();
});

test("the form after a chat may be left out, or rates it", async (t) => {
  for (const rate of [false, true]) {
    const widget = await talking(t);
    const { page } = widget;
    await widget.run(() => server.chat.askForm({ kind: "post-chat", fields: [{ name: "stars", label: "How was it?", type: "rating", required: true }] }));
    await page.getByRole("heading", { name: "How was your chat?" }).waitFor();
    if (rate) {
      // At the star itself, where a finger or a pointer finds it.
      await page.getByRole("radio", { name: "4 of 5" }).check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("button", { name: "New chat" }).waitFor();
      assert.deepEqual(await widget.run(() => server.chat.submitted("post-chat")), { stars: "4" });
    } else {
      await page.getByRole("button", { name: "Not now" }).click();
      await widget.say("One more thing");
      await widget.until("it", () => widget.run(() => server.chat.texts.includes("One more thing")));
    }
  }
});

test("where nobody is there the visitor leaves a message, and is thanked", async (t) => {
  const widget = await talking(t);
  const { page } = widget;
  await widget.run((fields) => server.chat.askForm({ kind: "offline", fields: [fields[1], fields[3]] }), FIELDS);
  await page.getByText("Nobody is here right now", { exact: true }).waitFor();
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you, we have received it").first().waitFor();
  await page.getByRole("button", { name: "New chat" }).waitFor();
});

test("who leaves a message when somebody comes goes on with it in the chat", async (t) => {
  const widget = await talking(t);
  const { page } = widget;
  await widget.run((fields) => server.chat.askForm({ kind: "offline", fields: [fields[1], fields[3]] }), FIELDS);
  await page.getByLabel("More").fill("Where is my order?");
  await widget.run(() => server.chat.setStatus("inQueue"));
  await page.getByText("You are in the queue").first().waitFor();
  assert.equal(await widget.input.inputValue(), "Where is my order?");
  assert.equal(await widget.focus(), "Your message");
});

test("an answer of the FAQ is offered; refused, it leads to a person, and accepted, the chat is finished", async (t) => {
  for (const [name, accepted, status] of [["No, ask a person", false, "inQueue"], ["Yes, that helps", true, "finished"]]) {
    const widget = await talking(t);
    const { page } = widget;
    await widget.run(() => server.chat.suggest({ id: "1", question: "Dishwasher?", answer: "Yes: https://larchlane.example/care" }));
    await page.getByText("Dishwasher?").waitFor();
    await widget.input.waitFor();
    await page.getByRole("button", { name }).click();
    await page.getByText("Dishwasher?").waitFor({ state: "detached" });
    assert.deepEqual(await widget.run(() => server.chat.answered("1")), { id: "1", accepted });
    assert.equal(await widget.run(() => chat.session.status.name), status);
  }
});

test("where the FAQ comes first the question is asked for, and an answer that was read stays in the conversation", async (t) => {
  const widget = await openWidget(t, browser, { attributes: { autostart: "", username: "Ada" } });
  const { page } = widget;
  await widget.run(() => { server.onChat((chat) => chat.setStatus("faq")); });
  await widget.launcher.click();
  await page.getByText("What is your question?", { exact: false }).first().waitFor();
  assert.equal(await page.getByText("Someone will be with you shortly").count(), 0, "nobody was called yet");
  await widget.say("Dishwasher?");
  await page.locator("causerie-chat .faq").waitFor({ state: "detached" });
  await widget.run(() => server.chat.suggest({ id: "1", question: "Is it safe?", answer: "On the gentle programme." }));
  await page.getByRole("button", { name: "Yes, that helps" }).click();
  await page.locator("causerie-chat .faq").waitFor({ state: "detached" });
  assert.deepEqual((await widget.messages()).map(({ side, by, text }) => [side, by, text]), [
    ["own", "You", "Dishwasher?"], ["system", "Assistant", "On the gentle programme."],
  ]);
  await page.getByText("The chat is over").waitFor();
});

test("what is filled in stays when the words change, and a status that was told is not told again", async (t) => {
  const widget = await talking(t);
  const { page } = widget;
  const rated = { name: "stars", label: "Stars", type: "rating", required: true };
  await widget.run((fields) => server.chat.askForm({ kind: "pre-chat", fields }), [...FIELDS, rated]);
  await page.getByLabel("Customer number").fill("1234");
  await page.getByLabel("Topic").selectOption("Cups");
  await page.getByLabel("I agree").check();
  await page.getByText("4 of 5").check({ force: true });
  const statuses = (await widget.heard("causerie-status")).length;
  await widget.run(() => chat.setAttribute("lang", "de"));
  await page.getByRole("heading", { name: "Bevor wir beginnen" }).waitFor();
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Senden" }).click();
  assert.deepEqual(await widget.run(() => server.chat.submitted("pre-chat")), {
    customer: "1234", email: "ada@example.org", topic: "Cups", terms: "true", stars: "4",
  });
  await page.getByRole("textbox", { name: "Ihre Nachricht" }).waitFor();
  assert.equal((await widget.heard("causerie-status")).length, statuses + 1);
});

test("a bot is announced as one, and an agent who comes takes its place", async (t) => {
  const widget = await talking(t);
  await widget.run(() => server.chat.setStatus("customerLast", { botActive: true }));
  await widget.page.getByRole("heading", { name: "Assistant" }).waitFor();
  await widget.run(() => server.agent("Jane").join());
  await widget.page.getByRole("heading", { name: "Jane" }).waitFor();
});

test("a session that is renewed goes on in the same transcript", async (t) => {
  const widget = await talking(t);
  await widget.run(() => { server.agent("Jane").say("Hello"); server.chat.renew(); });
  await widget.say("Still there?");
  await widget.until("it", () => widget.run(() => server.chat.texts.includes("Still there?")));
  await widget.page.getByText("Sent", { exact: true }).waitFor();
  assert.deepEqual((await widget.messages()).map(({ text }) => text), ["Is it dishwasher-safe?", "Hello", "Still there?"]);
  assert.equal((await widget.heard("causerie-renewed")).length, 1);
  assert.equal((await widget.heard("causerie-end")).length, 0);
});
