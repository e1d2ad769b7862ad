// The promise of every command: a real one that also has `done` and `fail`.

/** `done(cb)` and `fail(cb)` return the same object, chain in any order and also run when added after settlement. */
export class ChatPromise extends Promise {
  /** `then`, `catch` and `finally` return plain promises. */
  static get [Symbol.species]() {
    return Promise;
  }

  /** A promise of what `run` returns; nothing is thrown. */
  static of(run) {
    return new ChatPromise((resolve, reject) => {
      new Promise((begin) => begin(run())).then(resolve, reject);
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
