// Shows the package's one-file entry to the tests.
import * as causerie from "/pkg/inline.js";

window.causerie = causerie;
