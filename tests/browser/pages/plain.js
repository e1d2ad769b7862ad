// Shows the package to the tests, which drive it from outside.
import * as causerie from "/pkg/index.js";

window.causerie = causerie;
