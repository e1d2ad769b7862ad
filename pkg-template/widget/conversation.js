// One chat on the page, from its first event to its last: what the session tells goes to the transcript and the header, what
// the visitor does goes to the session.
import { Composer } from "./composer.js";
import { busy, el, icon, isBusy } from "./dom.js";
import { faqCard, faqPrompt, statusForm } from "./questions.js";
import { Outbox } from "./outbox.js";
import { Record } from "./record.js";
import { Transcript } from "./transcript.js";
import { Typists } from "./typists.js";

/** Interruptions that are over within this time, in milliseconds, are not worth a word. */
const PATIENCE = 700;
const CODE = { preChatForm: 1, faq: 2, offlineForm: 3, inQueue: 4, finished: 7, requestPosted: 10 };
/** The states that ask for a form. */
const FORM_STATES = new Set([CODE.preChatForm, CODE.offlineForm, CODE.finished]);
/** The states of a session whose time is over. Its visitor may go on by writing, which opens another. */
const CLOSED_STATES = new Set([9, 11]);
/** The visitor's message of an earlier page could not be delivered. */
const LOST = 309;
/** What has no letter, digit or sign that can be seen is no name. */
const BLANK = /^[\s\p{C}\p{Z}\p{M}]*$/u;

export class Conversation {
  session;
  ended = false;
  #words;
  #panel;
  #announcer;
  #host;
  #transcript;
  #typists;
  #outbox;
  #composer;
  #record;
  #agents = new Map();
  #form;
  #faq;
  /** Asks for the question that the FAQ is looked through for; the visitor has asked one. */
  #prompt;
  #hasAsked = false;
  #leaving;
  #end;
  #timer;
  #interrupted = false;
  /** The browser has lost the network, as it says, and nothing has come since. */
  #offline = false;
  /** How many events the session has told: those that an earlier view of it has shown are no news. */
  #told = 0;
  #shown;
  /** The same for the statuses. */
  #statuses = 0;
  #statusesShown;
  /** The form that an earlier view of it asks for, as far as it is filled in. */
  #filled;
  #over = new AbortController();

