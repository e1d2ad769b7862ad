// The page's half of the rig: loads a page module, measures one case when told to. A page module exports
//   setup(options)     optional, once; what it returns is given to every case
//   cases              { label: async (shared) => number, or { metric: number } }

let benchmark;
let shared;

window.bench = {
  async load(module, options) {
    benchmark = await import(module);
    shared = await benchmark.setup?.(options);
    return Object.keys(benchmark.cases);
  },
  async measure(label) {
    // What was left behind before is not this case's to clear away.
    window.gc?.();
    return benchmark.cases[label](shared);
  },
};
