// A restore that plays a transcript back, from the command to the last callback, in a session whose page keeps no event.

import { answerOf, entry, message } from "./support/chat-v2.js";
import { restore } from "./support/loop.js";
import { Socket, withSockets } from "./support/socket.js";
import { watched } from "./support/tasks.js";

const NEW = 10;

/** count: events of the transcript; cached: whether a page before has kept all of them but the last ten. */
export async function setup({ count, client, cached }) {
  const made = [entry(1, "ParticipantJoined", "Client"), ...Array.from({ length: count - 1 }, (_, place) => message(place + 2))];
  return { made, restore: client === "causerie" ? await causerie(made, cached) : floor(made) };
}

async function causerie(made, cached) {
  const { createChat } = await import("/pkg/index.js");
  let stored = null;
  const storage = { read: () => stored, write: (state) => { stored = state; }, clear: () => { stored = null; } };
  const options = {
    serverUrl: "http://bench.invalid", transport: "websocket", storage, multiTab: false, maxOfflineDuration: 3600,
    ...(cached && { cache: "indexeddb" }),
  };
  let there = 1;
  const server = answerOf(() => made.slice(0, there));
  return () => withSockets(server, async () => {
    there = cached ? made.length - NEW : 1;
    const before = await createChat(options).startSession({ username: "Ada" });
    if (cached) await kept(made.length - NEW);
    before.free();
    there = made.length;
    await new Promise((resolve) => setTimeout(resolve));
    window.gc?.();
    const heap = performance.memory.usedJSHeapSize;
    let session;
    const result = await watched(async () => {
      let last;
      const all = new Promise((resolve) => { last = resolve; });
      session = await createChat(options).restoreSession();
      session.onMessageReceived(({ index }) => {
        if (index >= made.length - 1) last();
      });
      await all;
    });
    window.gc?.();
    const memory = performance.memory.usedJSHeapSize - heap;
    await session.leave().catch(() => {});
    session.free();
    return { ...result, memory: memory / made.length };
  });
}

/** The cache is written behind the page's back. */
async function kept(count) {
  for (;;) {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open("causerie");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const there = await new Promise((resolve) => {
      const request = database.transaction("sessions").objectStore("sessions").getAll();
      request.onsuccess = () => resolve(request.result[0]?.entries);
    });
    database.close();
    // The visitor's own join is no entry of the page's.
    if (there >= count - 1) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The hand-written loop, told by the same server. It keeps nothing, so its memory says nothing. */
function floor(made) {
  const server = answerOf(() => made);
  return () => withSockets(server, () => watched(() => new Promise((resolve) => {
    restore(({ index }) => {
      if (index >= made.length - 1) resolve();
    });
  })));
}

export const cases = { restore: (shared) => shared.restore() };
