// The page's code where the bundler does not know `new URL("…", import.meta.url)`: it imports the wasm as a file. That of REST
// it gives to `init` when it comes to that.
import { init } from "causerie";
import full from "causerie/causerie-full.wasm";
import address from "causerie/causerie.wasm";
import "./main.js";

init(address);
window.full = full;
