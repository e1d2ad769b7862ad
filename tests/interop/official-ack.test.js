// Our server judged by the official CometD client where the network loses what is on its way, with the ack extension, which
// has the server send it again, and without it, where the client has to ask; and where the server itself is lost.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Agent, Visitor } from "./support/official.js";
import { Proxy } from "./support/proxy.js";
import { AGENTS, Server } from "./support/server.js";

const server = new Server({ store: "sqlite" });
let clients = [];
let proxy;
const use = (client) => { clients.push(client); return client; };

before(() => server.start());
beforeEach(async () => {
  proxy = new Proxy(server.port);
  await proxy.open();
});
afterEach(async () => {
  await Promise.allSettled(clients.map((client) => client.close()));
  clients = [];
  await proxy.cut();
});
after(() => server.remove());

const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);
const indices = (client) => client.entries().map(({ index }) => index).filter((index) => index !== undefined);
const texts = (client) => client.entries().filter(({ type }) => type === "Message").map(({ text }) => text);

for (const transport of ["websocket", "long-polling"]) {
  for (const ack of [true, false]) {
    /** A visitor, on a network that may fail, and an agent who talk to each other. */
    async function talk() {
      const visitor = use(new Visitor(proxy.url, transport, { ack }));
      const { chatId } = await visitor.start();
      const agent = use(new Agent(server.url, transport, AGENTS.Jane));
      await agent.start();
      await agent.accept(chatId);
      await visitor.until(() => visitor.entries().some(({ from }) => from.type === "Agent"), "the agent");
      const say = (message) => agent.call("sendMessage", { chatId, message });
      await visitor.do("sendMessage", { message: "before" });
      await visitor.held();
      return { visitor, agent, chatId, say };
    }

    /** What was missed after a break: with the ack extension it comes by itself, else it is asked for. */
    async function ask(visitor, breaks) {
      if (ack) return;
      await visitor.until(() => visitor.breaks > breaks && visitor.connected, "the connection to be back");
      await visitor.do("requestNotifications", { transcriptPosition: visitor.nextPosition });
    }

    /** Every entry has come once and in order, up to a message. */
    async function complete(visitor, last) {
      await visitor.entry("Message", last);
      assert.deepEqual(indices(visitor), upTo(indices(visitor).length));
    }

    describe(`over ${transport}, ${ack ? "with" : "without"} the ack extension`, { timeout: 120_000 }, () => {
      test(`what is lost on its way ${ack ? "is sent again" : "can be had by asking"}`, async () => {
        const { visitor, say } = await talk();
        const said = ["before"];
        for (const text of ["one", "two", "three"]) {
          await visitor.held();
          const { breaks } = visitor;
          await Promise.all([proxy.lose(text), say(text)]);
          said.push(text);
          await ask(visitor, breaks);
          await complete(visitor, text);
        }
        assert.deepEqual(texts(visitor), said);
        assert.equal(visitor.handshakes, 1, "the client is the same throughout");
      });

      test(`what is said while the network is away ${ack ? "comes" : "can be had"} when it is back`, async () => {
        const { visitor, say } = await talk();
        await proxy.cut();
        await visitor.until(() => visitor.breaks > 0, "the break");
        for (const text of ["one", "two", "three"]) await say(text);
        await proxy.open();
        await ask(visitor, 0);
        await complete(visitor, "three");
        assert.deepEqual(texts(visitor), ["before", "one", "two", "three"]);
        assert.equal(visitor.handshakes, 1, "the client is the same throughout");
      });

      test("an operation whose answer is lost is repeated with its messageId, and done once", async () => {
        const { visitor, agent, chatId, say } = await talk();
        const message = { message: "only once", messageId: `m${transport.length}${ack}` };
        const { breaks } = visitor;
        const [, refused] = await Promise.all([proxy.lose("only once"), visitor.do("sendMessage", message).catch(({ message }) => message)]);
        assert.match(refused, /was not answered/);
        if (transport === "websocket") await visitor.until(() => visitor.breaks > breaks && visitor.connected, "the connection");
        const { statusCode, messages } = await visitor.do("sendMessage", message);
        assert.deepEqual([statusCode, messages[0].text], [0, "only once"]);
        await say("after");
        await complete(visitor, "after");
        const { messages: all } = await agent.call("accept", { chatId });
        assert.deepEqual(all.filter(({ type }) => type === "Message").map(({ text }) => text), ["before", "only once", "after"]);
      });

      for (const [way, end] of [["is restarted", () => server.stop()], ["is killed and started again", () => server.kill()]]) {
        test(`when the server ${way}, both sides introduce themselves again, and nothing is lost`, async () => {
          const { visitor, agent, say } = await talk();
          visitor.onHandshake = () => {
            visitor.resumed = visitor.do("requestNotifications", { transcriptPosition: visitor.nextPosition });
            visitor.resumed.catch(() => {});
          };
          await Promise.all([proxy.lose("last words"), say("last words")]);
          await end();
          await server.start();
          await visitor.until(() => visitor.handshakes > 1, "the visitor's new handshake", 30_000);
          assert.equal((await visitor.resumed).statusCode, 0);
          await agent.until(() => agent.handshakes > 1, "the agent's new handshake", 30_000);
          assert.equal((await agent.signedIn).statusCode, 0);
          assert.equal((await say("I am back")).statusCode, 0);
          await complete(visitor, "I am back");
          assert.equal((await visitor.do("sendMessage", { message: "so am I" })).statusCode, 0);
          assert.deepEqual(texts(visitor), ["before", "last words", "I am back", "so am I"]);
        });
      }
    });
  }
}
