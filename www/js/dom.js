// Builds elements without a line of HTML in a string: what others wrote only ever becomes text.

export const byId = (id) => document.getElementById(id);

/** el("p", { className: "line", dir: "auto" }, "text", child) */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}
