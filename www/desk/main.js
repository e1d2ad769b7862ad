// The desk: signs the agent in, and keeps the queue, the chats and the open one as the server says they are.

import { byId } from "../js/dom.js";
import { Link } from "../js/link.js";
import { Chat } from "./chat.js";
import { ChatList, QueueList } from "./lists.js";
import { Panel } from "./panel.js";
import { RequestList } from "./requests.js";

const pageTitle = document.title;
const chats = new Map();
const loading = new Set(); // chats whose transcript so far is on its way, or has been read
let link = new Link("desk");
let me;
let panel;

const queueList = new QueueList(async (chatId) => {
  const trouble = byId("queue-trouble");
  trouble.hidden = true;
  try {
    await load(chatId);
    open(chatId);
  } catch (error) {
    // Somebody else was faster, or the visitor left: the queue that follows shows the rest.
    trouble.textContent = `Not accepted. ${error.message}`;
    trouble.hidden = false;
  }
});
const chatList = new ChatList((chatId) => open(chatId));
const requestList = new RequestList((...asked) => link.call(...asked));

function open(chatId) {
  panel.show(chats.get(chatId), { focus: true });
  render();
}

function render() {
  chatList.show([...chats.values()], panel?.chat?.id);
  if (panel?.chat) panel.show(panel.chat);
  const unread = [...chats.values()].reduce((sum, chat) => sum + chat.unread, 0);
  document.title = unread > 0 ? `(${unread}) ${pageTitle}` : pageTitle;
}

function chatOf(chatId) {
  if (!chats.has(chatId)) chats.set(chatId, new Chat(chatId, me));
  return chats.get(chatId);
}

/** Accepting a chat that is one's own already reads its transcript again: after a break, after a transfer. */
async function load(chatId) {
  loading.add(chatId);
  try {
    const { messages = [] } = await link.call("accept", { chatId });
    return messages;
  } catch (error) {
    loading.delete(chatId);
    throw error;
  }
}

function take(data) {
  if (data.queue) queueList.show(data.queue);
  // Whoever leaves a request ends a session by that, which is told.
  if (data.queue && !data.requests) requestList.stale();
  if (data.chats) {
    const mine = new Set(data.chats.map((one) => one.chatId));
    for (const one of data.chats) {
      const isNew = !chats.has(one.chatId);
      const chat = chatOf(one.chatId);
      if (chat.ended) { gone(chat); chatOf(one.chatId).describe(one); } else chat.describe(one);
      // One that another agent transferred here, or that was ours before this page was loaded: it wants attention.
      if (isNew && !loading.has(one.chatId)) {
        chats.get(one.chatId).unread = 1;
        load(one.chatId).catch(() => {});
      }
    }
    for (const chat of chats.values()) if (!mine.has(chat.id)) chat.end("This chat is over for you");
  }
  takeMessages(data.messages ?? []);
  render();
}

function takeMessages(messages) {
  // What comes first is the transcript so far; in a chat that has one already, whatever is unknown is news.
  const fresh = new Set(messages.map((entry) => entry.chatId).filter((id) => chats.get(id)?.isEmpty));
  for (const entry of messages) chats.get(entry.chatId)?.take(entry, fresh.has(entry.chatId));
}

function gone(chat) {
  chats.delete(chat.id);
  loading.delete(chat.id);
  if (panel.chat === chat) {
    panel.show(undefined);
    byId("main").focus();
  }
  render();
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
  byId("desk").hidden = true;
  byId("link-state").hidden = true;
  byId("sign-out").hidden = true;
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = byId("name").value.trim();
  const button = byId("sign-in-button");
  button.disabled = true;
  button.textContent = "Signing in…";
  link = new Link("desk");
  me = name;
  panel ??= new Panel({ call: (...args) => link.call(...args) }, gone);
  const mine = link;
  link.addEventListener("pushed", (pushed) => take(pushed.detail));
  link.addEventListener("state", (state) => showLink(state.detail));
  link.addEventListener("signed-in", () => {
    for (const chat of chats.values()) if (!chat.ended) load(chat.id).catch(() => {});
  });
  link.addEventListener("signed-out", (out) => { if (mine === link) signedOut(out.detail.message); });
  try {
    await link.signIn(`${location.origin}/cometd`, { name, key: byId("key").value });
    byId("sign-in").hidden = true;
    byId("desk").hidden = false;
    byId("sign-out").hidden = false;
    byId("main").focus();
  } catch (error) {
    showSignIn(error.message);
    byId("key").focus();
  } finally {
    button.disabled = false;
    button.textContent = "Sign in";
  }
});

function signedOut(why) {
  link.close();
  for (const chat of [...chats.values()]) gone(chat);
  queueList.show([]);
  requestList.clear();
  showSignIn(why);
  byId("name").focus();
}

// Only on a phone, where the conversation covers the lists.
byId("back").addEventListener("click", () => {
  panel.show(undefined);
  render();
  byId("chats").querySelector("button")?.focus();
});

byId("sign-out").addEventListener("click", () => signedOut(""));

for (const fill of document.querySelectorAll(".demo-agents button")) {
  fill.addEventListener("click", () => {
    byId("name").value = fill.dataset.name;
    byId("key").value = fill.dataset.key;
    byId("sign-in-button").focus();
  });
}
