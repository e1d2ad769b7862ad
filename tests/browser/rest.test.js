// REST has a WebAssembly module of its own: only pages that ask for it load it, and they load no other. Both may be in one page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { restoreChat, startChat } from "./support/chat.js";
import { signIn } from "./support/desk.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const browser = useBrowser();

const INDEX = "/pkg/index.js";
const REST = "/pkg/rest.js";
const LEAN = "/pkg/wasm/causerie_bg.wasm";
const FULL = "/pkg/wasm/causerie_full.wasm";

/** A page, what it fetched of the package, what it asked of the server, and an agent who waits for its chat. */
async function meet(t, { path = "/t/plain.html", expect = [] } = {}) {
  const server = await startServer(t);
  const agent = await signIn(t, server.url);
  const visitor = await browser.visitor(t, { expect });
  const fetched = [];
  const asked = [];
  visitor.context.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/pkg/")) fetched.push(pathname);
    else if (request.method() === "POST") asked.push(pathname);
  });
  return { server, agent, visitor, fetched, asked, page: await visitor.open(`${server.url}${path}`) };
}

/** A word each way. */
async function talk(agent, chat, chatId) {
  await agent.say(chatId, "Good morning");
  await chat.heard("Good morning");
  assert.deepEqual(await chat.send("And to you"), { result: undefined });
  await agent.heard(chatId, "And to you");
}

test("a page that does not ask for REST never loads it, nor does it for a reload", async (t) => {
  const { server, agent, page, fetched, asked } = await meet(t);
  for (const transport of ["auto", "websocket", "long-polling"]) {
    const chat = await startChat(page, { serverUrl: server.url, transport });
    await talk(agent, chat, await agent.accept());
    await page.reload();
    await (await restoreChat(page, { serverUrl: server.url, transport })).heard("And to you");
    await page.evaluate(() => window.session.leave());
  }
  assert.deepEqual([...new Set(fetched)], [INDEX, LEAN]);
  assert.ok(!asked.some((path) => path.startsWith("/2/chat/")), asked.join(", "));
});

test("a page that asks for REST loads that alone, and its classes are those of the main entry", async (t) => {
  const { server, agent, page, fetched, asked } = await meet(t);
  const chat = await startChat(page, { serverUrl: server.url, username: "Ada", transport: "rest" });
  await talk(agent, chat, await agent.accept());
  assert.deepEqual(fetched, [INDEX, REST, FULL]);
  assert.ok(asked.length > 0 && asked.every((path) => path.startsWith("/2/chat/")), asked.join(", "));
  const { isSession, failures } = await page.evaluate(async (serverUrl) => {
    const { ChatError, ChatPromise, ChatSession, chat } = window.causerie;
    const outcome = async (promise) => [promise instanceof ChatPromise, ...(await promise.catch((error) => [error instanceof ChatError, error.code]))];
    return {
      isSession: window.session instanceof ChatSession,
      failures: [
        await outcome(window.session.sendMessage({ message: 3 })),
        await outcome(chat.startSession({ serverUrl, service: "a/b", transport: "rest" })),
        await outcome(chat.restoreSession({ serverUrl, transport: "rest", storage: "memory", multiTab: false })),
      ],
    };
  }, server.url);
  assert.deepEqual([isSession, failures], [true, [[true, true, 3], [true, true, 3], [true, true, 300]]]);

  await page.reload();
  const again = await restoreChat(page, { serverUrl: server.url, transport: "rest" });
  assert.deepEqual((await again.count("onMessageReceived", 2)).map(({ restored }) => restored), [true, true]);
  assert.ok(!fetched.includes(LEAN), fetched.join(", "));
});

