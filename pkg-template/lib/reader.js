// The short ways by which the engine reads and makes values, and what makes up most of a chat: one call each, in place of one for
// each member. Whatever is not wholly ordinary the engine reads itself, member by member, and there it is decided what is right.

/** Indexes are less. */
const MOST = 2 ** 31;

/** The names of members, in the engine's order. */
let names;

/** The engine's names of members, a comma after each. */
export function named(all) {
  names = all.split(",");
}

/** A member by the place of its name; undefined when there is none, or nothing that could have any. */
export function get(object, name) {
  return object?.[names[name]];
}

/** A member that is a number; what is none is NaN. */
export function numberOf(object, name) {
  return number(object?.[names[name]]);
}

/** An element of an array; undefined when there is none. */
export function at(array, index) {
  return array?.[index];
}

/** Sets a member of an object. */
export function put(object, name, value) {
  object[names[name]] = value;
}

/** Posts something, with credentials: the promise of a `Response`, by which alone it fails. */
export async function post(url, type, body, signal) {
  return fetch(url, { method: "POST", credentials: "include", headers: { "Content-Type": type }, body, signal });
}

/** Calls `next` when a promise is settled: with its value, with undefined when it failed. */
export function after(promise, next) {
  Promise.resolve(promise).then(next, () => next());
}

/** The value of a text; undefined when it is no JSON. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a text looks like HTML. */
export function isMarkup(text) {
  return /^\s*</.test(text);
}

/** The number; what is none is NaN. */
export function number(value) {
  return typeof value === "number" ? value : NaN;
}

/** The data of an envelope that is one event and has no id of an operation; undefined or null for all others. */
export function push(envelope) {
  if (!Array.isArray(envelope) || envelope.length !== 1) return undefined;
  const { id, data } = envelope[0] ?? 0;
  return id === undefined && typeof data === "object" ? data : undefined;
}

/** How many entries a reply has where all is well with it, it ends or renews nothing, and its keys are those of `known`; else -1. */
export function reply(data, known) {
  const { statusCode, messages, chatEnded, chatId, secureKey, alias, userId } = data;
  const isPlain = statusCode === 0 && Array.isArray(messages) && !chatEnded && chatId === known.chatId &&
    secureKey === known.secureKey && alias === known.alias && userId === known.userId;
  return isPlain && !messages.some((entry) => entry?.text === "renewed") ? messages.length : -1;
}

/** How many entries of a reply, from a place on, are messages with a time, one index after the other: from `next` on, or from any where that is 0. */
export function run({ messages: entries }, place, next) {
  let at = place;
  for (let expected = next || messageAt(entries[place]); expected > 0 && messageAt(entries[at]) === expected; expected += 1) at += 1;
  return at - place;
}

/** The index of an entry that is a message of the visitor's or of an agent's, with a time; 0 for all others. */
function messageAt(entry) {
  const { index, type, text, utcTime, from } = entry ?? 0;
  if (type !== "Message" || typeof text !== "string" || typeof utcTime !== "number") return 0;
  if (!Number.isInteger(index) || index < 1 || index >= MOST || !(utcTime > 0 && utcTime < Infinity)) return 0;
  if (typeof from?.nickname !== "string") return 0;
  return from.type === "Agent" || from.type === "Client" ? index : 0;
}
