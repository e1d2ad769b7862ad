// Many sessions on one page: what each costs while nothing happens.

import { answerOf } from "./support/chat-v2.js";
import { withSockets } from "./support/socket.js";

let timers = 0;
let memory;

/** Counts the timers that are set and not over. */
function countTimers() {
  const { setTimeout: set, clearTimeout: clear, setInterval: setEvery, clearInterval: clearEvery } = window;
  const open = new Set();
  window.setTimeout = (work, ...rest) => {
    const id = set((...values) => {
      open.delete(id);
      work(...values);
    }, ...rest);
    open.add(id);
    return id;
  };
  window.setInterval = (...given) => {
    const id = setEvery(...given);
    open.add(id);
    return id;
  };
  window.clearTimeout = (id) => {
    open.delete(id);
    clear(id);
  };
  window.clearInterval = (id) => {
    open.delete(id);
    clearEvery(id);
  };
  return () => open.size;
}

/** The memory of every module that is instantiated from now on. */
function watchMemory() {
  const { instantiate, instantiateStreaming } = WebAssembly;
  const watch = (result) => {
    const { exports } = result.instance ?? result;
    memory = Object.values(exports).find((one) => one instanceof WebAssembly.Memory) ?? memory;
    return result;
  };
  WebAssembly.instantiate = async (...given) => watch(await instantiate.apply(WebAssembly, given));
  WebAssembly.instantiateStreaming = async (...given) => watch(await instantiateStreaming.apply(WebAssembly, given));
}

export async function setup({ count }) {
  timers = countTimers();
  watchMemory();
  const { createChat } = await import("/pkg/index.js");
  const begin = () => withSockets(answerOf(), async () => {
    const chat = createChat({ serverUrl: "http://bench.invalid", transport: "websocket", storage: "memory", multiTab: false });
    const session = await chat.startSession({ username: "Ada" });
    session.onMessageReceived(() => {});
    return session;
  });
  // What the first one costs, all share.
  const first = await begin();
  return { begin, count, first };
}

async function settled() {
  await new Promise((resolve) => setTimeout(resolve, 100));
  window.gc?.();
  return { heap: performance.memory.usedJSHeapSize, wasm: memory.buffer.byteLength, timers: timers() };
}

export const cases = {
  async sessions({ begin, count }) {
    const before = await settled();
    const start = performance.now();
    const sessions = [];
    for (let number = 0; number < count; number += 1) sessions.push(await begin());
    const time = (performance.now() - start) / count;
    const after = await settled();
    for (const session of sessions) session.free();
    const each = (name) => (after[name] - before[name]) / count;
    return { heap: each("heap") / 1000, wasm: each("wasm") / 1000, timers: each("timers"), time };
  },
};
