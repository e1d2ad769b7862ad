// What the widget says, in the visitor's language; times and days as they are written there.
import ar from "./strings/ar.js";
import de from "./strings/de.js";
import en from "./strings/en.js";
import es from "./strings/es.js";
import fr from "./strings/fr.js";
import ja from "./strings/ja.js";

const LANGUAGES = { en, fr, de, es, ar, ja };
const RIGHT_TO_LEFT = /^(?:ar|arc|ckb|dv|fa|he|iw|ks|ku-arab|ps|sd|ug|ur|yi)\b/i;
const DAY = 86_400_000;

export class Words {
  #strings;
  #time;
  #day;
  #dayAndYear;
  #full;
  #relative;

  /** `wanted` is a language tag; `own` are the page's strings: by language, or for whatever language it is. */
  constructor(wanted, own = {}) {
    const lang = canonical(wanted);
    const base = lang.split("-")[0];
    const known = (of) => of[lang] ?? of[base];
    this.#strings = { ...en, ...known(LANGUAGES), ...onlyStrings(own), ...onlyStrings(known(own)) };
    /** What is spoken: English where there are no words of what is wanted. */
    this.lang = known(LANGUAGES) ?? known(own) ? lang : "en";
    this.direction = RIGHT_TO_LEFT.test(this.lang) ? "rtl" : "ltr";
    const format = (options) => new Intl.DateTimeFormat(this.lang, options);
    this.#time = format({ hour: "numeric", minute: "2-digit" });
    this.#day = format({ weekday: "long", day: "numeric", month: "long" });
    this.#dayAndYear = format({ dateStyle: "long" });
    this.#full = format({ dateStyle: "full", timeStyle: "short" });
    this.#relative = new Intl.RelativeTimeFormat(this.lang, { numeric: "auto" });
  }

  /** The string of a name, with values in its braces. */
  of(name, values = {}) {
    return this.#strings[name].replace(/\{(\w+)\}/g, (all, key) => String(values[key] ?? all));
  }

  /** The same in parts, so that the values can be nodes. */
  parts(name, values) {
    return this.#strings[name].split(/\{(\w+)\}/).map((part, at) => (at % 2 === 1 ? values[part] : part));
  }

  /** Names as they are listed. */
  list(names) {
    return new Intl.ListFormat(this.lang, { type: "conjunction" }).format(names);
  }

  time(timestamp) {
    return dated(this.#time, timestamp);
  }

  full(timestamp) {
    return dated(this.#full, timestamp);
  }

  /** A day in full, whichever it is. */
  date(timestamp) {
    return dated(this.#dayAndYear, timestamp);
  }

  day(timestamp, now = Date.now()) {
    for (const ago of [0, 1]) {
      if (dayKey(timestamp) === dayKey(now - ago * DAY)) return capital(this.#relative.format(-ago, "day"), this.lang);
    }
    const sameYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear();
    return dated(sameYear ? this.#day : this.#dayAndYear, timestamp);
  }
}

/** Changes when the day does, where the visitor is. */
export const dayKey = (timestamp) => new Date(timestamp).toDateString();

/** A server's clock may say anything. */
function dated(format, timestamp) {
  return Number.isNaN(new Date(timestamp).getTime()) ? "" : format.format(timestamp);
}

function canonical(tag) {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en";
  } catch {
    return "en";
  }
}

function capital(text, lang) {
  const [first = ""] = text;
  return first.toLocaleUpperCase(lang) + text.slice(first.length);
}

function onlyStrings(given) {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => typeof value === "string"));
}
