// The transcript of the session before this one, in a dialog: to be read and no more.

import { el } from "../js/dom.js";
import { Chat } from "./chat.js";

/** `call` asks the server; `chatId` is the session that was renewed. */
export async function showEarlier(call, chatId, me) {
  const id = `dialog-${crypto.randomUUID()}`;
  const close = el("button", { type: "button", className: "primary" }, "Close");
  const before = el("button", { type: "button", hidden: true }, "The one before");
  const place = el("div", { className: "slot" });
  const dialog = el("dialog", { className: "earlier", "aria-labelledby": id }, el("h2", { id }, "Earlier session"), place,
    el("div", { className: "actions" }, before, close));
  const read = async (chatId) => {
    const { messages = [], previousId } = await call("readTranscript", { chatId });
    const chat = new Chat(chatId, me);
    for (const entry of messages) chat.take(entry, true);
    place.replaceChildren(chat.element);
    before.hidden = !previousId;
    before.onclick = () => read(previousId).catch(failed);
  };
  const failed = (error) => place.replaceChildren(el("p", { className: "error", role: "alert" }, error.message));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  await read(chatId).catch(failed);
}
