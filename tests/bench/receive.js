// What a message costs from the frame that brings it to the page's callback.

export const title = "A message, from frame to callback";
export const about = "Frames as real MessageEvents of a WebSocket that the page itself plays; each client, in a page of its own, is fed the same number of its own protocol's messages.";

const FLOOR = "hand-written loop";
const BATCHED = [FLOOR, "causerie", "cometd", "botframework-directlinejs"];
const CLIENTS = [...BATCHED, "amazon-connect-chatjs"];

export async function run(rig) {
  const tables = [];
  for (const [size, clients, count] of [[1, CLIENTS, 5000], [100, BATCHED, 20_000]]) {
    const pages = new Map();
    for (const client of clients) pages.set(client, await rig.page("receive", { client, size, count: rig.count(count, 100) }));
    tables.push(...await rig.rounds({
      title: `A message, ${size} in a frame`, unit: "µs", baseline: FLOOR, cases: clients, rounds: 21,
      measure: (client) => pages.get(client).measure("feed"),
    }));
    for (const page of pages.values()) await page.close();
  }
  return tables;
}
