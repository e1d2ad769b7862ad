// A project as a user has it: a fresh folder into which the packed tarball is installed, and nothing else.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Where the tools are that the package is tried with. */
export const TOOLS = join(ROOT, "tests", "package", "tools", "node_modules");

/** A Node that has WebSocket: this one, or the one that is installed for these tests; undefined where neither is there. */
export async function newerNode() {
  if (typeof WebSocket === "function") return process.execPath;
  const program = join(TOOLS, `node-${process.platform}-${process.arch}`, "bin", "node");
  return run(program, ["--version"]).then(() => program, () => undefined);
}

/** The packed package. */
export function tarball() {
  const file = process.env.CAUSERIE_TARBALL;
  if (!file) throw new Error("CAUSERIE_TARBALL is not set: run these tests by `cargo xtask test package`");
  return file;
}

/**
 * To be called at the top of a test file: installs the tarball into a new project, which lasts as long as its tests do,
 * and copies a folder of these tests into it, if one is named. Offline: the package needs no other. `others` are packages of
 * the tools that the project has, too.
 */
export function useProject(files, others = []) {
  const project = new Project(files, others);
  before(() => project.install());
  after(() => project.remove());
  return project;
}

class Project {
  #files;
  #others;

  constructor(files, others) {
    this.#files = files;
    this.#others = others;
  }

  async install() {
    this.folder = await realpath(await mkdtemp(join(tmpdir(), "causerie-package-")));
    this.package = join(this.folder, "node_modules", "causerie");
    await this.write("package.json", JSON.stringify({ name: "a-page", private: true, type: "module" }));
    const options = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier"];
    await run(NPM, ["install", ...options, tarball()], { cwd: this.folder, shell: process.platform === "win32" });
    for (const name of this.#others) await cp(join(TOOLS, name), join(this.folder, "node_modules", name), { recursive: true });
    if (this.#files) await cp(join(ROOT, "tests", "package", this.#files), this.folder, { recursive: true });
  }

  async remove() {
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }

  async manifest() { return JSON.parse(await readFile(join(this.package, "package.json"), "utf8")); }

  /** The entries that are JavaScript: `{ name, file, types }`, as a page imports them and as the package has them. */
  async entries() {
    const { name: own, exports } = await this.manifest();
    return Object.entries(exports)
      .filter(([, target]) => typeof target === "object")
      .map(([entry, { types, default: file }]) => ({ name: `${own}${entry.slice(1)}`, file, types }));
  }

  write(name, text) { return writeFile(join(this.folder, name), text); }

  /**
   * Runs a module in Node, in the project; resolves to what it handed to `print`, or rejects when it does not come to an
   * end by itself. `node` is the program of another Node than ours.
   */
  async node(source, node = process.execPath) {
    // Not by `console`: that keeps a stream open, and the module is to end because nothing is left to do.
    const print = 'import { writeSync } from "node:fs";\nconst print = (value) => writeSync(1, JSON.stringify(value));\n';
    await this.write("main.mjs", print + source);
    const { stdout } = await run(node, ["main.mjs"], { cwd: this.folder, timeout: 20_000, killSignal: "SIGKILL" });
    return JSON.parse(stdout);
  }
}
