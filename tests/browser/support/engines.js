// The other two engines, each by what it speaks itself: Firefox by WebDriver BiDi over its own socket, WebKit by WebKitGTK's
// driver, on a screen that is not there. Either opens pages and runs code in them; that is all that these tests need.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { until, within } from "./wait.js";

/** No looking for updates, portals and the like. */
const PREFERENCES = {
  "app.update.enabled": false, "browser.shell.checkDefaultBrowser": false, "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "remote.active-protocols": 1,
  "toolkit.telemetry.reportingpolicy.firstRun": false, "browser.safebrowsing.malware.enabled": false, "app.normandy.enabled": false,
  "services.settings.server": "http://127.0.0.1:9/",
};

/** Code that a page runs: its result, or what it failed with, as JSON. */
const wrapped = (code) => `Promise.resolve().then(() => (${code})).then((value) => JSON.stringify({ value }), (error) => JSON.stringify({ error: String(error) }))`;

function unwrapped(text) {
  const { value, error } = JSON.parse(text);
  if (error) throw new Error(error);
  return value;
}

async function ended(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await within("the browser's end", exit, 5_000).catch(() => child.kill("SIGKILL"));
}

/** Firefox: `open(url)`, `run(code)`, `close()`. */
export async function firefox(program) {
  const profile = await mkdtemp(join(tmpdir(), "causerie-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  await writeFile(join(profile, "user.js"), lines.join("\n"));
  const child = spawn(program, ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile], {
    stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const address = await within("Firefox's address", new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Firefox ended (${code})`)));
  }), 60_000);
  const socket = new WebSocket(`${address}/session`);
  const waiting = new Map();
  let last = 0;
  socket.on("message", (data) => {
    const { id, result, error, message } = JSON.parse(data);
    const [resolve, reject] = waiting.get(id) ?? [];
    waiting.delete(id);
    if (error) reject?.(new Error(`${error}: ${message}`));
    else resolve?.(result);
  });
  const ask = (method, params) => within(method, new Promise((resolve, reject) => {
    waiting.set(++last, [resolve, reject]);
    socket.send(JSON.stringify({ id: last, method, params }));
  }), 30_000);
  await within("Firefox's socket", new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)));
  const { capabilities } = await ask("session.new", { capabilities: {} });
  const { context } = await ask("browsingContext.create", { type: "tab" });
  return {
    name: `${capabilities.browserName} ${capabilities.browserVersion}`,
    open: (url) => ask("browsingContext.navigate", { context, url, wait: "complete" }),
    async run(code) {
      const answer = await ask("script.evaluate", { expression: wrapped(code), target: { context }, awaitPromise: true });
      if (answer.type !== "success") throw new Error(answer.exceptionDetails.text);
      return unwrapped(answer.result.value);
    },
    async close() {
      socket.close();
      await ended(child);
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** WebKitGTK: `open(url)`, `run(code)`, `close()`. */
export async function webkit(program, xvfb) {
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  // The server picks a display, and says which.
  const screen = spawn(xvfb, ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1280x800x24"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const display = await within("the screen", new Promise((resolve, reject) => {
    createInterface({ input: screen.stdio[3] }).once("line", resolve);
    screen.once("error", reject);
  }));
  const driver = spawn(program, [`--port=${port}`], { stdio: "ignore", env: { ...process.env, DISPLAY: `:${display}` } });
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  await until("WebKit's driver", () => ask("GET", "/status").then(() => true, () => false), 20_000);
  const { sessionId, capabilities } = await ask("POST", "/session", { capabilities: {} });
  const session = `/session/${sessionId}`;
  await ask("POST", `${session}/timeouts`, { script: 30_000, pageLoad: 30_000 });
  return {
    name: `${capabilities.browserName} ${capabilities.browserVersion}`,
    open: (url) => ask("POST", `${session}/url`, { url }),
    async run(code) {
      const script = `const done = arguments[arguments.length - 1]; ${wrapped(code)}.then(done);`;
      return unwrapped(await ask("POST", `${session}/execute/async`, { script, args: [] }));
    },
    async close() {
      await ask("DELETE", session).catch(() => {});
      await ended(driver);
      await ended(screen);
    },
  };
}
