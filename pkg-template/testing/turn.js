// A turn of the event loop that no control of timers touches.

const { MessageChannel, setImmediate } = globalThis;

/** Resolves in a task of its own, after all microtasks. */
export function turn() {
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
