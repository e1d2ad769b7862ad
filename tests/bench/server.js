// Our chat server beside Bayeux servers: messages from visitors to desks.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { given } from "../browser/support/environment.js";
import { ours, rival } from "./support/peers.js";
import { summary } from "./support/stats.js";

export const title = "A server, from visitor to desk";
export const about = "Visitors and desks on one server, all from one process, whose one thread speaks for all. A visitor says 60 characters, the desk gets it, the visitor gets it back. On ours that is a chat with an agent, kept in memory (or in SQLite); on the others a channel that both are subscribed to. All by WebSocket, but cometd-nodejs-server, which has long-polling alone.";

const PER_DESK = 100;
const KINDS = {
  "causerie-server": { kind: "causerie", start: (agents) => ours({ agents }) },
  "causerie-server, SQLite": { kind: "causerie", start: (agents) => ours({ agents, store: "sqlite" }) },
  faye: { kind: "faye", start: () => rival("faye") },
  "cometd-nodejs-server": { kind: "cometd", start: () => rival("cometd") },
};

export async function run(rig) {
  const sizes = (process.env.CAUSERIE_BENCH_VISITORS ?? (rig.quick ? "4" : "100,1000,10000")).split(",").map(Number);
  const rounds = rig.count(Number(process.env.CAUSERIE_BENCH_ROUNDS ?? 1), 1);
  const kinds = Object.entries(KINDS).filter(([label]) => !process.env.CAUSERIE_BENCH_KINDS || process.env.CAUSERIE_BENCH_KINDS.split(";").includes(label));
  const measured = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const visitors of sizes) {
      for (const [label, { kind, start }] of kinds) {
        const result = await measure(rig, kind, start, visitors);
        const key = `${label}, ${visitors.toLocaleString("en")}`;
        measured.set(key, [...measured.get(key) ?? [], result]);
        process.stderr.write(`\n${key}: ${JSON.stringify(result)}`);
      }
    }
  }
  const table = (title, unit, value) => ({
    title, unit, rounds, rows: [...measured].map(([label, results]) => ({ label, median: summary(results.map(value)).median })),
  });
  return [
    table("As many messages as the server can", "messages a second", ({ full }) => full.rate),
    table("Processor time of the server for a message, then", "µs", ({ full }) => full.processor),
    table("Processor time of the server for a message, at 1,000 a second", "µs", ({ steady }) => steady.processor),
    table("From send to desk at 1,000 messages a second, median", "ms", ({ steady }) => steady.median / 1000),
    table("From send to desk at 1,000 messages a second, 99th percentile", "ms", ({ steady }) => steady.p99 / 1000),
    table("Memory of an idle visitor", "kB", ({ memory }) => memory / 1000),
  ];
}

async function measure(rig, kind, start, visitors) {
  const desks = Math.ceil(visitors / PER_DESK);
  const server = await start(desks);
  try {
    const args = [
      kind, server.address, server.pid, "--visitors", visitors, "--desks", desks,
      "--rate", rig.count(1000, 50), "--seconds", rig.count(3, 1), "--window", Math.min(visitors, 200),
    ];
    const { stdout, stderr } = await promisify(execFile)(given("CAUSERIE_LOAD"), args.map(String), { maxBuffer: 1e9 });
    if (stderr) throw new Error(`the load: ${stderr.slice(0, 2000)}`);
    return JSON.parse(stdout);
  } finally {
    await server.stop();
  }
}
