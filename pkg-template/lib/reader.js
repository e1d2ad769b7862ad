// The short ways by which the engine reads what makes up most of a chat: one call each, in place of one for each member.
// Whatever is not wholly ordinary the engine reads itself, member by member, and there it is decided what is right.

/** Indexes are less. */
const MOST = 2 ** 31;

/** The index of an entry that is a message of the visitor's or of an agent's, with a time; 0 for all others. */
function messageAt(entry) {
  const { index, type, text, utcTime, from } = entry ?? 0;
  if (type !== "Message" || typeof text !== "string" || typeof utcTime !== "number") return 0;
  if (!Number.isInteger(index) || index < 1 || index >= MOST || !(utcTime > 0 && utcTime < Infinity)) return 0;
  if (typeof from?.nickname !== "string") return 0;
  return from.type === "Agent" || from.type === "Client" ? index : 0;
}

export const reader = {
  /** The value of a text; undefined when it is no JSON. */
  parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  },

  /** Whether a text looks like HTML. */
  is_markup: (text) => /^\s*</.test(text),

  /** The value of the text that an event brings; undefined when it brings none, or no JSON. */
  frame({ data }) {
    return typeof data === "string" ? reader.parse(data) : undefined;
  },

  /** The number; what is none is NaN. */
  number(value) {
    return typeof value === "number" ? value : NaN;
  },

  /** What an error says of a value that a page gave: a number, or of what kind it is. */
  describe(value) {
    if (typeof value === "number") return String(value);
    if (value === undefined || value === null) return "nothing";
    const kind = Array.isArray(value) ? "array" : typeof value;
    return `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`;
  },

  /** The data of an envelope that is one event and has no id of an operation; undefined or null for all others. */
  push(envelope) {
    if (!Array.isArray(envelope) || envelope.length !== 1) return undefined;
    const { id, data } = envelope[0] ?? 0;
    return id === undefined && typeof data === "object" ? data : undefined;
  },

  /** How many entries a reply has where all is well with it, it ends or renews nothing, and its keys are those of `known`; else -1. */
  reply(data, known) {
    const { statusCode, messages, chatEnded, chatId, secureKey, alias, userId } = data;
    const isPlain = statusCode === 0 && Array.isArray(messages) && !chatEnded && chatId === known.chatId &&
      secureKey === known.secureKey && alias === known.alias && userId === known.userId;
    return isPlain && !messages.some((entry) => entry?.text === "renewed") ? messages.length : -1;
  },

  /** How many entries from a place on are messages with a time, one index after the other: from `next` on, or from any where that is 0. */
  run(entries, place, next) {
    let at = place;
    for (let expected = next || messageAt(entries[place]); expected > 0 && messageAt(entries[at]) === expected; expected += 1) at += 1;
    return at - place;
  },
};
