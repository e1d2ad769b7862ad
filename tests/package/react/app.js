// Components that use the hook, for the page and for a server.
import { createElement as h, useState } from "react";
import { useChatSession } from "causerie/react";

/** What the hook says, and buttons for its commands. */
export function Chat({ options, seen }) {
  const chat = useChatSession(options);
  const [outcome, setOutcome] = useState("");
  seen?.(chat);
  const run = (name, ...given) => () => chat[name](...given).then(() => setOutcome(`${name} done`), ({ code }) => setOutcome(`${name} ${code}`));
  return h("section", null,
    h("p", { id: "phase" }, chat.phase),
    h("p", { id: "agents" }, chat.agents.map(({ name }) => name).join(", ")),
    h("p", { id: "typing" }, chat.typing.map(({ name }) => name).join(", ")),
    h("p", { id: "error" }, chat.error?.code),
    h("p", { id: "outcome" }, outcome),
    h("ol", null, chat.messages.map(({ key, content, party }) => h("li", { key }, `${party.name}: ${content.text}`))),
    h("button", { onClick: run("start") }, "Start"),
    h("button", { onClick: run("sendMessage", "Good morning") }, "Send"),
    h("button", { onClick: run("leave") }, "Leave"),
  );
}
