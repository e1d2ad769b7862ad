// The installed package in a page with no bundler, under the policy that it promises to live with, and under one that
// forbids WebAssembly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "../browser/support/browser.js";
import { startChat } from "../browser/support/chat.js";
import { startFake } from "../browser/support/fake.js";
import { useProject } from "./support/project.js";

const browser = useBrowser();
const project = useProject("pages");

/** A page of the project, and a chat server on the same origin. */
async function open(t, name, options) {
  const fake = await startFake(t, { www: project.folder });
  const visitor = await browser.visitor(t, options);
  const requested = [];
  visitor.context.on("request", (request) => requested.push(new URL(request.url()).pathname));
  return { fake, visitor, requested, page: await visitor.open(`${fake.url}/${name}`) };
}

const globals = (page) => page.evaluate(() => Object.keys(window));

test("a chat runs without a bundler, under script-src 'self' 'wasm-unsafe-eval' and Trusted Types", async (t) => {
  const { fake, page, requested } = await open(t, "strict.html");
  const code = requested.filter((path) => path.includes("causerie"));
  assert.deepEqual(code.sort(), ["/node_modules/causerie/index.js"]);

  const chat = await startChat(page, { serverUrl: fake.url, username: "Ada" });
  const theirs = await fake.chats.first();
  assert.equal(theirs.request.nickname, "Ada");
  assert.equal(await page.evaluate(() => window.session.id), theirs.chatId);
  assert.equal(await chat.isAgentConnected(), false);
  theirs.join("Jane");
  await chat.event("onAgentConnected", ({ party }) => party.name === "Jane");
  assert.equal(await chat.isAgentConnected(), true);
  theirs.say("<b>Hello</b>");
  const hello = await chat.heard("<b>Hello</b>");
  assert.deepEqual(hello.content.type, { text: true });
  assert.deepEqual(await chat.send("Hello Jane"), { result: undefined });
  await chat.heard("Hello Jane");
  const { result } = await chat.command("getTranscript", { fromIndex: 0 });
  assert.deepEqual(result.transcript.map(({ type }) => type), ["AgentConnected", "MessageReceived", "MessageReceived"]);
  assert.deepEqual(await chat.command("leave"), { result: undefined });
  await chat.event("onSessionEnded", ({ reason }) => reason.leaveRequest);
  assert.deepEqual(await chat.send("too late").then(({ code }) => code), 50);
});

test("it is one JavaScript file and its wasm, each fetched once, and the page gets no new global", async (t) => {
  const { fake, page, requested } = await open(t, "strict.html");
  const before = await globals(page);
  await page.evaluate(() => Promise.all([window.causerie.init(), window.causerie.init()]));
  await page.evaluate((serverUrl) => window.causerie.chat.startSession({ serverUrl }).then(() => {}), fake.url);
  const fetched = requested.filter((path) => path.startsWith("/node_modules/"));
  assert.deepEqual(fetched.sort(), [
    "/node_modules/causerie/index.js", "/node_modules/causerie/wasm/causerie_bg.wasm",
  ]);
  assert.deepEqual(await globals(page), before);
});

test("a policy that forbids WebAssembly is named in the error, with what to allow, by `init` and by every launch", async (t) => {
  const { fake, page, requested } = await open(t, "forbidding.html", { expect: [/wasm|WebAssembly|script-src/i] });
  const failures = await page.evaluate(async (serverUrl) => {
    const { chat, init, ChatError } = window.causerie;
    const failures = [];
    for (const load of [() => init(), () => chat.startSession({ serverUrl }), () => chat.restoreSession()]) {
      failures.push(await load().then(() => "loaded", (failure) => (
        { isError: failure instanceof ChatError, code: failure.code, error: failure.error, cause: String(failure.cause) }
      )));
    }
    return failures;
  }, fake.url);
  const description = "the WebAssembly module could not be loaded: the page's policy forbids WebAssembly; "
    + "allow script-src 'wasm-unsafe-eval'";
  for (const { isError, code, error, cause } of failures) {
    assert.deepEqual([isError, code, error], [true, 306, { code: 306, description }]);
    assert.match(cause, /Content Security Policy/);
  }
  assert.equal(failures.length, 3);
  // What is wrong with the call itself is told all the same.
  assert.equal(await page.evaluate(() => window.causerie.chat.startSession({}).catch((failure) => failure.code)), 2);
  assert.ok(!requested.some((path) => path.startsWith("/cometd")), "no server is asked for a chat that can not run");
});
