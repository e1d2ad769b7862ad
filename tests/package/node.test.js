// The installed package in Node, as a server that renders pages imports it: without any effect, with the names of its
// types, and able to say what is wrong with a call.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { useProject } from "./support/project.js";

const WASM = 'import { readFile } from "node:fs/promises";\n'
  + 'const wasm = await readFile(new URL(import.meta.resolve("causerie/causerie.wasm")));\n';
/** What keeps the process alive: all but the pipe to us, and what Node itself does to load modules. */
const RUNNING = `const running = () => process.getActiveResourcesInfo().filter((kind) => !/^(PipeWrap|CloseReq|FSReq)/.test(kind));\n`;
/** How a promise settled, as it can be printed. */
const OUTCOME = `const outcome = (promise) => promise.then(
  () => "resolved",
  (failure) => ({ code: failure.code, error: failure.error, isError: failure instanceof ChatError, message: failure.message }),
);
`;

const project = useProject(undefined, ["react"]);

/** Imports an entry between two looks at everything that an import could change; prints the differences and the names. */
const WATCHED = (entry) => `${RUNNING}
  const keys = (value) => Reflect.ownKeys(value).map(String);
  const BUILT_IN = { Object, Function, Array, Promise, Error, String, Number, Map, Set, EventTarget, WebAssembly };
  const look = () => ({
    globals: keys(globalThis),
    members: Object.entries(BUILT_IN).map(([name, value]) => [name, keys(value), keys(value.prototype ?? {})]),
    listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    resources: running(),
  });
  const called = [];
  for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch", "MessageChannel", "BroadcastChannel", "WebSocket"]) {
    const real = globalThis[name];
    const watch = (use) => (...given) => { called.push(name); return use(...given); };
    if (real) globalThis[name] = new Proxy(real, { apply: watch(Reflect.apply), construct: watch(Reflect.construct) });
  }
  const compiled = [];
  for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming"]) {
    const real = WebAssembly[name];
    WebAssembly[name] = (...given) => { compiled.push(name); return real(...given); };
  }
  const earlier = look();
  const module = await import(${JSON.stringify(entry)});
  const later = look();
  print({ earlier, later, called, compiled, names: Object.keys(module).sort() });
`;

test("importing an entry has no effect: no global, no timer, no listener, no request, and the process ends", async () => {
  const entries = await project.entries();
  assert.ok(entries.some(({ name }) => name === "causerie"));
  for (const { name } of entries) {
    const { earlier, later, called, compiled } = await project.node(WATCHED(name));
    assert.deepEqual(later, earlier, name);
    assert.deepEqual([called, compiled], [[], []], name);
  }
});

test("importing the main entry touches nothing of a page that is there: no storage, no document, no listener", async () => {
  const touched = await project.node(`
    const touched = [];
    for (const name of ["document", "localStorage", "sessionStorage", "indexedDB", "caches", "navigator", "customElements", "location"]) {
      const watched = new Proxy({}, { get: (_, member) => { touched.push(name + "." + String(member)); } });
      Object.defineProperty(globalThis, name, { value: watched, configurable: true });
    }
    globalThis.window = globalThis;
    globalThis.addEventListener = (kind) => touched.push("addEventListener " + kind);
    await import("causerie");
    print(touched);
  `);
  assert.deepEqual(touched, []);
});

test("each entry exports the names that its types declare, and no other", async () => {
  for (const { name, types } of await project.entries()) {
    let declared = await readFile(join(project.package, types), "utf8");
    for (const [, all] of declared.matchAll(/^export \* from "(.+)\.js";/gm)) declared += await readFile(join(project.package, `${all}.d.ts`), "utf8");
    const values = [...declared.matchAll(/^export (?:declare )?(?:abstract )?(?:const|function|class) (\w+)/gm)];
    const { names } = await project.node(WATCHED(name));
    assert.deepEqual(names, [...new Set(values.map(([, value]) => value))].sort(), name);
  }
});

test("the main entry exports what its users import", async () => {
  const kinds = await project.node(`
    const module = await import("causerie");
    print(Object.fromEntries(Object.entries(module).map(([name, value]) => [name, typeof value])));
  `);
  assert.deepEqual(kinds, {
    ChatError: "function", ChatPromise: "function", ChatSession: "function", chat: "object", createChat: "function",
    init: "function",
  });
});

