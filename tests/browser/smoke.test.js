// The package loads in a plain page, under the strictest content security policy that it promises to live with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useBrowser } from "./support/browser.js";
import { environment } from "./support/environment.js";
import { serveDirectory } from "./support/static.js";

const browser = useBrowser();

test("the package loads and compiles its wasm in a page with a strict policy", async (t) => {
  const url = await serveDirectory(t, environment.site);
  const visitor = await browser.visitor(t);
  const requested = [];
  visitor.context.on("request", (request) => requested.push(new URL(request.url()).pathname));
  const page = await visitor.open(`${url}/t/plain.html`);
  const exports = await page.evaluate(() => Object.entries(window.causerie).map(([name, value]) => `${name}: ${typeof value}`));
  for (const expected of ["chat: object", "createChat: function", "init: function"]) {
    assert.ok(exports.includes(expected), `${expected} is not among ${exports.join(", ")}`);
  }
  assert.ok(!requested.some((path) => path.endsWith(".wasm")), "the wasm is fetched before a command asks for it");
  await page.evaluate(() => window.causerie.init());
  assert.deepEqual(requested.filter((path) => path.endsWith(".wasm")), ["/pkg/wasm/causerie_bg.wasm"]);
});

test("the wasm is fetched once, however many ask for it", async (t) => {
  const url = await serveDirectory(t, environment.site);
  const visitor = await browser.visitor(t);
  let fetched = 0;
  visitor.context.on("request", (request) => { fetched += request.url().endsWith(".wasm") ? 1 : 0; });
  const page = await visitor.open(`${url}/t/plain.html`);
  await page.evaluate(() => Promise.all([window.causerie.init(), window.causerie.init(), window.causerie.init()]));
  await page.evaluate(() => window.causerie.init());
  assert.equal(fetched, 1);
});

test("the policy of the plain page is in force", async (t) => {
  const url = await serveDirectory(t, environment.site);
  const visitor = await browser.visitor(t, { expect: [/script-src|unsafe-eval|trusted-types|TrustedScript/i] });
  const page = await visitor.open(`${url}/t/plain.html`);
  await page.evaluate(() => {
    const script = document.createElement("script");
    try { script.textContent = "window.inline = true"; } catch { /* trusted types forbid even this */ }
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => window.inline), undefined);
  assert.ok(visitor.complaints.some(({ kind }) => kind === "csp"), "no breach was reported");
});
