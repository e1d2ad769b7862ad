// The log of a session's events, and their way to the page's callbacks: in order, to each callback once, each in a
// microtask of its own, and never for so long that the page stands still.
import { ChatError } from "./error.js";
import { report } from "./promise.js";
import { event } from "./shapes.js";
import { nextTask } from "./task.js";

/** How long callbacks run before the page has its turn, in milliseconds. */
const SLICE = 8;

/** What is in the transcript that a page can ask for. */
const TRANSCRIPT = new Set(["message", "agentConnected", "agentDisconnected", "ended"]);
/** What holds until it is over, and is told to a callback that is registered while it does. */
const LASTING = new Set(["interrupted", "form", "faq"]);

export class Log {
  /** Tells the engine that the page was told of all entries up to an index. Set by the session. */
  told = () => {};
  /** Called when the session goes on as another one. Set by the session. */
  renewed = () => {};
  /** Called when the session is over. Set by the session. */
  over = () => {};
  /** Called when the engine has nothing left to do, perhaps more than once. Set by the session. */
  done = () => {};
  /** Where the engine's channels of messages lead: the other tabs, a transport of the page's own. Set by the session. */
  channels;
  /** Keeps the transcript for a later page, where the page wants that. Set by the session. */
  cache;
  /** Where the state for a restore is stored. Set by the session. */
  store;
  /** What is known beside the transcript. Set by the session. */
  state;
  /** What the engine calls: each call adds a record, none runs a callback. */
  page;

  #records = [];
  #subscribers = [];
  #running = false;
  /** The place of the record that is next to be told to whom it is for. */
  #at = 0;
  /** What is told to a callback that is registered late. Errors only to the first: a launch makes some before there can be any. */
  #played = new Set([...TRANSCRIPT, "status", "error"]);
  /** The places of what lasts, by kind. */
  #lasting = new Map();
  /** Where the session begins that goes on: what is before belongs to one that was renewed. */
  #base = 0;
  #agents = 0;
  #lastTold = -1;
  #debug;

