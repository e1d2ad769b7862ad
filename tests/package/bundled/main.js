// The page's code, the same for every bundler: it shows the package to the tests.
import * as causerie from "causerie";

window.causerie = causerie;
