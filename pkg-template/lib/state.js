// What a session knows beside its transcript: its status, the form and the FAQ's entry that are open, its data. Told by the
// server's notices; where a server has none, the status is derived from who speaks.
import { SessionData } from "./data.js";
import { isObject, isString } from "./options.js";

/** The names of the states, by their codes. */
const STATES = [
  "invalid", "preChatForm", "faq", "offlineForm", "inQueue", "customerLast", "userLast", "finished", "deleted", "closed",
  "requestPosted", "closedFromQueue",
];
const IN_QUEUE = 4;
const CUSTOMER_LAST = 5;
const USER_LAST = 6;
const FINISHED = 7;
/** The states that ask for a form. */
const FORM_STATES = new Set([1, 3, FINISHED]);
const CLIENT = 0;

const state = (code) => Object.freeze({ code, name: STATES[code] ?? STATES[0] });

export class State {
  status = state(0);
  botActive = false;
  /** The form that the server asks for, if it does. */
  form;
  data;
  #log;
  /** The server tells the status. */
  #isTold = false;

  constructor(log, options, command) {
    this.#log = log;
    this.data = new SessionData(log, options, command);
  }

  /** A notice of the transcript, at its place. */
  notice(name, data, place) {
    switch (name) {
      case "status": {
        const code = Number(data?.new);
        const old = Number(data?.old);
        if (!STATES[code]) return this.#drop("a status from 0 to 11");
        this.#isTold = true;
        this.botActive = String(data.botActive) === "true";
        return this.#change(code, place, STATES[old] ? old : undefined);
      }
      case "faq": {
        const { id, question, answer } = Object(data);
        if (![id, question, answer].every(isString)) return this.#drop("an entry of the FAQ");
        this.#log.close("faq");
        answerable();
        return this.#log.add({ kind: "faq", ...place, id, question, answer });
      }
      case "faq-answered":
        return this.#log.close("faq");
    }
  }

  /** A notice that holds now. */
  passing(name, data) {
    if (name === "form") this.#ask(data);
    else if (name === "session-data" && isObject(data?.set ?? {})) this.data.changed(data);
    else if (name === "internal" && isObject(data)) this.data.internal = frozen(data);
    else if (/^(session-data|internal)$/.test(name)) this.#drop(name);
  }

  /** What is malformed is no news, and ends nothing. */
  #drop(expected) {
    this.#log.page.error(304, `an event of the server was malformed and has been dropped: expected ${expected}`);
  }

  /** Something stands in the transcript: where the server tells no status, it says what the status is. */
  derive(record) {
    const { kind, role } = record;
    if (this.#isTold) return;
    if (this.status.code === 0) this.#derived(IN_QUEUE, record);
    if (kind === "message" && role === CLIENT) {
      // Nobody has taken it yet: it stays in the queue.
      if (this.status.code > IN_QUEUE || this.#log.hasAgents()) this.#derived(CUSTOMER_LAST, record);
    } else if (kind === "message") {
      this.#derived(USER_LAST, record);
    } else if (kind === "agentConnected") {
      // Taken from the queue: the visitor waits for a word.
      if (this.status.code === IN_QUEUE) this.#derived(CUSTOMER_LAST, record);
    } else if (kind === "ended") {
      this.#derived(FINISHED, record);
    }
  }

  /** The session is on. */
  begin() {
    if (this.status.code === 0) this.derive({ timestamp: Date.now() });
  }

  /** The session goes on as another one. */
  renewed() {
    this.#close();
    this.status = state(0);
  }

  #derived(code, { timestamp, restored }) {
    if (code !== this.status.code) this.#change(code, { timestamp, restored });
  }

  #change(code, place, old = this.status.code) {
    const { timestamp, restored, index } = place;
    const changed = code !== this.status.code;
    if (!changed && !this.#isTold) return;
    if (changed) this.#log.close("faq");
    this.status = state(code);
    if (!FORM_STATES.has(code)) this.#close();
    const { botActive } = this;
    this.#log.add({ kind: "status", index, timestamp, restored, old: state(old), new: this.status, botActive });
  }

  #ask(data) {
    if (!isForm(data)) return this.#drop("a form");
    // A server asks again with every connection.
    if (JSON.stringify(data) === JSON.stringify(this.form)) return;
    this.#log.close("form");
    answerable();
    this.form = frozen(data);
    this.#log.add({ kind: "form", form: this.form });
  }

  #close() {
    this.form = undefined;
    this.#log.close("form");
  }
}

function isForm(data) {
  const { kind, fields } = Object(data);
  return /^(pre-chat|post-chat|offline)$/.test(kind) && Array.isArray(fields) && fields.every((field) => isString(field?.name));
}

/** What checks answers, once it is there. Then an answer goes out at once: before the commands after it. */
export let answers;

/** Loads it as soon as one is asked for: when it is given, the network may be gone, and then it waits. */
function answerable() {
  import("../forms.js").then((forms) => { answers = forms; }, () => {});
}

/** A copy that nobody can change. */
export function frozen(value) {
  const copy = structuredClone(value);
  const freeze = (value) => {
    if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  };
  freeze(copy);
  return copy;
}
