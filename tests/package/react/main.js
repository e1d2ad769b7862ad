// Shows the components, React and the fake server to the tests.
import { StrictMode, Suspense, createElement as h, startTransition, use, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { chat } from "causerie";
import { createFakeServer } from "causerie/testing";
import { Chat } from "./app.js";

const server = createFakeServer({ welcome: "Welcome" });
const main = document.querySelector("main");
/** How often sessions were launched and freed. */
const counts = { startSession: 0, restoreSession: 0, freed: 0 };
const counting = {};
for (const name of ["startSession", "restoreSession"]) {
  counting[name] = async (options) => {
    counts[name] += 1;
    const session = await chat[name](options);
    const free = session.free.bind(session);
    session.free = () => { counts.freed += 1; free(); };
    return session;
  };
}
const options = { transport: server, storage: "memory", username: "Ada", chat: counting };
const renders = [];

function Page({ initially = true, more, wait }) {
  const [shown, show] = useState(initially);
  Object.assign(window.test, { show: (shown) => startTransition(() => show(shown)) });
  const child = shown && h(Suspense, { fallback: "waiting" }, h(Waiting, { wait }), h(Chat, { options: { ...options, ...more }, seen: (chat) => renders.push(chat) }));
  return h("div", null, child);
}

function Waiting({ wait }) {
  if (wait) use(wait);
  return null;
}

window.test = {
  server, counts, renders,
  render(properties) {
    test.root = createRoot(main);
    test.root.render(h(StrictMode, null, h(Page, properties)));
  },
  hydrate(html) {
    main.innerHTML = html;
    test.root = hydrateRoot(main, h(Chat, { options: { ...options, start: true } }));
  },
};
