// Times, days and addresses, in the reader's own language and zone.

const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const exactTime = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export const timeOf = (timestamp) => time.format(timestamp);
export const exactTimeOf = (timestamp) => exactTime.format(timestamp);

/** Changes when the day does, in the reader's zone. */
export const dayKey = (timestamp) => new Date(timestamp).toDateString();

export function dayOf(timestamp, now = Date.now()) {
  if (dayKey(timestamp) === dayKey(now)) return "Today";
  if (dayKey(timestamp) === dayKey(now - 86_400_000)) return "Yesterday";
  const sameYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? day : dayAndYear).format(timestamp);
}

/** "2 min", "1 h 5 min": how long someone has been waiting. */
export function waitingSince(since, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - since) / 60_000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The address as a URL if it may become a link, else undefined: `javascript:` and its kin never do. */
export function safeUrl(text) {
  const trimmed = String(text).trim();
  if (!/^https?:\/\/\S+$/i.test(trimmed) || !URL.canParse(trimmed)) return undefined;
  return new URL(trimmed);
}
