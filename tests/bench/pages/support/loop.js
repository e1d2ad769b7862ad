// The floor: a hand-written loop that parses the same frames, drops what came before, makes the same event objects and calls the
// callback in a microtask of its own. It keeps nothing.

/** A restore by hand: the least that is said to the server until it sends the transcript, which the loop then takes. */
export function restore(callback) {
  const socket = new WebSocket("wss://bench.invalid/cometd");
  const say = (message) => socket.send(JSON.stringify([message]));
  socket.onopen = () => say({
    id: "1", channel: "/meta/handshake", version: "1.0", minimumVersion: "1.0", supportedConnectionTypes: ["websocket"],
  });
  socket.onmessage = ({ data }) => {
    const [{ clientId }] = JSON.parse(data);
    loop(socket, callback);
    const request = { operation: "requestNotifications", secureKey: "key", transcriptPosition: 1 };
    say({ id: "2", channel: "/service/chatV2/default", clientId, data: request });
  };
}

/** Sends what a socket says through the loop to a callback. */
export function loop(socket, callback) {
  let last = 1;
  const queue = [];
  let running = false;
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
  socket.onmessage = ({ data }) => {
    for (const { data: reply } of JSON.parse(data)) {
      // An acknowledgement has none.
      if (!reply) continue;
      for (const { index, text, utcTime, from } of reply.messages) {
        if (index <= last) continue;
        last = index;
        const party = { id: from.participantId, name: from.nickname, type: { agent: true } };
        queue.push({ index: index - 1, timestamp: utcTime, content: { text, type: { text: true } }, party });
      }
    }
    pump();
  };
}
