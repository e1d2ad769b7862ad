// The package's main entry: `chat`, `createChat`, `init`. Importing it loads no WebAssembly and touches no global.
import { createChat } from "./lib/chat.js";

export { createChat } from "./lib/chat.js";
export { ChatError } from "./lib/error.js";
export { init } from "./lib/loader.js";
export { ChatPromise } from "./lib/promise.js";
export { ChatSession } from "./lib/session.js";

/** A ready-made instance. */
export const chat = createChat();
