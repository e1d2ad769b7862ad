// A chat of the fake server: its transcript, the visitor's operations, and what a test lets the agents do.

/** The party whom system messages come from. */
const SYSTEM = { nickname: "System", participantId: 0, type: "External" };

export class FakeChat {
  /** The transcript: entries of chat v2, counted from 1. */
  entries = [];
  ended = false;
  /** Whether the visitor types, and what they have typed if the page tells. */
  visitorTyping = { isTyping: false, text: undefined };
  /** What the visitor attached, with what they changed since. */
  userData;
  #server;
  #parties = 0;
  #agents = new Set();

  constructor(server, service, request, number) {
    this.#server = server;
    this.service = service;
    this.request = request;
    this.id = `chat-${number}`;
    this.key = `key-${number}-${Math.random().toString(36).slice(2)}`;
    this.userData = { ...request.userData };
    this.visitor = this.#party(request.nickname ?? "User", "Client");
    this.#add("ParticipantJoined", this.visitor);
  }

  /** The texts of all messages, whoever wrote them. */
  get texts() {
    return this.entries.filter(({ type }) => type === "Message" || type === "PushUrl").map(({ text }) => text);
  }

  /** The agents who are in the chat. */
  get agents() {
    return [...this.#agents];
  }

  /** An agent: not in the chat before `join`, or before they do something. */
  agent(name = "Agent", { type = "Agent" } = {}) {
    return new FakeAgent(this, this.#party(String(name), type), this.#agents);
  }

  /** A message of the system. */
  say(text) {
    this.publish("Message", SYSTEM, { text: String(text) });
  }

  /** The visitor's first message that matches (a text, a regular expression, a function, or any): past or to come. */
  heard(matches = () => true) {
    const fits =
      typeof matches === "function" ? (entry) => matches(entry.text, entry)
      : matches instanceof RegExp ? ({ text }) => matches.test(text)
      : ({ text }) => text === matches;
    const said = ({ type, from }) => from.type === "Client" && (type === "Message" || type === "PushUrl");
    const find = () => this.entries.find((entry) => said(entry) && fits(entry));
    return this.#server.until(`the visitor's message ${String(matches)}`, find);
  }

  /** Pushes anything, right or wrong: a reply of chat v2, or what is none. */
  push(reply) {
    this.#server.tell(this, reply);
  }

  /** Ends the chat from the agents' side; with `error`, because the server has lost it. */
  end({ error = false } = {}) {
    if (this.ended) return;
    if (error) {
      this.ended = true;
      this.push({ statusCode: 2, chatEnded: true, messages: [], errors: [{ code: 8210, advice: "unknown session" }] });
    } else {
      this.push(this.reply(this.#close()));
    }
    this.#server.news();
  }

  /** Adds an entry to the transcript, and tells everybody of it. */
  publish(type, from, more) {
    if (this.ended) throw new Error("the chat is over: nothing can be said in it any more");
    this.push(this.reply([this.#add(type, from, more)]));
    this.#server.news();
  }

  /** Tells everybody of something that is not in the transcript. */
  notice(type, from, more) {
    if (this.ended) throw new Error("the chat is over: nobody types in it any more");
    this.push(this.reply([{ type, utcTime: Date.now(), from, ...more }]));
  }

  /** A reply of chat v2 with these entries. */
  reply(messages) {
    const { id, key, ended, entries } = this;
    return {
      statusCode: 0, chatId: id, userId: `user-${id}`, alias: "1", secureKey: key, chatEnded: ended, nextPosition: entries.length + 1,
      messages: structuredClone(messages),
    };
  }

  /** One operation of the visitor; returns the reply. */
  operate(line, command) {
    const { operation, messageId } = command;
    const known = messageId && this.entries.find((entry) => entry.messageId === messageId);
    if (known) return this.reply([known]);
    if (operation === "requestNotifications") {
      const from = command.transcriptPosition ?? 1;
      return this.reply(from === 0 ? [] : this.entries.slice(from - 1));
    }
    if (this.ended) return { ...this.reply([]), statusCode: 2, errors: [{ code: 8210, advice: "the chat is over" }] };
    const own = messageId && { messageId };
    const share = (...entries) => {
      this.#server.tell(this, this.reply(entries), line);
      return this.reply(entries);
    };
    switch (operation) {
      case "sendMessage": {
        const { message: text, messageType } = command;
        if (typeof text !== "string" || text === "") return this.#refusal(204, "a message needs text");
        this.visitorTyping = { isTyping: false, text: undefined };
        return share(this.#add("Message", this.visitor, { text, ...(messageType && { messageType }), ...own }));
      }
      case "pushUrl":
        return share(this.#add("PushUrl", this.visitor, { text: command.pushUrl, ...own }));
      case "startTyping":
      case "stopTyping":
        this.visitorTyping = { isTyping: operation === "startTyping", text: command.message };
        return this.reply([]);
      case "updateNickname":
        this.visitor.nickname = String(command.nickname ?? this.visitor.nickname);
        return this.reply([]);
      case "updateData":
        Object.assign(this.userData, command.userData);
        return this.reply([]);
      case "customNotice":
        return share(this.#add("CustomNotice", this.visitor, { text: command.message, ...own }));
      case "disconnect":
        return share(...this.#close());
      default:
        return this.#refusal(400, `expected an operation of chat v2, got ${String(operation)}`);
    }
  }

  #refusal(code, advice) {
    return { ...this.reply([]), statusCode: 1, errors: [{ code, advice }] };
  }

  #party(nickname, type) {
    return { nickname, participantId: ++this.#parties, type };
  }

  #add(type, from, more = {}) {
    const entry = { index: this.entries.length + 1, type, utcTime: Date.now(), from: { ...from }, ...more };
    this.entries.push(entry);
    return entry;
  }

  #close() {
    const left = [...this.agents.map(({ party }) => party), this.visitor].map((party) => this.#add("ParticipantLeft", party));
    this.#agents.clear();
    this.ended = true;
    return left;
  }
}

class FakeAgent {
  #chat;
  #inside;

  constructor(chat, party, inside) {
    this.#chat = chat;
    this.#inside = inside;
    this.party = party;
  }

  get name() { return this.party.nickname; }
  get id() { return this.party.participantId; }
  /** Whether this agent is in the chat. */
  get isConnected() { return this.#inside.has(this); }

  join() {
    if (this.isConnected) return this;
    this.#chat.publish("ParticipantJoined", this.party);
    this.#inside.add(this);
    return this;
  }

  say(text) {
    this.join().#chat.publish("Message", this.party, { text: String(text) });
    return this;
  }

  /** Sends an address: the page gets it as a message of type `url`. */
  sendUrl(url) {
    this.join().#chat.publish("PushUrl", this.party, { text: String(url) });
    return this;
  }

  type(isTyping = true) {
    this.join().#chat.notice(isTyping ? "TypingStarted" : "TypingStopped", this.party);
    return this;
  }

  leave() {
    if (!this.isConnected) return this;
    this.#inside.delete(this);
    this.#chat.publish("ParticipantLeft", this.party);
    return this;
  }
}
