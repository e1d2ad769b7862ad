// One Chromium for each test file, a fresh context (cookies, storage, cache) for each visitor. Whatever a page complains
// about (console errors, uncaught errors, breaches of its content security policy) fails the test, unless expected.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { afterTest } from "./cleanup.js";
import { environment } from "./environment.js";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export function launch(more = []) {
  return chromium.launch({ executablePath: environment.chrome, args: [...FLAGS, ...more] });
}

/** To be called at the top of a test file: its browser runs as long as its tests do. */
export function useBrowser() {
  let browser;
  before(async () => { browser = await launch(); });
  after(async () => { await browser?.close(); });
  return {
    /**
     * A visitor with a context of their own, closed after the test `t`. `expect` are regular expressions of complaints
     * that belong to the test; `options` go to the browser context.
     */
    async visitor(t, { expect = [], options = {} } = {}) {
      const visitor = new Visitor(await browser.newContext(options), expect);
      await visitor.listen();
      afterTest(t, async () => {
        await visitor.context.close();
        visitor.check();
      });
      return visitor;
    },
  };
}

class Visitor {
  /** What the pages complained about: `{ kind: "console" | "error" | "csp", text, url }`. */
  complaints = [];

  constructor(context, expected) {
    this.context = context;
    this.expected = expected;
  }

  async listen() {
    const { context, complaints } = this;
    await context.exposeBinding("__reportViolation", ({ page }, text) => {
      complaints.push({ kind: "csp", text, url: page.url() });
    });
    await context.addInitScript(() => {
      // Kept before the page can reach it, and out of its sight.
      const report = window.__reportViolation;
      delete window.__reportViolation;
      document.addEventListener("securitypolicyviolation", (event) => {
        report(`${event.effectiveDirective} blocked ${event.blockedURI} ${event.sample}`.trim());
      });
    });
    context.on("console", (message) => {
      if (message.type() === "error") {
        complaints.push({ kind: "console", text: message.text(), url: message.location().url });
      }
    });
    context.on("weberror", (webError) => {
      complaints.push({ kind: "error", text: String(webError.error()?.stack ?? webError.error()), url: webError.page()?.url() });
    });
  }

  /** A new tab; with a URL, loaded and its module scripts run. */
  async open(url) {
    const page = await this.context.newPage();
    if (url) await page.goto(url, { waitUntil: "load" });
    return page;
  }

  get unexpected() {
    return this.complaints.filter(({ text, url }) => !this.expected.some((pattern) => pattern.test(`${text} ${url ?? ""}`)));
  }

  check() {
    assert.deepEqual(this.unexpected, [], "pages complained");
  }
}
