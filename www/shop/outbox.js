// Own messages between the Send button and the transcript: shown once, wherever they are on that way.

import { safeUrl } from "../js/format.js";

/**
 * A message comes back through onMessageReceived, before or after its promise settles, and the event does not say which
 * send it came from. So it is matched by its text, oldest first; and where a server changed the text, by order.
 */
export class Outbox {
  #session;
  #transcript;
  #entries = [];
  #interrupted = false;
  #strangers = 0; // own messages that matched no entry: from another tab, or changed by the server

  constructor(session, transcript) {
    this.#session = session;
    this.#transcript = transcript;
  }

  get isEmpty() { return this.#entries.length === 0; }

  send(text) {
    const type = safeUrl(text) ? "url" : "text";
    if (this.isEmpty) this.#strangers = 0;
    const entry = { text, type, state: "sending", view: this.#transcript.pending(text, type === "url") };
    this.#entries.push(entry);
    this.#attempt(entry);
  }

  async #attempt(entry) {
    entry.state = "sending";
    this.#show(entry);
    try {
      await this.#session.sendMessage({ message: entry.text, type: entry.type });
    } catch (error) {
      if (!this.#entries.includes(entry)) return;
      entry.state = "failed";
      entry.view.failed(`Not sent. ${error?.error?.description ?? ""}`.trim(), [
        { label: "Try again", act: () => this.#attempt(entry) },
        { label: "Discard", act: () => this.#remove(entry) },
      ]);
      return;
    }
    if (!this.#entries.includes(entry)) return;
    entry.state = "sent";
    this.#show(entry);
    if (this.#strangers > 0) {
      this.#strangers -= 1;
      this.#remove(entry);
    }
  }

  /** An own message has come back: the pending copy of it goes. */
  cameBack(text) {
    const entry = this.#entries.find((one) => one.text === text && one.state !== "failed")
      ?? this.#entries.find((one) => one.text === text)
      ?? this.#entries.find((one) => one.state === "sent");
    if (entry) this.#remove(entry);
    else if (!this.isEmpty) this.#strangers += 1;
  }

  set interrupted(interrupted) {
    this.#interrupted = interrupted;
    this.#entries.filter((entry) => entry.state === "sending").forEach((entry) => this.#show(entry));
  }

  /** After the end nothing can be sent any more: what was not stays readable, to be copied. */
  close() {
    for (const entry of this.#entries) {
      if (entry.state === "sent") this.#remove(entry);
      else { entry.state = "failed"; entry.view.failed("Not sent", []); }
    }
    this.#entries = [];
  }

  #show(entry) {
    if (entry.state === "sent") entry.view.sent();
    else if (this.#interrupted) entry.view.waits();
    else entry.view.sending();
  }

  #remove(entry) {
    this.#entries = this.#entries.filter((one) => one !== entry);
    entry.view.remove();
  }
}
