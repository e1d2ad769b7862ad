// The widget for everybody: no finding of axe in any state and any dress, the keyboard alone suffices, the focus is kept and
// given back, and what is read out is news, in few words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./support/axe.js";
import { useBrowser } from "./support/browser.js";
import { openWidget } from "./support/widget.js";

const browser = useBrowser();

const talk = async () => {
  chat.show();
  await chat.start({ username: "Ada", question: "Is it dishwasher-safe? See https://larchlane.example/pots" });
  const jane = server.agent("Jane").join();
  jane.say("It is.").sendUrl("https://larchlane.example/care");
  server.say("Please be patient.");
  jane.type();
  await server.settled();
};
const choose = (page, name) => page.locator("causerie-chat .menu button", { hasText: name }).click();
const button = (page, selector) => page.locator(`causerie-chat ${selector}`).first().click();
const write = async (page, text) => {
  await page.locator("causerie-chat .composer textarea").fill(text);
  await page.locator("causerie-chat .composer textarea").press("Enter");
};

/** Each state, and what is on the page when it is reached. */
const STATES = {
  closed: [async () => {}, ".launcher"],
  entry: [(page) => button(page, ".launcher"), ".form"],
  "entry with wrong fields": [(page) => button(page, ".form [type=submit]"), "[aria-invalid]"],
  failure: [async (page) => {
    await page.evaluate(async () => {
      server.refuse("requestChat", { fatal: true });
      await chat.start({ username: "Ada", question: "?" }).catch(() => {});
    });
  }, ".trouble"],
  connecting: [async (page) => {
    await page.evaluate(() => {
      server.ignore("requestChat");
      chat.start({ username: "Ada" }).catch(() => {});
    });
  }, ".spinner"],
  talking: [async (page) => {
    await page.locator("causerie-chat .middle button").click();
    await page.evaluate(talk);
  }, ".card"],
  menu: [(page) => button(page, ".icon"), ".menu button"],
  "asked whether to end": [(page) => choose(page, /End|إنهاء/), ".ask"],
  interrupted: [async (page) => {
    await button(page, ".ask button");
    await page.evaluate(() => server.interrupt());
    await write(page, "Are you there?");
  }, ".banner:not([hidden])"],
  refused: [async (page) => {
    await page.evaluate(() => server.continue());
    await page.evaluate(() => server.refuse("sendMessage"));
    await write(page, "Not this");
  }, ".failed"],
  "scrolled back": [async (page) => {
    await page.evaluate(async () => {
      for (let n = 0; n < 60; n += 1) server.chat.agents[0].say(`message ${n}`);
      await server.settled();
    });
    await page.locator("causerie-chat .message", { hasText: "message 59" }).waitFor();
    await page.locator("causerie-chat .log").evaluate((log) => { log.scrollTop = 200; });
    await page.waitForFunction(() => chat.shadowRoot.querySelector(".log").scrollTop < 400);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.evaluate(() => server.chat.agents[0].say("and one more"));
  }, ".latest:not([hidden])"],
  "a form": [(page) => page.evaluate(() => {
    const types = ["text", "textarea", "email", "tel", "number", "select", "checkbox", "rating"];
    server.chat.askForm({ kind: "pre-chat", fields: types.map((type) => ({ name: type, label: `A ${type}`, type, required: true, options: ["a", "b"] })) });
  }), ".stars"],
  "a form with wrong fields": [(page) => button(page, ".form [type=submit]"), ".form [aria-invalid]"],
  FAQ: [(page) => page.evaluate(() => server.chat.suggest({ id: "1", question: "Dishwasher?", answer: "Yes, on the gentle programme." })), ".faq"],
  "a form after the chat": [(page) => page.evaluate(() => {
    server.chat.askForm({ kind: "post-chat", fields: [{ name: "stars", label: "How was it?", type: "rating", required: false }] });
  }), ".stars"],
  ended: [(page) => page.evaluate(() => server.end()), ".ended"],
  unread: [async (page) => {
    await button(page, ".ended .primary");
    await page.evaluate(async () => {
      await chat.start({ username: "Ada" });
      chat.minimise();
      server.agent("Jane").say("Hello?");
    });
  }, ".badge:not([hidden])"],
};

