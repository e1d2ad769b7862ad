// What a benchmark works with: pages in one Chromium, rounds that take turns.

import { within } from "../../browser/support/wait.js";
import { rows } from "./stats.js";

const LONGEST = 60_000; // milliseconds that one measurement may take
const WARM_UP = 5; // rounds that are not counted

export class Rig {
  /** quick: as little as shows that it works. */
  constructor({ browser, site, directory, quick }) {
    Object.assign(this, { browser, site, directory, quick });
  }

  /** One of two counts: the one that measures, or the one that shows that it works. */
  count(measured, quick) { return this.quick ? quick : measured; }

  /** A page with a module of `pages/`; resolves to its cases and what measures one of them. */
  async page(name, options, { origin = this.site } = {}) {
    const context = await this.browser.newContext();
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(`${name}: ${error.stack ?? error.message}`));
    await page.goto(`${origin}/bench/pages/index.html`);
    await page.waitForFunction(() => window.bench);
    const cases = await page.evaluate(([module, given]) => window.bench.load(module, given), [`/bench/pages/${name}.js`, options]);
    return {
      cases, page, context,
      measure: (label) => within(`the case ${label}`, page.evaluate((it) => window.bench.measure(it), label), LONGEST),
      close: () => context.close(),
    };
  }

  /**
   * Measures the cases round by round, in an order that turns, so that what the machine does meanwhile hits all alike.
   * `measure(label)` resolves to a number, or to one for each of `metrics` (`{ name: { title, unit } }`). Returns a table for each.
   */
  async rounds({ title, unit, baseline, cases, rounds, warmUp = WARM_UP, measure, metrics }) {
    const all = metrics ?? { value: { title, unit } };
    const measured = Object.fromEntries(Object.keys(all).map((name) => [name, Object.fromEntries(cases.map((label) => [label, []]))]));
    const counted = this.count(rounds, 1);
    const first = this.quick ? 0 : -warmUp;
    for (let round = first; round < counted; round += 1) {
      for (const offset of cases.keys()) {
        const label = cases[(offset + round - first) % cases.length];
        const value = await measure(label);
        if (round < 0) continue;
        for (const name of Object.keys(all)) measured[name][label].push(metrics ? value[name] : value);
      }
      process.stderr.write(".");
    }
    process.stderr.write("\n");
    return Object.entries(all).map(([name, { title, unit }]) => {
      // What does not apply to a case, its measurements leave out.
      const there = cases.filter((label) => measured[name][label].every((value) => value !== undefined && value !== null));
      return { title, unit, baseline, rounds: counted, rows: rows(there, measured[name], baseline) };
    });
  }
}
