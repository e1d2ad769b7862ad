// Where the WebAssembly module comes from in Node, which reads files but does not fetch them. Loaded only there.

/** Its bytes, or its address where the package is not files. */
export function wasm() {
  const address = new URL("wasm/causerie_bg.wasm", import.meta.url);
  return address.protocol === "file:" ? process.getBuiltinModule("node:fs").promises.readFile(address) : address;
}
