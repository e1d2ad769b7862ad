// How long something takes, and the longest task of the page's thread meanwhile.

/** Runs `work`; resolves to its milliseconds, and to those of the longest task, 0 where none took 50. */
export async function watched(work) {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  observer.observe({ type: "longtask" });
  // What came before is not counted.
  await turn();
  const start = performance.now();
  await work();
  const time = performance.now() - start;
  // Tasks are reported when they are over.
  await turn();
  await turn();
  tasks.push(...observer.takeRecords());
  observer.disconnect();
  const longest = Math.max(0, ...tasks.filter(({ startTime, duration }) => startTime + duration >= start).map(({ duration }) => duration));
  return { time, longest };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 60));
