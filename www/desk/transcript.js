// A transcript on the page: days, messages, lines about who came and went, own messages on their way, typing.

import { el } from "../js/dom.js";
import { dayKey, dayOf, safeUrl, timeOf } from "../js/format.js";

const SAME_BREATH = 5 * 60_000; // messages of one person within this time stand together under one name
const NEAR_THE_END = 80; // px: a reader this close to the end is following the conversation
const TYPING_FADES = 20_000; // a "stopped" that never came must not leave someone typing for ever

export class Transcript {
  #scroller;
  #list = el("ol");
  #pending = el("ol", { className: "pending" });
  #toLatest;
  #typing = el("div", { className: "typing", role: "status" });
  #typists = new Map();
  #last; // the last message's day, author and time, which decide what the next one needs above it
  #following = true;
  #top = 0;
  #scheduled = false;

  constructor(label) {
    // Focusable, so that the keyboard can scroll it.
    this.#scroller = el("div", { className: "transcript", role: "log", tabIndex: 0, "aria-label": label, "aria-live": "polite" },
      this.#list, this.#pending);
    this.#toLatest = el("button", { type: "button", className: "small to-latest", hidden: true }, "New messages ↓");
    this.#toLatest.addEventListener("click", () => { this.showLatest(); this.#scroller.focus(); });
    this.#scroller.addEventListener("scroll", () => {
      // Only the reader scrolls up; a distance alone may just as well come from what was added meanwhile.
      const wentUp = this.#scroller.scrollTop < this.#top;
      this.#top = this.#scroller.scrollTop;
      if (this.#distance() < NEAR_THE_END) {
        this.#following = true;
        this.#toLatest.hidden = true;
      } else if (wentUp) this.#following = false;
    }, { passive: true });
    // The on-screen keyboard and a growing composer shrink the view: whoever is following stays at the end.
    new ResizeObserver(() => { if (this.#following) this.showLatest(); }).observe(this.#scroller);
    this.element = el("div", { className: "transcript-wrap" }, this.#scroller, this.#toLatest);
    this.typingElement = this.#typing;
  }

  #distance() {
    return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight;
  }

  showLatest() {
    this.#following = true;
    this.#toLatest.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  // Once a frame at most, so that a long playback does not measure the page for every message.
  #grown(own) {
    if (own) this.#following = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      if (this.#following) this.showLatest();
      else this.#toLatest.hidden = false;
    });
  }

  /** Restored entries are not news: they are neither animated nor read out. */
  #announce(old) {
    this.#scroller.setAttribute("aria-live", old ? "off" : "polite");
  }

  #dayIfNew(timestamp) {
    const key = dayKey(timestamp);
    if (this.#last?.day === key) return;
    this.#list.append(el("li", { className: "day" }, dayOf(timestamp)));
    this.#last = { day: key };
  }

  /** side: "own", "other" or "system". */
  message({ side, author, text, isUrl = false, timestamp, old = false }) {
    this.#announce(old);
    this.#dayIfNew(timestamp);
    const last = this.#last;
    const opens = last.author !== author || last.side !== side || timestamp - last.time > SAME_BREATH;
    const item = el("li", { className: `message ${side}` }, ...(opens ? [el("p", { className: "by" },
      el("bdi", {}, side === "own" ? "You" : author), ` · ${timeOf(timestamp)}`)] : []), bubble(text, isUrl));
    item.classList.toggle("opens", opens);
    item.classList.toggle("arrives", !old);
    item.title = new Date(timestamp).toLocaleString();
    this.#last = { day: last.day, author, side, time: timestamp };
    this.#list.append(item);
    this.#grown(false);
  }

  /** A line about the conversation rather than in it: someone (`who`) joined, someone left. */
  line(text, { who = "", timestamp = Date.now(), old = false } = {}) {
    this.#announce(old);
    this.#dayIfNew(timestamp);
    this.#last = { day: this.#last.day };
    const item = el("li", { className: "line" }, el("bdi", {}, who), ` ${text} · ${timeOf(timestamp)}`);
    item.classList.toggle("arrives", !old);
    this.#list.append(item);
    this.#grown(false);
  }

  /** An own message that is not in the transcript yet. */
  pending(text, isUrl) {
    this.#announce(false);
    const state = el("div", { className: "state" });
    const item = el("li", { className: "message own opens" }, bubble(text, isUrl), state);
    this.#pending.append(item);
    this.#grown(true);
    const show = (className, ...content) => {
      item.classList.toggle("failed", className === "failed");
      state.replaceChildren(...content);
      this.#grown(className === "failed");
    };
    return {
      sending: () => show("sending", "Sending…"),
      waits: () => show("waits", "Waiting to be sent"),
      sent: () => show("sent"),
      failed: (why, actions) => show("failed", el("span", { role: "alert" }, why),
        ...actions.map(({ label, act }) => {
          const button = el("button", { type: "button", className: "quiet small" }, label);
          button.addEventListener("click", act);
          return button;
        })),
      remove: () => { if (item.contains(document.activeElement)) this.#scroller.focus(); item.remove(); },
    };
  }

  typing(id, name, isTyping) {
    clearTimeout(this.#typists.get(id)?.timer);
    this.#typists.delete(id);
    if (isTyping) {
      this.#typists.set(id, { name, timer: setTimeout(() => this.typing(id, name, false), TYPING_FADES) });
    }
    const names = [...this.#typists.values()].map((typist) => typist.name);
    if (names.length === 0) return this.#typing.replaceChildren();
    this.#typing.replaceChildren(el("span", { className: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      el("span", {}, el("bdi", {}, names.join(" and ")), names.length === 1 ? " is typing" : " are typing"));
  }

  nobodyTypes() {
    for (const [id, { name }] of [...this.#typists]) this.typing(id, name, false);
  }
}

function bubble(text, isUrl) {
  const url = isUrl ? safeUrl(text) : undefined;
  const content = url ? el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, text) : text;
  // The text has its own direction; the bubble's shape keeps the page's.
  return el("div", { className: "text" }, el("div", { dir: "auto" }, content));
}