test("a session goes on over the transport that it was begun with, unless the page that restores it names another", async (t) => {
  const { server, agent, page, fetched, asked } = await meet(t);
  const wires = { rest: "/2/chat/", "long-polling": "/cometd/" };
  for (const [first, next, wire] of [["rest", undefined, "rest"], ["long-polling", undefined, "long-polling"], ["rest", "long-polling", "long-polling"]]) {
    const chat = await startChat(page, { serverUrl: server.url, transport: first });
    const chatId = await agent.accept();
    await talk(agent, chat, chatId);
    asked.length = 0;
    fetched.length = 0;
    await page.reload();
    const again = await restoreChat(page, { transport: next });
    // What is stored is read by the module without REST.
    assert.deepEqual(fetched, [INDEX, LEAN, ...(wire === "rest" ? [REST, FULL] : [])]);
    await again.heard("And to you");
    await agent.say(chatId, "Still there?");
    await again.heard("Still there?");
    assert.ok(asked.length > 0 && asked.every((path) => path.startsWith(wires[wire])), `${first}, ${next}: ${asked.join(", ")}`);
    await page.evaluate(() => window.session.leave());
  }
});

test("a tab that is new in a session by REST takes it up from another tab, REST and all", async (t) => {
  const { server, agent, visitor, page } = await meet(t);
  const chat = await startChat(page, { serverUrl: server.url, transport: "rest" });
  const chatId = await agent.accept();
  await talk(agent, chat, chatId);
  const other = await restoreChat(await visitor.open(page.url()));
  await other.heard("And to you");
  await agent.say(chatId, "Both of you?");
  await chat.heard("Both of you?");
  await other.heard("Both of you?");
});

/** Two sessions of one page, `window.sessions`: each writes down what it hears in `window.heard`. */
async function both(page, serverUrl, agent) {
  await page.evaluate(() => Object.assign(window, { sessions: [], heard: [[], []] }));
  const ids = [];
  for (const [place, transport] of ["websocket", "rest"].entries()) {
    await page.evaluate(async ([place, options]) => {
      const session = await window.causerie.chat.startSession(options);
      session.onMessageReceived(({ content }) => window.heard[place].push(content.text));
      window.sessions[place] = session;
    }, [place, { serverUrl, transport, storage: "memory" }]);
    ids.push(await agent.accept());
  }
  return ids;
}

const heard = (page, place, ...texts) => until(`the messages of session ${place}`, async () => {
  const all = await page.evaluate((place) => window.heard[place], place);
  return all.length >= texts.length && (assert.deepEqual(all, texts), true);
});

/** Sends a message in one of the sessions: 0 when the server has it, else the error's code. */
const send = (page, place, text) =>
  page.evaluate(([place, text]) => window.sessions[place].sendMessage(text).then(() => 0, ({ code }) => code), [place, text]);

test("a session over WebSocket and one by REST live side by side, each with its own module", async (t) => {
  const { server, agent, page, fetched } = await meet(t);
  const ids = await both(page, server.url, agent);
  assert.deepEqual(fetched.filter((file) => !file.endsWith("storages.js")), [INDEX, LEAN, REST, FULL]);
  for (const place of [0, 1, 0, 1]) await agent.say(ids[place], `for ${place}`);
  await heard(page, 0, "for 0", "for 0");
  await heard(page, 1, "for 1", "for 1");
  assert.deepEqual(await Promise.all([send(page, 0, "from 0"), send(page, 1, "from 1")]), [0, 0]);
  await agent.heard(ids[0], "from 0");
  await agent.heard(ids[1], "from 1");
  await page.evaluate(() => window.sessions[0].leave());
  assert.deepEqual([await send(page, 0, "too late"), await send(page, 1, "still here")], [50, 0]);
  await agent.heard(ids[1], "still here");
});

