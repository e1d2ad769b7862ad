// From the page's first script to a session that can be driven; and what the script alone costs.

import { front } from "./support/front.js";
import { ours } from "./support/peers.js";

export const title = "From script to session";
export const about = "Until startSession() has resolved; with cometd the same session on the same server by hand; the others until their service is connected (its token is there already, which they get by another call). Files by brotli; cold: an empty cache; warm: scripts and wasm from the browser's cache; preloaded: the page names its module and wasm in <link>s.";

const PRELOADED = "causerie, preloaded";
const CLIENTS = { causerie: "causerie", [PRELOADED]: "causerie", cometd: "cometd", "amazon-connect-chatjs": "chatjs", "botframework-directlinejs": "directline" };
const DELAY = 50;

export async function run(rig) {
  const server = await ours();
  const served = await front(rig.directory, server.address);
  try {
    const tables = [];
    const labels = Object.keys(CLIENTS);
    const trips = {};
    for (const cache of ["cold", "warm"]) {
      const medians = {};
      for (const delay of [0, DELAY]) {
        const origin = await served.origin(delay);
        const title = `${cache}, ${delay ? `${delay} ms further away` : "over loopback"}`;
        const [table] = await rig.rounds({
          title, unit: "ms", baseline: "causerie", cases: labels, rounds: 9, warmUp: 1,
          measure: (label) => started(rig, `${origin}${pageOf(label)}`, cache === "warm"),
        });
        medians[delay] = table;
        tables.push(table);
      }
      trips[cache] = labels.map((label) => {
        const of = (delay) => medians[delay].rows.find((row) => row.label === label).median;
        return { label: `${label}, ${cache}`, median: (of(DELAY) - of(0)) / DELAY };
      });
    }
    tables.push({ title: "Round trips (what the delay added, by the delay)", unit: "", rows: Object.values(trips).flat() });
    tables.push(...await loads(rig, await served.origin(0), labels.filter((label) => label !== PRELOADED)));
    return tables;
  } finally {
    served.stop();
    await server.stop();
  }
}

const pageOf = (label) => `/bench/pages/${label === PRELOADED ? "preloaded" : "start"}.html?${CLIENTS[label]}`;

async function started(rig, address, warm) {
  const context = await rig.browser.newContext();
  const page = await context.newPage();
  const visit = async () => {
    await page.goto(address);
    return page.evaluate(() => window.started);
  };
  if (warm) {
    await visit();
    await page.goto("about:blank");
  }
  const time = await visit();
  await context.close();
  return time;
}

/** The script alone, with the wasm where there is one, and how long the page's thread was busy, less that of a page without. */
async function loads(rig, origin, labels) {
  const cases = ["a page with nothing", ...labels];
  const tables = await rig.rounds({
    cases, rounds: 9, warmUp: 1,
    measure: async (label) => {
      const context = await rig.browser.newContext();
      const page = await context.newPage();
      const devtools = await context.newCDPSession(page);
      await devtools.send("Performance.enable");
      await page.goto(`${origin}/bench/pages/start.html?${CLIENTS[label] ?? "nothing"}=load`);
      const time = await page.evaluate(() => window.started);
      const { metrics } = await devtools.send("Performance.getMetrics");
      const busy = metrics.find(({ name }) => name === "TaskDuration").value * 1000;
      const longest = await page.evaluate(() => new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(Math.max(...list.getEntries().map(({ duration }) => duration)))).observe({ type: "longtask", buffered: true });
        setTimeout(() => resolve(0), 100);
      }));
      await context.close();
      return { time, busy, longest };
    },
    metrics: {
      time: { title: "The script alone (with the wasm), cold, over loopback", unit: "ms" },
      busy: { title: "The script alone: all tasks of the page's thread", unit: "ms" },
      longest: { title: "The script alone: the longest task (0: none of 50 ms)", unit: "ms" },
    },
  });
  return tables.map((table) => ({ ...table, rows: table.rows.map(({ ratio, ...row }) => row) }));
}
