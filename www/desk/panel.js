// The open chat: its transcript, the composer, and what an agent can do with it.

import { Composer } from "./composer.js";
import { ask } from "./dialog.js";
import { byId, el } from "../js/dom.js";
import { safeUrl } from "../js/format.js";
import { statusText } from "../js/status.js";
import { showEarlier } from "./earlier.js";
import { filledIn } from "./requests.js";

const FORMS = { "pre-chat": "Before the chat", "post-chat": "After the chat", offline: "While nobody was there" };
const newMessageId = () => crypto.randomUUID().replaceAll("-", "");

export class Panel {
  #link;
  #chat;
  #composer;
  #onGone;

  /** onGone(chat): the agent is done with it. */
  constructor(link, onGone) {
    this.#link = link;
    this.#onGone = onGone;
    this.#composer = new Composer(byId("composer"), {
      onSend: (text) => this.#send(text, safeUrl(text) ? "pushUrl" : "sendMessage"),
      // A lost typing notice is not worth a word.
      onTyping: (isTyping) => this.#chat && !this.#chat.ended
        && this.#link.call(isTyping ? "startTyping" : "stopTyping", { chatId: this.#chat.id }).catch(() => {}),
    });
    byId("push-url").addEventListener("click", () => this.#pushUrl());
    byId("transfer").addEventListener("click", () => this.#transfer());
    byId("earlier").addEventListener("click", () => showEarlier((...asked) => this.#link.call(...asked), this.#chat.previousId, this.#chat.me));
    byId("leave").addEventListener("click", () => this.#finish("leave", {
      title: "Leave this chat?", text: "It goes on without you if another agent is in it, and else back to the queue.", confirm: "Leave",
    }));
    byId("end").addEventListener("click", () => this.#finish("endChat", {
      title: "End this chat?", text: "It is over then for everybody in it, the visitor included.", confirm: "End chat",
    }));
    byId("dismiss").addEventListener("click", () => this.#onGone(this.#chat));
  }

  get chat() { return this.#chat; }

  show(chat, { focus = false } = {}) {
    const before = this.#chat;
    if (before && before !== chat) {
      before.draft = this.#composer.text;
      before.open = false;
      // Whoever walks over to another chat is not typing in this one any more.
      if (before.draft && !before.ended) this.#link.call("stopTyping", { chatId: before.id }).catch(() => {});
    }
    this.#chat = chat;
    byId("panel-empty").hidden = Boolean(chat);
    byId("panel-open").hidden = !chat;
    if (!chat) return;
    byId("panel-name").textContent = chat.nickname;
    byId("panel-subject").textContent = [chat.status === undefined ? "" : statusText(chat.status), chat.subject].filter(Boolean).join(" · ");
    this.#about(chat);
    byId("panel-tools").hidden = chat.ended;
    byId("dismiss").hidden = !chat.ended;
    if (chat.ended && byId("composer").contains(document.activeElement)) byId("dismiss").focus();
    this.#composer.hidden = chat.ended;
    if (before !== chat) {
      byId("transcript").replaceChildren(chat.element);
      this.#composer.text = chat.draft;
      chat.open = true;
      chat.unread = 0;
      chat.transcript.showLatest();
    }
    if (focus) chat.ended ? byId("panel-title").focus() : this.#composer.focus();
  }

  /** What the visitor filled in, and whether there is a session before this one. */
  #about(chat) {
    byId("earlier").hidden = !chat.previousId;
    const forms = Object.entries(chat.forms);
    const about = byId("about");
    const text = JSON.stringify(forms);
    if (about.dataset.shows === text) return;
    about.dataset.shows = text;
    about.hidden = forms.length === 0;
    about.querySelector("div").replaceChildren(...forms.map(([kind, values]) => el("section", {}, el("h3", {}, FORMS[kind] ?? kind), filledIn(values))));
  }

  async #send(text, operation) {
    const chat = this.#chat;
    const isUrl = operation === "pushUrl";
    const view = chat.transcript.pending(text, isUrl);
    // The same id on every attempt: a server that has the message already does nothing twice.
    const message = { chatId: chat.id, messageId: newMessageId(), [isUrl ? "pushUrl" : "message"]: text };
    const attempt = async () => {
      view.sending();
      try {
        await this.#link.call(operation, message);
        view.remove();
      } catch (error) {
        view.failed(`Not sent. ${error.message}`, [{ label: "Try again", act: attempt }, { label: "Discard", act: view.remove }]);
      }
    };
    await attempt();
  }

  async #pushUrl() {
    const answer = await ask({
      title: "Send a link",
      fields: [el("div", { className: "field" }, el("label", { htmlFor: "url" }, "Address"),
        el("input", { type: "url", id: "url", name: "url", required: true, pattern: "https?://.*", placeholder: "https://", autofocus: true }),
        el("p", { className: "hint" }, "Begins with http:// or https://"))],
      confirm: "Send",
    });
    const url = answer && safeUrl(answer.get("url"));
    if (url) this.#send(url.href, "pushUrl");
  }

  async #transfer() {
    const chat = this.#chat;
    const toQueue = el("input", { type: "radio", name: "where", value: "queue", checked: true });
    const toAgent = el("input", { type: "radio", name: "where", value: "agent" });
    const name = el("input", { type: "text", name: "to", id: "to", disabled: true, dir: "auto", autocomplete: "off" });
    const named = el("div", { className: "field" }, el("label", { htmlFor: "to" }, "Agent’s name"), name);
    for (const choice of [toQueue, toAgent]) {
      choice.addEventListener("change", () => {
        name.disabled = !toAgent.checked;
        name.required = toAgent.checked;
        if (toAgent.checked) name.focus();
      });
    }
    const answer = await ask({
      title: `Transfer ${chat.nickname}`,
      fields: [el("label", { className: "choice" }, toQueue, "Back to the queue"),
        el("label", { className: "choice" }, toAgent, "To an agent"), named],
      confirm: "Transfer",
    });
    if (!answer) return;
    const to = answer.get("where") === "agent" ? answer.get("to").trim() : undefined;
    await this.#leaveBy(chat, "transfer", to ? { to } : {});
  }

  async #finish(operation, question) {
    const chat = this.#chat;
    if (await ask({ ...question, danger: true })) await this.#leaveBy(chat, operation, {});
  }

  async #leaveBy(chat, operation, members) {
    try {
      await this.#link.call(operation, { chatId: chat.id, ...members });
      this.#onGone(chat);
    } catch (error) {
      chat.transcript.line(`That did not work. ${error.message}`);
    }
  }
}
