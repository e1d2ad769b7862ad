// How each bundler is told to bundle the page in a folder into its `dist`: what its own documentation says, and no more.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const ESBUILD = fileURLToPath(new URL("../../../node_modules/esbuild/bin/esbuild", import.meta.url));

/** The page's HTML, with one script. */
async function page(folder, script = "main.js") {
  const html = await readFile(join(folder, "index.html"), "utf8");
  await mkdir(join(folder, "dist"), { recursive: true });
  await writeFile(join(folder, "dist", "index.html"), html.replace("./main.js", `./${script}`));
}

async function esbuild(folder, entry, ...options) {
  await run(ESBUILD, [entry, "--bundle", "--format=esm", "--minify", "--outdir=dist", "--log-level=warning", ...options], { cwd: folder });
  await page(folder, entry);
}

export const bundlers = {
  /** No bundler: the package's files as they are, imported by their address. */
  async none(folder) {
    await page(folder);
    const code = await readFile(join(folder, "main.js"), "utf8");
    await writeFile(join(folder, "dist", "main.js"), code.replace('"causerie"', '"./causerie/index.js"'));
    await cp(join(folder, "node_modules", "causerie"), join(folder, "dist", "causerie"), { recursive: true });
  },

  async vite(folder) {
    const { build } = await import("vite");
    await build({ root: folder, configFile: false, logLevel: "warn" });
  },

  async webpack(folder) {
    const { default: webpack } = await import("webpack");
    const stats = await promisify(webpack)({
      mode: "production", context: folder, entry: "./main.js", target: "web",
      // The server asks for Trusted Types, and webpack loads its chunks by scripts.
      output: { path: join(folder, "dist"), filename: "main.js", trustedTypes: true },
    });
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
    await page(folder);
  },

  async rollup(folder) {
    const { rollup } = await import("rollup");
    const { nodeResolve } = await import("@rollup/plugin-node-resolve");
    const { importMetaAssets } = await import("@web/rollup-plugin-import-meta-assets");
    const warned = [];
    const plugins = [nodeResolve({ browser: true }), importMetaAssets()];
    const built = await rollup({ input: join(folder, "main.js"), plugins, onwarn: ({ message }) => warned.push(message) });
    await built.write({ dir: join(folder, "dist"), format: "es" });
    if (warned.length > 0) throw new Error(warned.join("\n"));
    await page(folder);
  },

  /** It does not know `new URL("…", import.meta.url)`: the page imports the wasm as a file. */
  esbuild: (folder) => esbuild(folder, "with-address.js", "--loader:.wasm=file", "--public-path=/"),

  /** For browsers that have import maps it writes one, an inline script that a strict policy forbids. Ours include older ones. */
  async parcel(folder) {
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const browserslist = "chrome 96, firefox 79, safari 15";
    await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, browserslist }));
    const options = ["build", "index.html", "--dist-dir", "dist", "--no-cache", "--no-source-maps", "--log-level", "warn"];
    await run(process.execPath, [join(HERE, "node_modules", "parcel", "lib", "bin.js"), ...options], { cwd: folder });
  },
};

/** The page as Vite serves it while it is worked at; `close` ends that. */
export async function viteServer(folder) {
  const { createServer } = await import("vite");
  const server = await createServer({ root: folder, configFile: false, logLevel: "warn", server: { host: "127.0.0.1", port: 0 } });
  await server.listen();
  return { url: `http://127.0.0.1:${server.httpServer.address().port}/`, close: () => server.close() };
}

/** The one file, by a bundler that is told nothing. */
export const inline = (folder) => esbuild(folder, "inline.js");
