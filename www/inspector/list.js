// The list of sessions: the newest first, those that are over dimmed.

import { byId, el } from "../js/dom.js";
import { timeOf } from "../js/format.js";
import { statusText } from "../js/status.js";

export class SessionList {
  #items = new Map();
  #onChoose;

  constructor(onChoose) { this.#onChoose = onChoose; }

  /** Items that stay are not touched but for their words: whoever has the focus keeps it. */
  show(rows, chosen) {
    const list = byId("sessions");
    const sorted = [...rows].sort((a, b) => b.since - a.since);
    const known = new Set(rows.map((row) => row.chatId));
    for (const [id, item] of this.#items) if (!known.has(id)) { item.remove(); this.#items.delete(id); }
    sorted.forEach((row, at) => {
      if (!this.#items.has(row.chatId)) this.#items.set(row.chatId, this.#make(row));
      const item = this.#items.get(row.chatId);
      this.#update(item, row, row.chatId === chosen);
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
    });
    byId("count").textContent = rows.length;
    byId("sessions-none").hidden = rows.length > 0;
  }

  #make(row) {
    const button = el("button", { type: "button", className: "session" },
      el("span", { className: "name" }, el("bdi")), el("span", { className: "at" }, timeOf(row.since)),
      el("span", { className: "about" }), el("span", { className: "chip" }));
    button.addEventListener("click", () => this.#onChoose(row.chatId));
    return el("li", {}, button);
  }

  #update(item, row, isChosen) {
    const [name, about, chip] = [".name bdi", ".about", ".chip"].map((part) => item.querySelector(part));
    name.textContent = row.nickname || "Nameless";
    about.textContent = [row.service, row.botActive ? "bot" : "", ...row.agents, row.previousId ? "renewed" : ""].filter(Boolean).join(" · ");
    chip.textContent = statusText(row.status);
    item.firstElementChild.classList.toggle("over", row.ended);
    item.firstElementChild.setAttribute("aria-current", String(isChosen));
  }
}
