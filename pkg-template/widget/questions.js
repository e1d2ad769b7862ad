// What the server asks beside the conversation: its forms, and whether an entry of the FAQ helps.
import { busy, el, isBusy } from "./dom.js";
import { Form } from "./form.js";
import { linked } from "./message.js";

const TITLES = { "pre-chat": "preChat", "post-chat": "postChat", offline: "offlineForm" };

/** The form of a status. Only the one after the chat may be left out. */
export function statusForm({ kind, fields }, words, { onSubmit, onSkip }) {
  return Object.assign(new Form(words, {
    title: words.of(TITLES[kind] ?? "title"), fields, submit: words.of("send"), onSubmit, skip: kind === "post-chat" ? onSkip : undefined,
  }), { kind });
}

/** What is asked where the FAQ comes first, and nothing was asked yet. */
export function faqPrompt(words) {
  return el("section.faq", { part: "faq" }, el("p.question", {}, words.of("faqAsk")));
}

/** An entry of the FAQ with its two answers; `answer(accepted)` returns a promise. */
export function faqCard({ question, answer: text }, words, answer) {
  const trouble = el("p.trouble", { role: "alert", hidden: true }, words.of("failed"));
  const give = (accepted) => async () => {
    if (buttons.some(isBusy)) return;
    for (const button of buttons) busy(button);
    try {
      await answer(accepted);
    } catch {
      trouble.hidden = false;
      for (const button of buttons) busy(button, false);
    }
  };
  const buttons = [
    el("button.primary", { type: "button", part: "button primary-button", onclick: give(true) }, words.of("faqYes")),
    el("button", { type: "button", part: "button", onclick: give(false) }, words.of("faqNo")),
  ];
  return el("section.faq", { part: "faq", "aria-label": words.of("faq") }, el("p.note", {}, words.of("faq")),
    el("p.question", { dir: "auto" }, question), el("p.answer", { dir: "auto" }, linked(text, words)), trouble, el("div.actions", {}, ...buttons));
}
