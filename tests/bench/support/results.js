// Results that are kept: JSON with the machine and the versions, a plot of it, and the tables in the manual's chapter.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, platform, release, totalmem } from "node:os";
import { plot } from "./plot.js";
import { markdown } from "./table.js";

const root = new URL("../../../", import.meta.url);
const chapter = new URL("src/manual/bench.md", root);
const folder = new URL("src/manual/bench/", root);

/** Writes `{name}.json` and `{name}.svg`, and the tables between `<!-- results: {name} -->` and the next `<!-- end -->`. */
export async function save(name, { title, about }, tables, browser) {
  const result = { name, title, about, date: new Date().toISOString().slice(0, 10), machine: await machine(browser), versions: await versions(), tables };
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(result, rounded, 1)}\n`);
  await writeFile(new URL(`${name}.svg`, folder), plot(result));
  const text = await readFile(chapter, "utf8");
  const begin = `<!-- results: ${name} -->`;
  const [before, rest] = text.split(begin);
  if (rest === undefined) throw new Error(`src/manual/bench.md has no line \`${begin}\``);
  const after = rest.slice(rest.indexOf("<!-- end -->"));
  const shown = `\n\n![${title}](bench/${name}.svg)\n\n${tables.map(markdown).join("\n\n")}\n\n`;
  await writeFile(chapter, `${before}${begin}${shown}${after}`);
}

/** Four digits are more than is known. */
const rounded = (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);

async function machine(browser) {
  const processors = cpus();
  return {
    processors: processors.length, processor: processors[0]?.model.trim(), memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${platform()} ${release().split("-")[0]}`, node: process.version, chromium: browser,
  };
}

async function versions() {
  const read = async (path) => JSON.parse(await readFile(new URL(path, root), "utf8"));
  const [ours, tools, peers] = await Promise.all([read("pkg-template/package.json"), read("tests/bench/tools/package.json"), read("package.json")]);
  const { "cometd-nodejs-server": cometd, faye } = peers.devDependencies;
  return { causerie: ours.version, ...tools.devDependencies, "cometd-nodejs-server": cometd, faye };
}
