// Rule 9 of the design in a browser: with `debug: true` and with a `logger`, over every transport, through a loss of the
// network, a refusal and a reload, nothing of a conversation, of the people in it, or of its keys comes to the console or
// to the page's logger.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { DEFAULT_CONFIG, startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

/** What Chromium itself writes to the console when a server is gone. */
const SERVER_GONE = /Failed to load resource: net::|WebSocket connection to .* failed/;

/** The agent's name is in the configuration of this server. */
const CONFIG = DEFAULT_CONFIG.replace('"Jane"', '"Agent-Name"');

/** What the visitor gives, and what either side says; each is found in any text by its end. */
const GIVEN = {
  username: "Visitor-Name", firstName: "Visitor-First", lastName: "Visitor-Last", emailAddress: "visitor@mail.example",
  subject: "Visitor-Subject", userData: { card: "Visitor-Card" },
};
const SAID = ["Visitor-Message", "https://visitor.example/address", "Visitor-Typing", "Visitor-Data", "Agent-Message", "Visitor-Waiting"];
const PRIVATE = [...SAID, ...Object.values(GIVEN).flatMap((given) => (typeof given === "string" ? given : Object.values(given))), "Agent-Name"];

/** Members on the wire and in the store whose values are secrets. */
const SECRETS = /"(clientId|secureKey|userId|dataKey|messageId)":"([^"]+)"|(?:^|&)(secureKey|userId|messageId)=([^&]+)/g;

/** Everything that a visitor's pages write to the console or to a logger, and every secret on their wire. */
function listen(visitor) {
  const lines = [];
  const secrets = new Set();
  const look = (text) => {
    for (const [, , json, , form] of String(text ?? "").matchAll(SECRETS)) secrets.add(json ?? decodeURIComponent(form));
  };
  visitor.context.on("console", (message) => lines.push(message.text()));
  visitor.context.on("weberror", (error) => lines.push(String(error.error()?.stack)));
  visitor.context.on("request", (request) => look(request.postData()));
  visitor.context.on("response", (response) => response.text().then(look, () => {}));
  visitor.context.on("page", (page) => page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => look(payload));
    socket.on("framereceived", ({ payload }) => look(payload));
  }));
  return { lines, secrets };
}

/** The instance of the page logs: to a logger that the test hears, or by itself. */
function arrange(page, how) {
  return page.evaluate((how) => {
    window.logged = [];
    const options = how === "logger" ? { logger: (line) => window.logged.push(line) } : { debug: true };
    window.causerie = { ...window.causerie, chat: window.causerie.createChat(options) };
  }, how);
}

for (const transport of ["websocket", "long-polling", "rest"]) {
  for (const how of ["debug", "logger"]) {
    test(`nothing of a conversation is logged (${transport}, ${how})`, { timeout: 60_000 }, async (t) => {
      const server = await startServer(t, { config: CONFIG, store: "sqlite" });
      const agent = await signIn(t, server.url, { name: "Agent-Name" });
      const visitor = await browser.visitor(t, { expect: [SERVER_GONE] });
      const { lines, secrets } = listen(visitor);
      const page = await visitor.open(`${server.url}/t/plain.html`);
      await arrange(page, how);
      let chat = await startChat(page, { serverUrl: server.url, transport, ...GIVEN });
      const chatId = await agent.accept();
      await chat.event("onAgentConnected");
      await chat.send("Visitor-Message");
      await chat.command("sendMessage", { message: "https://visitor.example/address", type: "url" });
      await chat.command("sendTyping", { typedText: "Visitor-Typing" });
      await page.evaluate(() => window.session.data?.set({ note: "Visitor-Data" }));
      await agent.say(chatId, "Agent-Message");
      await chat.heard("Agent-Message");
      // Refusals, whose words are the server's.
      assert.equal((await chat.send("Visitor-Message".repeat(10_000))).code, 3);
      const wrong = await chat.command("sendMessage", { message: 7 });
      assert.equal(wrong.code, 3);

      await server.kill();
      const waiting = chat.send("Visitor-Waiting");
      await chat.event("onInterrupted");
      await server.start();
      await chat.event("onContinued");
      assert.deepEqual(await waiting, { result: undefined });
      const errors = (await chat.events("onError")).map(({ error }) => error.description);
      const logged = async () => [...lines.filter((line) => line.startsWith("causerie: ")), ...(await page.evaluate(() => window.logged))];
      const before = await until("a line of the log", async () => (await logged()).length > 0 && logged());
      assert.ok(before.some((line) => /link down/.test(line)), before.join("\n"));

      const all = [...lines, ...before, ...errors, wrong.description].join("\n");
      const stored = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
      for (const [, secret] of stored.replaceAll("\\", "").matchAll(/"(?:chatId|secureKey|userId)":"([^"]+)"/g)) secrets.add(secret);
      assert.ok(secrets.size >= 2, `the wire is heard at all: ${[...secrets]}`);
      for (const secret of [...PRIVATE, ...secrets]) {
        assert.ok(!all.includes(secret), `${secret} is in the log, or in an error: ${all}`);
      }
    });
  }
}

test("each event is logged by its kind and its index or code, from the first one on", async (t) => {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  await arrange(page, "logger");
  const chat = await startChat(page, { serverUrl: server.url });
  await chat.send("hello");
  const { index } = await chat.heard("hello");
  await chat.command("leave");
  await chat.event("onSessionEnded");
  const logged = await page.evaluate(() => window.logged);
  for (const line of ["event: status 1", `event: message ${index}`, "event: ended 1"]) assert.ok(logged.includes(line), logged.join("\n"));
});
