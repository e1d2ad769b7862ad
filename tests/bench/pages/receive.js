// A client, and the time that it takes from the first of many frames to the last callback.

import { connectChatjs, connectCometd, connectDirectline, framesOfChatjs, framesOfDirectline } from "./support/rivals.js";
import { answerOf, frames } from "./support/chat-v2.js";
import { loop } from "./support/loop.js";
import { Socket, withSockets } from "./support/socket.js";

async function connectCauserie(callback) {
  const { createChat } = await import("/pkg/index.js");
  return withSockets(answerOf(), async () => {
    const chat = createChat({ serverUrl: "http://bench.invalid", transport: "websocket", storage: "memory", multiTab: false });
    const session = await chat.startSession({ username: "Ada" });
    session.onMessageReceived(callback);
    return Socket.latest;
  });
}

async function connectLoop(callback) {
  const socket = new Socket("wss://bench.invalid/");
  loop(socket, callback);
  return socket;
}

const CLIENTS = {
  "hand-written loop": [connectLoop, frames],
  causerie: [connectCauserie, frames],
  cometd: [connectCometd, frames],
  "amazon-connect-chatjs": [connectChatjs, framesOfChatjs],
  "botframework-directlinejs": [connectDirectline, framesOfDirectline],
};

/** client: one of the above; count: messages of a measurement; size: messages of a frame. */
export async function setup({ client, count, size }) {
  const [connect, make] = CLIENTS[client];
  let left = 0;
  let done;
  const socket = await connect(() => {
    left -= 1;
    if (left === 0) done();
  });
  let next = 2;
  return async () => {
    const given = make(next, count, size);
    next += count;
    left = count;
    const all = new Promise((resolve) => { done = resolve; });
    const start = performance.now();
    for (const text of given) socket.say(text);
    await all;
    return ((performance.now() - start) * 1000) / count;
  };
}

export const cases = { feed: (feed) => feed() };
