// Our package in Chromium chats through a server that is not ours: cometd-nodejs-server, by long-polling only.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CometdChat } from "./cometd-chat.js";
import { conversation } from "./support/conversation.js";
import { useRig } from "./support/rig.js";

const rig = useRig((options) => new CometdChat(options));

for (const transport of ["auto", "long-polling"]) conversation(rig, transport);

describe("the cookie of long-polling", { timeout: 120_000 }, () => {
  test("a browser that loses it in the middle is a stranger to the server, and goes on all the same", async () => {
    const { page, service } = rig;
    await page.start();
    const [chat] = service.chats;
    chat.join("Jane");
    chat.say("before");
    await page.message("before");
    const [cookie] = await page.context.cookies();
    assert.equal(cookie.name, "BAYEUX_BROWSER");
    await page.context.clearCookies();
    assert.deepEqual(await page.call("sendMessage", { message: "who am I?" }), { value: undefined });
    chat.say("after");
    await page.message("after");
    assert.deepEqual(page.texts(), ["before", "who am I?", "after"]);
    assert.deepEqual(chat.messages().map(({ text }) => text), page.texts());
    assert.equal(service.chats.length, 1);
    assert.notEqual((await page.context.cookies())[0].value, cookie.value);
  });

  test("a browser that never keeps it is told that there is no getting through", async () => {
    await rig.replace({ cookies: false });
    const { page, service } = rig;
    await assert.rejects(page.start(), /code 10[01]: ./);
    assert.deepEqual(page.events, []);
    assert.equal(service.chats.length, 0);
  });

  test("two tabs of a browser, which is one client to the server, both go on", async () => {
    await rig.replace({ perBrowser: 1 });
    const { page, service } = rig;
    await page.start({ multiTab: false });
    const other = await rig.visit(page.context);
    await other.start({ multiTab: false, storage: "memory", username: "Grace" });
    const [first, second] = service.chats;
    first.join("Jane");
    second.join("Omar");
    for (const turn of [1, 2, 3]) {
      first.say(`first ${turn}`);
      second.say(`second ${turn}`);
      await page.message(`first ${turn}`);
      await other.message(`second ${turn}`);
    }
    assert.deepEqual(page.texts(), ["first 1", "first 2", "first 3"]);
    assert.deepEqual(other.texts(), ["second 1", "second 2", "second 3"]);
    assert.deepEqual([page.faults, other.faults], [[], []]);
  });
});
