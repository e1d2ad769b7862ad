// What pages, people and networks do to a widget: it stays usable, says what is wrong, and never breaks its host page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { openWidget } from "./support/widget.js";

const browser = useBrowser();
const open = (t, given, options) => openWidget(t, browser, given, options);

test("ten thousand messages are all there, in order; only what is in sight is laid out, and it follows the end", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(async () => {
    const jane = server.agent("Jane").join();
    for (let n = 0; n < 10_000; n += 1) jane.say(`message ${n}`);
    await server.settled();
  });
  await widget.said("message 9999");
  const { texts, chunks, laidOut, distance } = await widget.run(async () => {
    const root = chat.shadowRoot;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const log = root.querySelector(".log");
    const chunks = [...root.querySelectorAll(".chunk")];
    return {
      texts: [...root.querySelectorAll(".other .text")].map(({ textContent }) => textContent),
      chunks: chunks.length,
      laidOut: chunks.filter((chunk) => chunk.firstElementChild.checkVisibility({ contentVisibilityAuto: true })).length,
      distance: log.scrollHeight - log.scrollTop - log.clientHeight,
    };
  });
  assert.equal(texts.length, 10_000);
  assert.ok(texts.every((text, n) => text === `message ${n}`), "out of order");
  assert.ok(chunks > 200 && laidOut < 10, `${laidOut} of ${chunks} boxes are laid out`);
  assert.ok(distance < 2, `${distance} px from the end`);
});

test("a reader who has gone back is left there, and told of what is new", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(async () => {
    const jane = server.agent("Jane").join();
    for (let n = 0; n < 100; n += 1) jane.say(`message ${n}`);
    await server.settled();
  });
  await widget.said("message 99");
  await widget.log.hover();
  await widget.page.mouse.wheel(0, -1_500);
  const top = () => widget.run(() => chat.shadowRoot.querySelector(".log").scrollTop);
  const end = await top();
  await widget.until("gone back", async () => (await top()) < end - 500 || undefined).catch(async () => {
    await widget.run(() => { chat.shadowRoot.querySelector(".log").scrollTop -= 1_500; });
  });
  const text = () => widget.run(() => {
    const { left, top } = chat.shadowRoot.querySelector(".log").getBoundingClientRect();
    return chat.shadowRoot.elementFromPoint(left + 60, top + 120)?.textContent;
  });
  const before = await text();
  await widget.run(() => server.chat.agents[0].say("something new"));
  await widget.page.getByRole("button", { name: "New messages" }).click();
  assert.ok(before);
  await widget.page.getByText("something new").waitFor();
  assert.equal(await widget.focus(), "Conversation");
  assert.equal(await widget.page.getByRole("button", { name: "New messages" }).count(), 0);
});

test("a message of 100,000 characters is cut short until it is asked for, and one without an end stays in its box", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => server.agent("Jane").say("x".repeat(100_000)));
  const more = widget.page.getByRole("button", { name: "Show all" });
  await more.waitFor();
  const length = () => widget.run(() => chat.shadowRoot.querySelector(".other .text").textContent.length);
  assert.equal(await length(), 1_501);
  await more.click();
  assert.equal(await length(), 100_000);
  const wide = await widget.run(() => {
    const log = chat.shadowRoot.querySelector(".log");
    return log.scrollWidth > log.clientWidth;
  });
  assert.equal(wide, false);
});

test("what others write is text: no element, no script, no address that runs", async (t) => {
  const widget = await open(t);
  await widget.begin({ name: "<b>Ada</b>", question: "<img src=x onerror=\"window.hacked = 1\">" });
  await widget.run(() => {
    const jane = server.agent("<i>Jane</i>");
    jane.say("<script>window.hacked = 1</script> javascript:window.hacked=1 data:text/html,x https://ok.example/a?b=(c). mailto:a@b.example");
    jane.sendUrl("javascript:window.hacked=1");
    jane.sendUrl("data:text/html,<script>window.hacked=1</script>");
    jane.sendUrl("https://ok.example/\u202egpj.exe");
    jane.sendUrl(" https://ok.example/path ");
  });
  await widget.page.getByText("ok.example").last().waitFor();
  const links = await widget.run(() => [...chat.shadowRoot.querySelectorAll("a")].map(({ href, rel, target }) => [href, rel, target]));
  assert.deepEqual(links, [
    ["https://ok.example/a?b=(c)", "noopener noreferrer", "_blank"], ["mailto:a@b.example", "", ""],
    // As far as it can be seen; what follows is text.
    ["https://ok.example/", "noopener noreferrer", "_blank"], ["https://ok.example/path", "noopener noreferrer", "_blank"],
  ]);
  const inside = await widget.run(() => chat.shadowRoot.querySelectorAll("img, script, b, .text i, .title i").length);
  assert.deepEqual([inside, await widget.run(() => window.hacked)], [0, undefined]);
});

