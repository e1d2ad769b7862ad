// A chat v2 service, the judge of our package: written from the published protocol alone, it knows nothing of what our own
// server adds to it, and it has the habits of the servers in the field. Which Bayeux server it stands on is not its concern.

import { randomBytes } from "node:crypto";

const token = (bytes) => randomBytes(bytes).toString("base64");
const KEY_LASTS = 4; // answers and pushes after which the secure key changes

/** One visitor's chat, with what an agent may do in it. */
class Chat {
  transcript = [];
  ended = false;
  #service;
  #session; // the Bayeux session of the visitor, if any
  #keys = [token(48)];
  #uses = 0;
  #alias = 100;
  #agents = new Map();

  constructor(service, id, request) {
    this.#service = service;
    this.id = id;
    this.request = request;
    this.userId = randomBytes(8).toString("hex").toUpperCase();
    this.visitor = { nickname: request.nickname || `${request.firstName} ${request.lastName}`, participantId: 1, type: "Client" };
    this.#enter("ParticipantJoined", this.visitor);
  }

  // The agents' side.

  join(name = "Jane") {
    const agent = { nickname: name, participantId: 2 + this.#agents.size, type: "Agent" };
    this.#agents.set(name, agent);
    this.#tell(this.#enter("ParticipantJoined", agent));
  }
  say(text, name = "Jane") { this.#tell(this.#enter("Message", this.#agents.get(name), { text })); }
  pushUrl(text, name = "Jane") { this.#tell(this.#enter("PushUrl", this.#agents.get(name), { text })); }
  type(isTyping, name = "Jane") { this.#tell(this.#enter(isTyping ? "TypingStarted" : "TypingStopped", this.#agents.get(name))); }
  leave(name = "Jane") {
    this.#tell(this.#enter("ParticipantLeft", this.#agents.get(name)));
    this.#agents.delete(name);
  }
  /** The agents leave, and the chat is over for the visitor too. */
  end() { this.#tell(...this.#close()); }

  messages() { return this.transcript.filter(({ type }) => type === "Message" || type === "PushUrl"); }

  // The visitor's side.

  attach(session) { this.#session = session; }

  hasKey(key) { return this.#keys.includes(key); }

  operate({ operation, ...data }) {
    const typing = { startTyping: "TypingStarted", stopTyping: "TypingStopped" }[operation];
    if (operation === "requestNotifications") {
      const position = Number(data.transcriptPosition ?? 1);
      return this.answer(position > 0 ? this.transcript.filter(({ index }) => index >= position) : []);
    }
    if (this.ended) return refusal(this, 8210, "The chat has ended");
    if (operation === "disconnect") return this.answer(this.#close());
    if (operation === "sendMessage") {
      if (!data.message) return refusal(this, 249, "No message", 1);
      return this.answer([this.#enter("Message", this.visitor, { text: data.message, messageType: data.messageType })]);
    }
    if (operation === "pushUrl") return this.answer([this.#enter("PushUrl", this.visitor, { text: data.pushUrl })]);
    // Even what the visitor types is an entry, with an index of its own, and comes back like a message.
    if (typing) return this.answer([this.#enter(typing, this.visitor, data.message ? { text: data.message } : {})]);
    if (operation === "updateNickname") {
      this.visitor.nickname = data.nickname;
      return this.answer([this.#enter("NicknameUpdated", this.visitor)]);
    }
    if (operation === "updateData") return this.answer([]);
    if (operation === "customNotice") return this.answer([this.#enter("CustomNotice", this.visitor, { text: data.message })]);
    return refusal(this, 249, `Unknown operation ${operation}`, 1);
  }

  answer(messages) {
    this.#uses += 1;
    if (this.#uses % KEY_LASTS === 0) {
      // What is on its way with the key before this one still counts.
      this.#keys = [token(48), this.#keys[0]];
      this.#alias += 1;
    }
    return {
      messages, chatEnded: this.ended, statusCode: 0, alias: String(this.#alias), secureKey: this.#keys[0],
      userId: this.userId, chatId: this.id, nextPosition: this.transcript.length + 1,
    };
  }

  #enter(type, from, more = {}) {
    const entry = { from: { ...from }, index: this.transcript.length + 1, type, utcTime: Date.now(), ...more };
    this.transcript.push(entry);
    return entry;
  }

  #close() {
    const closing = [...this.#agents.values(), this.visitor].map((party) => this.#enter("ParticipantLeft", party));
    this.#agents.clear();
    this.ended = true;
    return closing;
  }

  #tell(...entries) {
    if (this.#session) this.#service.deliver(this.#session, this.answer(entries));
    this.#service.changed();
  }
}

const refusal = (chat, code, advice, statusCode = 2) => ({
  messages: [], statusCode, chatEnded: statusCode === 2, ...(chat && { chatId: chat.id }), errors: [{ code, advice }],
});

/** The chats of a service. Whoever extends it delivers, and hands in what visitors publish. */
export class ChatService {
  chats = [];
  full = false; // refuses new chats
  #known = new Set(); // ids of the Bayeux sessions
  #waiting = new Set();

  /** The answer to an operation that came by a Bayeux session; what is pushed to the chat goes there from now on. */
  operate(session, data) {
    const answer = this.#answer(session, data ?? {});
    queueMicrotask(() => this.changed());
    return answer;
  }

  /** A Bayeux session has begun. */
  arrived(id) { this.#known.add(id); }

  /** A Bayeux session is over. */
  departed(id) {
    this.#known.delete(id);
    this.changed();
  }

  /** Resolves when the Bayeux server remembers no client. */
  forgotten() { return this.until(() => this.#known.size === 0, "the server to forget its clients"); }

  /** The Bayeux sessions are lost; the chats, which another machine keeps, are not. */
  detach() {
    this.#known.clear();
    for (const chat of this.chats) chat.attach(undefined);
  }

  /** As new. */
  reset() {
    this.chats = [];
    this.full = false;
  }

  #answer(session, data) {
    if (data.operation === "requestChat") {
      if (!data.nickname && !(data.firstName && data.lastName)) return refusal(undefined, 161, "A name is required");
      if (this.full) return refusal(undefined, 240, "No new chat now", 1);
      const chat = new Chat(this, `0008${randomBytes(6).toString("hex").toUpperCase()}`, data);
      this.chats.push(chat);
      chat.attach(session);
      return chat.answer([...chat.transcript]);
    }
    const chat = this.chats.find((one) => one.hasKey(data.secureKey));
    if (!chat) return refusal(undefined, 8210, "Bad secure key");
    chat.attach(session);
    return chat.operate(data);
  }

  changed() { for (const look of [...this.#waiting]) look(); }

  /** Resolves to what `find` returns, as soon as that is something. */
  until(find, what, timeout = 15_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for ${what}`));
      }, timeout);
      this.#waiting.add(look);
      look();
    });
  }
}
