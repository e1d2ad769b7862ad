// The custom element: attributes and properties in, DOM events out, and which view is shown when. Written on the package's
// public API only.
import { chat } from "../index.js";
import { Alerts } from "./alerts.js";
import { Announcer } from "./announcer.js";
import { Conversation } from "./conversation.js";
import { el } from "./dom.js";
import { Form } from "./form.js";
import { followLanguage, languageOf } from "./language.js";
import { Launcher } from "./launcher.js";
import { Memory } from "./memory.js";
import { PLACE, optionsOf } from "./options.js";
import { Panel } from "./panel.js";
import { styles } from "./sheet.js";
import { followSiblings } from "./siblings.js";
import { Words } from "./words.js";

/** Attributes that change how it looks or speaks. */
const LOOKS = ["lang", "heading", "theme", "inline"];
/** The subject that agents see in the queue: the first words of the question. */
const SUBJECT = 200;
const SETUP_CODES = new Set([1, 2, 3]);
const LOAD_FAILED = 306;
const ABORTED = 308;

/** On a server there are no elements: the class can be imported there, and that is all. */
const Base = globalThis.HTMLElement ?? class {};

export class CauserieChat extends Base {
  static observedAttributes = ["open", ...LOOKS, ...PLACE];

  #options = {};
  #strings = {};
  #words;
  #root;
  #panel;
  #launcher;
  #announcer;
  #alerts;
  #memory;
  #conversation;
  #entry;
  /** Shows again what is shown where there is no conversation. */
  #view = () => {};
  #unread = 0;
  /** "idle", "opening", "entry", "launching", "failed", "talking" or "ended". */
  #phase = "idle";
  #giveUp;
  #isToldOpen = false;
  /** Over when the element is not on the page any more. */
  #attached;
  #scheme;

