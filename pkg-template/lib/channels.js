// The channels of messages that an engine opens: a WebSocket to a server, a transport of the page's own, or to the tab that holds
// the connection.
import { CLOSED, FRAME, GARBLED, HOLD, OPENED, tell } from "./engine.js";
import { report } from "./promise.js";
import { parse } from "./reader.js";
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
    for (const id of this.#channels.keys()) {
      try {
        this.close(id);
      } catch (error) {
        report(error);
      }
    }
  }

  /** Opens a channel: to the tab that holds the connection, to the page's own transport, or a WebSocket. */
  open(id, url) {
    this.#channels.set(id, undefined);
    const open = { "tab:": (deliver) => this.#tabs?.open(deliver), "own:": (deliver) => this.#own?.(deliver) }[url];
    if (open) {
      // Never inside the call that opened it, or that sent something.
      this.#deliver = (frame) => queueMicrotask(() => this.#channels.has(id) && tell(this.#engine, FRAME, id, frame));
      this.#channels.set(id, open(this.#deliver));
      return;
    }
    const closed = (code) => this.#channels.delete(id) && tell(this.#engine, CLOSED, id, code);
    this.#channels.set(id, webSocket(this.#engine, id, url, closed));
  }

  send(id, frame) {
    this.#channels.get(id)?.send(frame);
  }

  close(id) {
    const channel = this.#channels.get(id);
    this.#channels.delete(id);
    channel?.close();
  }

  tell(to, except, frame) {
    this.#tabs?.tell(to, except, frame);
  }
}

/** A WebSocket, of which the engine is told by its id. */
function webSocket(engine, id, url, closed) {
  let socket;
  try {
    socket = new WebSocket(url);
  } catch {
    // The browser refuses the URL (mixed content, a bad port): as if nobody answered there.
    queueMicrotask(() => closed(1006));
    return undefined;
  }
  socket.onopen = () => tell(engine, OPENED, id);
  socket.onmessage = ({ data }) => {
    const frame = typeof data === "string" ? parse(data) : undefined;
    tell(engine, frame === undefined ? GARBLED : FRAME, id, frame === undefined ? data : frame);
  };
  socket.onclose = ({ code }) => closed(code);
  return {
    send(frame) {
      try {
        socket.send(JSON.stringify(frame));
      } catch {
        // What can not be sent is lost with the socket, which tells of its end itself.
      }
    },
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    },
  };
}
