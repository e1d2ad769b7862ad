// Shows the installed package to the tests. A browser without a bundler needs an address, not a name.
import * as causerie from "./node_modules/causerie/index.js";

window.causerie = causerie;
