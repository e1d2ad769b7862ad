// Where the classic script is, for it has no `import.meta`: known only while it runs for the first time. A worker has only
// its own address.
const { document, location } = globalThis;

/** The address that the WebAssembly module is looked for beside. */
export const here = document?.currentScript?.src ?? location?.href;
