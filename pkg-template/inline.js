// The entry `causerie/inline`: the main entry with the WebAssembly module inside, in one file that fetches nothing else.
// The build puts the module in the place of its address.
export * from "./index.js";
