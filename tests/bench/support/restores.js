// Restores, measured.

/** Restores by turns in pages of their own: time, the longest task, memory. */
export async function compared(rig, labels, options, title, rounds) {
  const pages = new Map();
  for (const label of labels) pages.set(label, await rig.page("restore", options(label)));
  const tables = await rig.rounds({
    cases: labels, baseline: labels[0], rounds, warmUp: 1, measure: (label) => pages.get(label).measure("restore"),
    metrics: {
      time: { title, unit: "ms" },
      longest: { title: `${title}: the longest task (0: none of 50 ms)`, unit: "ms" },
      memory: { title: `${title}: memory`, unit: "bytes an event" },
    },
  });
  for (const page of pages.values()) await page.close();
  return tables;
}