const DRESSES = {
  light: [{}, {}],
  dark: [{}, { colorScheme: "dark" }],
  "on a phone": [{}, { viewport: { width: 360, height: 640 } }],
  "from right to left": [{ attributes: { lang: "ar" } }, {}],
  "in forced colours": [{}, { forcedColors: "active" }],
  "in the page": [{ attributes: { inline: "" } }, {}],
};

for (const [dress, [given, options]] of Object.entries(DRESSES)) {
  test(`axe finds nothing in any state, ${dress}`, { timeout: 120_000 }, async (t) => {
    const { page } = await openWidget(t, browser, given, { ...options, reducedMotion: "reduce" });
    const found = [];
    for (const [state, [reach, sign]] of Object.entries(STATES)) {
      if ("inline" in (given.attributes ?? {}) && ["closed", "entry", "unread"].includes(state)) continue;
      await reach(page);
      await page.locator(`causerie-chat ${sign}`).first().waitFor();
      found.push(...(await findings(page)).map((finding) => `${state}: ${finding}`));
    }
    assert.deepEqual(found, []);
  });
}

test("the check itself can fail: axe finds a button without a name inside the widget", async (t) => {
  const { page } = await openWidget(t, browser);
  await page.evaluate(() => chat.shadowRoot.querySelector(".launcher").removeAttribute("aria-label"));
  assert.match((await findings(page)).join(), /button-name/);
});

test("the keyboard alone suffices: open, fill in, talk, go through the menu, end, begin anew, minimise", async (t) => {
  const widget = await openWidget(t, browser);
  const { page } = widget;
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  await page.locator("#before").focus();
  await press("Tab");
  assert.equal(await widget.focus(), "Open chat");
  await press("Enter");
  await widget.until("the form", async () => (await widget.focus()) === "Your name");
  await page.keyboard.type("Ada");
  await press("Tab");
  await page.keyboard.type("Is it dishwasher-safe?");
  await press("Tab", "Enter");
  await widget.said("Is it dishwasher-safe?");
  await widget.until("the composer", async () => (await widget.focus()) === "Your message");
  await page.keyboard.type("one");
  await press("Shift+Enter");
  await page.keyboard.type("two");
  await press("Enter");
  await widget.until("the message", () => widget.run(() => server.chat.texts.includes("one\ntwo")));
  assert.equal(await widget.focus(), "Your message");
  await press("Shift+Tab");
  assert.equal(await widget.focus(), "Conversation");
  await press("Shift+Tab", "Shift+Tab");
  assert.equal(await widget.focus(), "Options");
  await press("Enter");
  assert.equal(await widget.focus(), "Sound");
  await press("Escape");
  assert.equal(await widget.focus(), "Options");
  await press("Enter", "Tab");
  for (let n = 0; n < 3 && (await widget.focus()) !== "End chat"; n += 1) await press("Tab");
  await press("Enter");
  assert.equal(await widget.focus(), "Go on chatting");
  await press("Escape");
  assert.equal(await widget.focus(), "Your message");
  await widget.run(() => server.end());
  await widget.until("the end", async () => (await widget.focus()) === "New chat");
  await press("Enter");
  await widget.until("the form again", async () => (await widget.focus()) === "Your name");
  await press("Escape");
  assert.equal(await widget.focus(), "Open chat");
  assert.equal(await widget.panel.isVisible(), false);
});

test("opened by the page it takes no focus; opened by a button of the page it gives it back there", async (t) => {
  const widget = await openWidget(t, browser);
  await widget.page.locator("#before").focus();
  await widget.run(() => { chat.open = true; });
  await widget.page.getByLabel("Your name").waitFor();
  assert.equal(await widget.focus(), "A link of the page");
  await widget.run(() => chat.minimise());
  await widget.run(() => chat.show());
  assert.equal(await widget.focus(), "Your name");
  await widget.page.keyboard.press("Escape");
  assert.equal(await widget.focus(), "A link of the page");
});

