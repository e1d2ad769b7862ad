// The channels of messages that an engine opens beside its WebSockets: to a transport of the page's own, or to the tab
// that holds the connection.
import { FRAME, HOLD, tell } from "./engine.js";
import { Tabs, shared } from "./tabs.js";

export class Channels {
  #engine;
  #own;
  #channels = new Map();
  /** Takes frames to the engine as from the channel that was opened last. */
  #deliver;
  #tabs;

  constructor(engine) {
    this.#engine = engine;
  }

  /** The channels of an engine, as the options want them. */
  static async of(engine, options) {
    const channels = new Channels(engine);
    if (options.transport && typeof options.transport === "object") {
      // It belongs to its page: other tabs have their own.
      const { ownTransport } = await import("../transport.js");
      channels.#own = ownTransport(options.transport, options);
    } else if (options.multiTab !== false) {
      channels.#tabs = Tabs.of(engine);
    }
    return channels;
  }

  /** The states of the sessions that other tabs have. */
  async shared() {
    return this.#tabs ? shared() : [];
  }

  /** Shares a session with the other tabs; whether this one holds the connection. */
  async join(sessionId) {
    try {
      return (await this.#tabs?.join(sessionId)) ?? true;
    } catch {
      // The browser has what tabs need, and denies it to this page.
      this.leave();
      this.#tabs = undefined;
      return true;
    }
  }

  /** The session goes on as another one: the tabs meet under its name. */
  async renew(sessionId) {
    if (!this.#tabs) return;
    this.#tabs.leave();
    this.#tabs = Tabs.of(this.#engine);
    const held = await this.join(sessionId);
    tell(this.#engine, HOLD, Number(held));
    // One of the others: its channel led to where the tabs met before.
    if (!held) this.#deliver?.({ link: 2 });
  }

  /** The session is over. */
  leave() {
    this.#tabs?.leave();
  }

  /** Nothing is heard or said any more. */
  free() {
    for (const socket of this.#channels.keys()) this.close(socket);
  }

  open(socket, tab) {
    // Never inside the call that opened it, or that sent something.
    const deliver = (frame) => queueMicrotask(() => this.#channels.has(socket) && tell(this.#engine, FRAME, socket, frame));
    this.#deliver = deliver;
    this.#channels.set(socket, undefined);
    this.#channels.set(socket, tab ? this.#tabs?.open(deliver) : this.#own?.(deliver));
  }

  send(socket, frame) {
    this.#channels.get(socket)?.send(frame);
  }

  close(socket) {
    const channel = this.#channels.get(socket);
    this.#channels.delete(socket);
    channel?.close();
  }

  tell(to, except, frame) {
    this.#tabs?.tell(to, except, frame);
  }
}
