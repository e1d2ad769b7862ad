// All events of a session for `for await`: `session.events()`. Loaded by the first session that is asked for them.

import { nextTask } from "./lib/task.js";

const TYPES = [
  "AgentConnected", "AgentDisconnected", "AgentTyping", "Continued", "DataChanged", "Error", "FaqSuggested", "FormRequested",
  "Interrupted", "MessageReceived", "Renewed", "SessionEnded", "StatusChanged",
];

/**
 * The events in their order, each with its `type`: the name of its registrar without `on`. It ends with what comes with the end
 * of the session, when the session is freed, or when the signal is aborted; who breaks out of it is told nothing more.
 */
export async function* eventsOf(session, { signal } = {}) {
  const stop = new AbortController();
  const waiting = [];
  let wake = () => {};
  let over = signal?.aborted;
  const finish = () => {
    over = true;
    wake();
  };
  const hear = (type) => (event) => {
    waiting.push({ type, ...event });
    // What comes with the end comes before the next task.
    if (type === "SessionEnded") nextTask().then(finish);
    wake();
  };
  signal?.addEventListener("abort", finish, { once: true, signal: stop.signal });
  for (const type of TYPES) session[`on${type}`](hear(type), { signal: stop.signal, freed: finish });
  try {
    for (;;) {
      while (waiting.length > 0 && !signal?.aborted) yield waiting.shift();
      if (over) return;
      await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    stop.abort();
  }
}