for (const [trapping, what] of [[0, "the one without REST"], [1, "that of REST"]]) {
  test(`of two modules in one page a trap in ${what} leaves the other as it is`, async (t) => {
    // What can not be told to anybody is reported as an uncaught error.
    const { server, agent, page } = await meet(t, { expect: [/an internal error|unreachable/] });
    await page.evaluate(() => {
      const { instantiateStreaming } = WebAssembly;
      let count = 0;
      WebAssembly.instantiateStreaming = async (...source) => {
        const place = count++;
        const { module, instance } = await instantiateStreaming.apply(WebAssembly, source);
        const guarded = (own) => (...values) => {
          if (window.trapping === place) throw new WebAssembly.RuntimeError("unreachable");
          return own(...values);
        };
        const exports = Object.entries(instance.exports).map(([name, own]) => [name, typeof own === "function" ? guarded(own) : own]);
        return { module, instance: { exports: Object.fromEntries(exports) } };
      };
    });
    const ids = await both(page, server.url, agent);
    await page.evaluate((place) => { window.trapping = place; }, trapping);
    const other = 1 - trapping;
    assert.deepEqual([await send(page, trapping, "lost"), await send(page, other, "kept")], [307, 0]);
    await agent.heard(ids[other], "kept");
    await agent.say(ids[other], "Good morning");
    await heard(page, other, "kept", "Good morning");
  });
}

test("`init` loads REST ahead of time, once, and where the page says", async (t) => {
  const { server, agent, page, fetched } = await meet(t);
  await page.evaluate(() => Promise.all([1, 2, 3].map(() => window.causerie.init(undefined, { transport: "rest" }))));
  assert.deepEqual(fetched, [INDEX, REST, FULL]);
  const chat = await startChat(page, { serverUrl: server.url, transport: "rest" });
  await talk(agent, chat, await agent.accept());
  assert.deepEqual(fetched, [INDEX, REST, FULL], "the session finds it loaded");

  fetched.length = 0;
  await page.reload();
  const elsewhere = `${FULL}?v=1`;
  const failed = await page.evaluate(async (source) => {
    const { ChatError, init } = window.causerie;
    const failed = await init(new Uint8Array(8), { transport: "rest" }).catch((error) => [error instanceof ChatError, error.code]);
    await init(fetch(source), { transport: "rest" });
    return failed;
  }, elsewhere);
  assert.deepEqual(failed, [true, 306], "and a failure is forgotten");
  await restoreChat(page, { serverUrl: server.url, transport: "rest" });
  assert.deepEqual(fetched, [INDEX, REST, FULL], "what the page supplied is taken");
});

test("a page that supplies the main module has REST from beside the package", async (t) => {
  for (const source of [LEAN, FULL]) {
    const { server, agent, page, fetched } = await meet(t);
    await page.evaluate(async (source) => window.causerie.init(await (await fetch(source)).arrayBuffer()), source);
    fetched.length = 0;
    const chat = await startChat(page, { serverUrl: server.url, transport: "rest" });
    await talk(agent, chat, await agent.accept());
    assert.deepEqual(fetched, [REST, FULL], source);
    assert.deepEqual(await page.evaluate(([serverUrl]) => window.causerie.chat.startSession({ serverUrl }).then(({ id }) => typeof id), [server.url]), "string");
    assert.deepEqual(fetched, [REST, FULL], source);
  }
});

for (const { what, path, files } of [
  { what: "the classic script", path: "/t/classic.html", files: ["/pkg/causerie.global.js", FULL] },
  { what: "the one file", path: "/t/inline.html", files: ["/pkg/inline.js"] },
]) {
  test(`${what} has one module for all transports`, async (t) => {
    const { server, agent, page, fetched } = await meet(t, { path });
    const ids = await both(page, server.url, agent);
    await agent.say(ids[0], "for 0");
    await agent.say(ids[1], "for 1");
    await heard(page, 0, "for 0");
    await heard(page, 1, "for 1");
    assert.deepEqual(await Promise.all([send(page, 0, "from 0"), send(page, 1, "from 1")]), [0, 0]);
    assert.deepEqual(fetched, files);
  });
}

test("the classic script says what it needs for REST when the page has supplied the module without it", async (t) => {
  const { server, page } = await meet(t, { path: "/t/classic.html" });
  const { code, description } = await page.evaluate(async ([source, serverUrl]) => {
    await window.causerie.init(source);
    return window.causerie.chat.startSession({ serverUrl, transport: "rest" }).catch(({ error }) => error);
  }, [LEAN, server.url]);
  assert.equal(code, 3);
  assert.match(description, /`transport: "rest"` expects the module causerie_full\.wasm/);
});
