// What a page gives, to the launchers and to the commands: validated one by one, so that an error names the option, what was
// expected and what came; the first mistake is the error. What it comes to is what the engine reads.
import { ChatError } from "./error.js";

/** The names of the wires, in the engine's order; one has none, a transport of the page's own. */
const TRANSPORTS = ["auto", "websocket", "long-polling", undefined, "rest"];
const OWN = 3;

/** A parameter that has to be there is not. */
export function missing(detail) {
  return new ChatError(2, `a mandatory parameter is missing: ${detail}`);
}

/** A parameter is not what was expected. */
export function incorrect(detail, cause) {
  return new ChatError(3, `the value of a parameter is incorrect: ${detail}`, cause);
}

/** What an error says of a value: a number, or of what kind it is. */
function described(value) {
  if (typeof value === "number") return String(value);
  if (value === undefined || value === null) return "nothing";
  const kind = Array.isArray(value) ? "array" : typeof value;
  return `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`;
}

const isA = (type) => (value) => typeof value === type;
export const isString = isA("string");
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The ways to read the options of a call, one by one. One of null counts as absent, as do all when null is in place of them. */
function reading(whose, given) {
  const wrong = (name, expected, value) => incorrect(`${whose} expects \`${name}\` to be ${expected}, got ${described(value)}`);
  const options = given ?? {};
  if (!isObject(options)) throw wrong("options", "an object", options);
  const get = (name, expected, isRight) => {
    let value;
    try {
      value = options[name] ?? undefined;
    } catch {
      throw wrong(name, "readable");
    }
    if (value !== undefined && !isRight(value)) throw wrong(name, expected, value);
    return value;
  };
  return {
    wrong,
    missing: (name) => missing(`${whose} expects \`${name}\``),
    get,
    string: (name) => get(name, "a string", isString),
    boolean: (name) => get(name, "a boolean", isA("boolean")),
    number: (name) => get(name, "a number from 0 on", (value) => Number.isFinite(value) && value >= 0),
  };
}

/** The options over the defaults; one that is undefined does not count, and one that is null is as if there were none. */
export function merge(whose, defaults, options) {
  // Without a prototype: a member may be called `__proto__`.
  const merged = { __proto__: null };
  for (const given of [defaults ?? {}, options ?? {}]) {
    if (!isObject(given)) throw incorrect(`${whose} expects an object of options, got ${typeof given}`);
    try {
      for (const [name, value] of Object.entries(given)) {
        if (value !== undefined) merged[name] = value ?? undefined;
      }
    } catch (cause) {
      throw incorrect(`${whose} expects options that can be read`, cause);
    }
  }
  return merged;
}

/** What the engine launches: a new session, or the one that an earlier page left. */
export function setup(whose, given) {
  const { wrong, missing, get, string, boolean, number } = reading(whose, given);
  const service = string("service");
  if (service !== undefined && !/^[^/*]+$/.test(service)) throw wrong("service", "a name without / and *", service);
  const offline = number("maxOfflineDuration");
  boolean("multiTab");
  boolean("debug");
  get("logger", "a function", isA("function"));
  get("signal", "an AbortSignal", (value) => typeof value.addEventListener === "function");
  const isTransport = (value) => TRANSPORTS.includes(value) || typeof value === "object";
  const transport = get("transport", '"auto", "websocket", "long-polling", "rest" or an object', isTransport);
  const isOwn = !isString(transport ?? "");
  /** A server's URL, made absolute. */
  const base = (name, url) => {
    let href;
    try {
      ({ href } = new URL(url, globalThis.location?.href));
    } catch {
      // It is none.
    }
    if (!/^(http|ws)s?:/.test(href)) throw wrong(name, "the http: or https: URL of a chat server", url);
    return href.replace(/^ws/, "http").replace(/\/+$/, "");
  };
  let servers = [];
  if (!isOwn) {
    const one = string("serverUrl");
    const several = get("servers", "an array of strings", (value) => Array.isArray(value) && [...value].every(isString)) ?? [];
    servers = several.length === 0 && one ? [base("serverUrl", one)] : several.map((url) => base("servers", url));
    if (whose === "startSession" && servers.length === 0) throw missing("serverUrl");
  }
  const visitor = { nickname: "User" };
  if (whose === "startSession") {
    for (const name of ["firstName", "lastName", "emailAddress", "subject"]) visitor[name] = string(name);
    const username = string("username");
    if (username?.trim()) visitor.nickname = username;
    // What JSON can not carry (a cycle, a BigInt) is refused here, not found out when it is to be sent; what is sent is as it is now.
    get("userData", "an object that JSON can carry", (value) => {
      try {
        visitor.userData = JSON.parse(JSON.stringify(value) ?? "null");
        return isObject(value);
      } catch {
        return false;
      }
    });
  }
  const timeout = offline === undefined ? undefined : offline * 1000;
  // A restore without a word goes on as the session was begun.
  const place = isOwn ? OWN : transport && TRANSPORTS.indexOf(transport);
  return { ...visitor, servers, service, timeout, transport: place };
}

/** The operation that sends a message, given as it is or as `{ message, type }`. */
export function sending(given) {
  const { wrong, missing, string } = reading("sendMessage", isString(given) ? { message: given } : given);
  const message = string("message");
  if (message === undefined) throw missing("message");
  if (message === "") throw incorrect("sendMessage expects `message` to be a string that is not empty, got an empty one");
  const type = string("type");
  if (type === "url") return { operation: "pushUrl", pushUrl: message };
  if (type !== undefined && type !== "text") throw wrong("type", '"text" or "url"', type);
  return { operation: "sendMessage", message };
}

/** Whether the visitor types, and the text so far. */
export function typing(given) {
  const { boolean, string } = reading("sendTyping", given);
  const isTyping = boolean("isTyping") ?? true;
  const message = string("typedText");
  return { isTyping, message: isTyping ? message : undefined };
}

/** The first index that a page wants to have. */
export function fromIndex(given) {
  const { wrong, number } = reading("getTranscript", given);
  const from = number("fromIndex") ?? 0;
  if (!Number.isInteger(from)) throw wrong("fromIndex", "a whole number from 0 on", from);
  return from;
}
