// The inspector: signs an agent in, lists the sessions, and watches the one that is chosen. Its id is the address's hash, so
// that other pages can link to it.

import { byId } from "../js/dom.js";
import { Link } from "../js/link.js";
import { SessionList } from "./list.js";
import { View } from "./view.js";

const rows = new Map();
const view = new View();
const list = new SessionList((chatId) => choose(chatId, { focus: true }));
let link = new Link("inspector");
let me;
let watched;

/** The most that are listed: of more, the oldest go. */
const MOST = 500;
let scheduled = false;

/** Once a frame is enough for what is pushed. */
function renderSoon() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    render();
  });
}

function prune() {
  if (rows.size <= MOST) return;
  const oldest = [...rows.values()].filter((row) => row.chatId !== watched).sort((a, b) => a.since - b.since);
  for (const row of oldest.slice(0, rows.size - MOST)) rows.delete(row.chatId);
}

function render() {
  list.show([...rows.values()], watched);
  if (rows.has(watched)) view.describe(rows.get(watched));
}

function take(data) {
  if (data.sessions) {
    rows.clear();
    for (const row of data.sessions) rows.set(row.chatId, row);
  }
  if (data.session) rows.set(data.session.chatId, data.session);
  if (data.forgotten) rows.delete(data.forgotten);
  if (data.watched && data.watched.chatId === watched) view.add(data.watched);
  prune();
  renderSoon();
  if (data.forgotten && data.forgotten === watched) view.note("The server has forgotten this session. What is here is what it was.");
  follow();
}

/** A session that was renewed goes on in another: so does the view. */
function follow() {
  const next = rows.get(watched)?.renewedId;
  if (next) choose(next, { note: "A new session has taken the place of the one before." });
}

async function choose(chatId, { focus = false, note = "" } = {}) {
  if (watched !== chatId) {
    watched = chatId;
    history.replaceState(null, "", `#${chatId}`);
    view.begin(chatId, note);
    render();
    await watch();
  }
  if (focus) byId("watched-title").focus({ preventScroll: true });
}

async function watch() {
  const asked = watched;
  try {
    await link.call("watch", { chatId: asked });
  } catch (error) {
    if (watched !== asked) return;
    view.note(error.code === 249 ? "There is no session with this id here, or not any more." : error.message);
  }
}

function unwatch() {
  watched = undefined;
  history.replaceState(null, "", location.pathname);
  view.end();
  render();
  link.call("unwatch").catch(() => {});
}

function fromAddress() {
  const id = location.hash.slice(1);
  if (/^\w+$/.test(id) && !byId("inspector").hidden) choose(id);
}

function showLink(up) {
  const state = byId("link-state");
  state.hidden = false;
  state.textContent = up ? `Signed in as ${me}` : "Reconnecting…";
  state.classList.toggle("broken", !up);
}

function showSignIn(trouble = "") {
  byId("sign-in-error").textContent = trouble;
  byId("sign-in-error").hidden = trouble === "";
  byId("sign-in").hidden = false;
  for (const id of ["inspector", "link-state", "sign-out"]) byId(id).hidden = true;
}

function signedOut(why) {
  link.close();
  // What was shown is for those who are signed in.
  rows.clear();
  watched = undefined;
  view.end();
  render();
  showSignIn(why);
  byId("name").focus();
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = byId("name").value.trim();
  const button = byId("sign-in-button");
  button.disabled = true;
  button.textContent = "Signing in…";
  link = new Link("inspector");
  me = name;
  const mine = link;
  link.addEventListener("pushed", (pushed) => { if (mine === link) take(pushed.detail); });
  link.addEventListener("state", (state) => { if (mine === link) showLink(state.detail); });
  // After a break all is read again.
  link.addEventListener("signed-in", () => {
    if (mine !== link || !watched) return;
    view.begin(watched);
    render();
    watch();
  });
  link.addEventListener("signed-out", (out) => { if (mine === link) signedOut(out.detail.message); });
  try {
    await link.signIn(`${location.origin}/cometd`, { name, key: byId("key").value });
    byId("sign-in").hidden = true;
    byId("inspector").hidden = false;
    byId("sign-out").hidden = false;
    byId("main").focus();
    fromAddress();
  } catch (error) {
    showSignIn(error.message);
    byId("key").focus();
  } finally {
    button.disabled = false;
    button.textContent = "Sign in";
  }
});

byId("sign-out").addEventListener("click", () => {
  byId("key").value = "";
  signedOut("");
});
// Only on a phone, where the session covers the list.
byId("back").addEventListener("click", () => {
  unwatch();
  byId("sessions").querySelector("button")?.focus();
});
window.addEventListener("hashchange", fromAddress);

for (const fill of document.querySelectorAll(".demo-agents button")) {
  fill.addEventListener("click", () => {
    byId("name").value = fill.dataset.name;
    byId("key").value = fill.dataset.key;
    byId("sign-in-button").focus();
  });
}
