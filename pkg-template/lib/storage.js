// Where the state for a restore lives: session or local storage, a cookie, this page's memory, or the page's own object.
// Every session has a slot of its own, named after its server and service.
import { incorrect } from "./data.js";
import { report } from "./promise.js";

/** What the names of all slots start with. */
const PREFIX = "causerie:";
/** How many characters of messages that are not settled are stored: a tenth of what browsers give a site. */
const ROOM = 500_000;
/** The slots of `storage: "memory"`: they live as long as the page. */
const memory = new Map();

/** The browser gives no place. A cookie has room for no message, and neither has the memory: who could send it is there. */
const denied = {
  room: 0,
  denied: true,
  read: () => [],
  write() {
    throw new Error("the browser denies the storage");
  },
  clear() {},
};

/** The store that the options name: the engine reads, writes and clears states in it. */
export function storeOf(command, { storage, stateStorage, maxOfflineDuration = 60 }) {
  const name = storage === undefined || storage === null ? "stateStorage" : "storage";
  const value = storage ?? stateStorage ?? "session";
  if (value === "session") return web(place("sessionStorage"));
  if (value === "local") return web(place("localStorage"), place("sessionStorage"));
  if (value === "cookie") return typeof document === "object" ? cookies(Math.max(1, Math.ceil(maxOfflineDuration))) : denied;
  if (value === "memory") return inMemory;
  if (typeof value.read === "function" && typeof value.write === "function") return own(value);
  const expected = '"session", "local", "cookie", "memory" or an object with read() and write(state)';
  throw incorrect(`${command} expects \`${name}\` to be ${expected}, got ${typeof value}`);
}

function place(name) {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A web storage. With one that all tabs share, what is not settled is the tab's own: it is in `mine`, too. */
function web(storage, mine) {
  if (!storage) return denied;
  return {
    room: ROOM,
    read: () => Object.keys(storage).filter((name) => name.startsWith(PREFIX)).map((name) => parsed(storage.getItem(name))),
    own: mine && ((key) => parsed(mine.getItem(PREFIX + key)) ?? null),
    write(key, state) {
      const text = JSON.stringify(state);
      mine?.setItem(PREFIX + key, text);
      storage.setItem(PREFIX + key, text);
    },
    clear(key) {
      mine?.removeItem(PREFIX + key);
      storage.removeItem(PREFIX + key);
    },
  };
}

/** Cookies of the page's site that live this many seconds. */
function cookies(age) {
  const put = (key, value, age) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const name = encodeURIComponent(PREFIX + key);
    document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  };
  return {
    room: 0,
    read: () =>
      document.cookie.split("; ").flatMap((cookie) => {
        const at = cookie.indexOf("=");
        try {
          const ours = decodeURIComponent(cookie.slice(0, at)).startsWith(PREFIX);
          return ours ? [parsed(decodeURIComponent(cookie.slice(at + 1)))] : [];
        } catch {
          return [];
        }
      }),
    write: (key, state) => put(key, JSON.stringify(state), age),
    clear: (key) => put(key, "", 0),
  };
}

const inMemory = {
  room: 0,
  read: () => [...memory.values()],
  write: (key, state) => memory.set(key, state),
  clear: (key) => memory.delete(key),
};

/** An object of the page's, each method synchronous or not. The next write begins when the last is done; only the newest waits. */
function own(object) {
  let busy = false;
  let waiting;
  const put = async (next) => {
    waiting = next;
    if (busy) return;
    busy = true;
    await null;
    while (waiting) {
      const { state } = waiting;
      waiting = undefined;
      try {
        // The page's own trouble: the state is written again with the next change.
        await (state === null && object.clear ? object.clear() : object.write(state));
      } catch (error) {
        report(error);
      }
    }
    busy = false;
  };
  return {
    room: ROOM,
    async read() {
      const state = await object.read();
      return [typeof state === "string" ? parsed(state) : state];
    },
    write: (key, state) => void put({ state }),
    clear: () => void put({ state: null }),
  };
}
