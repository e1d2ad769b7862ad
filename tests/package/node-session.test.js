// A session in Node: without `init`, over each wire that this Node has, by REST too, and over WebSocket in a Node that has it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { signIn } from "../browser/support/desk.js";
import { startFake } from "../browser/support/fake.js";
import { startServer } from "../browser/support/server.js";
import { until } from "../browser/support/wait.js";
import { newerNode, useProject } from "./support/project.js";

const project = useProject();

/** A whole conversation; prints what was heard. The process ends by itself. */
const CONVERSATION = (options, entry = "causerie") => `import { chat } from "${entry}";
  const session = await chat.startSession(${JSON.stringify({ username: "Ada", storage: "memory", ...options })});
  const heard = [];
  const answered = new Promise((resolve) => session.onMessageReceived(({ content, party }) => {
    heard.push([party.name, content.text]);
    if (party.name === "Jane") resolve();
  }));
  session.onError(({ error }) => heard.push(error));
  await session.sendMessage("Good morning");
  await answered;
  await session.leave();
  print(heard);
`;

/** Runs the conversation; resolves to what was heard and to the wires that were used for it. */
async function converse(t, options, node) {
  const fake = await startFake(t);
  const answer = fake.chats.first().then(async (chat) => {
    chat.join("Jane");
    await until("the visitor's message", () => chat.entries.some(({ text }) => text === "Good morning"));
    chat.say("And to you");
  });
  const heard = await project.node(CONVERSATION({ serverUrl: fake.url, ...options }), node);
  await answer;
  return { heard, wires: new Set(fake.requests.map(({ transport }) => transport)) };
}

const HEARD = [["Ada", "Good morning"], ["Jane", "And to you"]];

test("a session runs in Node by long-polling, which needs the server's cookie", async (t) => {
  const { heard, wires } = await converse(t, { transport: "long-polling" });
  assert.deepEqual([heard, [...wires]], [HEARD, ["long-polling"]]);
});

test("where Node has no WebSocket, `auto` takes long-polling", { skip: typeof WebSocket === "function" && "this Node has WebSocket" }, async (t) => {
  const { heard, wires } = await converse(t, {});
  assert.deepEqual([heard, [...wires]], [HEARD, ["long-polling"]]);
});

test("a session runs over WebSocket in Node 22 and later", async (t) => {
  const node = await newerNode();
  if (!node) return t.skip(`Node ${process.version} has no WebSocket, and a newer one could not be installed here`);
  const { heard, wires } = await converse(t, {}, node);
  assert.deepEqual(heard, HEARD);
  assert.ok(wires.has("websocket"), [...wires].join(", "));
});

for (const [entry, what] of [["causerie", "the package"], ["./node_modules/causerie/index.js", "its main entry as a file"]]) {
  test(`a session runs in Node by REST, from ${what}`, async (t) => {
    const server = await startServer(t, { www: project.folder });
    const agent = await signIn(t, server.url);
    const said = project.node(CONVERSATION({ serverUrl: server.url, transport: "rest" }, entry));
    const chatId = await agent.accept();
    await agent.heard(chatId, "Good morning");
    await agent.say(chatId, "And to you");
    assert.deepEqual(await said, HEARD);
  });
}

test("two sessions of one process are two visitors", async (t) => {
  const fake = await startFake(t);
  const ids = await project.node(`import { chat, createChat } from "causerie";
    const options = { serverUrl: ${JSON.stringify(fake.url)}, storage: "memory", transport: "long-polling" };
    const sessions = await Promise.all([chat.startSession(options), createChat(options).startSession()]);
    await Promise.all(sessions.map((session, at) => session.sendMessage(String(at))));
    await Promise.all(sessions.map((session) => session.leave()));
    print(sessions.map(({ id }) => id));
  `);
  assert.equal(new Set(ids).size, 2);
});
