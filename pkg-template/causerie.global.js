// The classic script: the main entry as `window.causerie`, in one file, with the WebAssembly module beside it.
import * as causerie from "./index.js";

globalThis.causerie = { ...causerie };
