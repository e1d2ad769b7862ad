// As a chat v2 server on CometD answers, as far as a session needs it; connects are held for ever.

const CHANNEL = "/service/chatV2/default";

/**
 * Answers what a socket was sent. `transcript()` are the entries that the chat has already. What it answers is written once, before a
 * measurement that has warmed up, and comes in a task of its own, as from a server.
 */
export function answerOf(transcript = () => [entry(1, "ParticipantJoined", "Client")]) {
  const written = new Map();
  const write = (from, entries) => {
    const name = `${from} ${entries.length}`;
    if (!written.has(name)) written.set(name, JSON.stringify(chatData(entries.slice(from - 1), entries.length + 1)));
    return written.get(name);
  };
  return (socket, text) => {
    for (const { channel, id, data, advice } of JSON.parse(text)) {
      const say = (message) => queueMicrotask(() => socket.say(JSON.stringify([message])));
      const reply = { channel, id, successful: true };
      if (channel === "/meta/handshake") {
        const found = { clientId: "c", version: "1.0", supportedConnectionTypes: ["websocket"] };
        Object.assign(reply, found, { advice: { reconnect: "retry", interval: 0, timeout: 600_000 } });
      }
      if (channel === "/meta/connect" && advice?.timeout !== 0) continue;
      if (data?.operation === "requestChat" || data?.operation === "requestNotifications") {
        const body = write(Number(data.transcriptPosition ?? 1), transcript());
        const text = `[{"channel":"${channel}","id":"${id}","data":${body}}]`;
        setTimeout(() => {
          socket.say(text);
          socket.say(JSON.stringify([reply]));
        });
        continue;
      }
      say(reply);
    }
  };
}

function chatData(messages, nextPosition) {
  return { statusCode: 0, chatId: "bench", secureKey: "key", userId: "u", nextPosition, messages };
}

export function entry(index, type, who, text) {
  const from = { nickname: who === "Client" ? "Ada" : "Jane", participantId: who === "Client" ? 1 : 2, type: who };
  return { from, index, type, utcTime: 1_700_000_000_000 + index, ...(text && { text, messageType: "text" }) };
}

export function message(index) { return entry(index, "Message", "Agent", `message ${index}: how do you do?`); }

/** A frame that brings some entries. */
export function frame(messages, next) { return JSON.stringify([{ channel: CHANNEL, data: chatData(messages, next) }]); }

/** The frames of `count` messages from an index on, `size` in each. */
export function frames(first, count, size) {
  const made = [];
  for (let at = first; at < first + count; at += size) {
    made.push(frame(Array.from({ length: size }, (_, place) => message(at + place)), at + size));
  }
  return made;
}
