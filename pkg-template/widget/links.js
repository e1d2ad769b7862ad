// Addresses in what people write: which may become links, and which never do.

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
/**
 * A candidate ends at a blank, at what quotes or brackets it, and at what can not be seen. What stands before an "@" has a
 * limit, or a long word without one would be looked through from each of its letters.
 */
const CANDIDATE = /(?:https?:\/\/|mailto:|tel:)[^\s<>"“”«»`\p{C}]+|[\w.+-]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})+/giu;
const TRAILING = /[.,;:!?'’…)\]}]$/u;

/** The address as a URL if it may become a link, else undefined: `javascript:` and its kin never do. */
export function safeUrl(text, schemes = SCHEMES) {
  const trimmed = text.trim();
  if (/[\s\p{C}]/u.test(trimmed)) return undefined;
  try {
    const url = new URL(trimmed);
    return schemes.has(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

const WEB = new Set(["http:", "https:"]);

/** The same, of pages of the web only. */
export const webUrl = (text) => (/^\s*https?:\/\//i.test(text) ? safeUrl(text, WEB) : undefined);

/** A text in parts: strings, and `{ text, url }` where it has an address. */
export function parts(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = untrailed(match[0]);
    const url = safeUrl(/^[a-z]+:/i.test(address) ? address : `mailto:${address}`);
    if (!url) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push({ text: address, url });
    from = match.index + address.length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

/** Without the punctuation of the sentence around it. A bracket that was opened in it belongs to it. */
function untrailed(address) {
  let end = address.length;
  while (end > 0 && TRAILING.test(address.slice(0, end))) {
    if (address[end - 1] === ")" && balanced(address.slice(0, end))) break;
    end -= 1;
  }
  return address.slice(0, end);
}

function balanced(text) {
  return text.split("(").length === text.split(")").length;
}
