// The page's half of the benchmark runner: loads a benchmark, measures one case when told to.

let benchmark;
let shared;

window.bench = {
  async load(module) {
    benchmark = await import(module);
    shared = await benchmark.setup?.();
    const cases = Object.keys(benchmark.cases);
    const { name, unit, rounds = 15, baseline = cases[0] } = benchmark;
    return { name, unit, rounds, baseline, cases };
  },
  measure: (label) => benchmark.cases[label](shared),
};
