// The shop's chat panel: reopens the conversation that this browser left, or asks for a name and a question.

import { chat } from "/pkg/index.js";
import { byId } from "../js/dom.js";
import { converse } from "./conversation.js";

const options = { serverUrl: location.origin, service: "default" };

function show(view) {
  for (const id of ["waiting", "entry", "conversation"]) byId(id).hidden = id !== view;
}

function showEntry(trouble = "") {
  byId("entry-error").textContent = trouble;
  byId("entry-error").hidden = trouble === "";
  byId("with").textContent = "We answer within a few minutes";
  byId("with").classList.remove("here");
  show("entry");
}

function open(session) {
  show("conversation");
  return converse(session, { onEnd: () => {} });
}

async function restore() {
  try {
    open(await chat.restoreSession(options));
  } catch (failure) {
    // Without an error there simply was no conversation to reopen.
    if (!failure?.error) return showEntry();
    console.warn(`Chat: ${failure.error.code} ${failure.error.description}`);
    showEntry("Your earlier conversation could not be reopened. You can begin a new one.");
  }
}

let giveUp;

async function start(username, question) {
  giveUp = new AbortController();
  byId("waiting-text").textContent = "Connecting you…";
  byId("cancel").hidden = false;
  show("waiting");
  byId("cancel").focus({ preventScroll: true });
  let session;
  try {
    session = await chat.startSession({ ...options, username, subject: question.slice(0, 200), signal: giveUp.signal });
  } catch (failure) {
    showEntry(giveUp.signal.aborted ? "" : `The chat could not be opened. ${failure?.error?.description ?? ""} Please try again.`);
    byId("entry").querySelector("button").focus({ preventScroll: true });
    return;
  }
  const conversation = open(session);
  conversation.say(question);
  // On a phone the chat is below the product, and has just grown.
  if (matchMedia("(max-width: 52rem)").matches) byId("chat").scrollIntoView();
  conversation.focus();
  byId("question").value = "";
}

byId("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("name").value.trim();
  const question = byId("question").value.trim();
  if (name && question) start(name, question);
  else (name ? byId("question") : byId("name")).focus();
});
byId("cancel").addEventListener("click", () => giveUp?.abort());
byId("again").addEventListener("click", () => {
  showEntry();
  byId(byId("name").value ? "question" : "name").focus();
});

restore();
