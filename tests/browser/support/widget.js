// A page with the widget over a fake server inside the page (`causerie/testing`), and what a visitor finds in it.

import { environment } from "./environment.js";
import { serveDirectory } from "./static.js";
import { until } from "./wait.js";

/** Opens a page with a widget; `given` goes to `embed` of tests/browser/pages/widget.js, the rest to the browser's context. */
export async function openWidget(t, browser, given = {}, { expect, path = "/t/widget.html", ...options } = {}) {
  const url = await serveDirectory(t, environment.site);
  const visitor = await browser.visitor(t, { expect, options });
  const page = await visitor.open(`${url}${path}`);
  const widget = new Widget(page, visitor);
  await widget.embed(given);
  return widget;
}

class Widget {
  constructor(page, visitor) {
    this.page = page;
    this.visitor = visitor;
    this.host = page.locator("causerie-chat");
    this.launcher = page.getByRole("button", { name: /^Open chat/ });
    this.panel = page.locator("causerie-chat .panel");
    this.log = page.getByRole("log");
    this.input = page.getByRole("textbox", { name: "Your message" });
  }

  /** Puts a widget on the page, and shows it to the page as `chat`, its server as `server`. */
  async embed(given = {}) {
    await this.page.waitForFunction(() => window.embed);
    await this.page.evaluate((given) => Object.assign(window, embed(given)), given);
  }

  /** Runs a function in the page, where `chat`, `server` and `testing` are. */
  run(act, given) { return this.page.evaluate(act, given); }

  /** Begins a chat as a visitor does. */
  async begin({ name = "Ada", question = "Is it dishwasher-safe?" } = {}) {
    await this.launcher.click();
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("Your question").fill(question);
    await this.page.getByRole("button", { name: "Start chat" }).click();
    await this.said(question);
    return this;
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  /** The message with this text is in the transcript. */
  said(text) { return this.log.getByText(text, { exact: true }).first().waitFor(); }

  /** What the element told the page by DOM events, or those of one name. */
  async heard(name) {
    const heard = await this.run(() => chat.heard);
    return name ? heard.filter(({ on }) => on === name) : heard;
  }

  /** The messages of the transcript: `{ side, by, text, state }`. */
  messages() {
    return this.run(() => [...chat.shadowRoot.querySelectorAll(".message")].map((node) => ({
      side: ["own", "other", "system"].find((side) => node.classList.contains(side)),
      by: node.querySelector("bdi")?.textContent,
      text: node.querySelector(".bubble").textContent,
      state: node.querySelector(".state")?.textContent,
    })));
  }

  /** The element that has the focus, as a visitor would name it. */
  focus() {
    return this.run(() => {
      let { activeElement: active } = document;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute("aria-label") ?? (active?.labels?.[0]?.textContent || active?.textContent?.trim() || active?.id || active?.tagName);
    });
  }

  until(what, probe) { return until(what, probe); }
}
