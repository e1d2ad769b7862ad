// The launchers: `startSession` and `restoreSession` of a chat instance.
import { ChatError } from "./error.js";
import { engine } from "./loader.js";
import { ChatPromise } from "./promise.js";
import { ChatSession } from "./session.js";

/** Makes an instance with its own defaults: any option of `startSession`. */
export function createChat(defaults) {
  const launch = (command, options) =>
    ChatPromise.of(async () => {
      const merged = merge(command, defaults, options);
      const signal = signalOf(command, merged);
      return unlessAborted(signal, engine().then((Engine) => ChatSession.launch(Engine, command, merged, signal)));
    });
  return {
    startSession: (options) => launch("startSession", options),
    restoreSession: (options) => launch("restoreSession", options),
  };
}

/** The options over the defaults; one that is undefined does not count, and one that is null is as if there were none. */
function merge(command, defaults, options) {
  const merged = {};
  for (const given of [defaults, options]) {
    if (given === undefined || given === null) continue;
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new ChatError(3, `the value of a parameter is incorrect: ${command} expects an object of options, got ${typeof given}`);
    }
    try {
      for (const [name, value] of Object.entries(given)) {
        if (value !== undefined) merged[name] = value ?? undefined;
      }
    } catch (cause) {
      throw new ChatError(3, `the value of a parameter is incorrect: ${command} expects options that can be read`, cause);
    }
  }
  // Told even where the module can not be loaded.
  const { serverUrl, servers, transport } = merged;
  if (command === "startSession" && (serverUrl ?? servers ?? transport) === undefined) {
    throw new ChatError(2, "a mandatory parameter is missing: startSession expects `serverUrl`");
  }
  return merged;
}

function signalOf(command, { signal, logger }) {
  if (logger !== undefined && typeof logger !== "function") {
    throw new ChatError(3, `the value of a parameter is incorrect: ${command} expects \`logger\` to be a function, got ${typeof logger}`);
  }
  if (signal === undefined) return undefined;
  if (typeof signal.addEventListener !== "function") {
    throw new ChatError(3, `the value of a parameter is incorrect: ${command} expects \`signal\` to be an AbortSignal, got ${typeof signal}`);
  }
  if (signal.aborted) throw aborted(signal);
  return signal;
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
