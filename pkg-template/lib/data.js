// The data of a session: a local copy of what the visitor's side may change, and what only the server does.
import { incorrect, isObject, isString, missing } from "./options.js";

/** The most that the data of a session may be, in bytes of JSON, where the server names no other bound. */
const LIMIT = 10_000_000;

export class SessionData {
  /** The read-only part. */
  internal = Object.freeze({});
  /** The most that it may be, in bytes of JSON. */
  limit = LIMIT;
  #log;
  #values;
  #store;
  /** The server keeps the data and tells of every change. */
  isTold = false;

  constructor(log, options, command) {
    this.#log = log;
    this.#values = carried(options.userData);
    // One that is restored has told its key before, and may be of another service or server than the options say.
    this.#store = command === "startSession" ? keyStore(options) : undefined;
  }

  /** The key of the data of an earlier session of this visitor. */
  get key() {
    return this.#store?.read();
  }

  get(name) {
    if (name === undefined) return structuredClone(this.#values);
    return Object.hasOwn(this.#values, name) ? structuredClone(this.#values[name]) : undefined;
  }

  /** What is to be set, checked: as it will be, and how large all is then. */
  setting(set) {
    const expected = "data.set expects an object";
    if (set === undefined || set === null) throw missing(expected);
    if (!isObject(set)) throw incorrect(expected);
    let text;
    try {
      text = JSON.stringify({ ...this.#values, ...set });
    } catch {
      throw incorrect("data.set expects values that JSON can carry");
    }
    const size = new TextEncoder().encode(text).length;
    if (size > this.limit) throw incorrect(`the session's data may have ${this.limit} bytes, and would have ${size}`);
    return { set: JSON.parse(JSON.stringify(set)), size };
  }

  /** What is to be deleted, checked. */
  deleting(names) {
    const expected = "data.delete expects names";
    if (names === undefined || names === null) throw missing(expected);
    const deleted = Array.isArray(names) ? names : [names];
    if (!deleted.every(isString)) throw incorrect(expected);
    return { deleted, size: 0 };
  }

  /** The server has taken a change. One that does not tell of it leaves that to us. */
  taken(set, deleted) {
    if (!this.isTold) this.#apply(set, deleted);
  }

  /** The server tells of a change. */
  changed(notice) {
    const { from, set, deleted, limit, dataKey } = notice ?? {};
    this.isTold = true;
    this.limit = limit ?? this.limit;
    if (dataKey) this.#store?.write(dataKey);
    // What is not there is as if it were empty.
    const values = set ?? {};
    const gone = from === 0 ? Object.keys(this.#values).filter((name) => !Object.hasOwn(values, name)) : deleted;
    this.#apply(values, Array.isArray(gone) ? gone : []);
  }

  #apply(set, deleted) {
    const same = (name) => JSON.stringify(this.#values[name]) === JSON.stringify(set[name]);
    const changed = Object.keys(set).filter((name) => !Object.hasOwn(this.#values, name) || !same(name));
    const gone = deleted.filter((name) => Object.hasOwn(this.#values, name));
    // Defined, not assigned: a member may be called `__proto__`.
    for (const name of changed) Object.defineProperty(this.#values, name, { value: set[name], configurable: true, enumerable: true, writable: true });
    for (const name of gone) delete this.#values[name];
    const keys = [...changed, ...gone];
    if (keys.length > 0) this.#log.add({ kind: "data", keys });
  }
}

/** A copy as the server gets it. What JSON can not carry is refused (`options.js`). */
function carried(values) {
  try {
    return { ...JSON.parse(JSON.stringify(values)) };
  } catch {
    return {};
  }
}

/** Where the key to the visitor's data is kept for later sessions: where the session's own state is. */
function keyStore({ stateStorage = "session", storage = stateStorage, service = "default", serverUrl, servers }) {
  const name = `causerie-data:${service}|${servers?.[0] ?? serverUrl}`;
  const place = () => globalThis[{ session: "sessionStorage", local: "localStorage" }[storage]];
  return {
    read() {
      try {
        return place()?.getItem(name) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(key) {
      try {
        place()?.setItem(name, key);
      } catch {
        // The next session begins without it.
      }
    },
  };
}
