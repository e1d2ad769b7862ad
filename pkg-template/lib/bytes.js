// The WebAssembly module as a part of the code: decoded when it is asked for, not when the code is read.
import text from "../wasm/causerie_full.wasm"; // in base 64, by the build

/** The module's bytes. */
export function bytes() {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
