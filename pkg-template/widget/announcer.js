// What is read out to those who do not see the screen: news, in few words, and not more often than can be listened to.
import { el } from "./dom.js";

/** News of this long, in milliseconds, are read out together. */
const GATHER = 1_000;
/** More messages than these, at once, are only counted. */
const MOST = 3;

export class Announcer {
  element = el("div.unseen", { role: "status", "aria-live": "polite" });
  #words;
  #news = [];
  #timer;

  constructor(words) {
    this.#words = words;
  }

  /** A message came. */
  message(name, text) {
    this.#add({ name, text: text.length > 400 ? `${text.slice(0, 400)}…` : text });
  }

  /** Something else happened. */
  say(text) {
    this.#add({ text });
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#news = [];
    this.element.replaceChildren();
  }

  #add(news) {
    this.#news.push(news);
    this.#timer ??= setTimeout(() => this.#read(), GATHER);
  }

  #read() {
    const messages = this.#news.filter(({ name }) => name !== undefined);
    const told = messages.length > MOST
      ? [...this.#news.filter(({ name }) => name === undefined).map(({ text }) => text), this.#words.of("unread", { count: messages.length })]
      : this.#news.map(({ name, text }) => (name === undefined ? text : `${name}: ${text}`));
    this.#timer = undefined;
    this.#news = [];
    // Whoever listens hears what is new in it; what was read is of no use to those who come across it later.
    this.element.replaceChildren(...told.map((text) => el("p", { dir: "auto" }, text)));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#news.length > 0) this.#read();
      else this.element.replaceChildren();
    }, GATHER * 4);
  }
}
