// The launchers: `startSession` and `restoreSession` of a chat instance.
import { ChatError } from "./error.js";
import { engine } from "./loader.js";
import { merge, setup } from "./options.js";
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
      return unlessAborted(signal, engine(merged.transport).then((Engine) => ChatSession.launch(Engine, command, merged, wanted)));
    });
  return {
    startSession: (options) => launch("startSession", options),
    restoreSession: (options) => launch("restoreSession", options),
  };
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
