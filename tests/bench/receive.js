// What a message costs from the frame that brings it to the page's callback: the package, beside a hand-written loop that
// parses the same frames, drops what came before, makes the same event objects and calls the callback in a microtask of its
// own. Both get their frames as real `MessageEvent`s of a WebSocket that the page itself plays.

export const name = "A message, from frame to callback";
export const unit = "µs";
export const baseline = "loop, 1 a frame";
export const rounds = 21;

const MESSAGES = 5_000;

/** A WebSocket of the page's own: what is sent to it goes to `server`, what the server says comes as events. */
class FakeSocket extends EventTarget {
  static latest;
  onopen = null;
  onmessage = null;
  onclose = null;

  constructor() {
    super();
    FakeSocket.latest = this;
    queueMicrotask(() => this.onopen?.(new Event("open")));
  }

  send(text) {
    for (const message of JSON.parse(text)) answer(this, message);
  }

  close() {}

  say(text) {
    this.onmessage?.(new MessageEvent("message", { data: text }));
  }
}

/** As a chat v2 server on CometD answers; connects are held for ever. */
function answer(socket, { channel, id, data, advice }) {
  const reply = { channel, id, successful: true };
  if (channel === "/meta/handshake") {
    Object.assign(reply, { clientId: "c", version: "1.0", supportedConnectionTypes: ["websocket"], advice: { reconnect: "retry", timeout: 600_000 } });
  }
  if (channel === "/meta/connect" && advice?.timeout !== 0) return;
  const say = (message) => queueMicrotask(() => socket.say(JSON.stringify([message])));
  if (data?.operation === "requestChat") {
    say({ channel, id, data: { statusCode: 0, chatId: "bench", secureKey: "key", userId: "u", nextPosition: 2, messages: [entry(1, "ParticipantJoined", "Client")] } });
  }
  say(reply);
}

function entry(index, type, who, text) {
  const from = { nickname: who === "Client" ? "Ada" : "Jane", participantId: who === "Client" ? 1 : 2, type: who };
  return { from, index, type, utcTime: 1_700_000_000_000 + index, ...(text && { text, messageType: "text" }) };
}

/** The frames of as many messages, `size` in each. */
function frames(first, size) {
  const made = [];
  for (let at = first; at < first + MESSAGES; at += size) {
    const messages = Array.from({ length: size }, (_, place) => entry(at + place, "Message", "Agent", `message ${at + place}: how do you do?`));
    made.push(JSON.stringify([{ channel: "/service/chatV2/default", data: { statusCode: 0, chatId: "bench", secureKey: "key", nextPosition: at + size, messages } }]));
  }
  return made;
}

/** A session of the package: `feed(frames)` resolves when the callback has had all of them. */
export async function setup() {
  const { WebSocket } = window;
  window.WebSocket = FakeSocket;
  const { createChat } = await import("/pkg/index.js");
  const chat = createChat({ serverUrl: "http://bench.invalid", transport: "websocket", storage: "memory", multiTab: false });
  const session = async () => {
    const session = await chat.startSession({ username: "Ada" });
    let wanted = Infinity;
    let all;
    session.onMessageReceived(({ index }) => {
      if (index >= wanted) all();
    });
    const socket = FakeSocket.latest;
    let next = 2;
    return {
      first: () => next,
      feed: (given) => new Promise((resolve) => {
        next += MESSAGES;
        wanted = next - 2;
        all = resolve;
        for (const text of given) socket.say(text);
      }),
    };
  };
  const made = { one: await session(), batch: await session() };
  window.WebSocket = WebSocket;
  return made;
}

/** The hand-written loop. */
function loop() {
  let last = 1;
  const queue = [];
  let running = false;
  let wanted = Infinity;
  let all;
  const callback = ({ index }) => {
    if (index >= wanted) all();
  };
  const pump = async () => {
    if (running) return;
    running = true;
    for (let at = 0; at < queue.length; at += 1) {
      callback(queue[at]);
      await null;
    }
    queue.length = 0;
    running = false;
  };
  const socket = new FakeSocket();
  socket.onmessage = ({ data }) => {
    for (const { data: reply } of JSON.parse(data)) {
      for (const { index, text, utcTime, from } of reply.messages) {
        if (index <= last) continue;
        last = index;
        const party = { id: from.participantId, name: from.nickname, type: { agent: true } };
        queue.push({ index: index - 1, timestamp: utcTime, content: { text, type: { text: true } }, party });
      }
    }
    pump();
  };
  return {
    feed: (given) => new Promise((resolve) => {
      wanted = MESSAGES;
      all = resolve;
      for (const text of given) socket.say(text);
    }),
  };
}

async function perMessage(feed, given) {
  const start = performance.now();
  await feed(given);
  return ((performance.now() - start) * 1000) / MESSAGES;
}

export const cases = {
  "loop, 1 a frame": () => perMessage(loop().feed, frames(2, 1)),
  "causerie, 1 a frame": ({ one }) => perMessage(one.feed, frames(one.first(), 1)),
  "loop, 100 a frame": () => perMessage(loop().feed, frames(2, 100)),
  "causerie, 100 a frame": ({ batch }) => perMessage(batch.feed, frames(batch.first(), 100)),
};
