// Our package in Chromium chats through the reference CometD server, over WebSocket and long-polling, from another origin.

import { test } from "node:test";
import { JettyChat } from "./jetty-chat.js";
import { conversation } from "./support/conversation.js";
import { missing } from "./support/java.js";
import { useRig } from "./support/rig.js";

const lacking = missing();
if (lacking) {
  test("the package on the reference CometD server", { skip: lacking });
} else {
  const rig = useRig((options) => new JettyChat(options));
  for (const transport of ["websocket", "long-polling"]) conversation(rig, transport);
}
