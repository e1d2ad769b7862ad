// Time that a test moves: timers and clocks of the page, which stand still until they are told to go on.
import { turn } from "./turn.js";

/** Ids of timers start here, so that they are not those of timers that were set before. */
const FIRST_ID = 1_000_000_000;

/** Takes hold of `setTimeout`, `setInterval`, `Date` and `performance.now` of the page, until `restore`. */
export function controlTime({ now = Date.now() } = {}) {
  const start = Number(now);
  if (!Number.isFinite(start)) throw new TypeError(`controlTime expects \`now\` to be a Date or milliseconds, got ${typeof now}`);
  return new ControlledTime(start);
}

class ControlledTime {
  #now;
  #origin;
  #timers = new Map();
  #count = FIRST_ID;
  #real = {
    setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval, clearInterval: globalThis.clearInterval,
    Date: globalThis.Date, performanceNow: Object.getOwnPropertyDescriptor(performance, "now"),
  };

  constructor(start) {
    this.#now = start;
    // The monotonic clock goes on from where it was.
    this.#origin = start - performance.now();
    const set = (every) => (callback, delay, ...given) => this.#set(callback, Number(delay) || 0, every, given);
    globalThis.setTimeout = set(false);
    globalThis.setInterval = set(true);
    globalThis.clearTimeout = (timer) => this.#clear(timer, this.#real.clearTimeout);
    globalThis.clearInterval = (timer) => this.#clear(timer, this.#real.clearInterval);
    globalThis.Date = this.#date();
    performance.now = () => this.#now - this.#origin;
  }

  /** The time, in milliseconds since the epoch. */
  get now() {
    return this.#now;
  }

  /** How many timers are set. */
  get timers() {
    return this.#timers.size;
  }

  /** Lets so much time go by: what falls due runs when it is due, and what it leads to has run when this resolves. */
  async advance(milliseconds) {
    if (!(milliseconds >= 0)) throw new TypeError(`advance expects milliseconds, 0 or more, got ${String(milliseconds)}`);
    const end = this.#now + milliseconds;
    for (;;) {
      await turn();
      const timer = this.#next(end);
      if (!timer) break;
      this.#now = Math.max(this.#now, timer.at);
      this.#fire(timer);
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Gives the page its own time back. What is set and not yet due never runs. */
  restore() {
    const { performanceNow, ...globals } = this.#real;
    Object.assign(globalThis, globals);
    if (performanceNow) Object.defineProperty(performance, "now", performanceNow);
    else delete performance.now;
    this.#timers.clear();
  }

  [Symbol.dispose ?? Symbol("dispose")]() {
    this.restore();
  }

  #set(callback, delay, every, given) {
    const id = ++this.#count;
    const period = Math.max(0, delay);
    const timer = { id, at: this.#now + period, callback, given, every: every ? Math.max(1, period) : undefined };
    this.#timers.set(id, timer);
    // What is due at once needs no time to go by.
    if (period === 0) Reflect.apply(this.#real.setTimeout, globalThis, [() => this.#timers.has(id) && this.#fire(timer), 0]);
    return globalThis.process?.versions?.node ? new NodeTimer(id) : id;
  }

  #clear(timer, real) {
    const id = timer instanceof NodeTimer ? timer.id : timer;
    if (!this.#timers.delete(id)) Reflect.apply(real, globalThis, [timer]);
  }

  #next(end) {
    let next;
    for (const timer of this.#timers.values()) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }

  #fire(timer) {
    if (timer.every === undefined) this.#timers.delete(timer.id);
    else timer.at = Math.max(this.#now, timer.at) + timer.every;
    if (typeof timer.callback === "function") timer.callback(...timer.given);
  }

  #date() {
    const time = this;
    return class extends this.#real.Date {
      constructor(...given) {
        super(...(given.length === 0 ? [time.#now] : given));
      }

      static now() {
        return time.#now;
      }
    };
  }
}

/** What Node's `setTimeout` returns has methods. */
class NodeTimer {
  constructor(id) {
    this.id = id;
  }

  ref() { return this; }
  unref() { return this; }
  hasRef() { return true; }
  refresh() { return this; }
  [Symbol.toPrimitive]() { return this.id; }
}
