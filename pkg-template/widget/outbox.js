// Own messages between the Send button and the transcript: shown once, wherever they are on that way.
import { webUrl } from "./links.js";

/**
 * A message comes back through onMessageReceived, before or after its promise settles, and the event does not say which
 * send it came from. So it is matched by its text, oldest first; and where a server changed the text, by order.
 */
export class Outbox {
  #session;
  #transcript;
  #entries = [];
  #interrupted = false;
  /** Own messages that matched no entry: from another tab, or changed by the server. */
  #strangers = 0;

  constructor(session) {
    this.#session = session;
  }

  /** Shows what is on its way in a transcript: at first, and when it has been made anew. */
  attach(transcript) {
    this.#transcript = transcript;
    for (const entry of this.#entries) {
      entry.view = transcript.pending(entry.text, entry.type === "url");
      this.#show(entry);
    }
  }

  send(text) {
    const type = webUrl(text) ? "url" : "text";
    if (this.#entries.length === 0) this.#strangers = 0;
    const entry = { text, type, view: this.#transcript.pending(text, type === "url") };
    this.#entries.push(entry);
    this.#attempt(entry);
  }

  /** An own message has come back: the pending copy of it goes. Whether it was sent from here. */
  cameBack(text) {
    const entry = this.#entries.find((one) => one.text === text && one.state !== "failed")
      ?? this.#entries.find((one) => one.text === text)
      ?? this.#entries.find((one) => one.state === "sent");
    if (entry) this.#remove(entry);
    else if (this.#entries.length > 0) this.#strangers += 1;
    return entry !== undefined;
  }

  set interrupted(interrupted) {
    this.#interrupted = interrupted;
    for (const entry of this.#entries) {
      if (entry.state === "sending") this.#show(entry);
    }
  }

  /** After the end nothing can be sent any more: what was not stays readable, to be copied. */
  close() {
    for (const entry of this.#entries) {
      if (entry.state === "sent") entry.view.remove();
      else entry.view.failed([]);
    }
    this.#entries = [];
  }

  async #attempt(entry) {
    entry.state = "sending";
    this.#show(entry);
    try {
      await this.#session.sendMessage({ message: entry.text, type: entry.type });
    } catch {
      if (!this.#entries.includes(entry)) return;
      entry.state = "failed";
      this.#show(entry);
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

  #show(entry) {
    const { state, view } = entry;
    if (state !== "failed") view.show(state === "sending" && this.#interrupted ? "waits" : state);
    else view.failed([["again", () => this.#attempt(entry)], ["discard", () => this.#remove(entry)]]);
  }

  #remove(entry) {
    this.#entries = this.#entries.filter((one) => one !== entry);
    entry.view.remove();
  }
}
