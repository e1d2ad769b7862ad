// The storages that few pages ask for: a cookie, this page's memory, the page's own object. Loaded by the first session that
// does.
import { PREFIX, ROOM, isOf, isPast, parsed } from "./lib/storage.js";

/** The slots of `storage: "memory"`: they live as long as the page. */
const memory = new Map();

const nameOf = (key) => encodeURIComponent(PREFIX + key);

function put(key, value, age) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${nameOf(key)}=${encodeURIComponent(value)}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}

/** The states in the cookies of which `is` says that they are meant, by their names as they are in the cookie. */
function stored(is) {
  return document.cookie.split("; ").flatMap((cookie) => {
    const at = cookie.indexOf("=");
    try {
      return is(cookie.slice(0, at)) ? [parsed(decodeURIComponent(cookie.slice(at + 1)))] : [];
    } catch {
      return [];
    }
  });
}

/** Whether something is so of a state and what is stored in its place. */
const at = (key, state, is) => stored((name) => name === nameOf(key)).some((found) => is(state, found));

/** Cookies of the page's site that live as long as the page may be away. */
export const cookies = {
  room: 0,
  read: () => stored((name) => decodeURIComponent(name).startsWith(PREFIX)),
  write: (key, state) => at(key, state, isPast) || put(key, JSON.stringify(state), Math.max(1, Math.ceil(state.timeout / 1000))),
  clear: (key, state) => at(key, state, isOf) && put(key, "", 0),
};

export const inMemory = {
  room: 0,
  read: () => [...memory.values()],
  write: (key, state) => isPast(state, memory.get(key)) || memory.set(key, state),
  clear: (key, state) => isOf(state, memory.get(key)) && memory.delete(key),
};

/** What was written last to each of the page's own objects. */
const written = new WeakMap();

/**
 * An object of the page's, each method synchronous or not. The next write begins when the last is done; only the newest waits. `failed`
 * hears why a state was not taken: once, until one is.
 */
export function own(object, failed) {
  let hasFailed = false;
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
        await (state === null && object.clear ? object.clear() : object.write(state));
        hasFailed = false;
      } catch (error) {
        // The state is written again with the next change.
        if (!hasFailed) failed(`the page's storage failed: ${error?.message ?? error}`);
        hasFailed = true;
      }
    }
    busy = false;
  };
  return {
    room: ROOM,
    async read() {
      const state = await object.read();
      // As JSON carries it: none of the page's code runs in the engine.
      return [parsed(typeof state === "string" ? state : JSON.stringify(state))];
    },
    write: (key, state) => {
      if (isPast(state, written.get(object))) return;
      written.set(object, state);
      put({ state });
    },
    clear: (key, state) => {
      if (isOf(state, written.get(object) ?? state)) put({ state: null });
    },
  };
}
