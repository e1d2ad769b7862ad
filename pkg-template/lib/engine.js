// How the shim speaks to the engine: few calls that take a kind, for each method of its own would be wasm and glue. After
// a trap nothing in the module can be trusted: it is not called again, and every command says so.
import { ChatError } from "./error.js";
import { report } from "./promise.js";

/** The kinds of `input`, in the engine's order. */
export const TOLD = 0;
export const FRAME = 1;
export const TAB = 2;
export const HOLD = 3;
export const WAKE = 4;
export const HIDDEN = 5;

/** The kinds of `read`, in the engine's order. */
export const ID = 0;
export const HAS_AGENT = 1;
export const STATE = 2;

let broken;
/** What settles each command that is under way. */
const pending = new Set();

function call(method, engine, ...values) {
  if (broken) throw broken;
  try {
    engine[method](...values);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
    broken = new ChatError(307, "an internal error; this page's sessions can not go on", cause);
    for (const settle of pending) settle(broken, true);
    throw broken;
  }
}

/** Runs a command of the engine; a promise of its result. */
export function run(engine, name, options) {
  return new Promise((resolve, reject) => {
    const settle = (value, failed) => {
      pending.delete(settle);
      (failed ? reject : resolve)(value);
    };
    pending.add(settle);
    try {
      call("command", engine, name, options, settle);
    } catch (error) {
      settle(error, true);
    }
  });
}

/** Tells the engine something. */
export function tell(engine, kind, number, value) {
  try {
    call("input", engine, kind, number, value);
  } catch (error) {
    report(error);
  }
}
