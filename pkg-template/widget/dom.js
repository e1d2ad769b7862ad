// Builds elements without a line of HTML in a string: what others wrote only ever becomes text.

/**
 * `el("button.primary", { part: "button", "aria-label": "Send", onclick: send }, child, "text")`. What is undefined is left out;
 * names with a dash, `role` and what is no property become attributes.
 */
export function el(name, props = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "role" && !key.includes("-")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== ""));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  chat: "M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.7 8.7 0 0 1-3.7-.8L3 21l1.9-5a8 8 0 0 1-.9-3.7A8.4 8.4 0 0 1 12.5 4 8.4 8.4 0 0 1 21 11.5Z",
  down: "m6 9 6 6 6-6",
  menu: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M12 20V5m-7 7 7-7 7 7",
  open: "M14 4h6v6m0-6-9 9M19 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1h5",
  check: "m5 12 5 5L20 7",
  save: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  star: "m12 3 2.8 5.9 6.2.9-4.5 4.5 1.1 6.5-5.6-3.1-5.6 3.1 1.1-6.5L3 9.8l6.2-.9Z",
};

/** A drawing of one line, of the colour of the text. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** What is busy takes no click. It is not disabled: a browser would take the focus away from it. */
export function busy(button, on = true) {
  if (on) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

export const isBusy = (button) => button.hasAttribute("aria-disabled");

let count = 0;

/** An id that no other element of this tree has. */
export function uniqueId() {
  return `c${++count}`;
}

/** The element that has the focus, inside of shadow roots too. */
export function focused(root = document) {
  let { activeElement } = root;
  while (activeElement?.shadowRoot?.activeElement) ({ activeElement } = activeElement.shadowRoot);
  return activeElement;
}