  constructor({ debug, logger }) {
    this.#debug = logger ?? (debug === true ? (line) => console.debug(`causerie: ${line}`) : undefined);
    this.page = new Page(this, (line) => this.#log(line));
  }

  /** Adds a record. */
  add(record) {
    const { kind } = record;
    // Most records are messages, about which there is nothing else to see to.
    const isMessage = kind === "message";
    if (!isMessage) this.#note(kind);
    // Nothing comes after the end, what it means for the status neither.
    const isEnd = kind === "ended";
    if (isEnd) this.state.derive(record);
    if (this.#debug) this.#log(`event: ${kind} ${record.index ?? record.code ?? record.reason ?? ""}`);
    this.#records.push(record);
    this.cache?.add(record);
    if (isMessage || (TRANSCRIPT.has(kind) && !isEnd)) this.state.derive(record);
    if (kind === "renewed") this.#base = this.#records.length;
    if (isEnd) this.over();
    if (!this.#running) this.#pump();
  }

  #note(kind) {
    if (kind === "agentConnected") this.#agents += 1;
    if (kind === "agentDisconnected") this.#agents -= 1;
    if (LASTING.has(kind)) this.#lasting.set(kind, this.#records.length);
    if (kind === "continued") this.#lasting.delete("interrupted");
  }

  /** What lasted is over: who was not told of it yet never is. */
  close(kind) {
    const at = this.#lasting.get(kind);
    if (at === undefined) return;
    this.#lasting.delete(kind);
    this.#records[at] = undefined;
  }

  /** Whether an agent is in the session. */
  hasAgents() {
    return this.#agents > 0;
  }

  /** Registers a callback; returns the function that takes it back. */
  subscribe(kind, callback, options) {
    if (typeof callback !== "function") {
      throw new TypeError(`expected a function as callback, got ${callback === null ? "null" : typeof callback}`);
    }
    const signal = options?.signal;
    if (signal?.aborted) return () => {};
    const lasting = this.#lasting.get(kind) ?? this.#records.length;
    const subscriber = { kind, callback, freed: options?.freed, cursor: this.#played.has(kind) ? this.#base : lasting };
    if (kind === "error") this.#played.delete(kind);
    const unsubscribe = () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
      subscriber.gone = true;
      signal?.removeEventListener("abort", unsubscribe);
    };
    signal?.addEventListener("abort", unsubscribe, { once: true });
    this.#subscribers = [...this.#subscribers, subscriber];
    this.#at = Math.min(this.#at, subscriber.cursor);
    this.#pump();
    return unsubscribe;
  }

  /** From now on nobody is told of anything, and nothing is stored or deleted. */
  clear() {
    for (const subscriber of this.#subscribers) {
      subscriber.gone = true;
      subscriber.freed?.();
    }
    this.#subscribers = [];
    this.#records = [];
    this.add = () => {};
    this.store = {};
    this.cache?.close();
    this.cache = undefined;
  }

  /** The records of the transcript. */
  transcript() {
    return this.#records.slice(this.#base).filter((record) => record && TRANSCRIPT.has(record.kind));
  }

  async #pump() {
    if (this.#running) return;
    this.#running = true;
    await null;
    // The wall clock, for the other takes five times as long to read; should it be set, the page only has its turn too early.
    let since = Date.now();
    let checked = since;
    let unchecked = 0;
    while (this.#at < this.#records.length) {
      const at = this.#at++;
      const record = this.#records[at];
      const subscribers = this.#subscribers;
      // By its place: an iterator that lives across an `await` costs more than all else here.
      for (let place = 0; place < subscribers.length; place += 1) {
        const subscriber = subscribers[place];
        if (subscriber.cursor !== at || subscriber.gone) continue;
        subscriber.cursor = at + 1;
        if (record?.kind !== subscriber.kind) continue;
        if (call(subscriber.callback, record)) {
          // It awaits something: a whole turn, so that all that is settled by now goes on before the next event.
          await nextTask();
        } else {
          await null;
        }
        if (unchecked-- > 0) continue;
        const now = Date.now();
        // Quick callbacks are not worth a look at the clock each.
        unchecked = now === checked ? 7 : 0;
        checked = now;
        if (Math.abs(now - since) > SLICE) {
          this.#tell();
          await nextTask();
          since = Date.now();
        }
      }
    }
    this.#tell();
    this.#running = false;
  }

  /** The place where the callback that is furthest behind goes on. */
  #next() {
    let next = this.#records.length;
    for (const { cursor } of this.#subscribers) {
      if (cursor < next) next = cursor;
    }
    return next;
  }

  /** Tells the engine how far the page has been told, and lets go of what nobody will ask for again. */
  #tell() {
    if (!this.#subscribers.some(({ kind }) => TRANSCRIPT.has(kind))) return;
    const end = this.#next();
    let told;
    for (let at = this.#lastTold + 1; at < end; at += 1) {
      const record = this.#records[at];
      const isOver = at < this.#base;
      // Most records are messages.
      const isKept = !isOver && (record?.kind === "message" || this.#played.has(record?.kind));
      if (!isKept && ![...this.#lasting.values()].includes(at)) this.#records[at] = undefined;
      // The positions of a session that was renewed mean nothing any more.
      if (!isOver) told = record?.index ?? told;
    }
    if (told !== undefined) this.told(told);
    this.#lastTold = Math.max(this.#lastTold, end - 1);
  }

  #log(line) {
    if (this.#debug) Promise.resolve(line).then(this.#debug).catch(report);
  }
}

/** Of a party as it came: its id and its name as pages see them. What is not there, or not of its type, has a default. */
const idOf = ({ participantId: id }) => (typeof id === "number" || typeof id === "string" ? id : 0);
const nameOf = ({ nickname }) => (typeof nickname === "string" ? nickname : "");

/** What of `Page` runs the page's code, or reads what a server made. */
const GUARDED = ["notice", "passing", "renewed", "open", "send", "close", "tell_tabs", "done"];

/** Calls a callback; whether it returned a promise. */
function call(callback, record) {
  try {
    const made = event(record);
    const result = made === undefined ? callback() : callback(made);
    return typeof result?.then === "function";
  } catch (error) {
    report(error);
    return false;
  }
}

/** What the engine calls. What returns nothing never throws: the engine would be left in the middle of what it does. */
class Page {
  #log;

  constructor(log, line) {
    this.#log = log;
    this.log = line;
    for (const name of GUARDED) {
      const method = this[name];
      this[name] = (...given) => {
        try {
          method.apply(this, given);
        } catch (error) {
          report(error);
        }
      };
    }
  }

  message(index, timestamp, restored, url, role, { text, from }) {
    this.#log.add({ kind: "message", index, timestamp, restored, text, url, id: idOf(from), name: nameOf(from), role });
  }

  messages({ messages: entries }, first, count, toldBefore) {
    for (let at = first; at < first + count; at += 1) {
      const entry = entries[at];
      const { index, utcTime, from } = entry;
      this.message(index - 1, utcTime, index <= toldBefore, false, from.type === "Agent" ? 1 : 0, entry);
    }
  }

  agent(joined, index, timestamp, restored, from) {
    const kind = joined ? "agentConnected" : "agentDisconnected";
    this.#log.add({ kind, index, timestamp, restored, id: idOf(from), name: nameOf(from) });
  }

  notice(index, timestamp, restored, name, data) {
    this.#log.cache?.add({ kind: "notice", index, timestamp, name, data });
    this.#log.state.notice(name, data, { index, timestamp, restored });
  }

  passing(name, data) {
    this.#log.state.passing(name, data);
  }

  renewed(previousId, id, reason) {
    this.#log.state.renewed();
    this.#log.add({ kind: "renewed", previousId, id, reason });
    this.#log.renewed(id);
  }

  typing(on, from) {
    this.#log.add({ kind: "typing", on, id: idOf(from), name: nameOf(from) });
  }

  link(up) {
    this.#log.add({ kind: up ? "continued" : "interrupted" });
  }

  ended(reason, timestamp) {
    this.#log.add({ kind: "ended", reason, timestamp });
  }

  error(code, description) {
    this.#log.add({ kind: "error", code, description });
  }

  open(id, url) {
    this.#log.channels.open(id, url);
  }

  send(socket, frame) {
    this.#log.channels.send(socket, frame);
  }

  close(socket) {
    this.#log.channels.close(socket);
  }

  tell_tabs(to, except, frame) {
    this.#log.channels.tell(to, except, frame);
  }

  get room() {
    const { room, denied } = this.#log.store;
    return denied ? -1 : room;
  }

  store(verb, key, state) {
    return this.#log.store[verb]?.(key, state);
  }

  shared() {
    return this.#log.channels.shared();
  }

  async join(id) {
    const held = await this.#log.channels.join(id);
    return [held, await this.#log.cache?.read(id).catch(() => undefined)];
  }

  done() {
    this.#log.channels?.free();
    this.#log.done();
  }

  secret() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");
  }

  failure(code, description) {
    return new ChatError(code, description);
  }
}
