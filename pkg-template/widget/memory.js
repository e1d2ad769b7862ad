// What the widget remembers in this browser: whether there is a chat to take up again, whether it was open, and what the
// visitor has switched on. No name, no text. A browser that denies storage is a browser that remembers nothing.

const PREFIX = "causerie-chat:";

export class Memory {
  #key;

  /** `name` tells one widget of the site from another. */
  constructor(name) {
    this.#key = PREFIX + name;
  }

  /** Whether a chat was on when the page was left: here, or in another tab. */
  get talking() { return this.#read("localStorage", this.#key) === "1"; }
  set talking(on) { this.#write("localStorage", this.#key, on ? "1" : undefined); }

  /** Whether the panel was open in this tab. */
  get open() { return this.#read("sessionStorage", this.#key) === "open"; }
  set open(on) { this.#write("sessionStorage", this.#key, on ? "open" : undefined); }

  /** What the visitor wants, on every page of the site. */
  wants(what) { return this.#read("localStorage", PREFIX + what) === "1"; }
  want(what, on) { this.#write("localStorage", PREFIX + what, on ? "1" : undefined); }

  #read(storage, key) {
    try {
      return window[storage].getItem(key);
    } catch {
      return null;
    }
  }

  #write(storage, key, value) {
    try {
      if (value === undefined) window[storage].removeItem(key);
      else window[storage].setItem(key, value);
    } catch {
      // Denied or full: the next page does not know, and nothing else comes of it.
    }
  }
}
