// From a send to its echo, by the real server.

const CHANNEL = "/service/chatV2/default";

export async function setup({ count }) {
  return { count, causerie: await causerie(), bare: await bare() };
}

async function causerie() {
  const { createChat } = await import("/pkg/index.js");
  const session = await createChat({ serverUrl: location.origin, transport: "websocket", storage: "memory", multiTab: false }).startSession({ username: "Ada" });
  let heard;
  session.onMessageReceived(({ content }) => heard?.(content.text));
  return (text) => new Promise((resolve, reject) => {
    heard = (got) => got === text && resolve();
    session.sendMessage(text).catch(reject);
  });
}

/** The least that can be called a client of the same server: by hand, for this one purpose. */
async function bare() {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/cometd`);
  await new Promise((resolve) => { socket.onopen = resolve; });
  const ask = (message, found) => new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      for (const one of JSON.parse(data)) if (found(one)) resolve(one);
    };
    socket.send(JSON.stringify([message]));
  });
  const { clientId } = await ask(
    { channel: "/meta/handshake", id: "1", version: "1.0", supportedConnectionTypes: ["websocket"] },
    ({ channel }) => channel === "/meta/handshake",
  );
  await ask({ channel: "/meta/subscribe", id: "2", clientId, subscription: CHANNEL }, ({ id }) => id === "2");
  const { data: { secureKey } } = await ask(
    { channel: CHANNEL, id: "3", clientId, data: { operation: "requestChat", nickname: "Ada" } }, ({ data }) => data?.secureKey,
  );
  setInterval(() => socket.send(JSON.stringify([{ channel: "/meta/connect", id: "4", clientId, connectionType: "websocket", advice: { timeout: 0 } }])), 4000);
  return (text) => ask(
    { channel: CHANNEL, id: "5", clientId, data: { operation: "sendMessage", secureKey, message: text } },
    ({ data }) => data?.messages?.some((entry) => entry.text === text),
  );
}

let number = 0;

/** One after the other. */
async function echoes(send, count) {
  const times = [];
  for (let sent = 0; sent < count; sent += 1) {
    const text = `echo ${number += 1}`;
    const start = performance.now();
    await send(text);
    times.push(performance.now() - start);
  }
  times.sort((left, right) => left - right);
  const at = (share) => times[Math.min(count - 1, Math.floor(count * share))];
  return { median: at(0.5), p99: at(0.99) };
}

export const cases = {
  "bare WebSocket": ({ bare, count }) => echoes(bare, count),
  causerie: ({ causerie, count }) => echoes(causerie, count),
};
