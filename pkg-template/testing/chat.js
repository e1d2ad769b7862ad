// A chat of the fake server: its transcript, the visitor's operations, and what a test lets the agents do.
import { Notices, SYSTEM } from "./notices.js";

export class FakeChat {
  /** The transcript: entries of chat v2, counted from 1. */
  entries = [];
  ended = false;
  /** Whether the visitor types, and what they have typed if the page tells. */
  visitorTyping = { isTyping: false, text: undefined };
  #notices;
  /** The sessions that were renewed by this one: their keys, and their transcripts. */
  #earlier = new Map();
  #number;
  #server;
  #parties = 0;
  #agents = new Set();

  constructor(server, service, request, number, status) {
    this.#server = server;
    this.#number = number;
    this.service = service;
    this.request = request;
    this.#notices = new Notices(this, request.userData);
    this.visitor = this.#party(request.nickname ?? "User", "Client");
    this.#open();
    if (status !== undefined) this.#notices.change(status, { cause: "begin" });
  }

  #open() {
    const times = this.#earlier.size;
    this.id = `chat-${this.#number}${times > 0 ? `-${times + 1}` : ""}`;
    this.key = `key-${this.id}-${Math.random().toString(36).slice(2)}`;
    this.entries = [];
    this.add("ParticipantJoined", this.visitor);
  }

  /** Whether a key opens this chat, or opened it before it was renewed. */
  opens(key) {
    return key === this.key || this.#earlier.has(key);
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

  /** What the visitor attached, with what was changed since by either side. */
  get userData() { return this.#notices.data; }

  /** The status, as its code. */
  get status() { return this.#notices.status; }

  /** Tells of another status, a code or a name. */
  setStatus(status, options) {
    this.#tell([this.#notices.change(status, options)]);
  }

  /** Asks for a form, with the status that does so. It is asked for until it is submitted, or the status is another. */
  askForm(form) {
    this.#tell(this.#notices.ask(form));
  }

  /** What the visitor fills into a form: past or to come. */
  submitted(kind) {
    return this.#server.until(`the form ${kind}`, () => this.#notices.forms[kind]);
  }

  /** Suggests an entry of the FAQ. */
  suggest(faq) {
    this.#tell(this.#notices.suggest(faq));
  }

  /** What the visitor answers to a suggestion: past or to come. */
  answered(id) {
    return this.#server.until(`the answer to ${id}`, () => this.#notices.answers.find((answer) => answer.id === String(id)));
  }

  /** Changes the session data from the server's side. */
  setData(set, deleted) {
    this.#tell([this.#notices.setData(set, deleted)]);
  }

  /** Changes what only the server changes. */
  setInternal(fields) {
    this.#notices.internal = fields;
    this.#tell([this.#notices.passing("internal", fields)]);
  }

  /** The session is over and goes on as a new one, as after its time is over. */
  renew({ reason = "timeout" } = {}) {
    const from = this.entries.length;
    for (const agent of this.agents) this.add("ParticipantLeft", agent.party);
    this.#agents.clear();
    this.#notices.change("closed", { cause: reason });
    const last = this.entries.slice(from);
    const notice = this.#renewed(reason);
    this.push(this.reply([...last, notice, ...this.entries]));
    this.#server.news();
  }

  #renewed(reason) {
    const { id: previousId, key, entries } = this;
    // It has its place first, so that the new session has a name of its own.
    this.#earlier.set(key, { entries });
    this.#open();
    this.#notices.status = 0;
    this.#notices.change("inQueue", { botActive: false, cause: "begin" });
    const notice = this.#notices.passing("renewed", { previousId, id: this.id, reason });
    this.#earlier.get(key).notice = notice;
    return notice;
  }

  #tell(messages) {
    if (this.ended) throw new Error("the chat is over: it changes no more");
    if (this.request.notices !== 1) throw new Error("the page reads no notices: it would not be told of this");
    if (this.#notices.isOver) this.ended = true;
    this.push(this.reply(messages));
    this.#server.news();
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
    this.push(this.reply([this.add(type, from, more)]));
    this.#server.news();
  }

  /** Adds an entry to the transcript without telling anybody. */
  add(type, from, more = {}) {
    const entry = { index: this.entries.length + 1, type, utcTime: Date.now(), from: { ...from }, ...more };
    this.entries.push(entry);
    return entry;
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

  /** The answer to a page that comes to the chat, or back to it. */
  attach(command) {
    const { operation, transcriptPosition: from = 1, secureKey } = command;
    const passing = this.#notices.attached(command);
    const earlier = operation === "requestNotifications" && this.#earlier.get(secureKey);
    if (earlier) return this.reply([...earlier.entries.slice(from - 1), earlier.notice, ...this.entries, ...passing]);
    return this.reply([...(from === 0 ? [] : this.entries.slice(from - 1)), ...passing]);
  }

  /** One operation of the visitor; returns the reply. */
  operate(line, command) {
    const { operation, messageId } = command;
    const known = messageId && this.entries.find((entry) => entry.messageId === messageId);
    if (known) return this.reply([known]);
    if (operation === "requestNotifications") return this.attach(command);
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
        return share(this.add("Message", this.visitor, { text, ...(messageType && { messageType }), ...own }));
      }
      case "pushUrl":
        return share(this.add("PushUrl", this.visitor, { text: command.pushUrl, ...own }));
      case "startTyping":
      case "stopTyping":
        this.visitorTyping = { isTyping: operation === "startTyping", text: command.message };
        return this.reply([]);
      case "updateNickname":
        this.visitor.nickname = String(command.nickname ?? this.visitor.nickname);
        return this.reply([]);
      case "updateData":
        return share(this.#notices.setData(command.userData, command.deleted));
      case "customNotice": {
        const unasked = this.#notices.unasked(command);
        if (unasked) return this.#refusal(249, unasked);
        const made = this.#notices.given(command);
        if (this.#notices.isOver) this.ended = true;
        return share(...(made ?? [this.add("CustomNotice", this.visitor, { text: command.message, ...own })]));
      }
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

  #close() {
    const left = [...this.agents.map(({ party }) => party), this.visitor].map((party) => this.add("ParticipantLeft", party));
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
