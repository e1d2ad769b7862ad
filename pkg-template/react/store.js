// The external store behind the hook: one session, told as immutable snapshots. Written on the package's public API only.
import { ChatError, chat } from "../index.js";
import { nextTask } from "../lib/task.js";

export const IDLE = Object.freeze({
  phase: "idle", session: undefined, error: undefined, reason: undefined, status: undefined, botActive: false,
  messages: Object.freeze([]), agents: Object.freeze([]), typing: Object.freeze([]),
});

const NOTHING_TO_RESTORE = 300;

export class Store {
  /** The hook's options, as of the last render. */
  options = {};
  #snapshot = IDLE;
  /** What the next snapshot changes. */
  #changes;
  /** Messages for the next snapshot: appended all at once, for there may be thousands. */
  #messages = [];
  #listeners = new Set();
  /** Over when the component is gone. */
  #mounted;
  /** Over when another session takes the place of this one. */
  #life = new AbortController();

  /** The hook's commands, which never change. */
  commands = {
    start: (more) => this.#start("startSession", more),
    restore: (more) => this.#start("restoreSession", more),
    sendMessage: (message) => this.#command("sendMessage", message),
    sendTyping: (typing) => this.#command("sendTyping", typing),
    leave: () => this.#command("leave"),
  };

  snapshot = () => this.#snapshot;

  subscribe = (listener) => {
    this.#listeners.add(listener);
    if (!this.#mounted) {
      this.#mounted = new AbortController();
      // The effect that brings the options is due in this same turn.
      queueMicrotask(() => this.#begin());
    }
    return () => {
      this.#listeners.delete(listener);
      // Strict mode, and a component that only moves, subscribe again at once.
      nextTask().then(() => this.#listeners.size === 0 && this.#close());
    };
  };

  async #begin() {
    const { restore = true, start = false } = this.options ?? {};
    if (this.#snapshot.phase !== "idle" || this.#listeners.size === 0) return;
    try {
      if (restore) await this.#start("restoreSession");
      else if (start) await this.#start("startSession");
    } catch (error) {
      const nothing = error.code === NOTHING_TO_RESTORE;
      if (nothing && start && this.#snapshot.phase === "idle") await this.#start("startSession").catch(() => {});
    }
  }

  #close() {
    if (!this.#mounted) return;
    this.#mounted = undefined;
    this.#reset(IDLE);
  }

  /** Lets go of the session that is there. */
  #reset(snapshot) {
    this.#life.abort();
    this.#snapshot.session?.free();
    this.#life = new AbortController();
    this.#changes = undefined;
    this.#messages = [];
    this.#tell(snapshot);
  }

  async #start(command, more) {
    const { chat: instance = chat, restore, start, ...options } = { ...this.options, ...more };
    this.#reset({ ...IDLE, phase: "launching" });
    const { signal } = this.#life;
    try {
      const session = await instance[command]({ ...options, signal });
      if (signal.aborted) {
        session.free();
        throw new ChatError(308, "the launch was given up by its signal");
      }
      this.#listen(session, signal);
      const { status, botActive } = session;
      this.#tell({ ...IDLE, phase: "live", session, status, botActive });
      return session;
    } catch (error) {
      const nothing = error.code === NOTHING_TO_RESTORE;
      if (!signal.aborted) this.#tell(nothing ? IDLE : { ...IDLE, phase: "failed", error });
      throw error;
    }
  }

  async #command(name, ...given) {
    const { session } = this.#snapshot;
    if (!session) throw new ChatError(50, "the session is unknown or already over");
    return session[name](...given);
  }

  #listen(session, signal) {
    const on = (name, change) => session[`on${name}`]((event) => this.#change(change(event)), { signal });
    const next = (name) => this.#changes?.[name] ?? this.#snapshot[name];
    const without = (list, { id }) => next(list).filter((party) => party.id !== id);
    on("MessageReceived", (event) => {
      this.#messages.push(Object.freeze({ ...event, key: `${session.id}/${event.index}` }));
      return {};
    });
    on("AgentConnected", ({ party: { id, name } }) => ({ agents: [...without("agents", { id }), { id, name }] }));
    on("AgentDisconnected", ({ party }) => ({ agents: without("agents", party), typing: without("typing", party) }));
    on("AgentTyping", ({ party, isTyping }) => ({ typing: [...without("typing", party), ...(isTyping ? [party] : [])] }));
    on("StatusChanged", ({ new: status, botActive }) => ({ status, botActive }));
    on("Interrupted", () => ({ phase: "interrupted" }));
    on("Continued", () => ({ phase: "live" }));
    on("SessionEnded", ({ reason }) => ({ phase: "ended", reason, typing: [] }));
    on("Error", ({ error: { code, description } }) => ({ error: new ChatError(code, description) }));
  }

  /** A change, told with all that comes in the same turn. */
  #change(change) {
    const { signal } = this.#life;
    if (!this.#changes) nextTask().then(() => signal.aborted || this.#flush());
    this.#changes = { ...this.#changes, ...change };
  }

  #flush() {
    const changed = { ...this.#snapshot, ...this.#changes };
    if (this.#messages.length > 0) changed.messages = [...changed.messages, ...this.#messages];
    this.#changes = undefined;
    this.#messages = [];
    this.#tell(changed);
  }

  #tell(snapshot) {
    if (this.#snapshot === snapshot) return;
    this.#snapshot = Object.freeze(snapshot);
    for (const listener of this.#listeners) listener();
  }
}
