// The engine with REST in it, which has a WebAssembly module of its own: loaded by the sessions that ask for `transport: "rest"`.
import { form } from "./lib/form.js";
import { engine as full } from "./lib/module.js";

/** The engine's class, and with it what only REST needs of the shim. */
export async function engine(source) {
  return Object.assign(await full(source), { form });
}
