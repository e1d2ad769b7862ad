// What visitors left when nobody was there: the list at the desk's side, read anew when something has changed.

import { ask } from "./dialog.js";
import { byId, el } from "../js/dom.js";
import { dayOf, timeOf } from "../js/format.js";

/** What many changes at once cost is one look, after so many milliseconds. */
const PAUSE = 400;
/** As many as the server tells at a time, and the most that are shown. */
const PAGE = 100;
const MOST = 500;

export class RequestList {
  #call;
  #items = new Map();
  #timer;

  /** `call(operation, members)` asks the server. */
  constructor(call) { this.#call = call; }

  /** Something has changed: soon it is looked whether there are others. */
  stale() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // One that did not get through: the next change looks again.
      this.#load().catch(() => {});
    }, PAUSE);
  }

  /** Nobody is signed in any more. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#show([]);
  }

  async #load() {
    const all = [];
    for (;;) {
      const { requests } = await this.#call("listRequests", { after: all.at(-1)?.id ?? 0 });
      all.push(...requests);
      if (requests.length < PAGE || all.length >= MOST) break;
    }
    this.#show(all);
  }

  #show(requests) {
    const ids = new Set(requests.map(({ id }) => id));
    for (const [id, item] of this.#items) if (!ids.has(id)) { item.remove(); this.#items.delete(id); }
    for (const request of requests) {
      if (this.#items.has(request.id)) continue;
      const item = this.#make(request);
      this.#items.set(request.id, item);
      byId("requests").append(item);
    }
    byId("requests-count").textContent = requests.length;
    byId("requests-none").hidden = requests.length > 0;
  }

  #make({ id, service, time, values }) {
    const remove = el("button", { type: "button", className: "quiet small", "aria-label": `Delete the request of ${timeOf(time)}` }, "Delete");
    remove.addEventListener("click", async () => {
      if (!await ask({ title: "Delete this request?", text: "It cannot be had back.", confirm: "Delete", danger: true })) return;
      await this.#call("deleteRequest", { id }).catch(() => {});
      this.stale();
      byId("main").focus();
    });
    return el("li", { className: "request" }, el("details", {}, el("summary", {}, el("bdi", { className: "name" }, Object.values(values)[0] ?? service),
      el("span", { className: "since" }, ` ${dayOf(time)}, ${timeOf(time)}`)), filledIn(values), remove));
  }
}

/** What was filled in, field by field; it is text. */
export function filledIn(values) {
  return el("dl", { className: "filled-in" }, ...Object.entries(values).map(([name, value]) => el("div", {}, el("dt", {}, el("bdi", {}, name)),
    el("dd", { dir: "auto" }, value))));
}
