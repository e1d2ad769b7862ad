// The frame of the chat: header, menu, banner, the view and the dock under it. In a corner of the page, over all of it on a
// phone, or in the page's own place; and where the focus is when it opens and closes.
import { el, focused, icon, uniqueId } from "./dom.js";
import { Menu } from "./menu.js";

/** Where a corner is too little: phones, and pages that are magnified. */
const PHONE = "(max-width: 30rem), (max-height: 26rem)";

export class Panel {
  element;
  menu;
  isOpen = false;
  #title = el("bdi");
  #subtitle = el("p.subtitle", { part: "subtitle" });
  #avatar = el("span.avatar", { "aria-hidden": "true", part: "avatar" });
  #banner = el("div.banner", { part: "banner", hidden: true });
  #view = el("div.view");
  #dock = el("div.dock", { part: "dock" });
  #inline;
  #phone = matchMedia(PHONE);
  #opener;
  #onMinimise;
  /** What Escape does before it minimises: returns whether it did something. */
  escape = () => false;

  constructor(words, { inline, menu, onMinimise }) {
    this.#inline = inline;
    this.#onMinimise = onMinimise;
    const id = uniqueId();
    this.menu = new Menu(words, menu);
    const minimise = inline ? [] : [el("button.icon", {
      type: "button", part: "button minimise-button", "aria-label": words.of("minimise"), onclick: onMinimise,
    }, icon("down"))];
    const who = el("div.who", {}, el("h2.title", { id, part: "title" }, this.#title), this.#subtitle);
    const header = el("div.header", { part: "header" }, this.#avatar, who, this.menu.button, ...minimise);
    this.element = el(inline ? "div.panel.inline" : "dialog.panel", {
      part: "panel", tabIndex: -1, "aria-labelledby": inline ? undefined : id, onkeydown: (event) => this.#key(event),
    }, header, this.menu.element, this.#banner, this.#view, this.#dock);
    this.element.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#escaped();
    });
    if (inline) this.isOpen = true;
  }

  /** To be called when the widget is on the page; `signal` is over when it is not any more. */
  attach(signal) {
    this.#phone.addEventListener("change", () => {
      if (!this.isOpen || this.#inline) return;
      const active = this.element.getRootNode().activeElement;
      this.#hide();
      this.#show();
      active?.focus({ preventScroll: true });
    }, { signal });
    // The on-screen keyboard covers what is fixed to the page: the panel keeps to what is seen.
    globalThis.visualViewport?.addEventListener("resize", () => this.#fit(), { signal });
    globalThis.visualViewport?.addEventListener("scroll", () => this.#fit(), { signal });
  }

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.#opener = focused();
    this.#show();
  }

  /** Closes it; the focus that was in it goes back to where it came from, or to `instead`. */
  close(instead) {
    if (!this.isOpen || this.#inline) return;
    this.isOpen = false;
    this.menu.close();
    const had = this.contains(this.element.getRootNode().activeElement);
    this.#hide();
    if (!had) return;
    const back = this.#opener?.isConnected && this.#opener !== document.body && this.#opener.getClientRects().length > 0 ? this.#opener : instead;
    back.focus({ preventScroll: true });
  }

  contains(node) { return this.element.contains(node); }

  title({ title, subtitle, online = false }) {
    this.#title.textContent = title;
    this.#subtitle.textContent = subtitle;
    this.#avatar.textContent = online ? [...title.trim()][0]?.toLocaleUpperCase() ?? "" : "";
    if (!online) this.#avatar.append(icon("chat"));
    this.#avatar.classList.toggle("online", online);
  }

  banner(text = "") {
    this.#banner.hidden = text === "";
    this.#banner.textContent = text;
  }

  /** What is in the middle, and what is under it. A focus that would be lost with what was there goes to `focus`. */
  show(view, dock = [], focus) {
    this.#replace([[this.#view, view], [this.#dock, dock]], focus);
  }

  dock(nodes, focus) {
    this.#replace([[this.#dock, nodes]], focus);
  }

  /** Holds the focus until there is something to give it to. */
  focus() { this.element.focus({ preventScroll: true }); }

  #replace(places, focus) {
    const { activeElement: active } = this.element.getRootNode();
    // The panel itself holds the focus while there is nothing else to give it to.
    const had = active !== null && (active === this.element || places.some(([place]) => place.contains(active)));
    for (const [place, nodes] of places) {
      const now = [...place.childNodes];
      if (now.length !== nodes.length || now.some((node, at) => node !== nodes[at])) place.replaceChildren(...nodes);
    }
    this.#dock.hidden = this.#dock.childNodes.length === 0;
    if (!had) return;
    if (active !== this.element && active.isConnected) active.focus({ preventScroll: true });
    else focus?.();
  }

  #show() {
    const { element } = this;
    const modal = this.#phone.matches;
    element.classList.toggle("full", modal);
    // As an attribute, unlike by `show()`, it leaves the focus where it is.
    if (modal) element.showModal();
    else element.setAttribute("open", "");
    this.#fit();
  }

  #hide() {
    if (this.element.matches(":modal")) this.element.close();
    else this.element.removeAttribute("open");
  }

  #fit() {
    const { style, classList } = this.element;
    const { height, offsetTop } = globalThis.visualViewport ?? {};
    const full = classList.contains("full") && height;
    style.height = full ? `${height}px` : "";
    style.top = full ? `${offsetTop}px` : "";
  }

  #key(event) {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
    // What is modal gets a "cancel" of its own.
    if (this.#inline ? this.#first() : !this.element.matches(":modal") && (this.#escaped(), true)) event.stopPropagation();
  }

  #escaped() {
    if (!this.#first()) this.#onMinimise();
  }

  #first() {
    if (!this.menu.isOpen) return this.escape();
    this.menu.close();
    return true;
  }
}
