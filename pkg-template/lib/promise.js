// The promise of every command: a real one that also has `done` and `fail`.
import { ChatError } from "./error.js";

/** `done(cb)` and `fail(cb)` return the same object, chain in any order and also run when added after settlement. */
export class ChatPromise extends Promise {
  /** `then`, `catch` and `finally` return plain promises. */
  static get [Symbol.species]() {
    return Promise;
  }

  /** A promise of what `run` returns; nothing is thrown, and what it rejects with is always a `ChatError`. */
  static of(run) {
    return new ChatPromise((resolve, reject) => {
      new Promise((begin) => begin(run())).then(resolve, (error) => reject(asChatError(error)));
    });
  }

  done(callback) {
    super.then(guarded(callback), () => {});
    return this;
  }

  fail(callback) {
    super.then(() => {}, guarded(callback));
    return this;
  }
}

/** The page's own code threw, as an option's getter, or a part of the package could not be loaded. */
function asChatError(error) {
  return error instanceof ChatError ? error : new ChatError(52, `the command failed: ${error?.message ?? error}`, error);
}

/** A callback that throws is its own trouble, not the promise's. */
function guarded(callback) {
  return (value) => {
    if (typeof callback === "function") {
      try {
        callback(value);
      } catch (error) {
        report(error);
      }
    }
  };
}

/** Hands an error of the page's own code to the page's own handlers. */
export function report(error) {
  if (typeof reportError === "function") {
    reportError(error);
  } else {
    setTimeout(() => {
      throw error;
    });
  }
}
