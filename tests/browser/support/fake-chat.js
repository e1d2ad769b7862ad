// The chat v2 half of the fake server: chats, their transcripts, and what a test lets the agent do.

import { randomBytes } from "node:crypto";
import { until } from "./wait.js";

const PREFIX = "/service/chatV2/";

export class Chats {
  /** Every chat that was requested, in order. */
  all = [];
  #bayeux;

  constructor(bayeux) {
    this.#bayeux = bayeux;
    bayeux.onPublish = (client, message) => this.#publish(client, message);
  }

  /** The chat that was requested first, or that will be. */
  first() { return until("a chat to be requested", () => this.all[0]); }

  #publish(client, { channel = "", id, data }) {
    if (!channel.startsWith(PREFIX)) return [];
    const answer = (content) => [{ channel, ...(id !== undefined && { id }), data: content }];
    if (data?.operation === "requestChat") {
      const known = data.messageId && this.all.find((chat) => chat.requestId === data.messageId);
      const chat = known || new Chat(this.#bayeux, channel, data);
      if (!known) this.all.push(chat);
      chat.attach(client.id);
      return answer(chat.answer(chat.entries));
    }
    const chat = this.all.find(({ secureKey }) => secureKey === data?.secureKey);
    if (!chat) return answer({ statusCode: 2, messages: [], chatEnded: true, errors: [{ code: 8210, advice: "unknown session" }] });
    chat.attach(client.id);
    return answer(chat.operate(client.id, data));
  }
}

class Chat {
  /** The transcript: entries as on the wire, counted from 1. */
  entries = [];
  ended = false;
  chatId = randomBytes(8).toString("hex");
  userId = randomBytes(8).toString("hex");
  secureKey = randomBytes(10).toString("hex");
  alias = "1";
  #bayeux;
  #clients = new Set();
  #parties = 0;

  constructor(bayeux, channel, request) {
    this.#bayeux = bayeux;
    this.channel = channel;
    this.request = request;
    this.requestId = request.messageId;
    this.visitor = this.#party(request.nickname ?? "User", "Client");
    this.add("ParticipantJoined", this.visitor);
  }

  #party(nickname, type) { return { nickname, participantId: ++this.#parties, type }; }

  attach(clientId) { this.#clients.add(clientId); }

  answer(messages) {
    const { chatId, userId, secureKey, alias, ended } = this;
    return {
      statusCode: 0, chatId, userId, secureKey, alias, chatEnded: ended, nextPosition: this.entries.length + 1,
      messages: [...messages],
    };
  }

  /** Adds an entry to the transcript without telling anybody. */
  add(type, from, more = {}) {
    const entry = { index: this.entries.length + 1, type, utcTime: Date.now(), from, ...more };
    this.entries.push(entry);
    return entry;
  }

  /** Tells everybody who is on the chat, but for `except`. */
  push(messages, except) {
    for (const client of this.#clients) {
      if (client !== except) this.#bayeux.deliver(client, { channel: this.channel, data: this.answer(messages) });
    }
  }

  /** One operation of the visitor; returns the answer. */
  operate(clientId, data) {
    const share = (entry) => {
      this.push([entry], clientId);
      return this.answer([entry]);
    };
    const { messageId } = data;
    const known = messageId && this.entries.find((entry) => entry.messageId === messageId);
    if (known) return this.answer([known]);
    const own = messageId && { messageId };
    switch (data.operation) {
      case "requestNotifications": {
        const from = data.transcriptPosition ?? 1;
        return this.answer(from === 0 ? [] : this.entries.slice(from - 1));
      }
      case "sendMessage": {
        const type = data.messageType && { messageType: data.messageType };
        return share(this.add("Message", this.visitor, { text: data.message, ...type, ...own }));
      }
      case "pushUrl": return share(this.add("PushUrl", this.visitor, { text: data.pushUrl, ...own }));
      case "customNotice": return share(this.add("CustomNotice", this.visitor, { text: data.message }));
      case "disconnect": return this.answer(this.#end());
      default: return this.answer([]);
    }
  }

  #end() {
    const closing = [];
    if (this.agent) closing.push(this.add("ParticipantLeft", this.agent));
    closing.push(this.add("ParticipantLeft", this.visitor));
    this.ended = true;
    return closing;
  }

  // What a test lets the agent do.

  join(nickname = "Jane") {
    this.agent = this.#party(nickname, "Agent");
    this.push([this.add("ParticipantJoined", this.agent)]);
  }

  say(text, more = {}) { this.push([this.add("Message", this.agent, { text, ...more })]); }

  type(isTyping = true) {
    this.push([{ type: isTyping ? "TypingStarted" : "TypingStopped", utcTime: Date.now(), from: this.agent }]);
  }

  leave() {
    const { agent } = this;
    this.agent = undefined;
    this.push([this.add("ParticipantLeft", agent)]);
  }

  end() { this.push(this.#end()); }
}
