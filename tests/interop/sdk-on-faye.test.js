// Our package in Chromium chats through Faye, a Bayeux server over WebSocket and long-polling that shares nothing with CometD.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FayeChat } from "./faye-chat.js";
import { conversation } from "./support/conversation.js";
import { useRig } from "./support/rig.js";

const rig = useRig((options) => new FayeChat(options));
const WIRES = ["websocket", "long-polling"];

for (const transport of WIRES) conversation(rig, transport);

for (const transport of WIRES) {
  test(`a server that refuses the chat's channel refuses the session, in its own words (${transport})`, async () => {
    await rig.replace({ asItIs: true });
    await assert.rejects(rig.page.start({ transport }), /code 101: .*403:\/service\/chatV2\/default:Forbidden channel/);
  });
}
