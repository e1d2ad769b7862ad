// The page's code with the wasm inside.
import * as causerie from "causerie/inline";

window.causerie = causerie;
