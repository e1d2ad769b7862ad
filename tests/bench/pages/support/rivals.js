// The rivals, each connected to a stand-in of its own server in the page: `connect…(callback)` resolves to the socket that the
// client listens to; the callback gets each message. `frames…(first, count, size)` are their frames of as many messages.

import { Socket, withSockets } from "./socket.js";
import { answerOf } from "./chat-v2.js";

const STREAM = "wss://bench.invalid/stream";
const TEXT = (index) => `message ${index}: how do you do?`;

/** The Bayeux client, with a minimal handler: one callback for each entry; it neither orders nor drops what came twice. */
export async function connectCometd(callback) {
  const { CometD } = await import("/bench/rivals/cometd.js");
  return withSockets(answerOf(), () => new Promise((resolve, reject) => {
    const client = new CometD();
    for (const other of ["long-polling", "callback-polling"]) client.unregisterTransport(other);
    client.configure({ url: "http://bench.invalid/cometd" });
    client.addListener("/service/chatV2/default", ({ data }) => {
      for (const entry of data.messages) callback(entry);
    });
    client.handshake(({ successful }) => (successful ? resolve(Socket.latest) : reject(new Error("no handshake"))));
  }));
}

export async function connectChatjs(callback) {
  const { ChatSession } = await import("/bench/rivals/chatjs.js");
  const { fetch } = window;
  // The participant service's one call: where the socket is.
  window.fetch = async () => new Response(JSON.stringify({
    ConnectionCredentials: { ConnectionToken: "token", Expiry: "2099-01-01T00:00:00.000Z" },
    Websocket: { Url: "wss://bench.invalid/", ConnectionExpiry: "2099-01-01T00:00:00.000Z" },
  }), { headers: { "content-type": "application/json" } });
  const answer = (socket, text) => {
    const { topic, content } = JSON.parse(text);
    const said = topic === "aws/subscribe" ? { topic, content: { status: "success", ...content } } : { topic };
    queueMicrotask(() => socket.say(JSON.stringify(said)));
  };
  try {
    return await withSockets(answer, async () => {
      ChatSession.setGlobalConfig({ region: "us-west-2", loggerConfig: { useDefaultLogger: false } });
      const session = ChatSession.create({
        chatDetails: { contactId: "contact", participantId: "visitor", participantToken: "token" },
        type: "CUSTOMER",
        disableCSM: true,
      });
      session.onMessage(callback);
      const ready = new Promise((resolve) => session.onConnectionEstablished(resolve));
      await session.connect();
      await ready;
      return Socket.latest;
    });
  } finally {
    window.fetch = fetch;
  }
}

export async function connectDirectline(callback) {
  const { DirectLine } = await import("/bench/rivals/directline.js");
  return withSockets(() => {}, async () => {
    const client = new DirectLine({ token: "token", conversationId: "c", streamUrl: STREAM });
    client.activity$.subscribe(callback);
    while (Socket.latest?.url !== STREAM) await new Promise((resolve) => setTimeout(resolve, 1));
    return Socket.latest;
  });
}

/** Of Amazon's socket: one message a frame, its content as text within. */
export function framesOfChatjs(first, count) {
  return Array.from({ length: count }, (_, place) => {
    const index = first + place;
    const content = {
      AbsoluteTime: new Date(1_700_000_000_000 + index).toISOString(), Content: TEXT(index), ContentType: "text/plain", Id: `id-${index}`,
      Type: "MESSAGE", ParticipantId: "agent", DisplayName: "Jane", ParticipantRole: "AGENT", InitialContactId: "contact", ContactId: "contact",
    };
    return JSON.stringify({ content: JSON.stringify(content), contentType: "application/json", topic: "aws/chat" });
  });
}

export function framesOfDirectline(first, count, size) {
  const made = [];
  for (let at = first; at < first + count; at += size) {
    const activities = Array.from({ length: size }, (_, place) => ({
      type: "message", id: `c|${at + place}`, timestamp: new Date(1_700_000_000_000 + at + place).toISOString(), channelId: "directline",
      from: { id: "agent", name: "Jane", role: "bot" }, conversation: { id: "c" }, text: TEXT(at + place),
    }));
    made.push(JSON.stringify({ activities, watermark: String(at + size) }));
  }
  return made;
}
