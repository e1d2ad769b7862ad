// The shapes that a page sees, made from records: event objects, and entries of a transcript.

/** The types of parties, by role. Literals, for an object with a computed member takes several times as long to make. */
const TYPES = [() => ({ client: true }), () => ({ agent: true }), () => ({ supervisor: true }), () => ({ external: true })];
const ROLE_NAMES = ["Client", "Agent", "Supervisor", "External"];
const REASONS = { 1: "leaveRequest", 2: "agent", 3: "error" };
const DESCRIPTIONS = {
  1: "The visitor left the session.",
  2: "The session was ended from the agent's side.",
  3: "The session was ended by an error.",
};

/** The event object of a record: a fresh one for each callback. Interruptions have none. */
export function event(record) {
  const { kind, id, name, role, restored } = record;
  switch (kind) {
    case "message": {
      const { index, timestamp, text, url } = record;
      const content = { text, type: url ? { url: true } : { text: true } };
      const made = { index, timestamp, content, party: { id, name, type: TYPES[role]() } };
      if (restored) made.restored = true;
      return made;
    }
    case "agentConnected":
    case "agentDisconnected": {
      const { index, timestamp } = record;
      const made = { party: { id, name, type: { agent: true } }, timestamp, index };
      if (restored) made.restored = true;
      return made;
    }
    case "status": {
      const { timestamp, old, new: now, botActive } = record;
      const made = { old, new: now, botActive, timestamp };
      if (restored) made.restored = true;
      return made;
    }
    case "faq":
      return { question: record.question, answer: record.answer, id };
    case "form":
      return { form: record.form };
    case "data":
      return { keys: record.keys };
    case "renewed":
      return { previousId: record.previousId, id, reason: record.reason };
    case "typing":
      return { party: { id, name }, isTyping: record.on };
    case "ended":
      return { reason: { [REASONS[record.reason]]: true } };
    case "error":
      return { error: { code: record.code, description: record.description } };
    default:
      return undefined;
  }
}

/** The transcript entry of a record: plain and serialisable. */
export function entry({ kind, index, timestamp, text, url, id, name, role, reason }) {
  switch (kind) {
    case "message":
      return {
        type: "MessageReceived",
        party: { id, type: ROLE_NAMES[role], name },
        content: { text, type: url ? "url" : "text" },
        index,
        timestamp,
      };
    case "ended":
      return { type: "SessionEnded", reason: { code: reason, description: DESCRIPTIONS[reason] }, timestamp };
    default:
      return {
        type: kind === "agentConnected" ? "AgentConnected" : "AgentDisconnected",
        party: { id, type: "Agent", name },
        index,
        timestamp,
      };
  }
}
