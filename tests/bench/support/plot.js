// Results as an SVG: bars, a block for each table. Logarithmic where the values are far apart.

import { shown } from "./table.js";

const WIDTH = 760;
const LABELS = 290;
const BARS = WIDTH - LABELS - 110;
const ROW = 20;
const FAR = 40; // how many times the least the most may be on a linear scale

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

export function plot({ tables }) {
  const parts = [];
  let y = 0;
  for (const { title, unit, rows } of tables) {
    const values = rows.map(({ median }) => median).filter((value) => value > 0);
    const most = Math.max(...values);
    const least = Math.min(...values);
    const logarithmic = most / least > FAR;
    const low = least / 2;
    const length = (value) => {
      if (!(value > 0)) return 0;
      return BARS * (logarithmic ? Math.log(value / low) / Math.log(most / low) : value / most);
    };
    y += 26;
    parts.push(`<text x="8" y="${y}" font-weight="bold">${escape(title)}, ${escape(unit)}${logarithmic ? " (logarithmic)" : ""}</text>`);
    y += 8;
    for (const { label, median } of rows) {
      const own = label.includes("causerie");
      const width = Math.max(1, length(median)).toFixed(1);
      parts.push(`<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escape(label)}</text>`);
      parts.push(`<rect x="${LABELS}" y="${y + 3}" width="${width}" height="${ROW - 6}" fill="${own ? "#2c6fbb" : "#9aa5b1"}"/>`);
      parts.push(`<text x="${(LABELS + Number(width) + 6).toFixed(1)}" y="${y + 14}">${shown(median)}</text>`);
      y += ROW;
    }
  }
  y += 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${y}" fill="#fff"/>
<g fill="#222">
${parts.join("\n")}
</g>
</svg>
`;
}
