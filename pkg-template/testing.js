// The entry `causerie/testing`: a chat server inside the page, and time that a test moves, so that a page's own tests need
// no server and no waiting. Importing it has no effect.
export { createFakeServer } from "./testing/server.js";
export { controlTime } from "./testing/time.js";
