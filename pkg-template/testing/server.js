// The fake server: the page's transport object, the chats behind it, and what a test wants to go wrong on the way.
import { FakeChat } from "./chat.js";
import { turn } from "./turn.js";

const OPERATIONS = [
  "requestChat", "requestNotifications", "sendMessage", "pushUrl", "startTyping", "stopTyping", "disconnect", "updateNickname",
  "updateData", "customNotice",
];
/** How many turns of the event loop `settled` waits beside one for each push. */
const TURNS = 5;
const UNKNOWN = { statusCode: 2, chatEnded: true, messages: [], errors: [{ code: 8210, advice: "unknown session" }] };

/** A chat server inside the page. It is itself a transport; `transport()` makes more of them. */
export function createFakeServer(options = {}) {
  return new FakeServer(options);
}

class FakeServer {
  /** Every chat that was requested, in order. */
  chats = [];
  /** Every operation that came, in order. */
  commands = [];
  #welcome;
  #status;
  #rules = [];
  #lines = new Set();
  #own = new Line(this);
  #down = false;
  /** The lines that were in a chat when the connection broke. */
  #broken = [];
  #waiting = [];
  #callbacks = [];
  #pushed = 0;

  constructor({ welcome, status }) {
    this.#welcome = welcome;
    this.#status = status;
  }

  // The transport object of API.md, section 8: one page at a time. A page that starts it anew takes the place of the last.