  /**
   * `earlier` is the conversation that showed the same session before, if there was one. `host` hears `event(name, detail)`, `news(title)` of what came and may not have been seen, `ended()`, `again()` when a new
   * chat is wanted.
   */
  constructor(session, { words, panel, announcer, host, earlier }) {
    Object.assign(this, { session });
    this.#words = words;
    this.#panel = panel;
    this.#announcer = announcer;
    this.#host = host;
    this.#transcript = new Transcript(words);
    this.#typists = new Typists(words);
    this.#outbox = earlier?.#outbox ?? new Outbox(session);
    this.#outbox.attach(this.#transcript);
    this.#shown = earlier?.#told ?? 0;
    this.#statusesShown = earlier?.#statuses ?? 0;
    this.#filled = earlier?.#form;
    this.#offline = earlier?.#offline ?? false;
    this.#prompt = faqPrompt(words);
    this.#record = new Record(words);
    this.#composer = new Composer(words, {
      onSend: (text) => this.send(text),
      // Nothing depends on it, and there is nobody to tell: a refusal of it is not worth a word.
      onTyping: (isTyping) => session.sendTyping({ isTyping }).catch(() => {}),
    });
    if (earlier) this.#composer.text = earlier.#composer.text;
    this.#listen();
  }

  /** Shows it in the panel. */
  show() {
    this.#panel.show([this.#transcript.element, this.#typists.element], this.#dock(), () => this.focus());
    this.#header();
    this.#banner();
    this.#transcript.attach();
    this.#transcript.showLatest();
  }

  focus() {
    if (this.#leaving) this.#leaving.focus();
    else if (this.#end) this.#end.focus();
    else if (this.#form) this.#form.focus();
    else this.#composer.focus();
  }

  send(text) {
    this.#hasAsked = true;
    this.#outbox.send(text);
    this.#redock();
    this.#host.event("causerie-send", { text });
  }

  /** What the menu offers of it. */
  get actions() {
    const save = { label: this.#words.of("save"), act: () => this.#record.save() };
    const end = { label: this.#words.of("end"), act: () => this.#ask() };
    return [...(this.#record.isEmpty ? [] : [save]), ...(this.ended ? [] : [end])];
  }

  /** Whether there was a question, which is not asked any more. */
  escape() {
    const asked = this.#leaving !== undefined;
    if (asked) this.#stay();
    return asked;
  }

  /** The browser has lost or found the network. */
  network() {
    this.#offline = navigator.onLine === false;
    this.#banner();
  }

  /** Something has come: whatever the browser says, there is a network. */
  #alive() {
    if (!this.#offline) return;
    this.#offline = false;
    this.#banner();
  }

  /** Lets go of the session, which goes on. */
  close() {
    this.#over.abort();
    clearTimeout(this.#timer);
    this.#composer.close();
    this.#typists.clear();
    this.#transcript.detach();
  }

  #listen() {
    const { session } = this;
    const once = { signal: this.#over.signal };
    session.onMessageReceived((event) => this.#message(event), once);
    session.onAgentConnected((event) => this.#agent("joined", event), once);
    session.onAgentDisconnected((event) => this.#agent("left", event), once);
    session.onAgentTyping(({ party, isTyping }) => {
      if (isTyping) this.#alive();
      this.#typists.set(party.id, this.#name(party), isTyping);
    }, once);
    session.onInterrupted(() => this.#interrupt(true), once);
    session.onContinued(() => this.#interrupt(false), once);
    session.onSessionEnded((event) => this.#ended(event), once);
    session.onError(({ error }) => {
      if (error.code === LOST) this.#line("lost", {});
      this.#host.event("causerie-error", { ...error });
    }, once);
    // What not every version of the session has.
    session.onStatusChanged?.((event) => this.#status(event), once);
    session.onFormRequested?.(({ form }) => this.#asked(form), once);
    session.onFaqSuggested?.((faq) => this.#suggested(faq), once);
    session.onRenewed?.((event) => this.#host.event("causerie-renewed", event), once);
  }

  #name({ name }) {
    return BLANK.test(name ?? "") ? this.#words.of("agent") : name;
  }

  /** Whether an event of the transcript was shown before: by an earlier page, or by an earlier view. */
  #isOld({ restored = false }) {
    this.#told += 1;
    const old = restored || this.#told <= this.#shown;
    if (!old) this.#alive();
    return old;
  }

  #message(event) {
    const { content, party, timestamp } = event;
    const old = this.#isOld(event);
    const own = party.type.client === true;
    const name = own ? this.#words.of("you") : this.#name(party);
    const { text } = content;
    const sent = own && !old && this.#outbox.cameBack(text);
    if (own) this.#hasAsked = true;
    else this.#typists.set(party.id, name, false);
    this.#record.message(timestamp, name, text);
    this.#transcript.message({
      side: own ? "own" : party.type.external ? "system" : "other",
      author: name, text, isUrl: content.type.url === true, timestamp, old, sent,
    });
    if (!own && !old) {
      this.#announcer.message(name, text);
      this.#host.news(this.#words.of("notify", { name }));
    }
    if (this.#told > this.#shown) this.#host.event("causerie-message", event);
  }

  #agent(what, event) {
    const { party, timestamp } = event;
    const name = this.#name(party);
    const old = this.#isOld(event);
    if (what === "joined") this.#agents.set(party.id, name);
    else this.#agents.delete(party.id);
    this.#typists.set(party.id, name, false);
    this.#line(what, { name, timestamp, old });
    this.#header();
    if (this.#told > this.#shown) this.#host.event(`causerie-agent-${what}`, event);
  }

  #line(key, { name, timestamp = Date.now(), old = false }) {
    this.#transcript.line(key, { name, timestamp, old });
    this.#record.line(timestamp, key, name);
    if (!old) this.#announcer.say(this.#words.of(key, { name }));
  }

  #interrupt(interrupted) {
    clearTimeout(this.#timer);
    this.#outbox.interrupted = interrupted;
    if (interrupted) {
      this.#typists.clear();
      this.#timer = setTimeout(() => {
        this.#interrupted = true;
        this.#banner();
        this.#announcer.say(this.#words.of("interrupted"));
      }, PATIENCE);
    } else if (this.#interrupted) {
      this.#interrupted = false;
      this.#banner();
      this.#announcer.say(this.#words.of("back"));
    }
    this.#host.event(interrupted ? "causerie-interrupted" : "causerie-continued");
  }

  #banner() {
    // A browser that is wrong about the network is not believed for long: what is said here has to be so.
    const offline = !this.ended && navigator.onLine === false && (this.#offline || this.#interrupted);
    this.#panel.banner(offline ? this.#words.of("offline") : this.#interrupted ? this.#words.of("interrupted") : "");
  }

  #header() {
    const names = [...this.#agents.values()];
    const { title } = this.#host;
    const code = this.session.status?.code;
    const bot = names.length === 0 && this.session.botActive === true;
    const over = this.ended || CLOSED_STATES.has(code) || code === CODE.finished;
    const online = !over && (names.length > 0 || bot);
    const waiting = code === CODE.inQueue ? "queue" : code === CODE.offlineForm ? "nobody" : "shortly";
    // Before the queue nobody is called: there is nobody to be promised.
    const subtitle = over ? "over" : online ? "online" : code === CODE.preChatForm || code === CODE.faq ? undefined : waiting;
    const who = names.length > 0 ? this.#words.list(names) : this.#words.of("assistant");
    this.#panel.title({ title: online ? who : title, subtitle: subtitle ? this.#words.of(subtitle) : "", online });
  }

  #status(event) {
    const { code } = event.new;
    this.#statuses += 1;
    const shown = this.#statuses <= this.#statusesShown;
    if (code === CODE.inQueue && event.old.code === CODE.offlineForm) this.#calledIn(shown);
    if (!FORM_STATES.has(code)) this.#form = undefined;
    this.#faq = undefined;
    this.#header();
    this.#redock();
    if (shown) return;
    if (code === CODE.faq && !event.restored && !this.#hasAsked) this.#announcer.say(this.#words.of("faqAsk"));
    this.#host.event("causerie-status", event);
  }

  /** Somebody has come while the visitor was leaving word: what is written is not lost. */
  #calledIn(shown) {
    if (this.#form && !this.#composer.text) this.#composer.text = this.#form.prose;
    if (this.#form && !shown) this.#announcer.say(this.#words.of("queue"));
  }

  #asked(form) {
    // The next form may have been asked for before the answer to this one is here: that one stays.
    const done = () => {
      if (this.#form !== mine) return;
      this.#form = undefined;
      this.#redock();
    };
    const mine = statusForm(form, this.#words, {
      onSubmit: async (values) => {
        await this.session.submitForm({ kind: form.kind, values });
        this.#announcer.say(this.#words.of("thanks"));
        done();
      },
      onSkip: done,
    });
    // In other words, or in another place, it is the same form.
    if (this.#filled?.kind === form.kind) {
      for (const [name, value] of Object.entries(this.#filled.values)) mine.set(name, value);
    }
    this.#filled = undefined;
    this.#form = mine;
    this.#redock();
    this.#host.news(this.#words.of("title"));
  }

  #suggested(faq) {
    const mine = faqCard(faq, this.#words, async (accepted) => {
      await this.session.answerFaq({ id: faq.id, accepted });
      // The card goes; who wants to read it again finds it in the conversation.
      this.#answered(faq);
      if (this.#faq !== mine) return;
      this.#faq = undefined;
      this.#redock();
    });
    this.#faq = mine;
    this.#announcer.message(faq.question, faq.answer);
    this.#redock();
    this.#host.news(this.#words.of("faq"));
  }

  #answered({ answer }) {
    const [author, timestamp] = [this.#words.of("assistant"), Date.now()];
    this.#transcript.message({ side: "system", author, text: answer, timestamp, old: true });
    this.#record.message(timestamp, author, answer);
  }

  #ended(event) {
    const { reason } = event;
    const old = this.#isOld(event);
    this.ended = true;
    this.#interrupted = false;
    clearTimeout(this.#timer);
    this.#outbox.close();
    this.#typists.clear();
    this.#composer.close();
    this.#leaving = undefined;
    this.#faq = undefined;
    const posted = this.session.status?.code === CODE.requestPosted;
    const why = posted ? "thanks" : reason.leaveRequest ? "endedLeaveRequest" : reason.agent ? "endedAgent" : "endedError";
    const again = el("button.primary", { type: "button", part: "button primary-button", onclick: () => this.#host.again() }, this.#words.of("newChat"));
    const save = el("button", { type: "button", part: "button", onclick: () => this.#record.save() }, icon("save"), this.#words.of("save"));
    const element = el("div.ended", { part: "ended" }, el("p", {}, this.#words.of(why)),
      el("div.actions", {}, this.#record.isEmpty ? undefined : save, again));
    this.#end = { element, focus: () => again.focus({ preventScroll: true }) };
    this.#header();
    this.#banner();
    this.#redock();
    if (!old) this.#announcer.say(this.#words.of(why));
    this.#host.ended();
    if (this.#told > this.#shown) this.#host.event("causerie-end", event);
  }

  /** Asks whether the chat is to end, in the place of the composer. */
  #ask() {
    const stay = el("button", { type: "button", part: "button", onclick: () => this.#stay() }, this.#words.of("stay"));
    const end = el("button.danger", {
      type: "button", part: "button danger-button",
      onclick: () => {
        if (isBusy(end)) return;
        busy(end);
        this.session.leave().catch((error) => {
          this.#host.event("causerie-error", { ...error.error });
          this.#stay();
        });
      },
    }, this.#words.of("end"));
    const text = this.#words.of("leaving");
    const element = el("div.ask", { role: "alertdialog", "aria-label": text, part: "ask" }, el("p", {}, text), el("div.actions", {}, stay, end));
    // What can not be undone is not what Enter does by default.
    this.#leaving = { element, focus: () => stay.focus({ preventScroll: true }) };
    this.#redock();
    this.focus();
  }

  #stay() {
    const had = this.#leaving?.element.contains(this.#leaving.element.getRootNode().activeElement);
    this.#leaving = undefined;
    this.#redock();
    if (had) this.focus();
  }

  #dock() {
    const one = this.#leaving ?? this.#end ?? this.#form;
    if (one) return [one.element];
    const prompt = this.session.status?.code === CODE.faq && !this.#hasAsked ? this.#prompt : undefined;
    const above = this.#faq ?? prompt;
    return above ? [above, this.#composer.element] : [this.#composer.element];
  }

  #redock() {
    this.#panel.dock(this.#dock(), () => this.focus());
  }
}
