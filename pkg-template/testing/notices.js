// What chat v2 has no words for, as the manual's chapter on the wire has it: status, forms, FAQ, session data and renewal inside a
// chat, as notices down and as custom notices and data up.

/** The party whom system messages come from. */
export const SYSTEM = { nickname: "System", participantId: 0, type: "External" };

const STATES = [
  "invalid", "preChatForm", "faq", "offlineForm", "inQueue", "customerLast", "userLast", "finished", "deleted", "closed",
  "requestPosted", "closedFromQueue",
];
/** The state that asks for a form, and the one that it leads to. */
const FORMS = { "pre-chat": [1, 4], offline: [3, 10], "post-chat": [7, 9] };
/** The states in which a chat is over. */
const OVER = new Set([9, 10, 11]);
const FAQ = 2;
const IN_QUEUE = 4;
const FINISHED = 7;
const LIMIT = 10_000_000;

export class Notices {
  status = 0;
  botActive = false;
  /** What the visitor filled in, by the kind of form. */
  forms = {};
  /** What the visitor answered to the FAQ's entries. */
  answers = [];
  data;
  internal;
  #chat;
  #version = 0;
  #form;
  /** The entry of the FAQ that is open. */
  #suggested;

  constructor(chat, data) {
    this.#chat = chat;
    this.data = { ...data };
    this.#version = Object.keys(this.data).length > 0 ? 1 : 0;
  }

  /** The entry that tells of a new status. */
  change(status, { botActive = this.botActive, cause = "test" } = {}) {
    const code = typeof status === "string" ? STATES.indexOf(status) : status;
    if (!(code in STATES)) throw new TypeError(`there is no status ${JSON.stringify(status)}; there are ${STATES.join(", ")}`);
    const old = this.status;
    this.status = code;
    this.botActive = botActive;
    if (this.#form && FORMS[this.#form.kind][0] !== code) this.#form = undefined;
    if (code !== FAQ) this.#suggested = undefined;
    return this.#entry("status", { old: String(old), new: String(code), botActive: String(botActive), cause });
  }

  /** A form is asked for: the status that does so, and the form. */
  ask(form) {
    if (!(form?.kind in FORMS)) throw new TypeError(`a form's kind is one of ${Object.keys(FORMS).join(", ")}, got ${String(form?.kind)}`);
    const entry = this.change(FORMS[form.kind][0]);
    this.#form = form;
    return [entry, this.passing("form", form)];
  }

  /** An entry of the FAQ is suggested. */
  suggest({ id, question, answer }) {
    this.#suggested = String(id);
    return [this.change(FAQ), this.#entry("faq", { id: String(id), question, answer })];
  }

  /** What a page is told with every attach, beside the transcript. */
  attached({ notices, dataVersion }) {
    if (notices !== 1) return [];
    const told = this.#form ? [this.passing("form", this.#form)] : [];
    if (dataVersion !== undefined && dataVersion !== this.#version) told.push(this.#dataNotice(0, this.data, []));
    if (this.internal) told.push(this.passing("internal", this.internal));
    return told;
  }

  /** Sets and deletes members of the session data; returns what tells of it. */
  setData(set = {}, deleted = []) {
    const from = this.#version;
    this.#version += 1;
    // Not assigned: a member may be called `__proto__`.
    this.data = Object.fromEntries([...Object.entries(this.data), ...Object.entries(set)]);
    for (const name of deleted) delete this.data[name];
    return this.#dataNotice(from, set, deleted);
  }

  /** Why a notice of the visitor's is refused, if nothing asks for what it brings. */
  unasked({ message, userData = {} }) {
    if (message === "submit-form" && this.#form?.kind !== userData.kind) return "no such form is asked for";
    if (message === "answer-faq" && this.#suggested !== userData.id) return "the FAQ has no such question open";
    return undefined;
  }

  /** A notice of the visitor's; returns the entries and notices that answer it, or undefined for one that is a bot's business. */
  given({ message, userData = {}, messageId }) {
    if (message === "submit-form") {
      const { kind, values = {} } = userData;
      this.forms[kind] = values;
      this.#form = undefined;
      const [, next] = FORMS[kind] ?? [0, IN_QUEUE];
      return [this.#entry("form-submitted", { kind }, messageId), this.change(next, { cause: `${kind}-submitted` })];
    }
    if (message === "answer-faq") {
      const { id, accepted } = userData;
      this.answers.push({ id, accepted });
      this.#suggested = undefined;
      const entry = this.#entry("faq-answered", { id, accepted: String(accepted) }, messageId);
      return [entry, this.change(accepted ? FINISHED : IN_QUEUE, { cause: accepted ? "faq-accepted" : "faq-refused" })];
    }
    return undefined;
  }

  /** Whether the status is one in which the chat is over. */
  get isOver() { return OVER.has(this.status); }

  /** A notice that is not in the transcript. */
  passing(text, userData) {
    return { type: "Notice", text, utcTime: Date.now(), userData: structuredClone(userData), from: SYSTEM };
  }

  #dataNotice(from, set, deleted) {
    return this.passing("session-data", { version: this.#version, from, set, deleted, limit: LIMIT });
  }

  #entry(text, userData, messageId) {
    return this.#chat.add("Notice", SYSTEM, { text, userData, ...(messageId && { messageId }) });
  }
}
