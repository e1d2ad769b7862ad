// The launchers: `startSession` and `restoreSession` of a chat instance.
import { ChatError } from "./error.js";
import { engine } from "./loader.js";
import { incorrect, merge, setup } from "./options.js";
import { ChatPromise } from "./promise.js";
import { ChatSession } from "./session.js";

/** Makes an instance with its own defaults: any option of `startSession`. */
export function createChat(defaults) {
  const launch = (command, options) =>
    ChatPromise.of(async () => {
      const merged = merge(command, defaults, options);
      const { signal } = merged;
      if (signal?.aborted) throw aborted(signal);
      // What is wrong is told even where the module can not be loaded.
      const wanted = setup(command, merged);
      return unlessAborted(signal, launched(command, merged, wanted));
    });
  return {
    startSession: (options) => launch("startSession", options),
    restoreSession: (options) => launch("restoreSession", options),
  };
}

/** Launches with the module that the transport needs; what is stored may say that it is the other one. */
async function launched(command, options, wanted) {
  for (const transport of [options.transport, "rest"]) {
    try {
      return await ChatSession.launch(await engine(transport), command, options, wanted);
    } catch (error) {
      if (error) throw error;
    }
  }
  throw incorrect('`transport: "rest"` expects the module causerie_full.wasm');
}

/** What a launch comes to, unless its signal comes first: whatever it waits for then, it is over for the page. */
function unlessAborted(signal, launched) {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(aborted(signal));
    signal?.addEventListener("abort", giveUp, { once: true });
    launched.then(resolve, reject).finally(() => signal?.removeEventListener("abort", giveUp));
  });
}

function aborted(signal) {
  return new ChatError(308, "the launch was given up by its signal", signal.reason);
}
