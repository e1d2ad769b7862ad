// Two hundred sessions on a page: what each costs.

export const title = "200 sessions on a page";
export const about = "Each connected to a stand-in in the page, with a callback, and idle; a page anew in each round. Memory in wasm comes in pages of 64 kB.";

export async function run(rig) {
  const count = rig.count(200, 5);
  const tables = await rig.rounds({
    cases: ["causerie"], rounds: 5, warmUp: 1,
    measure: async () => {
      const page = await rig.page("sessions", { count });
      const result = await page.measure("sessions");
      await page.close();
      return result;
    },
    metrics: {
      heap: { title: "JavaScript's memory", unit: "kB a session" },
      wasm: { title: "The module's memory", unit: "kB a session" },
      timers: { title: "Timers that are set", unit: "a session" },
      time: { title: "From startSession() to the session", unit: "ms" },
    },
  });
  return tables.map((table) => ({ ...table, rows: table.rows.map(({ ratio, ...row }) => row) }));
}
