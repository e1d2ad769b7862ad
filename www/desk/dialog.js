// Questions asked in a modal dialog. The platform's <dialog> keeps the focus inside and gives it back.

import { el } from "../js/dom.js";

/** Resolves to the form's data when the dialog was confirmed, to undefined when it was not. */
export function ask({ title, text, fields = [], confirm, danger = false, cancel = "Cancel" }) {
  const id = `dialog-${crypto.randomUUID()}`;
  const no = el("button", { type: "button" }, cancel);
  const yes = el("button", { type: "submit", className: danger ? "danger" : "primary" }, confirm);
  const form = el("form", { method: "dialog" }, el("h2", { id }, title), text ? el("p", { dir: "auto" }, text) : null,
    ...fields, el("div", { className: "actions" }, no, yes));
  const dialog = el("dialog", { "aria-labelledby": id }, form);
  return new Promise((resolve) => {
    let answer;
    no.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = new FormData(form);
      dialog.close();
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
    // What cannot be undone is not what Enter does by default.
    if (danger) no.focus();
  });
}
