// The rivals as a page would load them: each bundled to one minified module by the bundler that makes our own package.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const sources = new URL("../rivals/", import.meta.url).pathname;

/** Bundles every module of `rivals/` into a directory. */
export async function bundle(directory) {
  const entries = (await readdir(sources)).filter((name) => name.endsWith(".js")).map((name) => join(sources, name));
  await build({
    entryPoints: entries, outdir: directory, bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022",
    logLevel: "error", legalComments: "none", allowOverwrite: true, nodePaths: [new URL("../tools/node_modules", import.meta.url).pathname],
  });
}
