// The transcript on the page: days, messages, lines about who came and went, own messages on their way. It follows the
// conversation unless the reader has gone back in it, and stays quick with many thousands of messages.
import { el, icon } from "./dom.js";
import { bubble } from "./message.js";
import { dayKey } from "./words.js";

/** Messages of one person within this time, in milliseconds, stand together under one name. */
const SAME_BREATH = 5 * 60_000;
/** A reader this close to the end, in pixels, is following the conversation. */
const NEAR_THE_END = 80;
/** So many entries are one box, which the browser does not lay out while it is out of sight. */
const CHUNK = 40;

export class Transcript {
  element;
  #words;
  #log;
  #list = el("div");
  #pending = el("div.pending");
  #latest;
  #chunk;
  /** The last message's day, author and time, which decide what the next one needs above it. */
  #last = {};
  /** The newest own message that was sent: it says so. */
  #sent;
  #following = true;
  #top = 0;
  /** What is to be shown with the next frame. */
  #waiting = [];
  #frame;
  #timer;
  #resizing;

  constructor(words) {
    this.#words = words;
    // Focusable, so that the keyboard can scroll it. What is new is read out by the announcer, who chatters less.
    this.#log = el("div.log", {
      role: "log", part: "log", tabIndex: 0, "aria-label": words.of("conversation"), "aria-live": "off",
    }, this.#list, this.#pending);
    this.#latest = el("button.latest", {
      type: "button", part: "button latest-button", hidden: true,
      onclick: () => { this.showLatest(); this.#log.focus(); },
    }, words.of("latest"), icon("down"));
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element = el("div.transcript", {}, this.#log, this.#latest);
  }

  /** To be called when it is on the page, and the other when it is not any more. */
  attach() {
    // The on-screen keyboard and a growing composer shrink the view: whoever is following stays at the end.
    this.#resizing ??= new ResizeObserver(() => { if (this.#following) this.showLatest(); });
    this.#resizing.observe(this.#log);
  }

  detach() {
    this.#resizing?.disconnect();
    this.#flush();
  }

  showLatest() {
    this.#following = true;
    this.#latest.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** `side` is "own", "other" or "system"; `old` is what an earlier page has shown: it is not news. */
  message({ side, author, text, isUrl, timestamp, old = false, sent = false }) {
    this.#day(timestamp);
    const last = this.#last;
    const opens = last.author !== author || last.side !== side || !(timestamp - last.time <= SAME_BREATH);
    this.#last = { day: last.day, author, side, time: timestamp };
    const name = side === "own" ? this.#words.of("you") : author;
    // Each message says whose it is to those who hear it, also where the eye sees it by the place.
    const by = opens
      ? el("div.by", { part: "author" }, el("bdi", {}, name), " ", this.#time(timestamp))
      : el("div.unseen", {}, el("bdi", {}, name));
    const item = el(`div.message.${side}`, { part: `message ${side}` }, by, bubble({ text, isUrl }, this.#words));
    if (opens) item.classList.add("opens");
    if (!old) item.classList.add("arrives");
    if (sent) this.#markSent(item);
    this.#add(item);
  }

  /** A line about the conversation rather than in it; `name` in it may be a person's. */
  line(key, { name, timestamp = Date.now(), old = false } = {}) {
    this.#day(timestamp);
    this.#last = { day: this.#last.day };
    const text = this.#words.parts(key, { name: el("bdi", {}, name) });
    const item = el("div.line", { part: "line" }, ...text, " · ", this.#time(timestamp));
    if (!old) item.classList.add("arrives");
    this.#add(item);
  }

  /** An own message that is not in the transcript yet; returns what shows where it is. */
  pending(text, isUrl) {
    const state = el("div.state", { part: "state" });
    const item = el("div.message.own.opens", { part: "message own pending" },
      el("div.unseen", {}, this.#words.of("you")), bubble({ text, isUrl }, this.#words), state);
    this.#pending.append(item);
    this.#follow(true);
    const show = (name, ...content) => {
      item.classList.toggle("failed", name === "failed");
      state.replaceChildren(...content);
      this.#follow(name === "failed");
    };
    return {
      show: (name) => show(name, this.#words.of(name)),
      failed: (actions) => show("failed", el("span", { role: "alert" }, this.#words.of("failed")),
        ...actions.map(([label, act]) => el("button.quiet", { type: "button", part: "button", onclick: act }, this.#words.of(label)))),
      remove: () => {
        if (item.contains(item.getRootNode().activeElement)) this.#log.focus({ preventScroll: true });
        item.remove();
      },
    };
  }

  #time(timestamp) {
    const date = new Date(timestamp);
    const machine = Number.isNaN(date.getTime()) ? undefined : date.toISOString();
    return el("time", { dateTime: machine, title: this.#words.full(timestamp) }, this.#words.time(timestamp));
  }

  #day(timestamp) {
    const day = dayKey(timestamp);
    if (this.#last.day === day) return;
    this.#add(el("div.day", { part: "day" }, this.#words.day(timestamp)));
    this.#last = { day };
  }

  #markSent(item) {
    this.#sent?.remove();
    this.#sent = el("div.state", { part: "state" }, icon("check"), this.#words.of("sent"));
    item.append(this.#sent);
  }

  /** Once a frame at most, however many come: a page that is out of sight has no frames, and takes its time. */
  #add(item) {
    this.#waiting.push(item);
    if (this.#waiting.length > 1) return;
    if (document.hidden) this.#timer = setTimeout(() => this.#flush(), 200);
    else this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    const items = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < items.length; ) {
      const room = CHUNK - (this.#chunk?.childElementCount ?? CHUNK);
      if (room <= 0) {
        this.#chunk = el("div.chunk");
        this.#list.append(this.#chunk);
        continue;
      }
      this.#chunk.append(...items.slice(at, at + room));
      at += room;
    }
    if (items.length > 0) this.#follow(false, !items.at(-1).classList.contains("arrives"));
  }

  #follow(own, old = false) {
    if (own || this.#following) this.showLatest();
    else if (!old) this.#latest.hidden = false;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    // Only the reader goes up; a distance alone may just as well come from what was added meanwhile.
    const up = scrollTop < this.#top;
    this.#top = scrollTop;
    if (scrollHeight - scrollTop - clientHeight < NEAR_THE_END) {
      this.#following = true;
      this.#latest.hidden = true;
    } else if (up) {
      this.#following = false;
    }
  }
}
