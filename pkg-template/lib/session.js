// The session as a page sees it. Every command goes to the engine; every event comes from the log.
import { Channels } from "./channels.js";
import { HIDDEN, TOLD, run } from "./engine.js";
import { ChatError } from "./error.js";
import { Log } from "./log.js";
import { ChatPromise } from "./promise.js";
import { entry } from "./shapes.js";

const internal = Symbol("internal");

export class ChatSession {
  #engine;
  #log;

  constructor(key, engine, log) {
    if (key !== internal) throw new TypeError("a ChatSession comes from startSession or restoreSession");
    this.#engine = engine;
    this.#log = log;
  }

  /** Launches a session; resolves to it once the server has accepted it. */
  static async launch(Engine, command, options, signal) {
    const log = new Log(options);
    const engine = new Engine(log.page);
    log.told = (index) => engine.input(TOLD, index);
    const giveUp = () => run(engine, "giveUp").catch(() => {});
    signal?.addEventListener("abort", giveUp, { once: true });
    const hidden = () => engine.input(HIDDEN, 0);
    globalThis.addEventListener?.("pagehide", hidden);
    log.over = () => {
      globalThis.removeEventListener?.("pagehide", hidden);
      log.channels?.leave();
      log.cache?.clear();
      // The module holds the log as long as it lives; the log lets go of the engine, which then can be freed.
      log.told = () => {};
    };
    try {
      if (signal?.aborted) throw new ChatError(308, "the launch was given up by its signal");
      log.channels = await Channels.of(engine, options);
      log.cache = await cacheOf(options, log);
      await run(engine, command, options);
      if (command === "startSession") await log.channels.join(engine.id);
      await log.cache?.keep(engine.id);
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
    return this.#engine.id;
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

  isAgentConnected() {
    return this.#engine.isAgentConnected();
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

  onSessionEnded(callback, options) {
    return this.#log.subscribe("ended", callback, options);
  }
}

/** The transcript cache, where it is wanted and the browser has one. */
async function cacheOf({ cache = "none", maxOfflineDuration = 60 }, log) {
  if (cache === "none") return undefined;
  if (cache !== "indexeddb") {
    throw new ChatError(3, `the value of a parameter is incorrect: expected \`cache\` to be "none" or "indexeddb", got ${typeof cache}`);
  }
  const { openCache } = await import("../cache.js");
  return openCache(maxOfflineDuration).catch(() => {
    log.page.error(305, "the state for a restore could not be stored or read: the browser has no place for the transcript cache");
    return undefined;
  });
}