test("on a phone it covers the page, keeps the focus in itself, and gives it back", async (t) => {
  const widget = await openWidget(t, browser, {}, { viewport: { width: 360, height: 640 } });
  await widget.launcher.click();
  await widget.page.getByLabel("Your name").waitFor();
  const box = await widget.panel.boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 360, 640]);
  for (let n = 0; n < 8; n += 1) {
    await widget.page.keyboard.press("Tab");
    assert.notEqual(await widget.focus(), "A link of the page");
  }
  // Turned, and not a phone any more: the same chat, with the focus where it was.
  await widget.page.getByLabel("Your question").focus();
  await widget.page.setViewportSize({ width: 900, height: 700 });
  await widget.until("the corner", async () => (await widget.panel.boundingBox()).x > 400);
  assert.equal(await widget.focus(), "Your question");
  await widget.page.setViewportSize({ width: 360, height: 640 });
  await widget.until("all of it", async () => (await widget.panel.boundingBox()).x === 0);
  await widget.page.keyboard.press("Escape");
  assert.equal(await widget.focus(), "Open chat");
});

test("at 200 and 400 % nothing is cut off or needs sideways scrolling", async (t) => {
  for (const viewport of [{ width: 640, height: 400 }, { width: 320, height: 256 }]) {
    const widget = await openWidget(t, browser, {}, { viewport });
    await widget.begin();
    await widget.run(() => server.agent("Jane").say("https://larchlane.example/a/very/long/address/that/has/no/place/to/break/anywhere/at/all"));
    const wide = await widget.run(() => {
      const inside = [...chat.shadowRoot.querySelectorAll(".panel *")].filter((node) => !node.closest(".unseen, svg") && node.getClientRects().length > 0);
      return inside.filter((node) => node.getBoundingClientRect().right > innerWidth + 1).map(({ className }) => className);
    });
    assert.deepEqual(wide, []);
    const box = await widget.input.boundingBox();
    assert.ok(box.y + box.height <= viewport.height && box.y > 0, `the field is at ${JSON.stringify(box)}`);
  }
});

test("what is read out is what others say, once; many at once are counted; a playback is not read out", async (t) => {
  const widget = await openWidget(t, browser);
  await widget.begin();
  await widget.run(() => {
    window.spoken = [];
    const region = chat.shadowRoot.querySelector("[role=status][aria-live=polite]");
    new MutationObserver(() => { if (region.textContent) spoken.push([...region.children].map(({ textContent }) => textContent)); })
      .observe(region, { childList: true });
  });
  await widget.run(() => server.agent("Jane").say("It is."));
  await widget.until("the first news", () => widget.run(() => spoken.length === 1));
  await widget.say("Thank you");
  await widget.run(() => { for (let n = 0; n < 500; n += 1) server.chat.agents[0].say(`message ${n}`); });
  await widget.until("the next news", () => widget.run(() => spoken.length === 2));
  assert.deepEqual(await widget.run(() => spoken), [["Jane joined", "Jane: It is."], ["New messages: 500"]]);
  await widget.run(() => { const earlier = chat; Object.assign(window, embed({ server, attributes: { open: "" } })); earlier.remove(); });
  await widget.said("message 499");
  const region = await widget.run(() => new Promise((resolve) => setTimeout(() => resolve(chat.shadowRoot.querySelector("[aria-live=polite]").textContent), 1_500)));
  assert.equal(region, "");
});

test("who wants less motion gets none", async (t) => {
  const widget = await openWidget(t, browser, {}, { reducedMotion: "reduce" });
  await widget.begin();
  await widget.run(() => server.agent("Jane").type());
  await widget.page.getByText("Jane is typing").waitFor();
  assert.equal(await widget.run(() => chat.shadowRoot.getAnimations().length), 0);
});
