// The page of flows: one is chosen by its address (`?flow=echo`), and the widget runs in its channel.

import "/pkg/widget.js";
import { byId, el } from "../js/dom.js";
import { statusText } from "../js/status.js";
import { FLOWS } from "./flows.js";

const asked = new URLSearchParams(location.search).get("flow");
const flow = FLOWS.find(({ service }) => service === asked) ?? FLOWS[0];

byId("flows").append(...FLOWS.map(({ service, title }) => el("li", {},
  el("a", { href: `?flow=${service}`, "aria-current": service === flow.service ? "page" : null }, title))));
byId("flow-title").textContent = flow.title;
byId("flow-lead").textContent = flow.lead;
byId("steps").append(...flow.steps.map((step) => el("li", {}, step)));
document.title = `${flow.title} · ${document.title}`;

const widget = el("causerie-chat", { inline: "", heading: flow.title, "server-url": location.origin, service: flow.service });
if (!flow.asks) {
  widget.setAttribute("autostart", "");
  widget.setAttribute("username", "Guest");
}

function show() {
  const { session } = widget;
  if (!session) return;
  byId("none").hidden = true;
  byId("facts").hidden = false;
  byId("status").textContent = statusText(session.status.code);
  byId("leader").textContent = session.botActive ? "the bot" : session.isAgentConnected() ? "people" : "nobody";
  byId("session-id").textContent = session.id;
  byId("inspect").href = `/inspector/#${session.id}`;
}
for (const name of ["session", "status", "renewed", "agent-joined", "agent-left", "end"]) {
  widget.addEventListener(`causerie-${name}`, show);
}
byId("stage").append(widget);
