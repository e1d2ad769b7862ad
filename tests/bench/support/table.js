// Results as tables: for the terminal, and in Markdown for the manual.

/** A number as people read it. */
export function shown(value) {
  if (value === undefined || value === null) return "–";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  const digits = Math.abs(value) >= 1000 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function lines({ unit, baseline, rows }) {
  const ranged = rows.some(({ low }) => low !== undefined);
  const compared = rows.some(({ ratio }) => ratio !== undefined);
  const head = ["", `median, ${unit}`, ...(ranged ? ["10 % to 90 %"] : []), ...(compared ? [`against ${baseline}`] : [])];
  if (!ranged) head[1] = unit;
  return [head, ...rows.map(({ label, median, low, high, ratio }) => [
    label, shown(median),
    ...(ranged ? [low === undefined ? "" : `${shown(low)} to ${shown(high)}`] : []),
    ...(compared ? [ratio === undefined ? "" : `${ratio.toFixed(2)} ×`] : []),
  ])];
}

export function text(table) {
  const all = lines(table);
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const pad = (cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]));
  return [table.title, ...all.map((row) => `  ${row.map(pad).join("   ")}`)].join("\n");
}

export function markdown(table) {
  const [head, ...rest] = lines(table);
  const row = (cells) => `| ${cells.join(" | ")} |`;
  return [`**${table.title}**`, "", row(head), row(head.map((_, column) => (column ? "---:" : "---"))), ...rest.map(row)].join("\n");
}
