// The page's code where the bundler does not know `new URL("…", import.meta.url)`: it imports the wasm as a file.
import { init } from "causerie";
import address from "causerie/causerie.wasm";
import "./main.js";

init(address);
