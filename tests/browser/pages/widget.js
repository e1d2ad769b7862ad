// A page that embeds the widget over a chat server of its own making, for the tests to drive.
import * as causerie from "/pkg/index.js";
import * as testing from "/pkg/testing.js";
import { CauserieChat } from "/pkg/widget.js";

/** Puts a widget on the page, over a fake server: `{ chat, server }`, and its DOM events in `chat.heard`. */
function embed({ attributes = {}, server = testing.createFakeServer(), options = {}, strings } = {}) {
  const chat = document.createElement("causerie-chat");
  for (const [name, value] of Object.entries(attributes)) chat.setAttribute(name, value);
  chat.options = { transport: server, storage: "memory", ...options };
  if (strings) chat.strings = strings;
  chat.heard = [];
  for (const name of EVENTS) {
    chat.addEventListener(name, ({ detail }) => {
      const { session, ...plain } = detail;
      chat.heard.push({ on: name, ...plain });
    });
  }
  document.body.append(chat);
  return { chat, server };
}

const EVENTS = [
  "open", "close", "session", "send", "message", "agent-joined", "agent-left", "interrupted", "continued", "status", "renewed",
  "unread", "end", "error",
].map((name) => `causerie-${name}`);

Object.assign(window, { causerie, testing, CauserieChat, embed });
