// Waiting for something to become true, with an error that says what was waited for.

import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/** Resolves to the first truthy value of `probe` (sync or async); rejects after `timeout` milliseconds. */
export async function until(what, probe, timeout = 10_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await sleep(10);
  }
}

/** The promise, or a rejection that says what it was when it takes too long. */
export function within(what, promise, timeout = 10_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${timeout} ms`)), timeout);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
