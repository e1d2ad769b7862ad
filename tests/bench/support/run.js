// Runs the benchmarks in Chromium and prints their tables: `node run.js [--quick] [--save] [name…]`, by `cargo xtask bench`.
//
// A benchmark is a module of tests/bench/ that exports `title`, `about` (a sentence) and `run(rig)`, which resolves to its tables:
// [{ title, unit, baseline?, rounds?, rows: [{ label, median, low?, high?, ratio? }], plot?: "log" }]. What it runs in pages is in
// `pages/`. With --save the results go to src/manual/bench/ as JSON, with a plot, and their tables into the manual's chapter.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { launch } from "../../browser/support/browser.js";
import { environment } from "../../browser/support/environment.js";
import { serveDirectory } from "../../browser/support/static.js";
import { bundle } from "./bundle.js";
import { save } from "./results.js";
import { Rig } from "./rig.js";
import { text } from "./table.js";

const folder = new URL("..", import.meta.url).pathname;
const given = process.argv.slice(2);
const options = new Set(given.filter((argument) => argument.startsWith("--")));
const named = given.filter((argument) => !argument.startsWith("--"));
const all = (await readdir(folder)).filter((name) => name.endsWith(".js")).map((name) => basename(name, ".js")).sort();
const quick = options.has("--quick");

await bundle(join(environment.site, "bench", "rivals"));
const site = await serveDirectory(undefined, environment.site);
const browser = await launch(["--js-flags=--expose-gc", "--enable-precise-memory-info"]);
try {
  for (const name of named.length > 0 ? named : all) {
    const benchmark = await import(new URL(`../${name}.js`, import.meta.url));
    process.stderr.write(`\n${name}: ${benchmark.title} `);
    const tables = await benchmark.run(new Rig({ browser, site, directory: environment.site, quick }));
    console.log(`\n${benchmark.title}\n\n${tables.map(text).join("\n\n")}`);
    if (options.has("--save")) await save(name, benchmark, tables, browser.version());
  }
} finally {
  await browser.close();
}
process.exit(0);
