// The tabs of one session: a Web Lock elects the one that holds the connection, and over a BroadcastChannel the others
// reach it. A holder that is closed lets go of the lock by that; one that is silent loses it to a tab that asked in vain.
import { HOLD, STATE, TAB, tell } from "./engine.js";

/** How often a tab asks the holder whether it is there, and how long it waits for the answer, in milliseconds. */
const PERIOD = 5_000;
const PATIENCE = 2_000;
/** How long a tab that has no session waits for others to show theirs, in milliseconds. */
const SHOWING = 500;
/** What the names of locks and channels start with. */
const PREFIX = "causerie:";

const supported = () =>
  typeof BroadcastChannel === "function" && typeof globalThis.navigator?.locks?.request === "function" && typeof document === "object";

/** The states of the sessions that other tabs have. */
export async function shared() {
  if (!supported()) return [];
  const { held } = await navigator.locks.query();
  const sessions = held.filter(({ name }) => name.startsWith(PREFIX)).length;
  if (sessions === 0) return [];
  const channel = new BroadcastChannel(PREFIX);
  try {
    return await new Promise((resolve) => {
      const states = [];
      channel.onmessage = ({ data }) => {
        if (data?.state) states.push(data.state);
        if (states.length === sessions) resolve(states);
      };
      channel.postMessage({ show: true });
      setTimeout(() => resolve(states), SHOWING);
    });
  } finally {
    channel.close();
  }
}

export class Tabs {
  #engine;
  #name;
  /** Never 0, which is no tab. */
  #id = crypto.getRandomValues(new Uint32Array(1))[0] || 1;
  #channel;
  #lobby;
  /** Lets go of the lock; undefined while another tab holds it. */
  #release;
  /** Gives up waiting for the lock. */
  #waiting;
  /** Takes the frames of this tab's channel to the holder, while it has one. */
  #deliver;
  #pulse;
  #over = false;

  /** The tabs of a session. `engine` is this tab's. Returns undefined where the browser can not share. */
  static of(engine) {
    return supported() ? new Tabs(engine) : undefined;
  }

  constructor(engine) {
    this.#engine = engine;
  }

  /** Whether this tab holds the connection: at once if no other does, else when its turn comes. */
  async join(sessionId) {
    this.#name = PREFIX + sessionId;
    this.#listen();
    addEventListener("pagehide", this.#hide);
    addEventListener("pageshow", this.#show);
    document.addEventListener("freeze", this.#hide);
    document.addEventListener("resume", this.#show);
    const held = await this.#lock({ ifAvailable: true });
    if (!held) this.#wait();
    return held;
  }

  /** This tab has no part in the session any more. */
  leave() {
    this.#over = true;
    removeEventListener("pagehide", this.#hide);
    removeEventListener("pageshow", this.#show);
    document.removeEventListener("freeze", this.#hide);
    document.removeEventListener("resume", this.#show);
    this.#let();
  }

  /** Opens this tab's channel to the holder; `deliver` takes its frames. */
  open(deliver) {
    this.#deliver = deliver;
    this.#post({ frame: { link: 1 } });
    return {
      send: (frame) => this.#post({ frame }),
      close: () => {
        if (this.#deliver === deliver) this.#deliver = undefined;
      },
    };
  }

  /** The holder tells other tabs something. */
  tell(to, except, frame) {
    this.#post({ to, except, told: frame });
  }

  #post(message) {
    this.#channel?.postMessage({ ...message, from: this.#id });
  }

  #listen() {
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#lobby = new BroadcastChannel(PREFIX);
    this.#lobby.onmessage = ({ data }) => {
      const state = this.#release && data?.show && this.#engine.read(STATE);
      if (state) this.#lobby.postMessage({ state });
    };
  }

  #hear({ from, frame, to, except, told, ping, pong, held }) {
    if (this.#release) {
      if (ping) this.#post({ pong: from });
      else if (frame) tell(this.#engine, TAB, from, frame);
      return;
    }
    if (pong === this.#id || told) this.#pulse?.heard();
    if (told && (to || this.#id) === this.#id && except !== this.#id) this.#deliver?.(told);
    // Another tab has taken over: what was asked of the last one is asked again.
    if (held) this.#deliver?.({ link: 2 });
  }

  /** Asks for the lock; whether it is there. It is held until it is let go of, or taken away. */
  #lock(options) {
    return new Promise((resolve, reject) => {
      const hold = (lock) => {
        if (!lock || this.#over) return resolve(false);
        return new Promise((release) => {
          this.#release = release;
          resolve(true);
        });
      };
      navigator.locks.request(this.#name, options, hold).then(() => resolve(false), (error) => {
        if (this.#release) this.#lost();
        reject(error);
      });
    });
  }

  /** Waits for its turn, and asks the holder now and then whether it is there. */
  #wait(steal = false) {
    this.#waiting?.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#pulse?.stop();
    this.#pulse = pulse(
      () => this.#post({ ping: true }),
      () => this.#wait(true),
    );
    // A lock that is stolen can not be given up waiting for.
    this.#lock(steal ? { steal } : { signal: waiting.signal }).then(
      (held) => held && this.#take(),
      () => {},
    );
  }

  #take() {
    this.#pulse?.stop();
    tell(this.#engine, HOLD, 1);
    this.#post({ held: true });
  }

  /** Another tab has taken the lock away: this one was silent too long. */
  #lost() {
    this.#release = undefined;
    if (this.#over) return;
    tell(this.#engine, HOLD, 0);
    this.#wait();
  }

  /** Lets go of everything. */
  #let() {
    this.#pulse?.stop();
    this.#waiting?.abort();
    this.#release?.();
    this.#release = undefined;
    this.#channel?.close();
    this.#lobby?.close();
    this.#channel = undefined;
  }

  /** The browser is about to keep the page without running it: another tab takes over. */
  #hide = (event) => {
    if (event.type === "pagehide" && !event.persisted) return;
    const held = this.#release !== undefined;
    this.#let();
    if (held) tell(this.#engine, HOLD, 0);
  };

  /** The page runs again. What it has missed is asked for. */
  #show = async () => {
    if (this.#channel || this.#over) return;
    this.#listen();
    if (await this.#lock({ ifAvailable: true })) return this.#take();
    this.#wait();
    this.#deliver?.({ link: 2 });
  };
}

/** Asks now and then; `silent` is called when nothing is heard in time, and was not for want of time of our own. */
function pulse(ask, silent) {
  let timer;
  const beat = () => {
    ask();
    const due = performance.now() + PATIENCE;
    timer = setTimeout(() => {
      // Frozen or throttled oneself: that says nothing about the other.
      if (performance.now() - due > PATIENCE) beat();
      else silent();
    }, PATIENCE);
  };
  beat();
  return {
    heard() {
      clearTimeout(timer);
      timer = setTimeout(beat, PERIOD);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
