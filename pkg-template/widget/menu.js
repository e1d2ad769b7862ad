// The menu behind the header's button: a list of buttons and switches that closes again.
import { el, icon, uniqueId } from "./dom.js";

export class Menu {
  /** The button, and what it opens. */
  button;
  element;
  #items;

  /** `items()` makes `{ label, act }`, or `{ label, on, act }` of a switch, anew each time the menu is opened. */
  constructor(words, items) {
    this.#items = items;
    const id = uniqueId();
    this.element = el("div.menu", { id, part: "menu", hidden: true, onfocusout: (event) => this.#left(event) });
    this.button = el("button.icon", {
      type: "button", part: "button menu-button", "aria-label": words.of("menu"), "aria-expanded": "false", "aria-controls": id,
      onclick: () => (this.isOpen ? this.close() : this.open()),
    }, icon("menu"));
  }

  get isOpen() { return !this.element.hidden; }

  open() {
    this.#fill();
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.element.firstElementChild?.focus();
  }

  /** Closes it; the focus that was in it goes back to the button. */
  close() {
    if (!this.isOpen) return;
    const had = this.element.contains(this.element.getRootNode().activeElement);
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (had) this.button.focus();
  }

  #fill() {
    this.element.replaceChildren(...this.#items().map(({ label, on, act }) => {
      if (on === undefined) return el("button", { type: "button", part: "menu-item", onclick: () => { this.close(); act(); } }, label);
      const item = el("button", {
        type: "button", part: "menu-item", role: "switch", "aria-checked": String(on),
        onclick: async () => item.setAttribute("aria-checked", String(await act(item.getAttribute("aria-checked") !== "true"))),
      }, label, el("span.switch"));
      return item;
    }));
  }

  #left({ relatedTarget }) {
    if (relatedTarget && !this.element.contains(relatedTarget) && relatedTarget !== this.button) this.close();
  }
}
