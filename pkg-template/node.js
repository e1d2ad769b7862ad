// Where a WebAssembly module comes from in Node, which reads files but does not fetch them. Loaded only there.

/** Its bytes, or its address where the package is not files. (Bundlers look for a package `process` when it is named alone.) */
export function wasm(address) {
  return address.protocol === "file:" ? globalThis.process.getBuiltinModule("node:fs").promises.readFile(address) : address;
}