test("directions do not leak, and a name that can not be seen is not shown as one", async (t) => {
  const widget = await open(t);
  await widget.begin({ question: "\u202etxet sdrawkcab" });
  await widget.run(() => {
    server.agent("\u200b\u2063").say("مرحبا بك");
    server.agent("\u202eenaJ").say("\u0000\u0007 control");
  });
  await widget.page.getByText("مرحبا بك").waitFor();
  const state = await widget.run(() => ({
    by: [...chat.shadowRoot.querySelectorAll(".by bdi")].map(({ textContent }) => textContent),
    sides: [...chat.shadowRoot.querySelectorAll(".text")].map((node) => getComputedStyle(node).direction),
    isolated: [...chat.shadowRoot.querySelectorAll(".text, bdi")].every((node) => /isolate|plaintext/.test(getComputedStyle(node).unicodeBidi)),
  }));
  assert.equal(state.by[1], "Agent");
  assert.equal(state.sides[1], "rtl");
  assert.equal(state.isolated, true);
});

test("a thousand messages at once, while it is closed: all counted, one sound, and the page goes on", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.run(() => {
    window.sounds = 0;
    window.AudioContext = class {
      currentTime = 0;
      async resume() {}
      async close() {}
      createOscillator() { return { frequency: { setValueAtTime() {} }, connect: (node) => node, start() { window.sounds += 1; }, stop() {} }; }
      createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect() {} }; }
    };
  });
  await widget.page.getByRole("button", { name: "Options" }).click();
  await widget.page.getByRole("switch", { name: "Sound" }).click();
  await widget.page.keyboard.press("Escape");
  await widget.page.keyboard.press("Escape");
  await widget.run(async () => {
    const time = testing.controlTime();
    window.sounds = 0;
    await time.advance(5_000);
    const jane = server.agent("Jane").join();
    for (let n = 0; n < 1_000; n += 1) jane.say(`message ${n}`);
    await server.settled();
    await time.advance(10);
    time.restore();
  });
  await widget.page.getByRole("button", { name: "Open chat. New messages: 1000" }).click();
  await widget.said("message 999");
  assert.equal(await widget.run(() => window.sounds), 1);
});

test("moved on the page it goes on; taken away it lets go, and put back it takes the chat up again", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.input.fill("a draft");
  await widget.run(() => {
    window.first = chat.session;
    const place = document.createElement("aside");
    document.body.append(place);
    place.append(chat);
  });
  assert.deepEqual(await widget.run(() => [chat.session === window.first, chat.isConnected]), [true, true]);
  assert.equal(await widget.input.inputValue(), "a draft");
  await widget.say("moved");
  await widget.until("it", () => widget.run(() => server.chat.texts.includes("moved")));
  await widget.run(async () => {
    chat.remove();
    await new Promise((resolve) => setTimeout(resolve));
  });
  assert.equal(await widget.run(() => chat.session), undefined);
  await widget.run(() => document.body.append(chat));
  await widget.said("moved");
  await widget.say("back");
  await widget.until("it", () => widget.run(() => server.chat.texts.includes("back")));
  assert.deepEqual(await widget.run(() => server.chat.texts), ["Is it dishwasher-safe?", "moved", "back"]);
});

test("two widgets on a page have a chat each", async (t) => {
  const widget = await open(t, { attributes: { service: "pots" } });
  const texts = await widget.run(async () => {
    const { chat: other, server: others } = embed({ attributes: { service: "cups", inline: "" } });
    await chat.start({ username: "Ada", question: "about pots" });
    await other.start({ username: "Ada", question: "about cups" });
    await server.settled();
    return [server.chat.service, server.chat.texts, others.chat.service, others.chat.texts];
  });
  assert.deepEqual(texts, ["pots", ["about pots"], "cups", ["about cups"]]);
});

test("where the browser denies storage, the chat runs, and remembers nothing", async (t) => {
  const widget = await open(t);
  await widget.run(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
    }
    chat.remove();
    Object.assign(window, embed({ options: { storage: "session" } }));
  });
  await widget.begin();
  await widget.say("still");
  await widget.until("it", () => widget.run(() => server.chat.texts.includes("still")));
});

test("attributes that make no sense do no harm", async (t) => {
  const widget = await open(t, { attributes: { lang: "tlh!!", theme: "mauve", heading: "  ", open: "no" } });
  await widget.page.getByLabel("Your name").waitFor();
  const dress = await widget.run(() => ({ ...chat.shadowRoot.querySelector(".root").dataset, lang: chat.shadowRoot.querySelector(".root").lang }));
  assert.deepEqual(dress, { scheme: "light", lang: "en" });
  await widget.run(() => chat.setAttribute("service", "a/b"));
  await widget.page.getByLabel("Your name").fill("Ada");
  await widget.page.getByLabel("Your question").fill("?");
  await widget.page.getByRole("button", { name: "Start chat" }).click();
  await widget.page.getByRole("alert").getByText("not set up correctly").waitFor();
  const [error] = await widget.heard("causerie-error");
  assert.equal(error.code, 3);
});

