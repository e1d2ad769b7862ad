// From a send to its echo, by the real server.

import { ours } from "./support/peers.js";

export const title = "A message, from send to echo";
export const about = "By our server on the same machine, over its WebSocket, one message after the other; bare: JSON.stringify, send, JSON.parse and nothing else.";

export async function run(rig) {
  const server = await ours({ www: rig.directory });
  try {
    const page = await rig.page("echo", { count: rig.count(300, 10) }, { origin: server.url });
    const tables = await rig.rounds({
      cases: page.cases, baseline: page.cases[0], rounds: 15, measure: page.measure,
      metrics: { median: { title: "Median", unit: "ms" }, p99: { title: "99th percentile", unit: "ms" } },
    });
    await page.close();
    return tables;
  } finally {
    await server.stop();
  }
}
