// Changes of a session's data, checked. Loaded by the first one.
import { ChatError } from "./index.js";

/** What is to be set, as it will be, and how large all is then. */
export function setting(set, data) {
  if (set === undefined || set === null) throw missing("data.set expects an object");
  if (typeof set !== "object" || Array.isArray(set)) throw incorrect("data.set expects an object");
  let text;
  try {
    text = JSON.stringify({ ...data.get(), ...set });
  } catch {
    throw incorrect("data.set expects values that JSON can carry");
  }
  const size = new TextEncoder().encode(text).length;
  if (size > data.limit) throw incorrect(`the session's data may have ${data.limit} bytes, and would have ${size}`);
  return { set: JSON.parse(JSON.stringify(set)), size };
}

/** What is to be deleted. */
export function deleting(names) {
  if (names === undefined || names === null) throw missing("data.delete expects names");
  const deleted = Array.isArray(names) ? names : [names];
  if (!deleted.every((name) => typeof name === "string")) throw incorrect("data.delete expects names");
  return { deleted, size: 0 };
}

function missing(detail) {
  return new ChatError(2, `a mandatory parameter is missing: ${detail}`);
}

function incorrect(detail) {
  return new ChatError(3, `the value of a parameter is incorrect: ${detail}`);
}
