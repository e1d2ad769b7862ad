// The session that is watched: its status among the twelve, the ways there, data, internal fields and the bot's log. All of it is
// text of others: it becomes text and nothing else.

import { byId, el } from "../js/dom.js";
import { exactTimeOf } from "../js/format.js";
import { STATES, statusText } from "../js/status.js";

const LOG_LINES = 500;
const WAYS = 500;
/** What is longer is cut here: the page is for looking at. */
const LONGEST = 4000;

const textOf = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
};

export class View {
  #states = new Map();
  #data = new Map();
  #status;

  constructor() {
    STATES.forEach((name, code) => {
      const item = el("li", {}, el("b", {}, String(code)), ` ${name}`);
      this.#states.set(code, item);
      byId("states").append(item);
    });
    this.end();
  }

  /** Nothing is watched. */
  end() {
    byId("watched").hidden = true;
    byId("watched-none").hidden = false;
    this.#clear();
  }

  /** Another session is watched; all that is known of it is about to come. */
  begin(chatId, note = "") {
    this.#clear();
    byId("watched").hidden = false;
    byId("watched-none").hidden = true;
    byId("id").textContent = chatId;
    this.note(note);
  }

  #clear() {
    this.#data.clear();
    this.#status = undefined;
    byId("nickname").textContent = "A session";
    for (const id of ["service", "leader", "news"]) byId(id).textContent = "";
    for (const item of this.#states.values()) { item.className = ""; item.removeAttribute("aria-current"); }
    for (const part of [byId("ways").tBodies[0], byId("log"), byId("data"), byId("internal")]) part.replaceChildren();
    for (const id of ["ways", "log", "note"]) byId(id).hidden = true;
    for (const id of ["ways-none", "log-none", "data-none"]) byId(id).hidden = false;
  }

  note(text) {
    byId("note").textContent = text;
    byId("note").hidden = text === "";
  }

  /** What the list says of it. */
  describe({ nickname, service, status, botActive, agents, ended }) {
    byId("nickname").textContent = nickname || "Nameless";
    byId("service").textContent = service;
    const leaders = botActive ? ["the bot"] : agents;
    byId("leader").textContent = ended ? "It is over." : leaders.length > 0 ? `Led by ${leaders.join(" and ")}.` : "Nobody leads it.";
    if (status === this.#status) return;
    // Read out only what happens while somebody looks.
    if (this.#status !== undefined) byId("news").textContent = `Status ${statusText(status)}`;
    this.#states.get(this.#status)?.removeAttribute("aria-current");
    this.#states.get(status)?.setAttribute("aria-current", "step");
    this.#states.get(status)?.classList.add("visited");
    this.#status = status;
  }

  /** What is new of it; at first, all. */
  add({ transitions = [], log = [], data, internal }) {
    for (const way of transitions) this.#way(way);
    for (const line of log) this.#line(line);
    if (data) this.#change(data);
    if (internal) this.#internal(internal);
  }

  #way({ time, old, new: next, cause, botActive }) {
    for (const code of [old, next]) this.#states.get(Number(code))?.classList.add("visited");
    const handedOver = old === next;
    const row = el("tr", {}, el("td", { className: "time" }, exactTimeOf(time)), el("td", {}, statusText(Number(old))),
      el("td", {}, handedOver ? `${statusText(Number(next))}, ${botActive === "true" ? "bot on" : "bot off"}` : statusText(Number(next))),
      el("td", {}, cause ?? ""));
    const body = byId("ways").tBodies[0];
    // The newest on top: it is what one looks for.
    body.prepend(row);
    while (body.rows.length > WAYS) body.lastElementChild.remove();
    byId("ways").hidden = false;
    byId("ways-none").hidden = true;
  }

  #line({ time, text, failed }) {
    const list = byId("log");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    list.append(el("li", { className: failed ? "failed" : "" }, el("span", { className: "time" }, exactTimeOf(time)),
      el("span", { className: "text" }, failed ? "failed: " : "", text)));
    while (list.children.length > LOG_LINES) list.firstElementChild.remove();
    list.hidden = false;
    byId("log-none").hidden = true;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #change({ from, set = {}, deleted = [] }) {
    if (from === 0) this.#data.clear();
    for (const name of deleted) this.#data.delete(name);
    for (const [name, value] of Object.entries(set)) this.#data.set(name, value);
    const fresh = from === 0 ? [] : Object.keys(set);
    this.#members("data", [...this.#data].sort(([a], [b]) => (a < b ? -1 : 1)), fresh);
    byId("data-none").hidden = this.#data.size > 0;
  }

  #internal(internal) {
    this.#members("internal", Object.entries(internal));
  }

  #members(id, members, fresh = []) {
    byId(id).replaceChildren(...members.map(([name, value]) => el("div", { className: fresh.includes(name) ? "fresh" : "" },
      el("dt", {}, el("bdi", {}, name)), el("dd", {}, el("pre", { dir: "auto" }, textOf(value))))));
  }
}
