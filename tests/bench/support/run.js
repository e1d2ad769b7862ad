// Runs the benchmarks in Chromium and prints a table of each: `node run.js [name…]`, by `cargo xtask bench`.
//
// A benchmark is a module of tests/bench/ that runs in a page and exports
//   name, unit         what is measured, and in what
//   rounds             how often each case is measured (default 15)
//   baseline           the case that the ratios are against (default: the first)
//   setup()            optional, once; what it returns is given to every case
//   cases              { label: async (shared) => number }
// The rounds are interleaved (one of each case, then the next round, in an order that turns), so that what the machine
// does meanwhile hits all cases alike; the median counts.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { launch } from "../../browser/support/browser.js";
import { environment } from "../../browser/support/environment.js";
import { serveDirectory } from "../../browser/support/static.js";

const WARM_UP = 2; // rounds that are not counted

const folder = new URL("..", import.meta.url).pathname;
const all = (await readdir(folder)).filter((name) => name.endsWith(".js")).map((name) => basename(name, ".js")).sort();
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
if (names.length === 0) {
  console.error("there is no benchmark in tests/bench/ yet");
  process.exit(1);
}

const url = await serveDirectory(undefined, join(environment.site));
const browser = await launch();
try {
  for (const name of names) await benchmark(name);
} finally {
  await browser.close();
}
process.exit(0);

async function benchmark(name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`${name}: ${error.message}`));
  await page.goto(`${url}/bench/support/bench.html`);
  const info = await page.evaluate((module) => window.bench.load(module), `/bench/${name}.js`);
  const times = Object.fromEntries(info.cases.map((label) => [label, []]));
  process.stdout.write(`\n${info.name}: ${info.rounds} rounds `);
  for (let round = -WARM_UP; round < info.rounds; round += 1) {
    for (const [offset] of info.cases.entries()) {
      const label = info.cases[(offset + round + WARM_UP) % info.cases.length];
      const value = await page.evaluate((it) => window.bench.measure(it), label);
      if (round >= 0) times[label].push(value);
    }
    process.stdout.write(".");
  }
  console.log(`\n${table(info, times)}`);
  await context.close();
}

function table({ cases, unit, baseline }, times) {
  const stats = cases.map((label) => {
    const sorted = times[label].toSorted((left, right) => left - right);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { label, median: at(0.5), low: at(0.1), high: at(0.9) };
  });
  const against = stats.find(({ label }) => label === baseline).median;
  const rows = [
    ["", `median, ${unit}`, "10 % to 90 %", `against ${baseline}`],
    ...stats.map(({ label, median, low, high }) => [
      label, median.toPrecision(4), `${low.toPrecision(3)} to ${high.toPrecision(3)}`, `${(median / against).toFixed(2)} ×`,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join("   ")).join("\n");
}
