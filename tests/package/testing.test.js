// `causerie/testing` of the installed package in Node: a whole conversation with no server and no page, in a test's own time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useProject } from "./support/project.js";

const project = useProject();
const LOADED = `import { readFile } from "node:fs/promises";
  import { chat, init } from "causerie";
  import { controlTime, createFakeServer } from "causerie/testing";
  await init(await readFile(new URL(import.meta.resolve("causerie/causerie.wasm"))));
`;

test("a conversation runs in Node over the fake server, and the process ends by itself", async () => {
  const { texts, seen, left } = await project.node(`${LOADED}
    const server = createFakeServer({ welcome: "Welcome" });
    const session = await chat.startSession({ transport: server, storage: "memory", username: "Ada" });
    const seen = [];
    session.onAgentConnected(({ party }) => seen.push(party.name));
    session.onMessageReceived(({ content }) => seen.push(content.text));
    session.onSessionEnded(({ reason }) => seen.push(reason));
    server.agent("Jane").say("Good morning");
    await session.sendMessage("Good morning, Jane");
    await session.leave();
    await server.settled();
    print({ texts: server.chat.texts, seen, left: await session.sendMessage("too late").catch(({ error }) => error.code) });
  `);
  assert.deepEqual(texts, ["Welcome", "Good morning", "Good morning, Jane"]);
  assert.deepEqual(seen, ["Welcome", "Jane", "Good morning", "Good morning, Jane", { leaveRequest: true }]);
  assert.equal(left, 50);
});

test("an hour goes by in Node at once: an interruption waits, and the session is given up when its time is over", async () => {
  const seen = await project.node(`${LOADED}
    const time = controlTime({ now: new Date("2030-01-01") });
    const server = createFakeServer();
    const session = await chat.startSession({ transport: server, storage: "memory", maxOfflineDuration: 3600 });
    const seen = [];
    const note = (what) => () => seen.push([what, Math.round((Date.now() - Date.parse("2030-01-01")) / 1000)]);
    session.onInterrupted(note("interrupted"));
    session.onSessionEnded(note("ended"));
    await time.advance(10_000);
    server.interrupt();
    await time.advance(3_700_000);
    time.restore();
    print(seen);
  `);
  assert.deepEqual(seen, [["interrupted", 10], ["ended", 3610]]);
});
