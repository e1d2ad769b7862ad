// Loads the engine: once per page, by the first command or ahead of time by `init`.
import { ChatError } from "./error.js";
import { engine as lean } from "./module.js";
import { ChatPromise } from "./promise.js";

/** The class of the engine that can do a transport, from a source that the page supplies, or from the package. */
export async function engine(transport, source) {
  const found = async (address) => {
    if (source !== undefined) return source;
    // Node does not fetch files.
    return globalThis.process?.getBuiltinModule ? (await import("../node.js")).wasm(address) : address;
  };
  try {
    return await (transport === "rest" ? (await import("../rest.js")).engine : lean)(found);
  } catch (cause) {
    throw loadFailed(cause);
  }
}

/** Loads ahead of time, or from a URL, `Response`, bytes or `WebAssembly.Module` that the page supplies. */
export function init(source, options) {
  return ChatPromise.of(() => engine(options?.transport, source).then(() => undefined));
}

function loadFailed(cause) {
  const text = String(cause?.message ?? cause);
  const blocked = /Content.Security.Policy|unsafe-eval|blocked by CSP/i.test(text);
  const hint = blocked ? "the page's policy forbids WebAssembly; allow script-src 'wasm-unsafe-eval'" : text;
  return new ChatError(306, `the WebAssembly module could not be loaded: ${hint}`, cause);
}
