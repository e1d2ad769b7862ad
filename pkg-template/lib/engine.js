// How the shim speaks to the engine: few calls that take a kind, for each method of its own would be wasm and glue. After
// a trap nothing in the module can be trusted: it is not called again, and every command says so. Of the two modules that a page
// may have, the other goes on.
import { ChatError } from "./error.js";
import { report } from "./promise.js";

/** The kinds of `input`, in the engine's order. */
export const TOLD = 0;
export const FRAME = 1;
export const TAB = 2;
export const HOLD = 3;
export const WAKE = 4;
export const HIDDEN = 5;
export const OPENED = 6;
export const GARBLED = 7;
export const CLOSED = 8;

/** The kinds of `read`, in the engine's order. */
export const ID = 0;
export const HAS_AGENT = 1;
export const IS_OVER = 2;
export const STATE = 3;

/** The kinds of `command`, in the engine's order. */
export const START = 0;
export const RESTORE = 1;
export const GIVE = 2;
export const TYPING = 3;
export const LEAVE = 4;
export const GIVE_UP = 5;

/** The trap of each module, by its class of engines. */
const broken = new Map();
/** What settles each command that is under way, and the class of its engine. */
const pending = new Map();

/** Why nothing is to be asked of an engine any more, if its module has trapped. */
function faultOf(engine) {
  return broken.size > 0 ? broken.get(engine.constructor) : undefined;
}

/** What a call of an engine threw; after a trap everything of its module that is under way is settled. */
function thrown(engine, cause) {
  if (!(cause instanceof WebAssembly.RuntimeError)) return cause;
  const module = engine.constructor;
  const error = new ChatError(307, "an internal error; this page's sessions can not go on", cause);
  broken.set(module, error);
  for (const [settle, of] of pending) if (of === module) settle(error, true);
  return error;
}

/** The engine, when its session is not over: commands say that first, whatever is given to them. */
export function awake(engine) {
  const fault = faultOf(engine);
  if (fault) throw fault;
  let isOver;
  try {
    isOver = engine.read(IS_OVER);
  } catch (cause) {
    throw thrown(engine, cause);
  }
  if (isOver) throw new ChatError(50, "the session is unknown or already over");
  return engine;
}

/** Runs a command of the engine; a promise of its result. */
export function run(engine, kind, options) {
  return new Promise((resolve, reject) => {
    const fault = faultOf(engine);
    if (fault) throw fault;
    const settle = (value, failed) => {
      pending.delete(settle);
      (failed ? reject : resolve)(value);
    };
    pending.set(settle, engine.constructor);
    try {
      engine.command(kind, options, settle);
    } catch (cause) {
      settle(thrown(engine, cause), true);
    }
  });
}

/** Lets go of an engine, not inside a call of its own. */
export function release(engine) {
  queueMicrotask(() => faultOf(engine) || engine.free());
}

/** Tells the engine something. */
export function tell(engine, kind, number, value) {
  if (faultOf(engine)) return;
  try {
    engine.input(kind, number, value);
  } catch (cause) {
    report(thrown(engine, cause));
  }
}
