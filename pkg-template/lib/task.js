// A turn of the event loop, as short as the platform has it.

let channel;
const waiting = [];

/** Resolves in a task of its own: the page has painted and handled its input if it was due. */
export function nextTask() {
  if (typeof globalThis.scheduler?.yield === "function") return globalThis.scheduler.yield();
  // In Node an open channel would keep the process alive.
  if (typeof MessageChannel !== "function" || typeof window === "undefined") {
    return new Promise((resolve) => setTimeout(resolve));
  }
  channel ??= open();
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.postMessage(undefined);
  });
}

function open() {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return port2;
}
