// The Bayeux half of the fake server: clients, held connects, delivery. Knows nothing of chats.

import { randomBytes } from "node:crypto";

const UNKNOWN = { successful: false, error: "402::session_unknown" };

export class Bayeux {
  /** Called with a client and a published message; returns event messages that answer it. */
  onPublish = () => [];
  advice;
  #clients = new Map();

  constructor({ advice = {}, webSocket = true } = {}) {
    this.advice = { reconnect: "retry", interval: 0, timeout: 5_000, ...advice };
    this.types = webSocket ? ["websocket", "long-polling"] : ["long-polling"];
  }

  /** For each message a promise of the messages that answer it. `socket` and `send` on WebSocket only. */
  answers(messages, { socket, send } = {}) {
    const alone = messages.length === 1 || socket !== undefined;
    return messages.map(async (message) => {
      const { channel, id, clientId } = message;
      const reply = { channel, ...(id !== undefined && { id }) };
      if (channel === "/meta/handshake") return [{ ...reply, ...this.#handshake() }];
      const client = this.#clients.get(clientId);
      if (!client) {
        const advice = channel === "/meta/connect" && { advice: { reconnect: "handshake", interval: 0 } };
        return [{ ...reply, ...UNKNOWN, ...advice }];
      }
      if (socket) Object.assign(client, { socket, send });
      switch (channel) {
        case "/meta/connect": return this.#connect(client, message, reply, alone);
        case "/meta/subscribe":
        case "/meta/unsubscribe": return [{ ...reply, successful: true, subscription: message.subscription }];
        case "/meta/disconnect":
          this.#clients.delete(client.id);
          client.release?.();
          return [{ ...reply, successful: true }];
        default: {
          const events = await this.onPublish(client, message);
          return [...events, { ...reply, successful: true }];
        }
      }
    });
  }

  #handshake() {
    const client = { id: randomBytes(12).toString("hex"), events: [] };
    this.#clients.set(client.id, client);
    return {
      successful: true, clientId: client.id, version: "1.0", minimumVersion: "1.0",
      supportedConnectionTypes: this.types, advice: this.advice,
    };
  }

  async #connect(client, message, reply, alone) {
    client.release?.(); // an older one that is still held
    const timeout = message.advice?.timeout ?? this.advice.timeout;
    if (timeout > 0 && alone && client.events.length === 0) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, timeout);
        client.release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      client.release = undefined;
    }
    return [...client.events.splice(0), { ...reply, successful: true, advice: this.advice }];
  }

  /** Delivers an event: at once over a WebSocket, else with the client's held or next connect. */
  deliver(clientId, message) {
    const client = this.#clients.get(clientId);
    if (client?.send) client.send([message]);
    else if (client) {
      client.events.push(message);
      client.release?.();
    }
  }

  /** A socket has closed: its clients live on, and get what comes with their next connect. */
  gone(socket) {
    for (const client of this.#clients.values()) {
      if (client.socket === socket) {
        client.socket = client.send = undefined;
        client.release?.();
      }
    }
  }

  has(clientId) { return this.#clients.has(clientId); }

  releaseAll() { for (const client of this.#clients.values()) client.release?.(); }

  forgetClients() {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) client.release?.();
  }
}
