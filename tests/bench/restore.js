// What it costs a page to take up a session: the transcript is played back from the server.

import { compared } from "./support/restores.js";

export const title = "A restore, with its playback";
export const about = "From restoreSession() to the callback of the last event, with the server's answer in one frame from a stand-in in the page; the hand-written loop shakes hands and asks for it itself. Memory is what the heap has more afterwards, for each event of the transcript that the session keeps.";

export async function run(rig) {
  const tables = [];
  for (const [count, rounds] of [[1000, 9], [10_000, 5], [100_000, 3]]) {
    const size = rig.count(count, 50);
    const clients = ["hand-written loop", "causerie"];
    tables.push(...await compared(rig, clients, (client) => ({ client, count: size }), `${count.toLocaleString("en")} events`, rounds));
  }
  return tables;
}
