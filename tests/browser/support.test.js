// The fake server of the fault tests, judged by the official CometD client: what it does by default is the wire that
// real servers speak, and each fault that it can be told to make is really made.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CometD } from "cometd";
import { adapt } from "cometd-nodejs-client";
import { afterTest } from "./support/cleanup.js";
import { startFake } from "./support/fake.js";
import { until, within } from "./support/wait.js";

const CHANNEL = "/service/chatV2/default";

function client(t, fake, transport) {
  adapt();
  const cometd = new CometD();
  cometd.configure({ url: `${fake.url}/cometd`, logLevel: "error", useWorkerScheduler: false, backoffIncrement: 20 });
  cometd.websocketEnabled = transport === "websocket";
  const client = { cometd, events: [] };
  cometd.addListener(CHANNEL, (message) => client.events.push(message.data));
  afterTest(t, () => new Promise((resolve) => {
    if (cometd.isDisconnected()) return resolve();
    cometd.disconnect(() => resolve());
    setTimeout(resolve, 500);
  }));
  client.handshake = () => within("handshake", new Promise((resolve) => {
    cometd.handshake((reply) => { if (reply.successful) resolve(reply); });
  }));
  client.call = (operation, members) => within(operation, new Promise((resolve) => {
    const listening = cometd.addListener(CHANNEL, (message) => {
      if (message.id === undefined) return;
      cometd.removeListener(listening);
      resolve(message.data);
    });
    cometd.publish(CHANNEL, { operation, ...members });
  }));
  return client;
}

for (const transport of ["websocket", "long-polling"]) {
  test(`a chat over ${transport}`, async (t) => {
    const fake = await startFake(t);
    const visitor = client(t, fake, transport);
    await visitor.handshake();
    const began = await visitor.call("requestChat", { nickname: "Ann" });
    assert.equal(began.statusCode, 0);
    assert.equal(began.messages[0].type, "ParticipantJoined");
    const chat = await fake.chats.first();
    chat.join("Jane");
    chat.say("Hello");
    await until("the agent's message", () => visitor.events.some(({ messages }) => messages.some(({ text }) => text === "Hello")));
    const sent = await visitor.call("sendMessage", { secureKey: began.secureKey, message: "Hi", messageId: "m1" });
    assert.deepEqual(sent.messages.map(({ index, text }) => [index, text]), [[4, "Hi"]]);
    const again = await visitor.call("sendMessage", { secureKey: began.secureKey, message: "Hi", messageId: "m1" });
    assert.equal(again.messages[0].index, 4, "a repeated id makes no second entry");
    const all = await visitor.call("requestNotifications", { secureKey: began.secureKey, transcriptPosition: 1 });
    assert.deepEqual(all.messages.map(({ index }) => index), [1, 2, 3, 4]);
    const end = await visitor.call("disconnect", { secureKey: began.secureKey });
    assert.equal(end.chatEnded, true);
    assert.deepEqual(end.messages.map(({ type }) => type), ["ParticipantLeft", "ParticipantLeft"]);
    assert.ok(fake.requests.every((request) => request.transport === transport || request.transport === "upgrade"));
  });
}

test("a refused upgrade sends the client to long-polling", async (t) => {
  const fake = await startFake(t, { webSocket: false });
  const visitor = client(t, fake, "websocket");
  await visitor.handshake();
  await visitor.call("requestChat", { nickname: "Ann" });
  assert.deepEqual([...new Set(fake.requests.map((request) => request.transport))], ["upgrade", "long-polling"]);
});

test("a client that was forgotten shakes hands anew", async (t) => {
  const fake = await startFake(t);
  const visitor = client(t, fake, "long-polling");
  await visitor.handshake();
  await fake.asked("connect", 2);
  fake.forgetClients();
  await fake.asked("handshake", 2);
});

test("every fault over HTTP is made", async (t) => {
  const fake = await startFake(t);
  const ask = (signal) => fetch(`${fake.url}/cometd/handshake`, {
    method: "POST", headers: { "content-type": "application/json" }, body: '[{"channel":"/meta/handshake","id":"1"}]', signal,
  });
  for (const status of [401, 403, 413, 500]) {
    fake.once("handshake", { status });
    assert.equal((await ask()).status, status);
  }
  fake.once("handshake", { status: 429, headers: { "retry-after": "7" } });
  assert.equal((await ask()).headers.get("retry-after"), "7");
  fake.once("handshake", { html: "<h1>Sign in to the network</h1>" });
  const portal = await ask();
  assert.match(portal.headers.get("content-type"), /html/);
  assert.match(await portal.text(), /Sign in/);
  fake.once("handshake", { raw: "[{" });
  assert.equal(await (await ask()).text(), "[{");
  fake.once("handshake", { half: true });
  await assert.rejects(async () => (await ask()).text());
  fake.once("handshake", { close: 0 });
  await assert.rejects(ask());
  fake.once("handshake", { silent: true });
  await assert.rejects(ask(AbortSignal.timeout(100)), { name: "TimeoutError" });
  fake.once("handshake", { change: ([reply]) => [{ ...reply, successful: false }] });
  assert.equal((await (await ask()).json())[0].successful, false);
  assert.equal((await (await ask()).json())[0].successful, true, "afterwards all is as before");
});

test("every fault over a WebSocket is made", async (t) => {
  const fake = await startFake(t);
  const { WebSocket } = await import("ws");
  const ask = () => within("an answer or an end", new Promise((resolve, reject) => {
    const socket = new WebSocket(`${fake.url.replace("http", "ws")}/cometd`);
    socket.on("open", () => socket.send('[{"channel":"/meta/handshake","id":"1"}]'));
    socket.on("message", (frame) => { resolve(frame.toString()); socket.close(); });
    socket.on("close", (code) => resolve(code));
    socket.on("error", reject);
  }));
  fake.once("handshake", { raw: '[{"channel":' });
  assert.equal(await ask(), '[{"channel":');
  fake.once("handshake", { close: 1012 });
  assert.equal(await ask(), 1012);
  fake.once("handshake", { messages: [{ channel: "/odd" }] });
  assert.equal(await ask(), '[{"channel":"/odd"}]');
  fake.once("upgrade", { status: 403 });
  await assert.rejects(ask(), /403/);
  const half = fake.once("handshake", { half: true }) ?? await ask();
  assert.throws(() => JSON.parse(half));
  assert.match(await ask(), /"successful":true/);
});
