// The official CometD client in Node, as a visitor's page or an agent's desk would use it.

import { adapt } from "cometd-nodejs-client";

adapt();
const { AckExtension, CometD, LongPollingTransport, WebSocketTransport } = await import("cometd");

/** Long-polling with a cookie jar for each client: the adapter has one for all, as if they were tabs of one browser. */
class LongPollingWithOwnCookies extends LongPollingTransport {
  #XMLHttpRequest;
  constructor() {
    super();
    adapt({});
    this.#XMLHttpRequest = window.XMLHttpRequest;
  }
  xhrSend(packet) {
    window.XMLHttpRequest = this.#XMLHttpRequest;
    return super.xhrSend(packet);
  }
}

class Client {
  handshakes = 0;
  connected = false;
  breaks = 0;
  asking = false; // whether a connect is on its way or held by the server
  events = []; // every event's data, in the order of its arrival
  #waiting = new Set();

  constructor(url, transport, channel, { ack = false } = {}) {
    this.channel = channel;
    this.cometd = new CometD();
    if (ack) this.cometd.registerExtension("ack", new AckExtension());
    this.cometd.registerExtension("asking", { outgoing: (message) => this.#asks(message) });
    this.cometd.unregisterTransports();
    this.cometd.registerTransport(transport, transport === "websocket" ? new WebSocketTransport() : new LongPollingWithOwnCookies());
    this.cometd.configure({ url: `${url}/cometd`, logLevel: "warn", useWorkerScheduler: false, backoffIncrement: 100,
      maxBackoff: 500, maxSendBayeuxMessageSize: 1_000_000 }); // the server's limits are to be met, not the client's
    this.cometd.addListener(channel, (message) => this.#took(message.data));
    this.cometd.addListener("/meta/handshake", (message) => {
      if (!message.successful) return;
      this.handshakes += 1;
      this.onHandshake?.(this.handshakes);
      this.#look();
    });
    this.cometd.addListener("/meta/connect", (message) => {
      this.asking = false;
      this.connected = message.successful;
      if (!message.successful) this.breaks += 1;
      this.#look();
    });
  }

  async connect() {
    this.cometd.handshake();
    await this.until(() => this.handshakes > 0, "the handshake");
    return this;
  }

  #took(data) {
    this.events.push(data);
    this.took?.(data);
    this.#look();
  }

  #asks(message) {
    this.asking ||= message.channel === "/meta/connect";
    this.#look();
  }

  #look() { for (const look of [...this.#waiting]) look(); }

  /** Transcript entries and typing, of everything that came. */
  entries() { return this.events.flatMap((data) => data.messages ?? []); }

  until(find, what, timeout = 15_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for ${what}; came: ${JSON.stringify(this.events.slice(-5))}`));
      }, timeout);
      this.#waiting.add(look);
      look();
    });
  }

  entry(type, text) {
    const fits = (one) => one.type === type && (text === undefined || one.text === text);
    return this.until(() => this.entries().find(fits), `${type} ${text ?? ""}`);
  }

  /**
   * A connect is held by the server: only while one is under way does the client see that a connection breaks, and the first one
   * is answered at once.
   */
  held() { return this.until(() => this.connected && this.asking, "a connect to be held"); }

  /** The answer to one operation. It is an event too, and so is kept as one. */
  call(operation, members = {}) {
    return new Promise((resolve, reject) => {
      this.cometd.remoteCall(this.channel.replace("/service/", ""), { operation, ...members }, 10_000, (message) => {
        if (!message.data) return reject(new Error(`${operation} was not answered: ${JSON.stringify(message)}`));
        this.#took(message.data);
        resolve(message.data);
      });
    });
  }

  /** A plain publish: whatever comes back comes as an event. */
  publish(operation, members = {}) {
    return new Promise((resolve, reject) => {
      this.cometd.publish(this.channel, { operation, ...members }, (ack) => (ack.successful ? resolve(ack) : reject(new Error(JSON.stringify(ack)))));
    });
  }

  async close() {
    if (!this.cometd.isDisconnected()) await new Promise((resolve) => { this.cometd.disconnect(resolve); });
  }
}

export class Visitor extends Client {
  ids = {};

  constructor(url, transport, { service = "default", ack } = {}) {
    super(url, transport, `/service/chatV2/${service}`, { ack });
    this.took = ({ secureKey, userId, alias }) => { if (secureKey) this.ids = { secureKey, userId, alias }; };
  }

  async start(nickname = "Ada", more = {}) {
    await this.connect();
    return this.call("requestChat", { nickname, ...more });
  }

  do(operation, members = {}) { return this.call(operation, { ...this.ids, ...members }); }

  /** The position of the first entry that is missing. */
  get nextPosition() {
    const known = new Set(this.entries().map(({ index }) => index));
    let position = 1;
    while (known.has(position)) position += 1;
    return position;
  }
}

export class Agent extends Client {
  constructor(url, transport, who, { ack } = {}) {
    super(url, transport, "/service/desk", { ack });
    this.who = who;
    // As a desk has to, after every handshake.
    this.onHandshake = () => { this.signedIn = this.call("signIn", who); this.signedIn.catch(() => {}); };
  }

  async start() {
    await this.connect();
    return this.signedIn;
  }

  async queued(chatId) {
    await this.until(() => this.events.at(-1)?.queue?.some((one) => one.chatId === chatId), `${chatId} in the queue`);
  }

  async accept(chatId) {
    await this.queued(chatId);
    return this.call("accept", { chatId });
  }
}
