// Several widgets of one server and service on a page, a small one in the corner and one in the text, say: they show one chat.
import { optionsOf } from "./options.js";

/** Where a widget's chats are: who is at the same place restores the same one. */
function placeOf(element) {
  const { serverUrl, servers, service = "default", transport, multiTab } = optionsOf(element);
  // A transport of the page's own serves one session, and who shares none with other tabs shares none here.
  return typeof transport === "object" || multiTab === false ? undefined : JSON.stringify([serverUrl, servers, service]);
}

/** Calls back when another widget of the page has a chat at this one's place, until the signal. */
export function followSiblings(element, begun, signal) {
  const hear = ({ target, detail }) => {
    if (target === element || target.localName !== element.localName || !detail?.session) return;
    const place = placeOf(element);
    if (place && place === placeOf(target)) begun();
  };
  document.addEventListener("causerie-session", hear, { capture: true, signal });
}
