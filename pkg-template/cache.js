// The transcript cache, `cache: "indexeddb"`: what a page was told is kept, so that a later page plays it back at once.
// Loaded by the first session that asks for it.

const NAME = "causerie";
/** The version of the shapes below. A database of another version is emptied. */
const VERSION = 2;
/** So many entries are one record: a browser takes as long to hand out a record, be it small or large. */
const CHUNK = 100;
/** More entries, or more characters of text, are not kept: such a transcript comes from the server as without a cache. */
const MOST_ENTRIES = 20_000;
const MOST_TEXT = 5_000_000;
const ROLES = ["Client", "Agent", "Supervisor", "External"];
const TYPES = {
  message: "Message", agentConnected: "ParticipantJoined", agentDisconnected: "ParticipantLeft", notice: "Notice",
};

/** Opens the cache; rejects where the browser has none. Sessions that were not used for `maxAge` seconds are deleted. */
export async function openCache(maxAge) {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    const { result: database } = opening;
    for (const name of [...database.objectStoreNames]) database.deleteObjectStore(name);
    database.createObjectStore("sessions");
    database.createObjectStore("chunks");
  };
  const database = await done(opening);
  // Another page wants a newer version, or the user has cleared the site's data.
  database.onversionchange = () => database.close();
  const cache = new Cache(database);
  await cache.sweep(Date.now() - maxAge * 1000);
  return cache;
}

class Cache {
  #database;
  #id;
  #entries = 0;
  #text = 0;
  #waiting = [];
  /** What was read and may be played back. */
  #had = [];
  #over = false;

  constructor(database) {
    this.#database = database;
  }

  /** What was kept of a session, as a reply of chat v2; undefined when there is nothing. */
  async read(id) {
    const stores = this.#begin("readonly");
    const session = await done(stores.sessions.get(id));
    if (!session) return undefined;
    const messages = (await done(stores.chunks.getAll(range(id)))).flat();
    // Fewer than there should be: something was lost, and the server has it all.
    if (messages.length !== session.entries) return undefined;
    this.#had = messages;
    return { statusCode: 0, messages };
  }

  /** From now on this session is kept; what was added before belongs to it. */
  async keep(id) {
    this.#id = id;
    this.#had = [];
    await this.#write(this.#entries > 0);
  }

  /** Keeps a record of the transcript. */
  add(record) {
    if (!(record.kind in TYPES) || this.#over || this.#isKept(record)) return;
    this.#waiting.push(record);
    // What comes together is written together.
    if (this.#waiting.length === 1 && this.#id !== undefined) queueMicrotask(() => this.#write().catch(() => this.clear()));
  }

  /** The session goes on as another one. */
  async renew(id) {
    const { sessions, chunks, completed } = this.#begin("readwrite");
    sessions.delete(this.#id);
    chunks.delete(range(this.#id));
    this.#id = id;
    await completed.catch(() => {});
  }

  /** The session is over, or nothing is to be kept of it any more. */
  async clear() {
    this.#over = true;
    this.#waiting = [];
    if (this.#id === undefined) return this.#database.close();
    try {
      const { sessions, chunks, completed } = this.#begin("readwrite");
      sessions.delete(this.#id);
      chunks.delete(range(this.#id));
      await completed;
    } catch {
      // It is swept later, and no page reads it: the state for a restore is gone.
    }
    this.#database.close();
  }

  /** Nothing more is kept, and nothing is deleted. */
  close() {
    this.#over = true;
    this.#database.close();
  }

  /** Deletes what was not used since. */
  async sweep(since) {
    const { sessions, chunks, completed } = this.#begin("readwrite");
    const [ids, all] = await Promise.all([done(sessions.getAllKeys()), done(sessions.getAll())]);
    ids.forEach((id, place) => {
      if (all[place].used >= since) return;
      sessions.delete(id);
      chunks.delete(range(id));
    });
    await completed;
  }

  /** Whether a record is the next of those that were read, as it was read: then it need not be written again. */
  #isKept({ index, timestamp, text, name }) {
    const had = this.#had[this.#entries];
    const is = had?.index === index + 1 && had.utcTime === timestamp && had.text === (had.type === "Notice" ? name : text);
    if (is) this.#count(had);
    return is;
  }

  #count({ text = "" }) {
    this.#entries += 1;
    this.#text += text.length;
  }

  /** Writes what waits; or `anyway`, that the session is in use. */
  async #write(anyway = false) {
    const records = this.#waiting;
    this.#waiting = [];
    if ((records.length === 0 && !anyway) || this.#over) return undefined;
    for (const record of records) this.#count(record);
    if (this.#entries > MOST_ENTRIES || this.#text > MOST_TEXT) return this.clear();
    const { sessions, chunks, completed } = this.#begin("readwrite");
    // Several tabs may keep the same session: what is there stays, and what counts is what is there.
    let { entries = 0 } = (await done(sessions.get(this.#id))) ?? {};
    while (records.length > 0) {
      const place = chunkOf(records[0]);
      const end = records.findIndex((record) => chunkOf(record) !== place);
      const added = records.splice(0, end < 0 ? records.length : end).map(entry);
      const key = [this.#id, place];
      const there = (await done(chunks.get(key))) ?? [];
      const all = new Map([...there, ...added].map((one) => [one.index, one]));
      entries += all.size - there.length;
      chunks.put([...all.values()].sort((one, other) => one.index - other.index), key);
    }
    sessions.put({ entries, used: Date.now() }, this.#id);
    await completed;
  }

  #begin(mode) {
    const transaction = this.#database.transaction(["sessions", "chunks"], mode);
    const completed = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    completed.catch(() => {});
    return { sessions: transaction.objectStore("sessions"), chunks: transaction.objectStore("chunks"), completed };
  }
}

/** A record as an entry of chat v2. */
function entry({ kind, index, timestamp, text, url, id, name, role = 1, data }) {
  if (kind === "notice") return { type: "Notice", index: index + 1, utcTime: timestamp, text: name, userData: data };
  const from = { nickname: name, participantId: id, type: ROLES[role] };
  return { type: url ? "PushUrl" : TYPES[kind], index: index + 1, utcTime: timestamp, text, from };
}

const chunkOf = ({ index }) => Math.floor(index / CHUNK);

/** All chunks of a session. */
function range(id) {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the database is in use in another version"));
  });
}