  start(sink, options) { return this.#own.start(sink, options); }
  send(command) { return this.#own.send(command); }
  close() { this.#own.close(); }

  /** A transport of its own for another page of the same server. */
  transport() {
    const line = new Line(this);
    return { start: (sink, options) => line.start(sink, options), send: (command) => line.send(command), close: () => line.close() };
  }

  // The chats.

  /** The newest chat. */
  get chat() {
    const chat = this.chats.at(-1);
    if (!chat) throw new Error("no chat has begun: wait for `startSession`, or for `server.begun()`");
    return chat;
  }

  /** The first chat that nobody has waited for: past or to come. */
  begun() {
    const taken = (chat) => !chat.taken && (chat.taken = true);
    return this.#until("a chat", () => this.chats.find(taken));
  }

  /** Calls back for each chat that begins, which makes a bot of the callback. Returns a function that takes it back. */
  onChat(callback) {
    if (typeof callback !== "function") throw new TypeError(`onChat expects a function, got ${typeof callback}`);
    this.#callbacks.push(callback);
    return () => { this.#callbacks = this.#callbacks.filter((other) => other !== callback); };
  }

  /** The first operation that `matches`, a name or a function: past or to come. */
  received(matches) {
    const fits = typeof matches === "function" ? matches : ({ operation }) => operation === known(matches);
    return this.#until(`the operation ${String(matches)}`, () => this.commands.find(fits));
  }

  // The newest chat's verbs, as most tests have one chat.

  agent(name, options) { return this.chat.agent(name, options); }
  say(text) { this.chat.say(text); }
  heard(matches) { return this.chats.length > 0 ? this.chat.heard(matches) : this.begun().then((chat) => chat.heard(matches)); }
  push(reply) { this.chat.push(reply); }
  end(options) { this.chat.end(options); }

  // What goes wrong.

  /**
   * What becomes of the next operations of a name, or of any ("*"): `action(command, answer)` returns the reply, or a promise of
   * it; `answer()` does the operation and returns the reply that it has without this.
   */
  on(operation, action, { times = 1 } = {}) {
    if (typeof action !== "function") throw new TypeError(`on expects a function, got ${typeof action}`);
    this.#rules.push({ operation: operation === "*" ? operation : known(operation), action, times });
  }

  /** The next operation is refused and not done; with `fatal` the session is over. */
  refuse(operation, { code = 249, advice = "refused by the test", retryAfter, field, fatal = false, times = 1 } = {}) {
    const error = { code, advice, ...(retryAfter !== undefined && { retryAfter }), ...(field !== undefined && { field }) };
    this.on(operation, () => ({ statusCode: fatal ? 2 : 1, chatEnded: fatal, messages: [], errors: [error] }), { times });
  }

  /** The next operation is done at once, and answered so many milliseconds later. */
  delay(operation, milliseconds, { times = 1 } = {}) {
    this.on(operation, async (_, answer) => {
      const reply = answer();
      await this.wait(milliseconds);
      return reply;
    }, { times });
  }

  /** The next operation is never answered; with `done` it is done all the same. */
  ignore(operation, { done = false, times = 1 } = {}) {
    this.on(operation, (_, answer) => {
      if (done) answer();
      return new Promise(() => {});
    }, { times });
  }

  /** The connection breaks, and stays so until `continue`. */
  interrupt() {
    if (this.#down) return;
    this.#down = true;
    const lines = [...this.#lines];
    this.#broken = lines.filter(({ chat }) => chat && !chat.ended);
    for (const line of lines) line.break();
  }

  /** The connection can be had again; resolves when the pages that had it are back. One that has given up never is. */
  async continue() {
    this.#down = false;
    for (const line of this.#lines) line.mend();
    await this.#until("the page to come back", () => this.#broken.every(({ attached }) => attached));
    await this.settled();
  }

  /** Whether the connection can be had. */
  get isUp() {
    return !this.#down;
  }

  /** Resolves so many milliseconds later, by the page's timers. */
  wait(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  /** Resolves when the page's callbacks have been told of what was said so far. */
  async settled() {
    const turns = this.#pushed + TURNS;
    this.#pushed = 0;
    for (let n = 0; n < turns; n += 1) await turn();
  }

  // For the lines and chats.

  /** One operation, on its way through what the test wants to go wrong. */
  operate(line, command) {
    this.commands.push(command);
    const answer = () => this.#answer(line, command);
    const at = this.#rules.findIndex(({ operation }) => operation === "*" || operation === command.operation);
    const rule = this.#rules[at];
    if (rule && --rule.times <= 0) this.#rules.splice(at, 1);
    const reply = rule ? rule.action(command, answer) : answer();
    this.news();
    return reply;
  }

  enter(line) { this.#lines.add(line); }
  exit(line) { this.#lines.delete(line); }

  /** Whoever waits for something looks again. */
  news() {
    for (const look of this.#waiting) look();
  }

  #answer(line, command) {
    if (command.operation === "requestChat") return this.#begin(line, command);
    const chat = this.chats.find((one) => one.opens(command.secureKey));
    if (!chat) return UNKNOWN;
    line.chat = chat;
    if (command.operation === "requestNotifications") line.attached = true;
    return chat.operate(line, command);
  }

  #begin(line, command) {
    const again = command.messageId && this.chats.find(({ request }) => request.messageId === command.messageId);
    const chat = again || new FakeChat(this, line.service, command, this.chats.length + 1, this.#status);
    line.chat = chat;
    if (!again) {
      this.chats.push(chat);
      if (this.#welcome !== undefined) chat.say(this.#welcome);
      for (const callback of this.#callbacks) run(callback, chat);
    }
    // What was said by now is in the answer: it is not pushed, too.
    line.attached = true;
    return chat.attach(command);
  }

  /** The lines of a chat hear a reply. */
  tell(chat, reply, except) {
    this.#pushed += 1;
    for (const line of this.#lines) {
      if (line !== except && line.chat === chat) line.hear(reply);
    }
  }

  #until(what, probe) {
    return new Promise((resolve) => {
      const look = () => {
        const found = probe();
        if (!found) return false;
        this.#waiting = this.#waiting.filter((other) => other !== look);
        resolve(found);
        return true;
      };
      look.what = what;
      if (!look()) this.#waiting.push(look);
    });
  }

  /** Resolves when `probe` has something: looked at again whenever something happens at the server. */
  until(what, probe) {
    return this.#until(what, probe);
  }

  /** What is waited for: what a test that hangs would want to know. */
  get waitingFor() {
    return this.#waiting.map(({ what }) => what);
  }
}

/** One page's connection. */
class Line {
  chat;
  attached = false;
  closed = true;
  service = "default";
  #server;
  #sink;
  #mended;

  constructor(server) {
    this.#server = server;
  }

  start(sink, { service = "default" } = {}) {
    this.#sink = sink;
    this.service = service;
    this.attached = false;
    this.closed = false;
    this.#server.enter(this);
    if (this.#server.isUp) return Promise.resolve();
    return new Promise((resolve) => (this.#mended = resolve));
  }

  send(command) {
    // What is sent into a broken connection gets no answer.
    if (!this.#server.isUp || this.closed) return new Promise(() => {});
    return this.#server.operate(this, command);
  }

  close() {
    this.closed = true;
    this.attached = false;
    this.#server.exit(this);
    this.#server.news();
  }

  hear(reply) {
    if (this.#server.isUp && this.attached) this.#sink.receive(structuredClone(reply));
  }

  break() {
    this.attached = false;
    this.#sink.closed();
  }

  mend() {
    this.#mended?.();
    this.#mended = undefined;
  }
}

function known(operation) {
  if (!OPERATIONS.includes(operation)) {
    throw new TypeError(`there is no operation ${JSON.stringify(operation)}; there are ${OPERATIONS.join(", ")}`);
  }
  return operation;
}

/** A bot that fails fails the test: its error goes where the page's errors go. */
function run(callback, chat) {
  new Promise((resolve) => resolve(callback(chat))).catch((error) => {
    if (typeof reportError === "function") reportError(error);
    else queueMicrotask(() => { throw error; });
  });
}
