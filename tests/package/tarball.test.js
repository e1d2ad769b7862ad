// What is in the tarball, and whether the tools that judge packages find fault with it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT, tarball, useProject } from "./support/project.js";

const FILES = [
  "LICENSE-APACHE", "LICENSE-MIT", "README.md", "cache.js", "causerie.global.js", "events.js", "forms.js", "index.d.ts", "index.js", "inline.d.ts",
  "inline.js", "node.js", "package.json", "react.d.ts", "react.js", "rest.js", "storages.js",
  "testing.d.ts", "testing.js", "transport.js",
  "wasm/causerie_bg.wasm", "wasm/causerie_full.wasm", "widget.d.ts", "widget.js",
];

const run = promisify(execFile);
const tool = (name) => join(ROOT, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

const project = useProject();

/** Runs a tool; where it complains, with what it printed. */
async function judge(name, ...options) {
  const done = run(tool(name), options, { cwd: ROOT, shell: process.platform === "win32" });
  return done.catch(({ stdout, stderr }) => assert.fail(`${name} complains:\n${stdout}${stderr}`));
}

test("the tarball has exactly the files of the package", async () => {
  const found = await readdir(project.package, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile()).map((one) => relative(project.package, join(one.parentPath, one.name)));
  assert.deepEqual(files.map((file) => file.split(sep).join("/")).sort(), FILES);
});

test("no file of the package says where it was built", async () => {
  const home = process.env.HOME ?? ROOT;
  for (const file of FILES) {
    const text = await readFile(join(project.package, file), "latin1");
    for (const place of [ROOT, home]) assert.ok(!text.includes(`${place.replace(/\/$/, "")}/`), `${file} names ${place}`);
  }
});

test("no file of the package makes code of text, nor compiles WebAssembly while the page waits", async () => {
  const forbidden = [/\bnew\s+Function\b/, /\bFunction\s*\(/, /\beval\s*\(/, /\bdocument\.write\b/, /\bimportScripts\b/, /\bcreateObjectURL\b.*\bnew (Shared)?Worker\b/,
    /\bnew WebAssembly\.(Module|Instance)\b/, /\bset(Timeout|Interval)\s*\(\s*["'`]/];
  for (const file of FILES.filter((name) => name.endsWith(".js"))) {
    const text = await readFile(join(project.package, file), "utf8");
    for (const words of forbidden) assert.ok(!words.test(text), `${file}: ${words}`);
  }
});

test("the package installs nothing else and runs nothing", async () => {
  const manifest = await project.manifest();
  for (const field of ["dependencies", "optionalDependencies", "bundledDependencies", "scripts", "bin", "private"]) {
    assert.equal(manifest[field], undefined, field);
  }
  // For one entry, and only for pages that have it anyway.
  assert.deepEqual([manifest.peerDependencies, manifest.peerDependenciesMeta], [{ react: ">=18" }, { react: { optional: true } }]);
  assert.deepEqual((await readdir(join(project.folder, "node_modules"))).filter((name) => !name.startsWith(".")), ["causerie"]);
});

test("every export leads to a file, and so do `main` and `types`", async () => {
  const { exports, main, types, unpkg, jsdelivr } = await project.manifest();
  const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
  for (const target of [...targets, main, types, unpkg, jsdelivr]) {
    assert.match(target, /^\.\//);
    assert.ok((await stat(join(project.package, target))).size > 0, target);
  }
  assert.equal(exports["."].default, main);
  assert.equal(exports["."].types, types);
  assert.equal(Object.keys(exports["."])[0], "types", "the types come first, or TypeScript does not see them");
});

test("Node resolves every export, and nothing that is not exported", async () => {
  const { exports } = await project.manifest();
  const names = Object.keys(exports).map((entry) => `causerie${entry.slice(1)}`);
  const { resolved, inner } = await project.node(`
    const resolve = (name) => { try { return import.meta.resolve(name); } catch (error) { return error.code; } };
    print({ resolved: ${JSON.stringify(names)}.map(resolve), inner: resolve("causerie/wasm/causerie_bg.wasm") });
  `);
  for (const address of resolved) assert.ok((await stat(new URL(address))).isFile(), address);
  assert.equal(inner, "ERR_PACKAGE_PATH_NOT_EXPORTED");
});

test("publint finds nothing", async () => {
  await judge("publint", "run", tarball(), "--strict");
});

test("every entry has the types that it is imported with", async () => {
  // The package is ES modules only. The wasm and the classic script are files that have an address, and are not imported.
  await judge("attw", tarball(), "--profile", "esm-only", "--exclude-entrypoints", "causerie.wasm", "causerie-full.wasm", "causerie.global.js", "--no-emoji", "--no-color");
});
