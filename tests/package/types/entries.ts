// Code that uses the package's other entries rightly, and code that does not (after `@ts-expect-error`). Never run.

import { chat } from "causerie";
import type { ChatSession, Transport } from "causerie";
import { useChatSession } from "causerie/react";
import type { UseChatSession } from "causerie/react";
import { controlTime, createFakeServer } from "causerie/testing";
import type { ControlledTime, FakeAgent, FakeChat, FakeServer } from "causerie/testing";
import { CauserieChat } from "causerie/widget";

// The test kit.

export async function kit(): Promise<void> {
  const server: FakeServer = createFakeServer({ welcome: "Welcome" });
  const transport: Transport = server.transport();
  const session = await chat.startSession({ transport: server, storage: "memory" });
  await chat.restoreSession({ transport, storage: "memory" });
  const jane: FakeAgent = server.agent("Jane").join().type().say("Hello").sendUrl("https://example.org").leave();
  const text: string | undefined = (await server.heard(/help/)).text;
  await server.heard((said, entry) => said === text && entry.index > 1);
  server.refuse("sendMessage", { code: 204, advice: "too long", fatal: false, times: Infinity });
  server.delay("*", 100);
  server.ignore("requestChat", { done: true });
  server.on("pushUrl", ({ pushUrl }, answer) => (pushUrl === "x" ? { statusCode: 1 } : answer()), { times: 2 });
  const off: () => void = server.onChat(async (chat: FakeChat) => chat.agent("Robo").say(chat.visitor.nickname));
  off();
  server.interrupt();
  await server.continue();
  server.end({ error: true });
  const time: ControlledTime = controlTime({ now: new Date(0) });
  await time.advance(1_000);
  time.restore();
  await session.leave();
  jane.id.toFixed();

  // @ts-expect-error no such operation
  server.refuse("send");
  // @ts-expect-error milliseconds are a number
  server.delay("sendMessage", "1 s");
  // @ts-expect-error a chat is not made by hand
  server.chat = undefined;
  // @ts-expect-error no such option
  createFakeServer({ greeting: "Welcome" });
}

// The widget.

export function widget(): void {
  const element = document.createElement("causerie-chat");
  const same: CauserieChat = element;
  same.options = { serverUrl: "https://chat.example", userData: { plan: "gold" } };
  same.strings = { welcome: "Ask us" };
  same.strings = { pt: { welcome: "Olá!" } };
  same.open = true;
  const session: ChatSession | undefined = same.session;
  session?.id.trim();
  void same.start({ question: "Hello", username: "Ada" }).then(({ id }) => id);
  same.addEventListener("causerie-message", ({ detail }) => detail.content.text.trim());
  same.addEventListener("causerie-unread", ({ detail: { count } }) => count.toFixed());
  same.addEventListener("click", (event: MouseEvent) => event.clientX);
  document.querySelector("causerie-chat")?.minimise();

  // @ts-expect-error the session is the widget's
  same.session = undefined;
  // @ts-expect-error no such string
  same.strings = { hello: 3 };
  // @ts-expect-error no such member
  same.addEventListener("causerie-end", ({ detail }) => detail.code);
  // @ts-expect-error no such option
  same.options = { url: "https://chat.example" };
}

// The hook.

export function component(): readonly string[] {
  const chat: UseChatSession = useChatSession({ serverUrl: "https://chat.example", start: true });
  if (chat.phase === "idle") void chat.start({ subject: "Glaze" }).then(({ id }) => id.trim());
  void chat.sendMessage("Hello").then(() => chat.leave());
  chat.session?.free();

  // @ts-expect-error no such phase
  if (chat.phase === "over") return [];
  // @ts-expect-error messages are never changed
  chat.messages.push();
  // @ts-expect-error no such option
  useChatSession({ serverUrl: "https://chat.example", autoStart: true });
  return chat.messages.map(({ key, content }) => key + content.text);
}
