// What our package has to do on any chat v2 service, whichever Bayeux server it stands on and whichever wire leads there.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

const ascending = (events) => events.map(({ index }) => index).every((index, at, all) => at === 0 || index > all[at - 1]);

/** Interruptions and continuations take turns, and the last one is a continuation. */
function alternate(page) {
  const breaks = page.events.map(([name]) => name).filter((name) => name === "Interrupted" || name === "Continued");
  assert.ok(breaks.every((name, at) => name === (at % 2 === 0 ? "Interrupted" : "Continued")), breaks.join());
  return breaks.length % 2 === 0;
}

/** rig: see `useRig`; transport: what the page asks for. */
export function conversation(rig, transport) {
  /** Starts a session, with an agent in it. */
  async function talk(options) {
    const { page, service } = rig;
    await page.start({ transport, ...options });
    const [chat] = service.chats;
    chat.join("Jane");
    await page.event("AgentConnected");
    return { page, service, chat };
  }

  describe(`a conversation over ${transport}`, { timeout: 120_000 }, () => {
    test("a session starts, with all that the page knows of its visitor", async () => {
      const { page, service } = rig;
      const { id } = await page.start({ transport, subject: "Glaze", userData: { page: "teapot" } });
      assert.equal(service.chats.length, 1);
      const [chat] = service.chats;
      assert.equal(id, chat.id);
      assert.deepEqual([chat.request.nickname, chat.request.subject], ["Ada", "Glaze"]);
      assert.deepEqual(chat.request.userData, { page: "teapot" });
      assert.equal((await page.call("isAgentConnected")).value, false);
      if (transport !== "auto") assert.deepEqual([...page.wires], [transport]);
    });

    test("messages go both ways, each once, in order, the own ones too", async () => {
      const { page, chat } = await talk();
      chat.say("Hello Ada");
      const hello = await page.message("Hello Ada");
      assert.deepEqual(hello.content, { text: "Hello Ada", type: { text: true } });
      assert.equal(hello.party.name, "Jane");
      assert.deepEqual(hello.party.type, { agent: true });
      assert.equal(hello.restored, undefined);
      const texts = ["Is it blue? 💙", "<b>not bold</b>", "שלום", "four", "five", "six", "seven", "eight"];
      for (const text of texts) assert.deepEqual(await page.call("sendMessage", { message: text }), { value: undefined });
      assert.deepEqual(chat.messages().slice(1).map(({ text }) => text), texts);
      const own = await page.message("eight");
      assert.deepEqual(own.party.type, { client: true });
      assert.deepEqual(page.texts(), ["Hello Ada", ...texts]);
      assert.ok(ascending(page.of("MessageReceived")));
    });

    test("an agent is connected from the join to the leave", async () => {
      const { page, chat } = await talk();
      assert.equal((await page.call("isAgentConnected")).value, true);
      assert.equal(page.of("AgentConnected")[0].party.name, "Jane");
      chat.leave("Jane");
      const left = await page.event("AgentDisconnected");
      assert.equal(left.party.name, "Jane");
      assert.equal((await page.call("isAgentConnected")).value, false);
      assert.equal(page.of("SessionEnded").length, 0);
    });

    test("typing is seen on both sides, and one's own is not reported to oneself", async () => {
      const { page, service, chat } = await talk();
      chat.type(true);
      assert.equal((await page.event("AgentTyping", ({ isTyping }) => isTyping)).party.name, "Jane");
      chat.type(false);
      await page.event("AgentTyping", ({ isTyping }) => !isTyping);
      await page.call("sendTyping", { isTyping: true, typedText: "Is it" });
      const started = await service.until(() => chat.transcript.find(({ type, from }) => type === "TypingStarted" && from.type === "Client"), "typing");
      assert.equal(started.text, "Is it");
      await page.call("sendTyping", { isTyping: false });
      await service.until(() => chat.transcript.find(({ type, from }) => type === "TypingStopped" && from.type === "Client"), "the end of typing");
      chat.say("seen");
      await page.message("seen");
      assert.equal(page.of("AgentTyping").length, 2);
    });

    test("addresses go both ways as addresses", async () => {
      const { page, chat } = await talk();
      chat.pushUrl("https://example.org/blue");
      assert.deepEqual((await page.message("https://example.org/blue")).content.type, { url: true });
      await page.call("sendMessage", { message: "https://example.org/mine", type: "url" });
      assert.equal(chat.transcript.findLast(({ type }) => type === "PushUrl").text, "https://example.org/mine");
      assert.deepEqual((await page.message("https://example.org/mine")).content.type, { url: true });
    });

    test("the transcript is given from the index that is asked for, and fires no event", async () => {
      const { page, chat } = await talk();
      chat.say("first");
      const { index } = await page.message("first");
      chat.say("second");
      await page.message("second");
      const before = page.events.length;
      const { value: { transcript: all } } = await page.call("getTranscript", { fromIndex: 0 });
      assert.deepEqual(all.map(({ type }) => type), ["AgentConnected", "MessageReceived", "MessageReceived"]);
      const { value: { transcript: rest } } = await page.call("getTranscript", { fromIndex: index + 1 });
      assert.deepEqual(rest.map(({ content }) => content), [{ text: "second", type: "text" }]);
      assert.equal(page.events.length, before);
    });

    test("after a reload the session goes on: the old is restored, what came meanwhile is new, typing is gone", async () => {
      const { page, service, chat } = await talk();
      chat.type(true);
      chat.say("old");
      await page.call("sendMessage", { message: "mine" });
      await page.message("mine");
      const known = page.of("MessageReceived");
      await page.reload();
      chat.say("meanwhile");
      const { id } = await page.restore();
      assert.equal(id, chat.id);
      await page.message("meanwhile");
      const events = page.of("MessageReceived");
      assert.deepEqual(events.filter(({ restored }) => restored), known.map((event) => ({ ...event, restored: true })));
      assert.deepEqual(events.map(({ content }) => content.text), ["old", "mine", "meanwhile"]);
      assert.equal(events.at(-1).restored, undefined);
      assert.equal(page.of("AgentConnected")[0].restored, true);
      assert.equal(page.of("AgentTyping").length, 0);
      assert.equal((await page.call("isAgentConnected")).value, true);
      assert.deepEqual(await page.call("sendMessage", { message: "again" }), { value: undefined });
      assert.equal(service.chats.length, 1);
    });

    test("a page that left nothing has nothing to restore", async () => {
      await assert.rejects(rig.page.restore({ transport }), /nothing to restore/);
    });

    test("over a restart of the server nothing is lost, doubled or out of order, in either direction", async () => {
      const { page, service, chat } = await talk();
      chat.say("before");
      await page.message("before");
      await service.stop();
      await page.event("Interrupted");
      chat.say("while away");
      const waiting = ["one", "two", "three"].map((message) => page.call("sendMessage", { message }));
      await service.start();
      await page.event("Continued");
      assert.deepEqual(await Promise.all(waiting), [{ value: undefined }, { value: undefined }, { value: undefined }]);
      chat.say("after");
      await page.message("after");
      assert.deepEqual(page.texts(), ["before", "while away", "one", "two", "three", "after"]);
      assert.deepEqual(chat.messages().map(({ text }) => text), page.texts());
      assert.ok(ascending(page.of("MessageReceived")));
      assert.ok(alternate(page));
      assert.equal(page.of("AgentConnected").length, 1);
    });

    test("what the agent says and is lost on its way arrives all the same: once, and in order", async () => {
      const { page, service, chat } = await talk();
      const texts = [];
      for (const turn of [1, 2, 3]) {
        const gone = rig.proxy.lose();
        chat.say(`lost ${turn}`);
        await gone;
        texts.push(`lost ${turn}`);
        // A server with the ack extension sends it again. Of another, a browser hides the loss on long-polling (it repeats
        // the connect by itself): what is said next shows it.
        if (!service.acknowledges) {
          chat.say(`then ${turn}`);
          texts.push(`then ${turn}`);
        }
        await page.message(texts.at(-1));
      }
      assert.deepEqual(page.texts(), texts);
      assert.ok(alternate(page));
    });

    test("a message whose answer is lost is settled once, and is not sent again", async () => {
      const { page, chat } = await talk();
      const texts = ["one", "two", "three"];
      for (const message of texts) {
        const gone = rig.proxy.lose();
        const sent = page.call("sendMessage", { message });
        await gone;
        assert.deepEqual(await sent, { value: undefined });
      }
      chat.say("the last");
      await page.message("the last");
      const heard = chat.messages().map(({ text }) => text);
      assert.deepEqual(page.texts(), heard, "the page shows what stands in the transcript");
      // A browser repeats a POST by itself when a kept connection ends before the answer begins, and a plain service takes
      // that for another message: nothing that a page can do.
      const once = page.wires.has("websocket") ? heard : heard.filter((text, at) => text !== heard[at - 1]);
      assert.deepEqual(once, [...texts, "the last"]);
      assert.ok(alternate(page));
    });

    test("a client that the server has forgotten introduces itself again, and nothing is lost or doubled", async () => {
      await rig.replace({ maxInterval: 1000 });
      const { page, service, chat } = await talk();
      chat.say("before");
      await page.message("before");
      await rig.proxy.cut();
      await service.forgotten();
      chat.say("meanwhile");
      const sent = page.call("sendMessage", { message: "into the void" });
      await rig.proxy.open();
      assert.deepEqual(await sent, { value: undefined });
      chat.say("after");
      await page.message("after");
      assert.deepEqual(page.texts(), ["before", "meanwhile", "into the void", "after"]);
      assert.deepEqual(chat.messages().map(({ text }) => text), page.texts());
      assert.equal(page.of("AgentConnected").length, 1);
      assert.ok(alternate(page));
    });

    test("a network that is away for a while costs nothing but time", async () => {
      const { page, chat } = await talk();
      chat.say("before");
      await page.message("before");
      await rig.proxy.cut();
      await page.event("Interrupted");
      chat.say("meanwhile");
      const waiting = ["one", "two"].map((message) => page.call("sendMessage", { message }));
      await rig.proxy.open();
      await page.event("Continued");
      assert.deepEqual(await Promise.all(waiting), [{ value: undefined }, { value: undefined }]);
      await page.message("two");
      assert.deepEqual(page.texts(), ["before", "meanwhile", "one", "two"]);
      assert.deepEqual(chat.messages().map(({ text }) => text), page.texts());
      assert.ok(alternate(page));
    });

    test("a visitor who leaves sees the agent leave, then the end, and can do nothing more", async () => {
      const { page, chat } = await talk();
      assert.deepEqual(await page.call("leave"), { value: undefined });
      const { reason } = await page.event("SessionEnded");
      assert.deepEqual(reason, { leaveRequest: true });
      assert.deepEqual(page.events.map(([name]) => name).slice(-2), ["AgentDisconnected", "SessionEnded"]);
      assert.equal(chat.ended, true);
      assert.deepEqual(await page.call("sendMessage", { message: "too late" }), { code: 50 });
      await page.reload();
      await assert.rejects(page.restore(), /nothing to restore/);
    });

    test("an agent who ends the chat is seen to leave, and the session has ended by the agent, once", async () => {
      const { page, chat } = await talk();
      chat.say("Goodbye");
      chat.end();
      const { reason } = await page.event("SessionEnded");
      assert.deepEqual(reason, { agent: true });
      assert.deepEqual(page.events.map(([name]) => name), ["AgentConnected", "MessageReceived", "AgentDisconnected", "SessionEnded"]);
      assert.deepEqual(await page.call("sendMessage", { message: "too late" }), { code: 50 });
      assert.equal(page.of("SessionEnded").length, 1);
    });

    test("a start that the service refuses is refused to the page, which may try again", async () => {
      const { page, service } = rig;
      service.full = true;
      await assert.rejects(page.start({ transport }), /code \d+/);
      assert.equal(service.chats.length, 0);
      service.full = false;
      await page.start({ transport });
      assert.equal(service.chats.length, 1);
    });
  });
}
