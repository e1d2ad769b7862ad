// How a message looks: text with its links, an address as a card, a long text cut short until it is asked for.
import { el, icon } from "./dom.js";
import { parts, webUrl } from "./links.js";

/** A text longer than this, in characters, is shown as far as `SHOWN`. */
const LONG = 3_000;
const SHOWN = 1_500;
/** A word longer than this may be broken here and there: left to itself, a browser takes a minute to break 100,000 letters. */
const WORD = /\S{200}/gu;

/** The bubble of a message. */
export function bubble({ text, isUrl }, words) {
  const url = isUrl ? webUrl(text) : undefined;
  if (url) return card(text, url, words);
  // The text has its own direction; the bubble's shape keeps that of the conversation.
  const body = el("div.text", { dir: "auto" });
  if (text.length <= LONG) {
    body.append(...linked(text, words));
    return el("div.bubble", { part: "bubble" }, body);
  }
  body.append(...linked(text.slice(0, SHOWN), words), "…");
  const more = el("button.quiet", {
    type: "button", part: "button",
    onclick: () => {
      body.replaceChildren(...linked(text, words));
      // The focus goes to what was asked for, not to nowhere.
      body.tabIndex = -1;
      body.focus({ preventScroll: true });
      more.remove();
    },
  }, words.of("more"));
  return el("div.bubble", { part: "bubble" }, body, more);
}

/** A text as nodes: what may become a link is one. */
export function linked(text, words) {
  return parts(text).flatMap((part) => (typeof part === "string" ? breakable(part) : link(part.url, words, {}, ...breakable(part.text))));
}

/** The text with places where a word that is longer than any line can be broken. What is copied has none of them. */
function breakable(text) {
  const nodes = [];
  let from = 0;
  for (const { index, 0: piece } of text.matchAll(WORD)) {
    nodes.push(text.slice(from, index + piece.length), el("wbr"));
    from = index + piece.length;
  }
  return [...nodes, text.slice(from)];
}

function link(url, words, props, ...children) {
  const web = url.protocol.startsWith("http");
  // Another page than ours: it learns neither where it was opened from, nor how to get back at us.
  const outside = web ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return el("a", { href: url.href, part: "link", ...outside, ...props }, ...children, web ? el("span.unseen", {}, ` (${words.of("newTab")})`) : "");
}

/** The host as the browser reads it, so that no look-alike hides where it leads. */
function card(text, url, words) {
  const rest = decoded(`${url.pathname}${url.search}${url.hash}`.replace(/^\/$/, ""));
  const { host } = url;
  return link(url, words, { className: "bubble card", part: "bubble card", title: url.href },
    el("span.where", {}, el("bdi.host", {}, host), rest ? el("bdi.path", {}, rest) : ""), icon("open"));
}

function decoded(path) {
  try {
    // What can not be seen stays as it is encoded.
    return decodeURI(path).replace(/[\p{C}\s]/gu, encodeURIComponent);
  } catch {
    return path;
  }
}
