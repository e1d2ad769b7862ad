// The types of the entry `causerie/inline`: those of the main entry, whose WebAssembly module is inside this one.
export * from "./index.js";
