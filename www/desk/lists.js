// The two lists at the desk's side: who is waiting, and the agent's own chats.

import { byId, el } from "../js/dom.js";
import { waitingSince } from "../js/format.js";

/**
 * Keeps one list item for each key, in the given order, without touching those that stay: whoever has the focus keeps it.
 */
function reconcile(list, items, known, make) {
  const keep = new Set(items.map((item) => item.key));
  for (const [key, node] of known) if (!keep.has(key)) { node.remove(); known.delete(key); }
  items.forEach((item, at) => {
    if (!known.has(item.key)) known.set(item.key, make(item));
    const node = known.get(item.key);
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  });
}

export class QueueList {
  #known = new Map();
  #queue = [];
  #onAccept;

  constructor(onAccept) {
    this.#onAccept = onAccept;
    setInterval(() => this.#tick(), 15_000);
  }

  show(queue) {
    const isNews = queue.find(({ chatId }) => !this.#known.has(chatId));
    this.#queue = queue;
    reconcile(byId("queue"), queue.map((one) => ({ ...one, key: one.chatId })), this.#known, (one) => this.#make(one));
    byId("queue-count").textContent = queue.length;
    byId("queue-none").hidden = queue.length > 0;
    if (isNews) byId("queue-news").textContent = `${isNews.nickname} is waiting`;
    this.#tick();
  }

  #make({ chatId, nickname, subject }) {
    const accept = el("button", { type: "button", className: "primary small", "aria-label": `Accept ${nickname}` }, "Accept");
    accept.addEventListener("click", async () => {
      accept.disabled = true;
      try { await this.#onAccept(chatId); } finally { accept.disabled = false; }
    });
    return el("li", { className: "caller" }, el("div", {},
      el("p", { className: "name" }, el("bdi", {}, nickname)),
      subject ? el("p", { className: "about" }, el("bdi", {}, subject)) : null,
      el("p", { className: "since" })), accept);
  }

  #tick() {
    for (const { chatId, since } of this.#queue) {
      this.#known.get(chatId).querySelector(".since").textContent = `Waiting ${waitingSince(since)}`;
    }
  }
}

export class ChatList {
  #known = new Map();
  #onOpen;

  constructor(onOpen) { this.#onOpen = onOpen; }

  show(chats, openId) {
    reconcile(byId("chats"), chats.map((chat) => ({ chat, key: chat.id })), this.#known, ({ chat }) => this.#make(chat));
    for (const chat of chats) this.#update(this.#known.get(chat.id), chat, chat.id === openId);
    byId("chats-count").textContent = chats.length;
    byId("chats-none").hidden = chats.length > 0;
  }

  #make(chat) {
    const tab = el("button", { type: "button", className: "tab" },
      el("span", { className: "what" }, el("span", { className: "name" }, el("bdi")), el("span", { className: "about" }, el("bdi"))),
      el("span", { className: "unread" }));
    tab.addEventListener("click", () => this.#onOpen(chat.id));
    return el("li", {}, tab);
  }

  #update(item, chat, isOpen) {
    const [name, about, unread] = [".name", ".about", ".unread"].map((part) => item.querySelector(part));
    name.firstElementChild.textContent = chat.nickname;
    about.firstElementChild.textContent = chat.ended ? "Ended" : chat.typing ? "typing…" : chat.preview || chat.subject;
    about.classList.toggle("live", chat.typing && !chat.ended);
    unread.hidden = chat.unread === 0;
    unread.replaceChildren(String(chat.unread), el("span", { className: "visually-hidden" }, " unread"));
    item.firstElementChild.setAttribute("aria-current", String(isOpen));
  }
}
