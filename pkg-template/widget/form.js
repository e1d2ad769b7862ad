// A form of any fields, as the server asks for it or as the widget begins with: labels, wrong fields, the way to the first one.
import { busy, el, icon, isBusy, uniqueId } from "./dom.js";

/** Where the browser can help to fill a field in. */
const AUTOCOMPLETE = { email: "email", tel: "tel", name: "name", firstName: "given-name", lastName: "family-name" };
const STARS = 5;

export class Form {
  element;
  #words;
  #fields = [];
  #trouble;
  #submit;

  /**
   * `fields` are `{ name, label, type, required, options?, pattern?, maxLength? }`; `onSubmit(values)` may reject, with an error
   * whose description names wrong fields. `skip`, if given, is called by a button that leaves the form alone.
   */
  constructor(words, { title, intro, fields, submit, skip, onSubmit }) {
    this.#words = words;
    const heading = title ? el("h3", { id: uniqueId(), dir: "auto" }, title) : undefined;
    this.#trouble = el("p.trouble", { role: "alert", hidden: true });
    this.#fields = fields.map((field) => this.#field(field));
    this.#submit = el("button.primary", { type: "submit", part: "button primary-button" }, submit);
    this.element = el("form.form", {
      part: "form", noValidate: true, "aria-labelledby": heading?.id,
      onsubmit: (event) => { event.preventDefault(); this.#send(onSubmit); },
    }, heading, intro ? el("p.intro", { dir: "auto" }, intro) : undefined, this.#trouble, ...this.#fields.map(({ element }) => element),
    el("div.actions", {}, skip ? el("button", { type: "button", part: "button", onclick: skip }, words.of("skip")) : undefined, this.#submit));
  }

  focus() {
    (this.#fields[0]?.input ?? this.#submit).focus({ preventScroll: true });
  }

  /** Says that something went wrong with the whole. */
  trouble(text) {
    this.#trouble.hidden = !text;
    this.#trouble.textContent = text;
  }

  /** What is filled in. */
  get values() {
    return Object.fromEntries(this.#fields.map(({ name, value }) => [name, value()]).filter(([, value]) => value !== ""));
  }

  /** What is written where there is room to write. */
  get prose() {
    return this.#fields.filter(({ input }) => input.localName === "textarea").map(({ value }) => value()).filter(Boolean).join("\n");
  }

  set(name, value) {
    this.#fields.find((one) => one.name === name)?.set(value);
  }

  async #send(onSubmit) {
    if (isBusy(this.#submit) || !this.#check()) return;
    this.trouble("");
    busy(this.#submit);
    try {
      await onSubmit(this.values);
    } catch (error) {
      const text = error?.error?.description ?? String(error?.message ?? error);
      // The description names them: `email: expected an e-mail address; age: …`.
      const words = text.split(/[;:] /);
      const wrong = this.#fields.filter(({ name }) => words.includes(name));
      for (const field of wrong) field.wrong(this.#words.of("invalid"));
      if (wrong.length === 0) this.trouble(this.#words.of("failed"));
      (wrong[0]?.input ?? this.#submit).focus();
    } finally {
      busy(this.#submit, false);
    }
  }

  /** Whether all is filled in as it should be; if not, the first wrong field has the focus. */
  #check() {
    const wrong = this.#fields.filter((field) => {
      const why = field.fault();
      field.wrong(why && this.#words.of(why));
      return why;
    });
    wrong[0]?.input.focus();
    return wrong.length === 0;
  }

  #field(field) {
    const { name, label, type = "text", required = false } = field;
    const id = uniqueId();
    const error = el("p.error", { id: uniqueId(), hidden: true });
    const made = (KINDS[type] ?? KINDS.text)({ ...field, id, words: this.#words });
    const { input, value, valid = () => true } = made;
    const note = required ? "" : el("span.note", {}, ` (${this.#words.of("optional")})`);
    const wrong = (text) => {
      error.hidden = !text;
      error.textContent = text || "";
      for (const one of made.inputs ?? [input]) {
        if (text) one.setAttribute("aria-invalid", "true");
        else one.removeAttribute("aria-invalid");
      }
    };
    const fault = () => (value() === "" ? required && "required" : !valid() && "invalid");
    input.setAttribute("aria-describedby", error.id);
    if (required && !made.inputs) input.required = true;
    made.element.addEventListener("input", () => wrong(""));
    const text = el("span", { dir: "auto" }, label ?? name);
    const element = made.inputs
      ? el("fieldset.field", { part: "field", "aria-describedby": error.id }, el("legend", {}, text, note), made.element, error)
      : type === "checkbox"
        ? el("div.field", { part: "field" }, el("label.check", { htmlFor: id }, made.element, text, note), error)
        : el("div.field", { part: "field" }, el("label", { htmlFor: id }, text, note), made.element, error);
    const set = made.set ?? ((to) => (input.value = to));
    return { name, input, value, set, fault, wrong, element };
  }
}

function textual(tag, type, inputMode) {
  return ({ id, name, maxLength, pattern }) => {
    const input = el(tag, {
      id, name, dir: "auto", part: "input", autocomplete: AUTOCOMPLETE[name] ?? AUTOCOMPLETE[type] ?? "off",
      type: tag === "input" ? type : undefined, inputMode, rows: tag === "textarea" ? 3 : undefined,
    });
    if (maxLength > 0) input.maxLength = maxLength;
    const value = () => input.value.trim();
    const valid = () => input.validity.valid && fits(pattern, value());
    return { element: input, input, value, valid };
  };
}

/** The pattern is the server's: one that this browser does not understand rules nothing out. */
function fits(pattern, value) {
  if (!pattern) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}

const KINDS = {
  text: textual("input", "text"),
  textarea: textual("textarea"),
  email: textual("input", "email", "email"),
  tel: textual("input", "tel", "tel"),
  number: textual("input", "text", "decimal"),

  select({ id, name, options = [], words }) {
    const input = el("select", { id, name, part: "input" }, el("option", { value: "" }, words.of("choose")),
      ...options.map((option) => el("option", { value: option }, option)));
    return { element: input, input, value: () => input.value };
  },

  checkbox({ id, name }) {
    const input = el("input", { id, name, type: "checkbox" });
    return { element: input, input, value: () => (input.checked ? "true" : ""), set: (to) => (input.checked = to === "true") };
  },

  rating({ id, name, words }) {
    const inputs = Array.from({ length: STARS }, (_, at) => el("input.unseen", { type: "radio", name: `${id}-${name}`, value: String(at + 1) }));
    const element = el("div.stars", {}, ...inputs.map((input, at) => (
      el("label", {}, input, icon("star"), el("span.unseen", {}, words.of("stars", { count: at + 1 })))
    )));
    const show = () => inputs.forEach((input, at) => {
      input.parentElement.classList.toggle("on", at < Number(inputs.find(({ checked }) => checked)?.value ?? 0));
    });
    const set = (to) => {
      for (const input of inputs) input.checked = input.value === to;
      show();
    };
    element.addEventListener("change", show);
    return { element, input: inputs[0], inputs, set, value: () => inputs.find(({ checked }) => checked)?.value ?? "" };
  },
};
