// How long a page waits from its first use of the package to a session that can be driven: fetching and compiling the
// wasm, against fetching alone.

export const name = "Loading the wasm";
export const unit = "ms";
export const baseline = "fetch alone";

const WASM = "/pkg/wasm/causerie_bg.wasm";

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export const cases = {
  "fetch alone": () => timed(async () => (await fetch(WASM)).arrayBuffer()),
  "fetch and compile": () => timed(() => WebAssembly.compileStreaming(fetch(WASM))),
};
