// What many measurements come to.

/** The median, and the range without the outer tenths. */
export function summary(values) {
  const sorted = values.toSorted((left, right) => left - right);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.1), high: quantile(sorted, 0.9) };
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The rows of a table, each with its ratio to the baseline. */
export function rows(cases, measured, baseline) {
  const made = cases.map((label) => ({ label, ...summary(measured[label]) }));
  const against = made.find(({ label }) => label === baseline)?.median;
  return made.map((row) => ({ ...row, ...(against && { ratio: row.median / against }) }));
}
