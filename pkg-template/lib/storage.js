// Where the state for a restore lives: session or local storage, a cookie, this page's memory, or the page's own object.
// Every session has a slot of its own, named after its server and service. The two that
// most pages use are here, the others in `storages.js`, which is loaded by who asks for one.
import { incorrect } from "./options.js";

/** What the names of all slots start with. */
export const PREFIX = "causerie:";
/** How many characters of messages that are not settled are stored: a tenth of what browsers give a site. */
export const ROOM = 500_000;

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

/** The store that the options name: the engine reads, writes and clears states in it. `failed` hears why one was not taken. */
export async function storeOf(command, { storage, stateStorage }, failed) {
  const name = storage === undefined ? "stateStorage" : "storage";
  const value = storage ?? stateStorage ?? "session";
  if (value === "session") return web(place("sessionStorage"));
  if (value === "local") return web(place("localStorage"), place("sessionStorage"));
  const object = typeof value.read === "function" && typeof value.write === "function";
  if (object || value === "cookie" || value === "memory") {
    const { cookies, inMemory, own } = await import("../storages.js");
    if (object) return own(value, failed);
    if (value === "memory") return inMemory;
    return typeof document === "object" ? cookies : denied;
  }
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

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether what is stored is of the same session: one that was begun later may have the slot by now. */
export const isOf = (state, stored) => stored?.keys?.chatId === state.keys.chatId;

/** Whether a state is not worth its place: of a session that was left, in place of one that goes on. */
export const isPast = (state, stored) => state.left && stored && !isOf(state, stored);

/** A web storage. With one that all tabs share, what is not settled is the tab's own: it is in `mine`, too. */
function web(storage, mine) {
  if (!storage) return denied;
  return {
    room: ROOM,
    read: () => Object.keys(storage).filter((name) => name.startsWith(PREFIX)).map((name) => parsed(storage.getItem(name))),
    own: mine && ((key) => parsed(mine.getItem(PREFIX + key)) ?? null),
    write(key, state) {
      if (isPast(state, parsed(storage.getItem(PREFIX + key)))) return;
      const text = JSON.stringify(state);
      mine?.setItem(PREFIX + key, text);
      storage.setItem(PREFIX + key, text);
    },
    clear(key, state) {
      for (const place of [mine, storage]) {
        if (isOf(state, parsed(place?.getItem(PREFIX + key)))) place.removeItem(PREFIX + key);
      }
    },
  };
}
