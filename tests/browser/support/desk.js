// An agent at the desk, for tests: drives `/service/desk` of a server with the official CometD client.

import { CometD } from "cometd";
import { adapt } from "cometd-nodejs-client";
import { afterTest } from "./cleanup.js";
import { AGENT } from "./server.js";
import { until, within } from "./wait.js";

/** Signs an agent in, and out again after the test `t`. `transport` is "websocket" or "long-polling". */
export async function signIn(t, url, { name = AGENT.name, key = AGENT.key, transport } = {}) {
  const agent = new Agent(url, transport);
  if (t) afterTest(t, () => agent.signOut());
  await agent.connect();
  await agent.call("signIn", { name, key });
  return agent;
}

export class Refused extends Error {
  constructor(operation, answer) {
    super(`the desk refused ${operation}: ${JSON.stringify(answer)}`);
    this.answer = answer;
  }
}

class Agent {
  /** As the server last told: `[{ chatId, nickname, subject, since }]`. */
  queue = [];
  chats = [];
  /** Every transcript entry and typing notice that came, each with its `chatId`, in the order of arrival. */
  entries = [];
  #cometd;

  constructor(url, transport) {
    // Each call of `adapt` makes a cookie jar: the agent's own, also when others have signed in after it.
    adapt();
    const Request = globalThis.window.XMLHttpRequest;
    this.#cometd = new CometD();
    const polling = this.#cometd.findTransport("long-polling");
    const send = polling.xhrSend;
    polling.xhrSend = (packet) => {
      globalThis.window.XMLHttpRequest = Request;
      return send.call(polling, packet);
    };
    this.#cometd.configure({ url: `${url}/cometd`, logLevel: "error", useWorkerScheduler: false });
    this.#cometd.websocketEnabled = transport !== "long-polling";
    this.#cometd.unregisterTransport("callback-polling");
    if (transport === "websocket") this.#cometd.unregisterTransport("long-polling");
    this.#cometd.addListener("/service/desk", (message) => this.#take(message.data));
  }

  connect() {
    return within("the desk's handshake", new Promise((resolve, reject) => {
      this.#cometd.handshake((reply) => {
        if (reply.successful) resolve();
        else if (reply.advice?.reconnect === "none") reject(new Error(`handshake refused: ${JSON.stringify(reply)}`));
      });
    }));
  }

  /** Does one operation of the desk; resolves to the server's answer, or rejects with `Refused`. */
  async call(operation, members = {}) {
    const message = await new Promise((resolve) => {
      this.#cometd.remoteCall("desk", { operation, ...members }, 10_000, resolve);
    });
    const answer = message.data;
    if (answer?.statusCode !== 0) throw new Refused(operation, answer ?? message);
    this.#take(answer);
    return answer;
  }

  #take({ queue, chats, messages = [] } = {}) {
    if (queue) this.queue = queue;
    if (chats) this.chats = chats;
    this.entries.push(...messages);
  }

  /** The next chat in the queue, or the one of the given visitor. */
  waiting(nickname) {
    const what = nickname ? `a chat of ${nickname} in the queue` : "a chat in the queue";
    return until(what, () => this.queue.find((chat) => !nickname || chat.nickname === nickname));
  }

  /** Accepts a chat: the given one, else the first that waits. Resolves to its id. */
  async accept(chatId) {
    const id = chatId ?? (await this.waiting()).chatId;
    await this.call("accept", { chatId: id });
    return id;
  }

  say(chatId, message, more = {}) { return this.call("sendMessage", { chatId, message, ...more }); }
  pushUrl(chatId, pushUrl) { return this.call("pushUrl", { chatId, pushUrl }); }
  type(chatId, isTyping = true) { return this.call(isTyping ? "startTyping" : "stopTyping", { chatId }); }
  leave(chatId) { return this.call("leave", { chatId }); }
  transfer(chatId, to) { return this.call("transfer", to === undefined ? { chatId } : { chatId, to }); }
  end(chatId) { return this.call("endChat", { chatId }); }

  /** The texts of the messages of a chat, by index, without repetition. */
  texts(chatId) {
    const byIndex = new Map();
    for (const entry of this.entries) {
      if (entry.chatId === chatId && entry.type === "Message") byIndex.set(entry.index, entry.text);
    }
    return [...byIndex].sort(([left], [right]) => left - right).map(([, text]) => text);
  }

  /** The first entry of a chat that `matches` accepts: past or to come. */
  entry(chatId, what, matches) {
    return until(what, () => this.entries.find((entry) => entry.chatId === chatId && matches(entry)));
  }

  /** The visitor's message with this text. */
  heard(chatId, text) {
    return this.entry(chatId, `the message ${JSON.stringify(text)}`, (entry) => entry.type === "Message" && entry.text === text);
  }

  async signOut() {
    if (this.#cometd.isDisconnected()) return;
    await new Promise((resolve) => {
      this.#cometd.disconnect(() => resolve());
      setTimeout(resolve, 1_000).unref();
    });
  }
}
