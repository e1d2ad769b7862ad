// The floor: a hand-written loop that parses the same frames, drops what came before, makes the same event objects and calls the
// callback in a microtask of its own. It keeps nothing.

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
