// The control: what our package has to do on the reference CometD server, the official client does too. Where this fails, the
// judge is at fault, not the judged.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { JettyChat } from "./jetty-chat.js";
import { missing } from "./support/java.js";
import { Visitor } from "./support/official.js";
import { Proxy } from "./support/proxy.js";

const lacking = missing();
if (lacking) {
  test("the official client on the reference CometD server", { skip: lacking });
} else {
  for (const transport of ["websocket", "long-polling"]) {
    for (const ack of [true, false]) control(transport, ack);
  }
}

function control(transport, ack) {
  describe(`the official client over ${transport}, ${ack ? "with" : "without"} the ack extension`, { timeout: 120_000 }, () => {
    let service;
    let proxy;
    let visitor;

    before(async () => {
      service = new JettyChat();
      await service.start();
      proxy = new Proxy(service.port);
      await proxy.open();
    });
    beforeEach(() => {
      service.reset();
      visitor = new Visitor(proxy.url, transport, { ack });
    });
    afterEach(() => visitor.close());
    after(async () => {
      await proxy.cut();
      await service.remove();
    });

    // The service answers as those in the field do, with events that name no call.
    const ask = (operation, members) => visitor.publish(operation, { ...visitor.ids, ...members });
    // The reference server sends a WebSocket the events of a batch before its number, each in a frame of its own: when the
    // number alone is lost, the batch comes again. So each entry comes at least once, and the position tells.
    const once = () => visitor.entries().filter(({ index }, at, all) => all.findIndex((one) => one.index === index) === at);
    const texts = () => once().filter(({ type }) => type === "Message").map(({ text }) => text);
    const indices = () => once().map(({ index }) => index);
    const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);

    async function talk() {
      await visitor.connect();
      await ask("requestChat", { nickname: "Ada" });
      await visitor.until(() => visitor.ids.secureKey, "the chat");
      const [chat] = service.chats;
      chat.join("Jane");
      await visitor.until(() => visitor.entries().some(({ from }) => from.type === "Agent"), "the agent");
      return chat;
    }

    test("a chat goes both ways, each entry once and in order", async () => {
      const chat = await talk();
      chat.say("Hello Ada");
      await visitor.entry("Message", "Hello Ada");
      for (const message of ["one", "two 💙", "three"]) await ask("sendMessage", { message });
      await visitor.entry("Message", "three");
      assert.deepEqual(texts(), ["Hello Ada", "one", "two 💙", "three"]);
      assert.deepEqual(indices(), upTo(indices().length));
      assert.equal(visitor.cometd.getTransport().type, transport);
    });

    test(`what is lost on its way ${ack ? "is sent again" : "can be had by asking"}`, async () => {
      const chat = await talk();
      for (const text of ["one", "two", "three"]) {
        await visitor.held();
        const { breaks } = visitor;
        const lost = proxy.lose(); // whatever it is: Jetty compresses what goes over a WebSocket
        chat.say(text);
        await lost;
        if (!ack) {
          await visitor.until(() => visitor.breaks > breaks && visitor.connected, "the connection to be back");
          await ask("requestNotifications", { transcriptPosition: visitor.nextPosition });
        }
        await visitor.entry("Message", text);
      }
      assert.deepEqual(texts(), ["one", "two", "three"]);
      assert.deepEqual(indices(), upTo(indices().length));
      assert.equal(visitor.handshakes, 1, "the client is the same throughout");
    });

    test("when the server is killed and started again, a new handshake and a question bring what was missed", async () => {
      const chat = await talk();
      visitor.onHandshake = () => {
        visitor.resumed = ask("requestNotifications", { transcriptPosition: visitor.nextPosition });
        visitor.resumed.catch(() => {});
      };
      await service.stop();
      chat.say("meanwhile");
      await service.start();
      await visitor.until(() => visitor.handshakes > 1, "the new handshake", 30_000);
      await visitor.resumed;
      await visitor.entry("Message", "meanwhile");
      chat.say("after");
      await visitor.entry("Message", "after");
      assert.deepEqual(texts(), ["meanwhile", "after"]);
      assert.deepEqual(indices(), upTo(indices().length));
    });
  });
}
