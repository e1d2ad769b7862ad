// Our server judged by the official CometD client: visitors and agents, over WebSocket and over long-polling.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Agent, Visitor } from "./support/official.js";
import { Proxy } from "./support/proxy.js";
import { AGENTS, Server } from "./support/server.js";

const server = new Server();
const clients = [];
const use = (client) => { clients.push(client); return client; };

before(() => server.start());
after(async () => {
  await Promise.allSettled(clients.map((client) => client.close()));
  await server.remove();
});

const indices = (client) => client.entries().map(({ index }) => index).filter((index) => index !== undefined);
const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);

for (const transport of ["websocket", "long-polling"]) {
  const visitorAt = (url = server.url) => use(new Visitor(url, transport));
  const agentAt = (who, url = server.url) => use(new Agent(url, transport, who));

  /** A visitor and an agent who talk to each other. */
  async function talk({ visitor = visitorAt(), agent = agentAt(AGENTS.Jane) } = {}) {
    const { chatId } = await visitor.start();
    await agent.start();
    await agent.accept(chatId);
    await visitor.until(() => visitor.entries().some(({ type, from }) => type === "ParticipantJoined" && from.type === "Agent"), "the agent");
    return { visitor, agent, chatId };
  }

  describe(`over ${transport}`, { timeout: 180_000 }, () => {
    test("a chat that is asked for is open at once, with the visitor as its first entry", async () => {
      const visitor = visitorAt();
      const answer = await visitor.start("Ada", { subject: "Glaze", userData: { page: "teapot" } });
      assert.equal(answer.statusCode, 0);
      assert.equal(answer.chatEnded, false);
      assert.ok(answer.chatId && answer.secureKey && answer.userId);
      const [first] = answer.messages;
      assert.deepEqual([first.index, first.type, first.from.nickname, first.from.type], [1, "ParticipantJoined", "Ada", "Client"]);
      assert.equal(answer.nextPosition, answer.messages.length + 1);
      assert.equal(visitor.cometd.getTransport().type, transport);
    });

    test("a visitor and an agent talk, type, push addresses, and each hears every entry once and in order", async () => {
      const { visitor, agent, chatId } = await talk();
      await agent.call("startTyping", { chatId });
      const typing = await visitor.entry("TypingStarted");
      assert.equal(typing.from.nickname, "Jane");
      assert.equal(typing.index, undefined);
      await agent.call("stopTyping", { chatId });
      await visitor.entry("TypingStopped");
      await agent.call("sendMessage", { chatId, message: "Hello Ada" });
      const hello = await visitor.entry("Message", "Hello Ada");
      assert.deepEqual([hello.from.nickname, hello.from.type], ["Jane", "Agent"]);

      await visitor.do("startTyping", { message: "Is it…" });
      await agent.entry("TypingStarted");
      await visitor.do("stopTyping");
      await agent.entry("TypingStopped");
      const sent = await visitor.do("sendMessage", { message: "Is it blue? 💙" });
      assert.equal(sent.statusCode, 0);
      assert.equal(sent.messages.at(-1).text, "Is it blue? 💙");
      const heard = await agent.entry("Message", "Is it blue? 💙");
      assert.equal(heard.chatId, chatId);

      await agent.call("pushUrl", { chatId, pushUrl: "https://example.org/blue" });
      await visitor.entry("PushUrl", "https://example.org/blue");
      await visitor.do("pushUrl", { pushUrl: "https://example.org/mine" });
      await agent.entry("PushUrl", "https://example.org/mine");
      assert.deepEqual(indices(visitor), upTo(indices(visitor).length));
      assert.deepEqual(indices(agent), upTo(indices(agent).length));
      assert.deepEqual(indices(agent), indices(visitor));
    });

    test("an answer to a plain publish comes as an event on the chat's channel, and the publish is acknowledged", async () => {
      const { visitor } = await talk();
      const ack = await visitor.publish("sendMessage", { ...visitor.ids, message: "no remote call" });
      assert.equal(ack.successful, true);
      await visitor.entry("Message", "no remote call");
      assert.equal(visitor.entries().filter(({ text }) => text === "no remote call").length, 1);
    });

    test("the agent ends the chat: the visitor hears who left and that it is over", async () => {
      const { visitor, agent, chatId } = await talk();
      assert.equal((await agent.call("endChat", { chatId })).statusCode, 0);
      const end = await visitor.until(() => visitor.events.find((data) => data.chatEnded), "the end");
      assert.deepEqual(end.messages.filter(({ type }) => type === "ParticipantLeft").map(({ from }) => from.type), ["Agent", "Client"]);
      const refused = await visitor.do("sendMessage", { message: "too late" });
      assert.notEqual(refused.statusCode, 0);
      await agent.until(() => agent.events.at(-1).chats?.every((one) => one.chatId !== chatId), "the chat to leave the desk");
    });

    test("the visitor leaves: the answer says that the chat is over, and the agent hears it", async () => {
      const { visitor, agent, chatId } = await talk();
      const end = await visitor.do("disconnect");
      assert.equal(end.chatEnded, true);
      await agent.until(() => agent.entries().some(({ type, from }) => type === "ParticipantLeft" && from.type === "Client"), "the visitor's leave");
      await agent.until(() => agent.events.findLast((data) => data.chats).chats.every((one) => one.chatId !== chatId), "the chat to leave the desk");
      const read = await visitor.do("requestNotifications", { transcriptPosition: 1 });
      assert.deepEqual([read.statusCode, read.chatEnded], [0, true]);
      assert.deepEqual(read.messages.map(({ index }) => index), upTo(read.messages.length));
    });

    test("a chat is transferred to a named agent, and left back to the queue", async () => {
      const { visitor, agent: jane, chatId } = await talk();
      const omar = agentAt(AGENTS.Omar);
      await omar.start();
      await visitor.do("sendMessage", { message: "who are you?" });
      assert.equal((await jane.call("transfer", { chatId, to: "Omar" })).statusCode, 0);
      await omar.until(() => omar.events.some((data) => data.chats?.some((one) => one.chatId === chatId)), "the chat at Omar's desk");
      const read = await omar.call("accept", { chatId });
      assert.equal(read.statusCode, 0);
      assert.ok(read.messages.some(({ text }) => text === "who are you?"));
      await visitor.until(() => visitor.entries().some(({ type, from }) => type === "ParticipantJoined" && from.nickname === "Omar"), "Omar");
      await omar.call("sendMessage", { chatId, message: "I am Omar" });
      await visitor.entry("Message", "I am Omar");
      assert.equal((await omar.call("leave", { chatId })).statusCode, 0);
      await jane.queued(chatId);
    });

    test("what was said while the network was cut can be had when it is back, from the first missing entry on", async (t) => {
      const proxy = new Proxy(server.port);
      await proxy.open();
      t.after(() => proxy.cut());
      const { visitor, agent, chatId } = await talk({ visitor: visitorAt(proxy.url) });
      await visitor.do("sendMessage", { message: "before" });
      await visitor.held();
      await proxy.cut();
      await visitor.until(() => visitor.breaks > 0, "the break");
      for (const text of ["one", "two", "three"]) await agent.call("sendMessage", { chatId, message: text });
      await proxy.open();
      await visitor.until(() => visitor.connected, "the connection to be back");
      // One event may have been on its way in an answer that the cut destroyed: Bayeux alone does not bring it again.
      const { messages } = await visitor.do("requestNotifications", { transcriptPosition: visitor.nextPosition });
      await agent.call("sendMessage", { chatId, message: "four" });
      await visitor.entry("Message", "four");
      const known = new Map(visitor.entries().filter(({ index }) => index).map(({ index, text }) => [index, text]));
      assert.deepEqual([...known.keys()].sort((a, b) => a - b), upTo(known.size));
      assert.deepEqual([...known.entries()].sort(([a], [b]) => a - b).slice(-5).map(([, text]) => text), ["before", "one", "two", "three", "four"]);
      assert.deepEqual(messages.map(({ index }) => index), messages.map((_, at) => messages[0].index + at));
      await visitor.close();
    });

    test("after a restart both sides make a new handshake, hear that the chat is gone, and begin another", async () => {
      const { visitor, agent, chatId } = await talk();
      visitor.onHandshake = () => {
        visitor.resumed = visitor.do("requestNotifications", { transcriptPosition: visitor.nextPosition });
        visitor.resumed.catch(() => {});
      };
      await server.stop();
      await server.start();
      await visitor.until(() => visitor.handshakes > 1, "the visitor's new handshake", 30_000);
      await agent.until(() => agent.handshakes > 1, "the agent's new handshake", 30_000);
      const { statusCode, errors } = await visitor.resumed;
      assert.deepEqual([statusCode, errors[0].code], [2, 8210]);
      const desk = await agent.signedIn;
      assert.deepEqual([desk.statusCode, desk.chats], [0, []]);
      const again = await visitor.call("requestChat", { nickname: "Ada" });
      assert.equal(again.statusCode, 0);
      assert.notEqual(again.chatId, chatId);
      assert.equal((await agent.accept(again.chatId)).statusCode, 0);
      await agent.call("sendMessage", { chatId: again.chatId, message: "after" });
      await visitor.entry("Message", "after");
    });

    test("a second client that knows the key reads the whole transcript, or a part of it, or nothing old", async () => {
      const { visitor, agent, chatId } = await talk();
      await agent.call("sendMessage", { chatId, message: "for both" });
      await visitor.entry("Message", "for both");
      const second = await visitorAt().connect();
      second.ids = visitor.ids;
      const all = await second.do("requestNotifications", { transcriptPosition: 1 });
      assert.deepEqual(all.messages.map(({ index }) => index), indices(visitor));
      const part = await second.do("requestNotifications", { transcriptPosition: all.messages.length });
      assert.deepEqual(part.messages.map(({ index }) => index), [all.messages.length]);
      const none = await second.do("requestNotifications", { transcriptPosition: 0 });
      assert.deepEqual(none.messages ?? [], []);
    });

    test("an operation that is repeated with its messageId is done once", async () => {
      const { visitor, agent } = await talk();
      const message = { message: "only once", messageId: "m1only" };
      const first = await visitor.do("sendMessage", message);
      const again = await visitor.do("sendMessage", message);
      assert.equal(again.statusCode, 0);
      assert.equal(again.messages[0].index, first.messages[0].index);
      assert.equal(first.messages[0].messageId, "m1only");
      await visitor.do("sendMessage", { message: "the next" });
      await agent.entry("Message", "the next");
      assert.equal(agent.entries().filter(({ text }) => text === "only once").length, 1);
    });

    test("what may not be done is refused with its code, and harms nothing", async () => {
      const visitor = visitorAt();
      await visitor.connect();
      const refused = async (operation, members) => {
        const { statusCode, errors } = await visitor.call(operation, members);
        return [statusCode, errors[0].code];
      };
      assert.deepEqual(await refused("requestChat", {}), [1, 161]);
      assert.deepEqual(await refused("sendMessage", { secureKey: "not a key", message: "hi" }), [2, 8210]);
      await visitor.call("requestChat", { nickname: "Ada" });
      assert.deepEqual(await refused("sendMessage", { ...visitor.ids, message: "" }), [1, 204]);
      assert.deepEqual(await refused("sendMessage", { ...visitor.ids, message: "x".repeat(200_000) }), [1, 204]);
      assert.deepEqual(await refused("sendMessage", { ...visitor.ids, message: 42 }), [1, 400]);
      assert.deepEqual(await refused("doAsIPlease", { ...visitor.ids }), [1, 400]);
      assert.equal((await visitor.do("sendMessage", { message: "still here" })).statusCode, 0);

      const elsewhere = use(new Visitor(server.url, transport, { service: "nowhere" }));
      const unknown = await elsewhere.start();
      assert.deepEqual([unknown.statusCode, unknown.errors[0].code], [2, 404]);
    });

    test("the desk does nothing for one who is not signed in, or with a wrong key", async () => {
      const visitor = visitorAt();
      const { chatId } = await visitor.start();
      const stranger = agentAt({ name: "Jane", key: "not the key" });
      assert.equal((await stranger.start()).statusCode, 2);
      for (const operation of ["accept", "sendMessage", "endChat", "transfer", "leave"]) {
        const answer = await stranger.call(operation, { chatId, message: "hi" });
        assert.equal(answer.statusCode, 2, operation);
        assert.equal(answer.queue?.length ?? 0, 0, "nothing is shown");
      }
    });
  });
}
