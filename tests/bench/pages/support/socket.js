// A WebSocket of the page's own: what a client sends goes to its `server`, what that says comes as real events.

export class Socket {
  static latest;
  /** The server of the sockets that are made from now on: (socket, text) => void. */
  static server = () => {};
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  #listeners = [];

  constructor(url) {
    this.url = url;
    this.server = Socket.server;
    Socket.latest = this;
    queueMicrotask(() => {
      this.readyState = 1;
      this.#fire(new Event("open"));
    });
  }

  // Not an EventTarget's: a script pays for its dispatch what a browser's own socket does not cost.
  addEventListener(type, listener) { this.#listeners.push([type, listener]); }

  removeEventListener(type, listener) {
    this.#listeners = this.#listeners.filter(([of, one]) => of !== type || one !== listener);
  }

  send(text) { this.server(this, text); }

  close() { this.readyState = 3; }

  say(text) { this.#fire(new MessageEvent("message", { data: text })); }

  #fire(event) {
    this[`on${event.type}`]?.(event);
    for (const [type, listener] of this.#listeners) if (type === event.type) listener.call(this, event);
  }
}

/** Clients that are made by `work` get such sockets, served by `server`. */
export async function withSockets(server, work) {
  const { WebSocket } = window;
  window.WebSocket = Socket;
  Socket.server = server;
  try {
    return await work();
  } finally {
    window.WebSocket = WebSocket;
  }
}
