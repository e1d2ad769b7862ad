// The field that messages are written in: Enter sends, and the other side learns that someone is typing.
import { el, icon, uniqueId } from "./dom.js";

/** So long without a key, in milliseconds, and the writer no longer counts as typing. */
const PAUSE = 5_000;

export class Composer {
  element;
  #field;
  #timer;
  #typing = false;
  #onTyping;
  #onSend;

  /** `onSend(text)`; `onTyping(isTyping)` is called only on a change. */
  constructor(words, { onSend, onTyping }) {
    this.#onSend = onSend;
    this.#onTyping = onTyping;
    const hint = uniqueId();
    this.#field = el("textarea", {
      rows: 1, dir: "auto", placeholder: words.of("write"), enterKeyHint: "send", part: "input", "aria-label": words.of("message"),
      "aria-describedby": hint, oninput: () => this.#changed(), onkeydown: (event) => this.#key(event),
    });
    this.element = el("form.composer", { part: "composer", onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      this.#field, el("span.unseen", { id: hint }, words.of("hint")),
      el("button.send", { type: "submit", part: "button send-button", "aria-label": words.of("send") }, icon("send")));
  }

  /** What is written and not sent. */
  get text() { return this.#field.value; }

  set text(text) {
    this.#field.value = text;
    this.#changed();
  }

  focus() { this.#field.focus({ preventScroll: true }); }

  close() { clearTimeout(this.#timer); }

  #key(event) {
    // While an input method composes, Enter chooses a word and must not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#field.value.trim();
    if (text) {
      this.text = "";
      this.#onSend(text);
    }
    this.focus();
  }

  #changed() {
    clearTimeout(this.#timer);
    const writing = this.#field.value.trim() !== "";
    if (writing) this.#timer = setTimeout(() => this.#setTyping(false), PAUSE);
    this.#setTyping(writing);
    this.#grow();
  }

  #setTyping(typing) {
    if (typing === this.#typing) return;
    this.#typing = typing;
    this.#onTyping(typing);
  }

  /** As high as what is written, where the style sheet can not say so; it sets the limit. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }
}
