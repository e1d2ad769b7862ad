// Our package and our server, through a network that loses what is on its way and a server that is killed: what the two
// promise together, and neither a plain server nor a plain client can.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Agent } from "./support/official.js";
import { ChatPage, launch, roots } from "./support/page.js";
import { Proxy } from "./support/proxy.js";
import { AGENTS, Server } from "./support/server.js";
import { serveSite } from "./support/static.js";

let browser;
let site;
let server;
let proxy;
let page;
let agent;

before(async () => {
  browser = await launch();
  site = await serveSite(roots());
  server = new Server({ store: "sqlite", origins: [site.url] });
  await server.start();
});
beforeEach(async () => {
  proxy = new Proxy(server.port);
  await proxy.open();
  page = await new ChatPage().open(browser, site.url, { serverUrl: proxy.url });
  agent = new Agent(server.url, "websocket", AGENTS.Jane);
  await agent.start();
});
afterEach(async () => {
  const { faults } = page;
  await page.close();
  await agent.close();
  await proxy.cut();
  assert.deepEqual(faults, []);
});
after(async () => {
  await server.remove();
  site.close();
  await browser.close();
});

for (const transport of ["websocket", "long-polling"]) {
  /** A visitor's session with an agent in it, over a connection that works. */
  async function talk() {
    const { id } = await page.start({ transport });
    await agent.accept(id);
    await page.event("AgentConnected");
    const say = (message) => agent.call("sendMessage", { chatId: id, message });
    await say("hello");
    await page.message("hello");
    /** The messages that stand in the server's transcript. */
    const transcript = async () => {
      const { messages } = await agent.call("accept", { chatId: id });
      return messages.filter(({ type }) => type === "Message").map(({ text }) => text);
    };
    return { say, transcript };
  }

  describe(`the package on its own server over ${transport}`, { timeout: 120_000 }, () => {
    test("whatever is lost on its way, in either direction, arrives once and in order", async () => {
      const { say, transcript } = await talk();
      const texts = ["hello"];
      for (const turn of [1, 2, 3]) {
        await Promise.all([proxy.lose(`hers ${turn}`), say(`hers ${turn}`)]);
        await page.message(`hers ${turn}`);
        // Over long-polling the browser repeats the request by itself.
        const [, sent] = await Promise.all([proxy.lose(`his ${turn}`), page.call("sendMessage", { message: `his ${turn}` })]);
        assert.deepEqual(sent, { value: undefined });
        await page.message(`his ${turn}`);
        texts.push(`hers ${turn}`, `his ${turn}`);
      }
      await say("the last");
      await page.message("the last");
      assert.deepEqual(page.texts(), [...texts, "the last"]);
      assert.deepEqual(await transcript(), page.texts());
      assert.deepEqual([...page.wires], [transport]);
    });

    test("what is sent at once arrives once and in order, though the server takes a hundred and no more", async () => {
      const { transcript } = await talk();
      const texts = Array.from({ length: 150 }, (_, n) => `his ${n}`);
      const sent = await Promise.all(texts.map((message) => page.call("sendMessage", { message })));
      assert.deepEqual(sent, texts.map(() => ({ value: undefined })));
      await page.message("his 149");
      assert.deepEqual(page.texts(), ["hello", ...texts]);
      assert.deepEqual(await transcript(), page.texts());
    });

    test("a server that is killed in the middle costs nothing but time", async () => {
      const { say, transcript } = await talk();
      await Promise.all([proxy.lose("last words"), say("last words")]);
      await server.kill();
      const waiting = ["one", "two"].map((message) => page.call("sendMessage", { message }));
      await page.event("Interrupted");
      await server.start();
      assert.deepEqual(await Promise.all(waiting), [{ value: undefined }, { value: undefined }]);
      await agent.until(() => agent.handshakes > 1, "the agent's new handshake", 30_000);
      await agent.signedIn;
      await say("I am back");
      await page.message("I am back");
      assert.deepEqual(page.texts(), ["hello", "last words", "one", "two", "I am back"]);
      assert.deepEqual(await transcript(), page.texts());
      assert.equal(page.of("AgentConnected").length, 1);
      assert.equal(page.of("SessionEnded").length, 0);
    });
  });
}
