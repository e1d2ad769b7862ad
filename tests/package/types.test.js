// The types, as a strict TypeScript project with the package installed sees them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT, useProject } from "./support/project.js";

const run = promisify(execFile);
const STRICT = {
  strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true,
  noImplicitReturns: true, noImplicitOverride: true, verbatimModuleSyntax: true, isolatedModules: true,
  // The package's own types are checked too.
  skipLibCheck: false, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [],
};
const RESOLUTIONS = [["bundler", "esnext"], ["nodenext", "nodenext"]];

const project = useProject("types");

/** What TypeScript says of a file of the project. */
async function check(file, [moduleResolution, module]) {
  await project.write("tsconfig.json", JSON.stringify({ compilerOptions: { ...STRICT, moduleResolution, module }, files: [file] }));
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const done = run(process.execPath, [tsc, "--pretty", "false", "-p", "tsconfig.json"], { cwd: project.folder });
  return done.then(({ stdout }) => stdout, ({ stdout, stderr }) => stdout + stderr);
}

for (const resolution of RESOLUTIONS) {
  test(`right use compiles and wrong use does not (moduleResolution ${resolution[0]})`, async () => {
    assert.equal(await check("usage.ts", resolution), "");
    assert.equal(await check("entries.ts", resolution), "");
  });
}

test("a classic script has the package as a typed global", async () => {
  assert.equal(await check("classic.ts", RESOLUTIONS[0]), "");
});

test("a wrong use is found: the check itself can fail", async () => {
  await project.write("wrong.ts", 'import { chat } from "causerie";\nchat.startSession({ serverUrl: 3 });\n');
  assert.match(await check("wrong.ts", RESOLUTIONS[0]), /^wrong\.ts\(2,21\): error TS2322/);
});
