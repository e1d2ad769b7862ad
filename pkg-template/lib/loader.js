// Fetches and compiles the WebAssembly module: once per page, by the first command or ahead of time by `init`.
import load, { Engine, readWith } from "./glue.js"; // made by the build
import { ChatError } from "./error.js";
import { ChatPromise } from "./promise.js";
import { reader } from "./reader.js";

let loading;

/** The engine's class, loaded if it is not yet. A failure is forgotten, so that the next call tries again. */
export function engine(source) {
  loading ??= fetched(source).then(
    () => {
      readWith(reader);
      return Engine;
    },
    (cause) => {
      loading = undefined;
      throw loadFailed(cause);
    },
  );
  return loading;
}

async function fetched(source) {
  // Node does not fetch files.
  source ??= globalThis.process?.getBuiltinModule && (await import("../node.js")).wasm();
  return load(source === undefined ? source : { module_or_path: source });
}

/** Loads ahead of time, or from a URL, `Response`, bytes or `WebAssembly.Module` that the page supplies. */
export function init(source) {
  return ChatPromise.of(() => engine(source).then(() => undefined));
}

function loadFailed(cause) {
  const text = String(cause?.message ?? cause);
  const blocked = /Content.Security.Policy|unsafe-eval|blocked by CSP/i.test(text);
  const hint = blocked ? "the page's policy forbids WebAssembly; allow script-src 'wasm-unsafe-eval'" : text;
  return new ChatError(306, `the WebAssembly module could not be loaded: ${hint}`, cause);
}