test("the page's loud style does not reach it; custom properties and ::part do", async (t) => {
  const widget = await open(t, { attributes: { open: "" } });
  await widget.page.getByLabel("Your name").waitFor();
  const style = () => widget.run(() => {
    const of = (selector) => getComputedStyle(chat.shadowRoot.querySelector(selector));
    const { letterSpacing, textTransform, fontSize } = of(".intro");
    return { letterSpacing, textTransform, fontSize, button: of(".primary").backgroundColor, round: of(".primary").borderTopLeftRadius, margin: of(".intro").marginTop };
  });
  assert.deepEqual(await style(), {
    letterSpacing: "normal", textTransform: "none", fontSize: "16px", button: "rgb(42, 75, 176)", round: "10px", margin: "0px",
  });
  await widget.run(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("causerie-chat { --causerie-accent: #063; } causerie-chat::part(primary-button) { border-radius: 3px; }");
    document.adoptedStyleSheets = [sheet];
  });
  const { button, round } = await style();
  assert.deepEqual([button, round], ["rgb(0, 102, 51)", "3px"]);
});

test("the words follow the language of the page around it when that changes, unless the element has its own", async (t) => {
  const widget = await open(t);
  await widget.begin();
  await widget.input.fill("a draft");
  await widget.run(() => { document.documentElement.lang = "de"; });
  const field = widget.page.getByRole("textbox", { name: "Ihre Nachricht" });
  assert.equal(await field.inputValue(), "a draft");
  await widget.run(() => { document.body.lang = "es"; });
  await widget.page.getByRole("textbox", { name: "Su mensaje" }).waitFor();
  await widget.run(() => {
    chat.lang = "fr";
    document.documentElement.lang = "ja";
    document.body.lang = "ar";
  });
  const own = widget.page.getByRole("textbox", { name: "Votre message" });
  assert.equal(await own.inputValue(), "a draft");
  await widget.run(() => { chat.removeAttribute("lang"); });
  await widget.until("right to left", () => widget.run(() => chat.shadowRoot.querySelector(".root").dir === "rtl"));
});

test("who changes its language or heading is not told that it is opened once more", async (t) => {
  const widget = await open(t, { attributes: { lang: "en" } });
  await widget.run(() => {
    chat.show();
    chat.lang = "fr";
    chat.setAttribute("heading", "Boutique");
    chat.strings = { welcome: "Salut" };
    chat.open = false;
    chat.lang = "de";
    chat.open = true;
  });
  const heard = (await widget.heard()).map(({ on }) => on).filter((on) => /open|close/.test(on));
  assert.deepEqual(heard, ["causerie-open", "causerie-close", "causerie-open"]);
});

test("the page's words go before the widget's, in its languages and in others, also while a chat is on", async (t) => {
  const widget = await open(t, { attributes: { lang: "pt-BR" }, strings: { pt: { open: "Abrir a conversa", message: "Sua mensagem" }, welcome: "Olá!" } });
  await widget.page.getByRole("button", { name: "Abrir a conversa" }).click();
  await widget.page.getByText("Olá!").waitFor();
  await widget.run(() => chat.start({ username: "Ada", question: "Tudo bem?" }));
  const field = widget.page.getByRole("textbox", { name: "Sua mensagem" });
  await field.fill("um rascunho");
  await widget.run(async () => {
    server.agent("Jane").say("Tudo!");
    await server.settled();
    chat.lang = "fr";
  });
  const translated = widget.page.getByRole("textbox", { name: "Votre message" });
  assert.equal(await translated.inputValue(), "um rascunho");
  await widget.page.getByText("Jane a rejoint la discussion").waitFor();
  assert.deepEqual((await widget.messages()).map(({ by, text }) => [by, text]), [["Vous", "Tudo bem?"], ["Jane", "Tudo!"]]);
  assert.deepEqual((await widget.heard("causerie-message")).map(({ content }) => content.text), ["Tudo bem?", "Tudo!"]);
  await translated.press("Enter");
  await widget.until("it", () => widget.run(() => server.chat.texts.includes("um rascunho")));
});

test("a policy that forbids WebAssembly is told to the visitor in plain words, and to the page by an event", async (t) => {
  const widget = await open(t, {}, { path: "/t/widget-forbidden.html", expect: [/wasm|WebAssembly|unsafe-eval|script-src/i] });
  await widget.launcher.click();
  await widget.page.getByRole("alert").getByText("This page does not let the chat run").waitFor();
  assert.equal((await widget.heard("causerie-error"))[0].code, 306);
});
