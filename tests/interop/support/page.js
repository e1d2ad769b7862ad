// A page in Chromium with one chat session of our package on it, and what the session told the page.

import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export function launch() {
  const executablePath = process.env.CAUSERIE_CHROME;
  if (!executablePath) throw new Error("CAUSERIE_CHROME is not set: it names the browser (cargo xtask test sets it)");
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** Where the package is served from: a whole site, or the package alone. */
export function roots() {
  const { CAUSERIE_SITE: site, CAUSERIE_PKG: pkg } = process.env;
  if (site) return { "/": site };
  if (pkg) return { "/pkg/": pkg };
  throw new Error("neither CAUSERIE_SITE nor CAUSERIE_PKG is set (cargo xtask test sets them)");
}

export class ChatPage {
  /** Every event of this page load, in the order in which the page's callbacks were called: [name, event]. */
  events = [];
  faults = []; // what the page did not catch, and what its security policy blocked
  wires = new Set(); // by which Bayeux was spoken so far
  #page;
  #url;
  #waiting = new Set();

  /** Opens the blank page of a site. serverUrl: the chat server, where it is not the site's own; context: of an earlier page. */
  async open(browser, url, { serverUrl = url, context } = {}) {
    this.context = context ?? await browser.newContext();
    this.#page = await this.context.newPage();
    this.#url = serverUrl;
    this.#page.on("websocket", (socket) => socket.on("framereceived", () => this.wires.add("websocket")));
    this.#page.on("request", (request) => {
      if (request.method() === "POST" && new URL(request.url()).pathname.startsWith("/cometd")) this.wires.add("long-polling");
    });
    this.#page.on("pageerror", (error) => this.faults.push(error.message));
    this.#page.on("console", (line) => {
      if (line.type() === "error" && /Content Security Policy|Trusted/.test(line.text())) this.faults.push(line.text());
    });
    await this.#page.exposeFunction("report", (name, event) => {
      this.events.push([name, event]);
      for (const look of [...this.#waiting]) look();
    });
    await this.#page.goto(`${url}/blank`);
    return this;
  }

  async reload() {
    this.events = [];
    await this.#page.reload();
  }

  start(options = {}) { return this.#launch("startSession", { serverUrl: this.#url, username: "Ada", ...options }); }

  /** Rejects as the package does; the code is in the message. */
  restore(options = {}) { return this.#launch("restoreSession", options); }

  #launch(command, options) {
    return this.#page.evaluate(async ([command, options]) => {
      const { chat } = await import("/pkg/index.js");
      const session = await chat[command](options).catch((failure) => {
        throw new Error(failure?.error ? `code ${failure.error.code}: ${failure.error.description}` : "nothing to restore");
      });
      window.session = session;
      const names = ["AgentConnected", "AgentDisconnected", "AgentTyping", "MessageReceived", "Interrupted", "Continued", "SessionEnded", "Error"];
      for (const name of names) session[`on${name}`]((event) => window.report(name, event));
      return { id: session.id };
    }, [command, options]);
  }

  /** Calls a command of the session; a refusal becomes { code }. */
  call(command, options) {
    return this.#page.evaluate(async ([command, options]) => {
      try {
        return { value: await (options === undefined ? window.session[command]() : window.session[command](options)) };
      } catch (error) {
        return { code: error.error.code };
      }
    }, [command, options]);
  }

  of(name) { return this.events.filter(([one]) => one === name).map(([, event]) => event); }

  texts() { return this.of("MessageReceived").map(({ content }) => content.text); }

  until(find, what, timeout = 20_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for ${what}; came: ${JSON.stringify(this.events)}; faults: ${this.faults.join("; ")}`));
      }, timeout);
      this.#waiting.add(look);
      look();
    });
  }

  async event(name, fits = () => true) {
    const [, event] = await this.until(() => this.events.find(([one, event]) => one === name && fits(event)), name);
    return event;
  }

  message(text) { return this.event("MessageReceived", ({ content }) => content.text === text); }

  close() { return this.context.close(); }
}
