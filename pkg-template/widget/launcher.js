// The button in the corner that opens the chat, with the number of messages that were not seen.
import { el, icon } from "./dom.js";

const MOST = 99;

export class Launcher {
  element;
  #words;
  #badge = el("span.badge", { part: "badge", "aria-hidden": "true", hidden: true });

  constructor(words, onOpen) {
    this.#words = words;
    this.element = el("button.launcher", { type: "button", part: "launcher", "aria-haspopup": "dialog", onclick: onOpen }, icon("chat"), this.#badge);
    this.unread(0);
  }

  unread(count) {
    const open = this.#words.of("open");
    this.element.setAttribute("aria-label", count > 0 ? `${open}. ${this.#words.of("unread", { count })}` : open);
    this.#badge.hidden = count === 0;
    this.#badge.textContent = count > MOST ? `${MOST}+` : String(count);
  }

  set hidden(hidden) { this.element.hidden = hidden; }
  focus() { this.element.focus({ preventScroll: true }); }
}
