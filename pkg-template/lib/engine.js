// How the shim speaks to the engine: few calls that take a kind, for each method of its own would be wasm and glue.

/** The kinds of `input`, in the engine's order. */
export const TOLD = 0;
export const FRAME = 1;
export const TAB = 2;
export const HOLD = 3;
export const WAKE = 4;
export const HIDDEN = 5;

/** Runs a command of the engine; a promise of its result. */
export function run(engine, name, options) {
  return new Promise((resolve, reject) => engine.command(name, options, resolve, reject));
}
