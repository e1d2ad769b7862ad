// The session as a page sees it. Every command goes to the engine; every event comes from the log.
import { Channels } from "./channels.js";
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
    log.channels = new Channels(engine, options);
    log.told = (index) => engine.told(index);
    const giveUp = () => engine.giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    const hidden = () => engine.hidden();
    globalThis.addEventListener?.("pagehide", hidden);
    log.over = () => {
      globalThis.removeEventListener?.("pagehide", hidden);
      log.channels.leave();
      // The module holds the log as long as it lives; the log lets go of the engine, which then can be freed.
      log.told = () => {};
    };
    try {
      if (signal?.aborted) throw new ChatError(308, "the launch was given up by its signal");
      await engine[command](options);
      if (command === "startSession") await log.channels.join(engine.id);
      return new ChatSession(internal, engine, log);
    } catch (error) {
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
      const from = await this.#engine.getTranscript(options);
      const records = this.#log.transcript().filter(({ index }) => index === undefined || index >= from);
      return { transcript: records.map(entry) };
    });
  }

  sendMessage(message) {
    return ChatPromise.of(() => this.#engine.sendMessage(message));
  }

  sendTyping(options) {
    return ChatPromise.of(() => this.#engine.sendTyping(options));
  }

  leave() {
    return ChatPromise.of(() => this.#engine.leave());
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
