// The session as a page sees it. Every command goes to the engine; every event comes from the log.
import { Channels } from "./channels.js";
import { HAS_AGENT, HIDDEN, ID, TOLD, WAKE, run, tell } from "./engine.js";
import { ChatError } from "./error.js";
import { Log } from "./log.js";
import { ChatPromise } from "./promise.js";
import { entry } from "./shapes.js";
import { State } from "./state.js";
import { storeOf } from "./storage.js";
import { incorrect } from "./data.js";

const internal = Symbol("internal");

export class ChatSession {
  #engine;
  #log;

  constructor(key, engine, log) {
    if (key !== internal) throw new TypeError("a ChatSession comes from startSession or restoreSession");
    this.#engine = engine;
    this.#log = log;
    // Not inside a call of its own.
    log.done = () => queueMicrotask(() => this.#release()?.free());
  }

  /** Launches a session; resolves to it once the server has accepted it. */
  static async launch(Engine, command, options, signal) {
    const log = new Log(options);
    const engine = new Engine(log.page);
    log.told = (index) => tell(engine, TOLD, index);
    log.state = new State(log, options);
    log.done = () => {
      log.done = () => {};
      queueMicrotask(() => engine.free());
    };
    const giveUp = () => {
      listen("removeEventListener");
      run(engine, "giveUp").catch(() => {});
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    const hidden = () => tell(engine, HIDDEN, 0);
    // What the browser says of the network is a reason to look, not to believe.
    const wake = () => globalThis.document?.visibilityState === "hidden" || tell(engine, WAKE, 0);
    const listen = (verb) => {
      globalThis[verb]?.("pagehide", hidden);
      globalThis[verb]?.("pageshow", wake);
      globalThis[verb]?.("online", wake);
      globalThis.document?.[verb]("visibilitychange", wake);
    };
    listen("addEventListener");
    log.over = () => {
      listen("removeEventListener");
      log.channels?.leave();
      log.cache?.clear();
      // The module holds the log as long as it lives; the log lets go of the engine, which then can be freed.
      log.told = () => {};
    };
    try {
      if (signal?.aborted) giveUp();
      log.store = await storeOf(command, options);
      log.channels = await Channels.of(engine, options);
      log.cache = await cacheOf(options, log);
      await run(engine, command, { ...options, dataKey: log.state.data.key });
      log.state.begin();
      if (command === "startSession") await log.channels.join(engine.read(ID));
      await log.cache?.keep(engine.read(ID));
      log.renewed = (id) => {
        log.channels.renew(id);
        log.cache?.renew(id);
      };
      return new ChatSession(internal, engine, log);
    } catch (error) {
      log.cache = undefined;
      log.over();
      throw error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** The server's id of the session. */
  get id() {
    return this.#engine.read(ID);
  }

  getTranscript(options) {
    return ChatPromise.of(async () => {
      const from = await run(this.#engine, "getTranscript", options);
      const records = this.#log.transcript().filter(({ index }) => index === undefined || index >= from);
      return { transcript: records.map(entry) };
    });
  }

  sendMessage(message) {
    return ChatPromise.of(() => run(this.#engine, "sendMessage", message));
  }

  sendTyping(options) {
    return ChatPromise.of(() => run(this.#engine, "sendTyping", options));
  }

  leave() {
    return ChatPromise.of(() => run(this.#engine, "leave"));
  }

  /** The status of the session, `{ code, name }`. */
  get status() {
    return this.#log.state.status;
  }

  /** Whether a bot answers. */
  get botActive() {
    return this.#log.state.botActive;
  }

  submitForm(options) {
    return this.#give("submission", options);
  }

  answerFaq(options) {
    return this.#give("answer", options);
  }

  /** Gives an answer to a form or to the FAQ. */
  #give(kind, options) {
    return ChatPromise.of(async () => {
      await this.#awake();
      const notice = (await import("../forms.js"))[kind](options ?? {}, this.#log.state.form);
      return run(this.#engine, "giveNotice", notice);
    });
  }

  /** Rejects when the session is over, as commands do whatever is given to them. */
  #awake() {
    return run(this.#engine, "getTranscript");
  }

  /** The data that this side may change. */
  get data() {
    const { data } = this.#log.state;
    const give = (change, given) =>
      ChatPromise.of(async () => {
        await this.#awake();
        const { set, deleted, size } = (await import("../changes.js"))[change](given, data);
        await run(this.#engine, "giveData", { set, deleted, size });
        data.taken(set ?? {}, deleted ?? []);
      });
    return {
      get: (name) => data.get(name),
      set: (values) => give("setting", values),
      delete: (names) => give("deleting", names),
    };
  }

  /** The data that only the server changes: a frozen copy. */
  get internal() {
    return this.#log.state.data.internal;
  }

  isAgentConnected() {
    return this.#engine.read(HAS_AGENT);
  }

  /** All events, in order, for `for await`. */
  async *events(options) {
    yield* (await import("../events.js")).eventsOf(this, options);
  }

  /** The engine, which nothing is to be asked of any more; undefined when it was released before. */
  #release() {
    const engine = this.#engine;
    if (!engine.free) return undefined;
    const id = engine.read(ID);
    this.#engine = {
      read: (what) => what === ID && id,
      command: () => {
        throw new ChatError(50, "the session is unknown or already over");
      },
    };
    return engine;
  }

  /** Lets go of everything. The session itself goes on, for who restores it. */
  free() {
    const log = this.#log;
    const engine = this.#release();
    log.clear();
    if (!engine) return;
    log.over();
    // What waits is settled, and the channels are closed.
    run(engine, "giveUp");
    log.channels.free();
    // It may be on its way to a transport of the page's own, which now calls this.
    queueMicrotask(() => engine.free());
  }

  onError(callback, options) {
    return this.#log.subscribe("error", callback, options);
  }

  onAgentConnected(callback, options) {
    return this.#log.subscribe("agentConnected", callback, options);
  }

  onAgentDisconnected(callback, options) {
    return this.#log.subscribe("agentDisconnected", callback, options);
  }

  onMessageReceived(callback, options) {
    return this.#log.subscribe("message", callback, options);
  }

  onAgentTyping(callback, options) {
    return this.#log.subscribe("typing", callback, options);
  }

  onInterrupted(callback, options) {
    return this.#log.subscribe("interrupted", callback, options);
  }

  onContinued(callback, options) {
    return this.#log.subscribe("continued", callback, options);
  }

  onStatusChanged(callback, options) {
    return this.#log.subscribe("status", callback, options);
  }

  onFormRequested(callback, options) {
    return this.#log.subscribe("form", callback, options);
  }

  onFaqSuggested(callback, options) {
    return this.#log.subscribe("faq", callback, options);
  }

  onRenewed(callback, options) {
    return this.#log.subscribe("renewed", callback, options);
  }

  onDataChanged(callback, options) {
    return this.#log.subscribe("data", callback, options);
  }

  onSessionEnded(callback, options) {
    return this.#log.subscribe("ended", callback, options);
  }
}

if (Symbol.dispose) ChatSession.prototype[Symbol.dispose] = ChatSession.prototype.free;

/** The transcript cache, where it is wanted and the browser has one. */
async function cacheOf({ cache = "none", maxOfflineDuration = 60 }, log) {
  if (cache === "none") return undefined;
  if (cache !== "indexeddb") {
    throw incorrect(`expected \`cache\` to be "none" or "indexeddb", got ${typeof cache}`);
  }
  const { openCache } = await import("../cache.js");
  return openCache(maxOfflineDuration).catch(() => {
    log.page.error(305, "the state for a restore could not be stored or read: the browser has no place for the transcript cache");
    return undefined;
  });
}