  /** The options of `startSession` and `restoreSession`; they go before the attributes. */
  get options() { return this.#options; }
  set options(options) { this.#options = { ...options }; this.#mend(); }

  /** The page's own words: by language, or for whatever language it is. */
  get strings() { return this.#strings; }
  set strings(strings) {
    this.#strings = strings ?? {};
    this.#rebuild();
  }

  /** The session, while there is one, and after its end until a new chat. */
  get session() { return this.#conversation?.session; }

  /** How many messages came while the chat was not seen. */
  get unread() { return this.#unread; }

  get open() { return this.hasAttribute("open"); }
  set open(open) { this.toggleAttribute("open", Boolean(open)); }

  /** Opens the chat and gives it the focus. */
  show() {
    this.open = true;
    if (this.#panel) this.#focus();
  }

  /** Closes the panel; the chat goes on. */
  minimise() { this.open = false; }

  /** Starts a chat without asking anything first; resolves to its session. `question` is sent as its first message. */
  async start({ question, ...options } = {}) {
    const text = question?.trim();
    if (this.#phase === "talking") {
      if (text) this.#conversation.send(text);
      return this.session;
    }
    await this.#launch(options, text);
    return this.session;
  }

  connectedCallback() {
    for (const name of ["options", "strings", "open"]) this.#upgrade(name);
    this.#memory ??= new Memory(`${this.getAttribute("server-url") ?? ""} ${this.getAttribute("service") ?? "default"}`);
    this.#alerts ??= new Alerts(this.#memory);
    if (!this.#root) this.#build();
    // Moved on the page: all goes on.
    if (this.#attached) return;
    this.#attach();
    const idle = this.#phase === "idle" && (this.#memory.talking || this.#isSeen);
    if (idle || this.#phase === "released") this.#restore();
  }

  disconnectedCallback() {
    // A page that moves it takes it away and puts it back at once.
    queueMicrotask(() => {
      if (!this.isConnected) this.#release();
    });
  }

  attributeChangedCallback(name, old, value) {
    if (!this.#root || old === value) return;
    if (name === "open") this.#opened();
    else if (name === "theme") this.#paint();
    else if (PLACE.includes(name)) this.#mend();
    else this.#rebuild();
  }

  /** What could not be done may be done now that the page has said more. */
  #mend() {
    if (this.#phase === "failed" && this.isConnected) this.#restore();
  }

  #upgrade(name) {
    // Set before the element was defined: it hides the accessor.
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  #build() {
    // A landmark: who looks for the chat finds it.
    this.#root = el("div.root", { role: "region" });
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [styles()];
    shadow.append(this.#root);
    this.#dress();
  }

  /** All that has words in it. */
  #dress() {
    this.#words = new Words(languageOf(this), this.#strings);
    const words = this.#words;
    const inline = this.hasAttribute("inline");
    this.#announcer?.clear();
    this.#announcer = new Announcer(words);
    this.#panel = new Panel(words, { inline, menu: () => this.#menu(), onMinimise: () => this.minimise() });
    this.#panel.escape = () => this.#conversation?.escape() ?? false;
    this.#launcher = new Launcher(words, () => this.show());
    this.#root.setAttribute("aria-label", this.#heading);
    this.#root.lang = words.lang;
    this.#root.dir = words.direction;
    this.#root.replaceChildren(this.#announcer.element, ...(inline ? [] : [this.#launcher.element]), this.#panel.element);
    this.#paint();
    this.#count(this.#unread);
  }

  /** The words or the place have changed: all is made anew, and a chat that is on is played back. */
  #rebuild() {
    if (!this.#root) return;
    const earlier = this.#conversation;
    earlier?.close();
    this.#attached?.abort();
    this.#dress();
    if (!this.isConnected) return;
    this.#attach();
    if (earlier) this.#converse(earlier.session, earlier);
    else this.#view();
  }

  #attach() {
    this.#attached = new AbortController();
    const { signal } = this.#attached;
    this.#panel.attach(signal);
    followLanguage(this, () => this.#rebuild(), signal);
    followSiblings(this, () => this.#phase === "entry" && this.#restore(), signal);
    for (const name of ["online", "offline"]) addEventListener(name, () => this.#conversation?.network(), { signal });
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    this.#scheme = matchMedia("(prefers-color-scheme: dark)");
    this.#scheme.addEventListener("change", () => this.#paint(), { signal });
    this.#paint();
    if (this.open) this.#opened();
  }

  /** Taken off the page: it lets go of everything, and the session goes on with the page that restores it. */
  #release() {
    this.#attached?.abort();
    this.#attached = undefined;
    this.#giveUp?.abort();
    this.#announcer?.clear();
    this.#alerts?.close();
    const { session } = this;
    this.#conversation?.close();
    this.#conversation = undefined;
    if (session) session.free?.();
    this.#phase = session ? "released" : "idle";
  }

  get #heading() { return this.getAttribute("heading") || this.#words.of("title"); }

  get #isSeen() { return this.open || this.hasAttribute("inline"); }

  #paint() {
    const theme = this.getAttribute("theme");
    const dark = theme === "dark" || (theme !== "light" && this.#scheme?.matches === true);
    if (this.#root) this.#root.dataset.scheme = dark ? "dark" : "light";
  }

  #opened() {
    const { open } = this;
    if (this.hasAttribute("inline") || open === this.#panel.isOpen || !this.#attached) return;
    this.#launcher.hidden = open;
    if (open) {
      this.#panel.open();
      this.#seen();
      if (this.#phase === "idle") this.#restore();
      this.#conversation?.show();
    } else {
      this.#panel.close(this.#launcher);
    }
    this.#memory.open = open;
    if (open !== this.#isToldOpen) this.#event((this.#isToldOpen = open) ? "causerie-open" : "causerie-close");
  }

  #focus() {
    (this.#conversation ?? this.#entry ?? this.#panel).focus();
  }

  // The views.

  /** What is first: a chat that was left, else the question what it is about. */
  async #restore() {
    this.#phase = "opening";
    this.#wait("opening");
    const { serverUrl, servers, transport } = optionsOf(this);
    if (!serverUrl && !servers && typeof transport !== "object") {
      return this.#fail({ code: 2, message: 'it needs the attribute server-url="https://…", or the property `options`' }, () => this.#restore());
    }
    try {
      const session = await this.#launching((signal) => chat.restoreSession({ ...optionsOf(this), signal }));
      this.#talk(session, true);
    } catch (failure) {
      if (failure?.code === ABORTED) return;
      this.#memory.talking = false;
      // Without an error there simply was no chat to take up again.
      if (!failure?.error) return this.hasAttribute("autostart") && this.#isSeen ? this.#launch({}).catch(() => {}) : this.#showEntry();
      this.#event("causerie-error", { ...failure.error });
      if (failure.code === LOAD_FAILED || SETUP_CODES.has(failure.code)) this.#fail(failure, () => this.#restore());
      else this.#showEntry(this.#words.of("restoreFailed"));
    }
  }

  async #launch(given, question) {
    this.#phase = "launching";
    const cancel = el("button", { type: "button", part: "button", onclick: () => this.#giveUp?.abort() }, this.#words.of("cancel"));
    this.#wait("connecting", cancel);
    try {
      const options = { ...(question ? { subject: question.slice(0, SUBJECT) } : {}), ...optionsOf(this), ...given };
      const session = await this.#launching((signal) => chat.startSession({ ...options, signal }));
      this.#talk(session, false);
      if (question) this.#conversation.send(question);
    } catch (failure) {
      if (this.#attached) {
        if (failure?.code === ABORTED) this.#showEntry("", { name: given.username, question });
        else {
          this.#event("causerie-error", { ...failure.error });
          if (failure.code === LOAD_FAILED || SETUP_CODES.has(failure.code)) this.#fail(failure, () => this.#launch(given, question).catch(() => {}));
          else this.#showEntry(this.#words.of("startFailed"), { name: given.username, question });
        }
      }
      throw failure;
    }
  }

  /** A launch that is given up when the element goes. */
  async #launching(launch) {
    this.#giveUp?.abort();
    const giveUp = new AbortController();
    this.#giveUp = giveUp;
    const session = await launch(giveUp.signal);
    if (!giveUp.signal.aborted) return session;
    session.free?.();
    throw Object.assign(new Error("the launch was given up"), { code: ABORTED });
  }

  #talk(session, restored) {
    this.#phase = "talking";
    this.#memory.talking = true;
    this.#converse(session);
    this.#event("causerie-session", { session, restored });
    if (restored && this.#memory.open && !this.open) this.open = true;
  }

  #converse(session, earlier) {
    this.#entry = undefined;
    const element = this;
    this.#conversation = new Conversation(session, {
      words: this.#words, panel: this.#panel, announcer: this.#announcer, earlier,
      host: {
        get title() { return element.#heading; },
        event: (name, detail) => this.#event(name, detail),
        news: (title) => this.#news(title),
        ended: () => this.#over(),
        again: () => this.#again(),
      },
    });
    this.#conversation.show();
  }

  #over() {
    this.#phase = "ended";
    this.#memory.talking = false;
  }

  #again() {
    this.#conversation?.close();
    this.#conversation = undefined;
    if (this.hasAttribute("autostart")) this.#launch({}).catch(() => {});
    else this.#showEntry();
    this.#focus();
  }

  #wait(text, ...more) {
    this.#plain(() => this.#wait(text, ...more));
    const element = el("div.middle", {}, el("span.spinner", { "aria-hidden": "true" }), el("p", { role: "status" }, this.#words.of(text)), ...more);
    this.#panel.show([element], [], () => more[0]?.focus());
  }

  /** The form that a chat begins with; `given` is what was filled in before. */
  #showEntry(trouble = "", given = {}) {
    this.#phase = "entry";
    this.#plain(() => this.#showEntry(trouble, { ...given, ...this.#entry?.values }));
    const named = "username" in optionsOf(this);
    const fields = [
      ...(named ? [] : [{ name: "name", label: this.#words.of("name"), required: true, maxLength: 60 }]),
      { name: "question", type: "textarea", label: this.#words.of("question"), required: true },
    ];
    this.#entry = new Form(this.#words, {
      intro: this.#words.of("welcome"), fields, submit: this.#words.of("start"),
      onSubmit: ({ name, question }) => {
        // It goes on with another view, here or when it fails: there is nothing to wait for.
        this.#launch(named ? {} : { username: name }, question).catch(() => {});
      },
    });
    for (const [name, value] of Object.entries(given)) this.#entry.set(name, value ?? "");
    if (trouble) this.#entry.trouble(trouble);
    this.#panel.show([this.#entry.element], [], () => this.#entry.focus());
  }

  /** What the visitor can not help: says so, and to the page's author what is wrong. */
  #fail(failure, again) {
    this.#phase = "failed";
    this.#plain(() => this.#fail(failure, again));
    const text = this.#words.of(failure.code === LOAD_FAILED ? "blocked" : "setup");
    console.warn(`<causerie-chat>: ${failure.code} ${failure.error?.description ?? failure.message}`);
    const retry = el("button", { type: "button", part: "button", onclick: again }, this.#words.of("again"));
    this.#panel.show([el("div.middle", {}, el("p.trouble", { role: "alert" }, text), retry)], [], () => retry.focus());
  }

  #plain(again) {
    this.#view = again;
    this.#entry = undefined;
    this.#panel.banner();
    this.#panel.title({ title: this.#heading, subtitle: "" });
  }

  #menu() {
    const words = this.#words;
    const alerts = this.#alerts;
    const switches = [{ label: words.of("sound"), on: alerts.sound, act: (on) => (alerts.sound = on) }];
    if (alerts.canNotify) {
      switches.push({ label: words.of("notifications"), on: alerts.notifications, act: (on) => alerts.setNotifications(on) });
    }
    return [...switches, ...(this.#conversation?.actions ?? [])];
  }

  #news(title) {
    if (this.#isSeen && !document.hidden) return;
    this.#count(this.#unread + 1);
    this.#alerts.call(title, () => this.show());
  }

  #seen() {
    if (this.#isSeen && !document.hidden) this.#count(0);
  }

  #count(count) {
    const changed = count !== this.#unread;
    this.#unread = count;
    this.#launcher.unread(count);
    if (changed) this.#event("causerie-unread", { count });
  }

  #event(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
