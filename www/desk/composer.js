// The field that messages are written in: Enter sends, and the other side learns that someone is typing.

const PAUSE = 5000; // ms without a key after which the writer no longer counts as typing

export class Composer {
  #form;
  #field;
  #button;
  #timer;
  #typing = false;
  #onTyping;

  /** onSend(text); onTyping(isTyping) is called only on a change. */
  constructor(form, { onSend, onTyping }) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#button = form.querySelector("button[type=submit]");
    this.#onTyping = onTyping;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (!text || this.#field.disabled) return;
      this.#field.value = "";
      this.#inputChanged();
      onSend(text);
      this.#field.focus();
    });
    this.#field.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses a word and must not send.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#field.addEventListener("input", () => this.#inputChanged());
  }

  #inputChanged() {
    clearTimeout(this.#timer);
    const writing = this.#field.value.trim() !== "";
    if (writing) this.#timer = setTimeout(() => this.#setTyping(false), PAUSE);
    this.#setTyping(writing);
  }

  #setTyping(typing) {
    if (typing === this.#typing) return;
    this.#typing = typing;
    this.#onTyping(typing);
  }

  get text() { return this.#field.value; }

  /** Replaces the draft without telling anyone: it was typed before. */
  set text(text) {
    clearTimeout(this.#timer);
    this.#typing = false;
    this.#field.value = text;
  }

  set enabled(enabled) {
    this.#field.disabled = this.#button.disabled = !enabled;
  }

  set hidden(hidden) { this.#form.hidden = hidden; }

  focus() { this.#field.focus({ preventScroll: true }); }
}