test("a page that was written in CommonJS imports it dynamically", async () => {
  await project.write("common.cjs", 'module.exports = import("causerie").then((module) => typeof module.chat.startSession);\n');
  assert.equal(await project.node('import { createRequire } from "node:module";\nprint(await createRequire(import.meta.url)("./common.cjs"));'), "function");
});

test("a failed `init` rejects with code 306 and can be retried; bytes, a module and a Response all load", async () => {
  const { wrong, right, again } = await project.node(`${WASM}${OUTCOME}
    const { init, ChatError } = await import("causerie");
    const wrong = [];
    for (const source of [new Uint8Array([1, 2, 3]), "http://127.0.0.1:9/causerie.wasm", wasm.subarray(0, 1000)]) {
      wrong.push(await outcome(init(source)));
    }
    const right = await outcome(init(wasm));
    print({ wrong, right, again: await outcome(init()) });
  `);
  for (const failure of wrong) {
    assert.deepEqual([failure.code, failure.isError, failure.error], [306, true, { code: 306, description: failure.message }]);
    assert.match(failure.message, /^the WebAssembly module could not be loaded: ./);
  }
  assert.deepEqual([right, again], ["resolved", "resolved"]);
  for (const source of ["await WebAssembly.compile(wasm)", 'new Response(wasm, { headers: { "content-type": "application/wasm" } })']) {
    const loaded = `const { init, ChatError } = await import("causerie");\nprint(await outcome(init(${source})));`;
    assert.equal(await project.node(WASM + OUTCOME + loaded), "resolved", source);
  }
});

test("a command without its mandatory parameter rejects with code 2, a wrong one with code 3; nothing throws", async () => {
  const { missing, wrong, nothing } = await project.node(`${WASM}${OUTCOME}
    const { chat, createChat, init, ChatError } = await import("causerie");
    await init(wasm);
    const missing = [];
    for (const start of [() => chat.startSession(), () => chat.startSession({}), () => createChat({ username: "Ada" }).startSession()]) {
      missing.push(await outcome(start()));
    }
    const wrong = [];
    for (const options of [3, { serverUrl: 3 }, { serverUrl: "http://127.0.0.1:9", transport: "pigeon" },
      { serverUrl: "http://127.0.0.1:9", logger: "console" }, { serverUrl: "http://127.0.0.1:9", signal: "stop" }]) {
      wrong.push(await outcome(chat.startSession(options)));
    }
    print({ missing, wrong, nothing: await outcome(chat.restoreSession({ storage: "memory" })) });
  `);
  assert.deepEqual(missing.map(({ code, isError }) => [code, isError]), [[2, true], [2, true], [2, true]]);
  for (const { message } of missing) assert.match(message, /startSession expects `serverUrl`/);
  assert.deepEqual(wrong.map(({ code }) => code), [3, 3, 3, 3, 3]);
  for (const { message } of wrong) assert.match(message, /startSession expects .+, got /);
  // Nothing to restore is told by the absence of `error`.
  assert.deepEqual([nothing.code, nothing.error], [300, undefined]);
});

test("the main entry as a file loads its wasm in Node by itself, and a missing parameter is told before it is loaded", async () => {
  const { before, code, loaded } = await project.node(`${OUTCOME}
    const { chat, init, ChatError } = await import("./node_modules/causerie/index.js");
    let compiled = 0;
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (...given) => { compiled += 1; return instantiate(...given); };
    const { code } = await outcome(chat.startSession({}));
    const before = compiled;
    print({ before, code, loaded: await outcome(init()) });
  `);
  assert.deepEqual([before, code, loaded], [0, 2, "resolved"]);
});

test("a launch that is given up by its signal rejects with code 308 and leaves nothing that runs", async () => {
  const { code, resources } = await project.node(`${WASM}${RUNNING}
    const { chat, init } = await import("causerie");
    await init(wasm);
    const given = new AbortController();
    const launch = chat.startSession({ serverUrl: "http://127.0.0.1:9", signal: given.signal });
    given.abort();
    const code = await launch.then(() => "resolved", (error) => error.code);
    print({ code, resources: running() });
  `);
  assert.deepEqual([code, resources], [308, []]);
});
