// One chat session on the page, from its first event to its last.

import { Composer } from "../js/composer.js";
import { ask } from "../js/dialog.js";
import { byId } from "../js/dom.js";
import { Transcript } from "../js/transcript.js";
import { Outbox } from "./outbox.js";

const ENDINGS = {
  leaveRequest: "You left the chat.",
  agent: "The chat was ended by our side. Thank you for asking.",
  error: "The chat was lost, and could not be reopened. We are sorry.",
};

let current; // the conversation that the page's composer and buttons work on

const composer = new Composer(byId("composer"), {
  onSend: (text) => current?.outbox.send(text),
  // Nothing depends on it, and there is nobody to tell: a refusal of it is not worth a word.
  onTyping: (isTyping) => current?.session.sendTyping({ isTyping }).catch(() => {}),
});

byId("leave").addEventListener("click", async () => {
  const leaving = current;
  const sure = await ask({
    title: "Leave the chat?",
    text: "The conversation ends, and you cannot come back to it.",
    confirm: "Leave", cancel: "Stay", danger: true,
  });
  if (!sure || leaving !== current) return;
  byId("leave").disabled = true;
  try {
    await leaving.session.leave();
  } catch (error) {
    leaving.transcript.line(`Leaving did not work: ${error.message}`);
  } finally {
    byId("leave").disabled = false;
  }
});

/** Shows the session; `onEnd` is called once, when it is over. */
export function converse(session, { onEnd }) {
  const transcript = new Transcript("Conversation");
  const outbox = new Outbox(session, transcript);
  const here = { session, transcript, outbox };
  current = here;
  const agents = new Map();

  byId("transcript").replaceChildren(transcript.element, transcript.typingElement);
  byId("leave").hidden = false;
  byId("ended").hidden = true;
  byId("banner").hidden = true;
  composer.hidden = false;
  composer.text = "";
  showWho();

  function showWho() {
    const names = [...agents.values()];
    byId("with").textContent = names.length > 0 ? `With ${names.join(" and ")}` : "Someone will be with you shortly";
    byId("with").classList.toggle("here", names.length > 0);
  }

  session.onMessageReceived(({ content, party, timestamp, restored }) => {
    const own = Boolean(party.type.client);
    if (own && !restored) outbox.cameBack(content.text);
    transcript.typing(party.id, party.name, false);
    transcript.message({
      side: own ? "own" : party.type.external ? "system" : "other",
      author: party.name, text: content.text, isUrl: Boolean(content.type.url), timestamp, old: Boolean(restored),
    });
  });

  session.onAgentConnected(({ party, timestamp, restored }) => {
    agents.set(party.id, party.name);
    showWho();
    transcript.line("joined", { who: party.name, timestamp, old: Boolean(restored) });
  });

  session.onAgentDisconnected(({ party, timestamp, restored }) => {
    agents.delete(party.id);
    transcript.typing(party.id, party.name, false);
    showWho();
    transcript.line("left", { who: party.name, timestamp, old: Boolean(restored) });
  });

  session.onAgentTyping(({ party, isTyping }) => transcript.typing(party.id, party.name, isTyping));

  session.onInterrupted(() => {
    if (current !== here) return;
    byId("banner").hidden = false;
    outbox.interrupted = true;
    transcript.nobodyTypes();
  });

  session.onContinued(() => {
    if (current !== here) return;
    byId("banner").hidden = true;
    outbox.interrupted = false;
  });

  session.onError(({ error }) => console.warn(`Chat: ${error.code} ${error.description}`));

  session.onSessionEnded(({ reason }) => {
    outbox.close();
    transcript.nobodyTypes();
    if (current !== here) return;
    current = undefined;
    const kind = Object.keys(ENDINGS).find((name) => reason[name]) ?? "error";
    byId("ended-reason").textContent = ENDINGS[kind];
    byId("with").textContent = "The chat is over";
    byId("with").classList.remove("here");
    byId("banner").hidden = true;
    byId("leave").hidden = true;
    byId("ended").hidden = false;
    // Only a focus that would otherwise be lost with the composer is moved.
    const hadFocus = byId("chat").contains(document.activeElement) || document.activeElement === document.body;
    composer.hidden = true;
    if (hadFocus) byId("again").focus({ preventScroll: true });
    onEnd();
  });

  return { say: (text) => outbox.send(text), focus: () => composer.focus() };
}
