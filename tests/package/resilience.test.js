// What a page's code, or a server's odd word, does in the middle of the SDK's own work: nothing is stopped by it, nothing is
// left half done, and each command comes to an end that its code says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useProject } from "./support/project.js";

const project = useProject();

/** A chat server inside the process; `until` waits turn by turn, `outcome` is what a command came to. */
const SETUP = `import { chat } from "causerie";
  import { createFakeServer } from "causerie/testing";
  const uncaught = [];
  process.on("uncaughtException", (error) => uncaught.push(error.message));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const until = async (holds) => { for (let turns = 0; turns < 10_000 && !holds(); turns += 1) await turn(); };
  const outcome = (promise) => promise.then(() => "done", ({ code }) => code);
  const start = (options) => chat.startSession({ storage: "memory", ...options });
`;

const run = (script) => project.node(`${SETUP}${script}`);

test("session data of a form that nobody expects is dropped, and the session goes on", async () => {
  const { heard, sent } = await run(`
    const transport = createFakeServer();
    const session = await start({ transport });
    const heard = [];
    session.onMessageReceived(({ content }) => heard.push(content.text));
    for (const userData of [null, 7, { set: null }, { set: { a: 1 }, deleted: "x" }, { set: { a: 1 }, deleted: null }, { from: 0, set: null }]) {
      transport.push({ statusCode: 0, messages: [{ type: "Notice", text: "session-data", userData }] });
    }
    transport.push({ statusCode: 0, messages: [{ type: "Notice", text: "status", userData: { new: { valueOf: 1, toString: 1 } } }] });
    transport.say("after");
    await until(() => heard.includes("after"));
    const sent = await outcome(session.sendMessage("hello"));
    await until(() => heard.includes("hello"));
    session.free();
    print({ heard, sent });`);
  assert.deepEqual([heard, sent], [["after", "hello"], "done"]);
});

test("a WebSocket whose close throws stands in the way of no other server", async () => {
  const { code, opened, uncaught } = await run(`
    const opened = [];
    globalThis.WebSocket = class {
      constructor(url) { opened.push(url); setImmediate(() => this.onopen()); }
      send() { setImmediate(() => this.onmessage?.({ data: "<html>" })); }
      close() { throw new Error("patched"); }
    };
    const code = await outcome(start({ transport: "websocket", servers: ["http://a.test", "http://b.test"] }));
    print({ code, opened, uncaught });`);
  assert.deepEqual([code, opened], [100, ["ws://a.test/cometd", "ws://b.test/cometd"]]);
  // It is the page's own trouble, and told as such.
  assert.ok(uncaught.every((message) => message === "patched") && uncaught.length > 0);
});

test("a transport of the page's own that throws oddly fails one command, and not the next", async () => {
  const codes = await run(`
    const codes = [];
    for (const odd of [() => ({ get then() { throw new Error("odd"); } }), () => ({ then() { throw new Error("odd"); } }), () => { throw Object.create(null); }]) {
      const server = createFakeServer();
      let isOdd = false;
      const transport = { start: (...given) => server.start(...given), close: () => server.close(), send: (data) => (isOdd ? odd() : server.send(data)) };
      const session = await start({ transport });
      isOdd = true;
      const first = outcome(session.sendMessage("one"));
      isOdd = false;
      codes.push([await first, await outcome(session.sendMessage("two"))]);
      session.free();
    }
    print(codes);`);
  assert.deepEqual(codes, [[52, "done"], [52, "done"], [52, "done"]]);
});

test("what is under way when the session is freed, or ends, rejects with code 50", async () => {
  const { freed, ended } = await run(`
    const give = (session) => [session.data.set({ a: 1 }), session.submitForm({ kind: "pre-chat", values: {} }), session.answerFaq({ id: "1", accepted: true })];
    const first = await start({ transport: createFakeServer() });
    const freed = give(first).map(outcome);
    first.free();
    const transport = createFakeServer();
    const second = await start({ transport });
    transport.end();
    const ended = give(second).map(outcome);
    print({ freed: await Promise.all(freed), ended: await Promise.all(ended) });`);
  assert.deepEqual([freed, ended], [[50, 50, 50], [50, 50, 50]]);
});

test("a session that ends in the reply that begins it is there, over, and can be freed", async () => {
  const { id, agent, code, ended } = await run(`
    const transport = createFakeServer();
    transport.on("requestChat", (_, answer) => ({ ...answer(), chatEnded: true }));
    const session = await start({ transport });
    const code = await outcome(session.sendMessage("x"));
    let ended = 0;
    session.onSessionEnded(() => { ended += 1; });
    await until(() => ended > 0);
    const { id } = session;
    const agent = session.isAgentConnected();
    session.free();
    print({ id, agent, code, ended });`);
  assert.deepEqual([typeof id, agent, code, ended], ["string", false, 50, 1]);
});

test("options are those that the page names, as they were when it gave them", async () => {
  const { inherited, holes, data } = await run(`
    const inherited = await outcome(chat.startSession(JSON.parse('{"__proto__":{"serverUrl":"http://127.0.0.1:9"}}')));
    const holes = await Promise.all([[, "http://127.0.0.1:9"], new Array(3)].map((servers) => outcome(start({ servers }))));
    const transport = createFakeServer();
    let asked;
    transport.on("requestChat", ({ userData }, answer) => { asked = userData; return answer(); });
    const userData = { a: 1 };
    const started = start({ transport, userData });
    userData.self = userData;
    (await started).free();
    print({ inherited, holes, data: asked });`);
  assert.deepEqual([inherited, holes, data], [2, [3, 3], { a: 1 }]);
});

test("a listener for the end of a request may call the session", async () => {
  const { sent, nested } = await run(`
    let session, nested;
    globalThis.fetch = async (url, { body, signal }) => {
      signal.addEventListener("abort", () => { if (session) nested ??= outcome(session.sendMessage("from the listener")); });
      const messages = JSON.parse(body);
      if (messages.some(({ channel, advice }) => channel === "/meta/connect" && !advice)) await new Promise(() => {});
      return new Response(JSON.stringify(messages.flatMap(({ channel, id, subscription, data }) => {
        const meta = { channel, id, successful: true, clientId: "c", subscription, version: "1.0", supportedConnectionTypes: ["long-polling"] };
        const entry = data?.message && { index: 1, type: "Message", text: data.message, messageId: data.messageId, utcTime: 1, from: { nickname: "Ada", participantId: 1, type: "Client" } };
        const reply = { statusCode: 0, chatId: "C", secureKey: "K", userId: "u", alias: "1", messages: entry ? [entry] : [], nextPosition: 1 };
        return data ? [meta, { channel, id, data: reply }] : [meta];
      })));
    };
    session = await start({ transport: "long-polling", serverUrl: "http://a.test" });
    const sent = await outcome(session.sendMessage("one"));
    await until(() => nested);
    print({ sent, nested: typeof (await nested) });
    process.exit();`);
  assert.deepEqual([sent, nested !== undefined], ["done", true]);
});
