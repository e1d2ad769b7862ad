// The WebAssembly module and the glue before it. The entry with REST has both once more, with that in it.
import load, { Engine, names } from "./glue.js"; // made by the build
import { named } from "./reader.js";

let isReady = false;

/**
 * The engine's class, once the module is there: `source`, given the module's address, says where it comes from. It is fetched and
 * compiled once; a failure is forgotten, so that the next call tries again.
 */
export async function engine(source) {
  await load(source);
  if (!isReady) named(names());
  isReady = true;
  return Engine;
}
