// The twelve states of a session, in words.

export const STATES = [
  "invalid", "pre-chat form", "FAQ", "offline form", "in queue", "customer last", "user last", "finished", "deleted", "closed",
  "request posted", "closed from queue",
];

export const statusText = (code) => `${code} ${STATES[code] ?? "unknown"}`;
