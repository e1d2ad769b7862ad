// Who is typing, in a line under the transcript.
import { el } from "./dom.js";

/** A "stopped" that never came must not leave someone typing for ever: in milliseconds. */
const FADES = 35_000;

export class Typists {
  element = el("div.typing", { part: "typing" });
  #words;
  #typists = new Map();

  constructor(words) {
    this.#words = words;
  }

  set(id, name, isTyping) {
    clearTimeout(this.#typists.get(id)?.timer);
    this.#typists.delete(id);
    if (isTyping) this.#typists.set(id, { name, timer: setTimeout(() => this.set(id, name, false), FADES) });
    this.#show();
  }

  clear() {
    for (const { timer } of this.#typists.values()) clearTimeout(timer);
    this.#typists.clear();
    this.#show();
  }

  #show() {
    const names = [...this.#typists.values()].map(({ name }) => name);
    if (names.length === 0) return this.element.replaceChildren();
    const one = names.length === 1;
    const who = el("bdi", {}, one ? names[0] : this.#words.list(names));
    const dots = el("span.dots", { "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.element.replaceChildren(dots, el("span", {}, ...this.#words.parts(one ? "types" : "typeMany", { name: who, names: who })));
  }
}
