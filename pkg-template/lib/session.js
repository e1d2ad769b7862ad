// The session as a page sees it. Every command goes to the engine; every event comes from the log.
import { Channels } from "./channels.js";
import { GIVE, GIVE_UP, HAS_AGENT, HIDDEN, ID, IS_OVER, LEAVE, RESTORE, START, TOLD, TYPING, WAKE, awake, release, run, tell } from "./engine.js";
import { Log } from "./log.js";
import { fromIndex, incorrect, sending, typing } from "./options.js";
import { ChatPromise } from "./promise.js";
import { entry } from "./shapes.js";
import { answers, State } from "./state.js";
import { storeOf } from "./storage.js";

const internal = Symbol("internal");

export class ChatSession {
  #engine;
  #log;

  constructor(key, engine, log) {
    if (key !== internal) throw new TypeError("a ChatSession comes from startSession or restoreSession");
    this.#engine = engine;
    this.#log = log;
    log.done = () =>
      queueMicrotask(() => {
        const released = this.#release();
        if (released) release(released);
      });
  }

  /** Launches a session; resolves to it once the server has accepted it. */
  static async launch(Engine, command, options, wanted) {
    const { signal } = options;
    const log = new Log(options);
    const engine = new Engine(log.page);
    log.told = (index) => tell(engine, TOLD, index);
    log.state = new State(log, options, command);
    // Only REST has forms.
    log.page.form = (fields) => Engine.form(fields, log.state.data.isTold);
    // Whose the engine is, is known at the end of the launch.
    let isDone = false;
    log.done = () => {
      isDone = true;
    };
    const giveUp = () => {
      listen("removeEventListener");
      run(engine, GIVE_UP).catch(() => {});
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    const hidden = () => tell(engine, HIDDEN, 0);
    // What the browser says of the network is a reason to look, not to believe.
    const wake = () => globalThis.document?.visibilityState === "hidden" || tell(engine, WAKE, 0);
    const listen = (verb) => {
      globalThis[verb]?.("pagehide", hidden);
      globalThis[verb]?.("pageshow", wake);
      globalThis[verb]?.("online", wake);
      globalThis[verb]?.("offline", wake);
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
      const notStored = (why) => log.page.error(305, `the state for a restore could not be stored or read: ${why}`);
      log.store = await storeOf(command, options, notStored);
      log.channels = await Channels.of(engine, options);
      log.cache = await cacheOf(options, notStored);
      const isNew = command === "startSession";
      await run(engine, isNew ? START : RESTORE, { ...wanted, dataKey: log.state.data.key });
      log.state.begin();
      if (isNew) await log.channels.join(engine.read(ID));
      await log.cache?.keep(engine.read(ID));
      log.renewed = (id) => {
        log.channels.renew(id);
        log.cache?.renew(id);
      };
      return new ChatSession(internal, engine, log);
    } catch (error) {
      log.cache = undefined;
      log.over();
      log.done = () => {
        log.done = () => {};
        release(engine);
      };
      throw error;
    } finally {
      if (isDone) log.done();
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** The server's id of the session. */
  get id() {
    return this.#engine.read(ID);
  }

  getTranscript(options) {
    return ChatPromise.of(async () => {
      awake(this.#engine);
      const from = fromIndex(options);
      const records = this.#log.transcript().filter(({ index }) => index === undefined || index >= from);
      return { transcript: records.map(entry) };
    });
  }

  sendMessage(message) {
    return ChatPromise.of(() => run(awake(this.#engine), GIVE, sending(message)));
  }

  sendTyping(options) {
    return ChatPromise.of(() => run(awake(this.#engine), TYPING, typing(options)));
  }

  leave() {
    return ChatPromise.of(() => run(awake(this.#engine), LEAVE));
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
      awake(this.#engine);
      const { name, data } = (answers ?? (await import("../forms.js")))[kind](options, this.#log.state.form);
      return run(awake(this.#engine), GIVE, { operation: "customNotice", message: name, userData: data });
    });
  }

  /** The data that this side may change. */
  get data() {
    const { data } = this.#log.state;
    const give = (change, given) =>
      ChatPromise.of(async () => {
        const engine = awake(this.#engine);
        const { set, deleted, size } = data[change](given);
        await run(engine, GIVE, { operation: "updateData", userData: set, deleted, size });
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
    let id;
    try {
      id = engine.read(ID);
    } catch {
      // The module has trapped.
    }
    this.#engine = { read: (what) => (what === ID ? id : what === IS_OVER) };
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
    run(engine, GIVE_UP).catch(() => {});
    log.channels.free();
    // It may be on its way to a transport of the page's own, which now calls this.
    release(engine);
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
async function cacheOf({ cache = "none", maxOfflineDuration = 60 }, notStored) {
  if (cache === "none") return undefined;
  if (cache !== "indexeddb") {
    throw incorrect(`expected \`cache\` to be "none" or "indexeddb", got ${typeof cache}`);
  }
  const { openCache } = await import("../cache.js");
  return openCache(maxOfflineDuration).catch(() => {
    notStored("the browser has no place for the transcript cache");
    return undefined;
  });
}
