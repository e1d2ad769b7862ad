// The package in Firefox and in WebKit: a conversation over each wire, a reload, the classic script, the one file, the widget.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { afterTest } from "./support/cleanup.js";
import { signIn } from "./support/desk.js";
import { firefox, webkit } from "./support/engines.js";
import { startServer } from "./support/server.js";
import { until } from "./support/wait.js";

const { CAUSERIE_FIREFOX, CAUSERIE_WEBKIT, CAUSERIE_XVFB } = process.env;
const ENGINES = [
  { name: "Firefox", launch: CAUSERIE_FIREFOX && (() => firefox(CAUSERIE_FIREFOX)) },
  { name: "WebKit", launch: CAUSERIE_WEBKIT && CAUSERIE_XVFB && (() => webkit(CAUSERIE_WEBKIT, CAUSERIE_XVFB)) },
];

for (const { name, launch } of ENGINES) {
  describe(name, { skip: !launch && `${name} is not here, and could not be installed` }, () => {
    let browser;
    before(async () => { browser = await launch(); });
    after(() => browser?.close());

    /** A page of a new server, and an agent who waits for its chat. */
    async function meet(t, path) {
      const server = await startServer(t);
      const agent = await signIn(t, server.url);
      await browser.open(`${server.url}${path}`);
      // The next test's server may have the same port.
      afterTest(t, async () => { await browser.run("sessionStorage.clear()"); await browser.open("about:blank"); });
      await until("the page's script", () => browser.run("Boolean(window.causerie ?? window.embed)"));
      return { server, agent };
    }

    /** Begins, or takes up, a chat in the page, and writes down what it is told. */
    const launchChat = (command, options) => browser.run(`causerie.chat.${command}(${JSON.stringify(options)}).then((session) => {
      window.session = session;
      window.heard = [];
      session.onMessageReceived(({ content, restored }) => heard.push(restored ? [content.text, "again"] : [content.text]));
      session.onError(({ error }) => heard.push([error]));
      session.onSessionEnded(({ reason }) => heard.push([reason]));
      return session.id;
    })`);
    const heard = (count) => until(`${count} events`, async () => {
      const all = await browser.run("heard");
      return all.length >= count && all;
    });

    for (const transport of ["websocket", "long-polling", "rest"]) {
      test(`a conversation, a reload, and the end (${transport})`, async (t) => {
        const { server, agent } = await meet(t, "/t/plain.html");
        const id = await launchChat("startSession", { serverUrl: server.url, username: "Ada", transport });
        assert.equal(await agent.accept(), id);
        await agent.say(id, "Good morning 🫖");
        await heard(1);
        await browser.run('session.sendMessage("And to you").then(() => 1)');
        await agent.heard(id, "And to you");
        assert.deepEqual(await heard(2), [["Good morning 🫖"], ["And to you"]]);

        await browser.open(`${server.url}/t/plain.html`);
        await until("the page's script", () => browser.run("Boolean(window.causerie)"));
        assert.equal(await launchChat("restoreSession", { transport }), id);
        await agent.say(id, "Are you there?");
        assert.deepEqual(await heard(3), [["Good morning 🫖", "again"], ["And to you", "again"], ["Are you there?"]]);
        await browser.run("session.leave().then(() => 1)");
        assert.deepEqual((await heard(4)).at(-1), [{ leaveRequest: true }]);
      });
    }

    for (const path of ["/t/classic.html", "/t/inline.html"]) {
      test(`a session starts and is freed (${path})`, async (t) => {
        const { server } = await meet(t, path);
        await launchChat("startSession", { serverUrl: server.url });
        await browser.run('session.sendMessage("Hello").then(() => session.free())');
        assert.equal(await browser.run("session.leave().catch(({ code }) => code)"), 50);
      });
    }

    test("a transcript cache plays a conversation back", async (t) => {
      const { server } = await meet(t, "/t/plain.html");
      await launchChat("startSession", { serverUrl: server.url, cache: "indexeddb" });
      await browser.run('session.sendMessage("Hello").then(() => 1)');
      await heard(1);
      await browser.open(`${server.url}/t/plain.html`);
      await until("the page's script", () => browser.run("Boolean(window.causerie)"));
      await launchChat("restoreSession", { cache: "indexeddb" });
      assert.deepEqual(await heard(1), [["Hello", "again"]]);
      await browser.run("session.leave().then(() => 1)");
    });

    test("the widget shows a conversation", async (t) => {
      await meet(t, "/t/widget.html");
      await browser.run("Object.assign(window, embed({})) && (chat.open = true)");
      await browser.run('chat.start({ question: "Is it dishwasher-safe?", username: "Ada" }).then(() => 1)');
      await browser.run('server.agent("Jane").say("It is.") && 1');
      const shown = () => browser.run('[...chat.shadowRoot.querySelectorAll(".message .bubble")].map(({ textContent }) => textContent)');
      await until("the answer", async () => (await shown()).includes("It is."));
      assert.deepEqual((await shown()).slice(-2), ["Is it dishwasher-safe?", "It is."]);
      const boxes = await browser.run('[...chat.shadowRoot.querySelectorAll(".message")].map((node) => node.getBoundingClientRect().height > 10)');
      assert.ok(boxes.every(Boolean), "messages have a place on the page");
    });
  });
}
