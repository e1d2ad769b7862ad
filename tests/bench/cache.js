// What the transcript cache changes about a restore.

import { compared } from "./support/restores.js";

export const title = "A restore with the transcript cache";
export const about = "As above, but ten of the events are new. The server of the other row is a stand-in in the page: no network, which is what the cache saves, is in its figure.";

export async function run(rig) {
  const tables = [];
  const cached = { "causerie, all from the server": false, "causerie, from the cache and 10 from the server": true };
  for (const [count, rounds] of [[1000, 5], [10_000, 1]]) {
    const size = rig.count(count, 50);
    const options = (label) => ({ client: "causerie", count: size, cached: cached[label] });
    const [time, longest] = await compared(rig, Object.keys(cached), options, `${count.toLocaleString("en")} events`, rounds);
    tables.push(time, longest);
  }
  return tables;
}
