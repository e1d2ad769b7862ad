// Page code that is right, and page code that is wrong (each line after `@ts-expect-error`). Never run.

import { chat, ChatError, ChatPromise, ChatSession, createChat, init } from "causerie";
import type {
  AgentEvent, Chat, ChatErrorCode, EndedEvent, ErrorEvent, InitSource, MessageEvent, PartyId, RestoreOptions, StartOptions,
  StateStorage, TranscriptEntry, TypingEvent,
} from "causerie";

/** Holds where two types are the same, `any` being the same as itself only. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<_ extends true>(): void {}

// Launching.

const defaults: StartOptions = {
  serverUrl: "https://chat.example", servers: ["https://a.example", "https://b.example"], service: "sales",
  transport: "websocket", storage: "local", maxOfflineDuration: 120, debug: true, logger: (line) => line.trim(),
  username: "Ada", firstName: "Ada", lastName: "Lovelace", emailAddress: "ada@example.org", subject: "Glaze",
  userData: { page: "teapot", visits: 3, cart: ["pot"] },
};
const other = createChat(defaults);
createChat();
createChat(defaults).startSession().done((session) => session.id);
// @ts-expect-error without defaults the options are mandatory
createChat().startSession();
same<Same<typeof chat, Chat>>();

export async function launch(signal: AbortSignal): Promise<ChatSession> {
  const sources: InitSource[] = [
    "/causerie.wasm", new URL("https://chat.example/causerie.wasm"), new Uint8Array(8), new ArrayBuffer(8),
    await fetch("/causerie.wasm"), new WebAssembly.Module(new Uint8Array(8)),
  ];
  for (const source of sources) same<Same<ReturnType<typeof init>, ChatPromise<void>>>(), await init(source);
  await init(fetch("/causerie.wasm"));
  await init(undefined, { transport: "rest" });

  const started = chat.startSession({ serverUrl: "https://chat.example", signal });
  same<Same<typeof started, ChatPromise<ChatSession>>>();
  same<Same<typeof started extends Promise<ChatSession> ? true : false, true>>();
  const again: RestoreOptions = { storage: "cookie" };
  const restored = chat.restoreSession(again).catch(() => other.startSession(defaults));
  await chat.restoreSession();
  return (await restored) ?? started;
}

const storage: StateStorage = { read: () => null, write: async (state: unknown) => void state };
other.startSession({ serverUrl: "https://chat.example", storage }).done((session) => session.id);
other.startSession({ serverUrl: "https://chat.example", stateStorage: { ...storage, clear() {} } });

interface Customer { plan: "gold" | "silver"; since?: number }
export const attach = (userData: Customer) => other.startSession({ userData }).done(({ data }) => { void data.set(userData); });

// @ts-expect-error the options are mandatory
chat.startSession();
// @ts-expect-error a URL is a string
chat.startSession({ serverUrl: new URL("https://chat.example") });
// @ts-expect-error no such option
chat.startSession({ serverUrl: "https://chat.example", url: "https://chat.example" });
// @ts-expect-error no such transport
chat.startSession({ serverUrl: "https://chat.example", transport: "pigeon" });
// @ts-expect-error a storage has to read too
chat.startSession({ serverUrl: "https://chat.example", storage: { write() {} } });
// @ts-expect-error seconds are a number
chat.startSession({ serverUrl: "https://chat.example", maxOfflineDuration: "60" });
// @ts-expect-error left out or given, not undefined
chat.startSession({ serverUrl: undefined });
// @ts-expect-error a session is launched, not constructed
new ChatSession();
// @ts-expect-error nothing is assigned to the package
chat.startSession = () => {};

// Commands.

export async function talk(session: ChatSession): Promise<void> {
  const id: string = session.id;
  same<Same<typeof id, string>>();
  same<Same<ReturnType<typeof session.isAgentConnected>, boolean>>();
  const { transcript } = await session.getTranscript({ fromIndex: 2 });
  same<Same<typeof transcript, TranscriptEntry[]>>();
  await session.getTranscript();
  await session.sendMessage("hello");
  await session.sendMessage({ message: "https://example.org", type: "url" });
  await session.sendTyping();
  await session.sendTyping({ isTyping: true, typedText: "he" });
  const left: ChatPromise<void> = session.leave();
  left.done(() => {}).fail((event) => event.error?.code).done(() => {});
  // As the chat session API's own samples have it.
  session.getTranscript().done(function (event) {
    console.log("Full transcript of current chat session: ", event.transcript);
  }).fail(function (event) {
    console.log(event.error.code, event.error.description);
  });
  // @ts-expect-error absent where there is nothing to restore
  chat.restoreSession().fail((event) => event.error.code);
  const next = left.then(() => 1).finally(() => {});
  same<Same<typeof next, Promise<number>>>();

  for (const entry of transcript) {
    if (entry.type === "MessageReceived") {
      same<Same<typeof entry.content.type, "text" | "url">>();
      same<Same<typeof entry.party.id, PartyId>>();
    } else if (entry.type === "SessionEnded") {
      same<Same<typeof entry.reason.code, 1 | 2 | 3>>();
      // @ts-expect-error the end has no party
      entry.party;
    } else {
      same<Same<typeof entry.type, "AgentConnected" | "AgentDisconnected">>();
      // @ts-expect-error an agent who comes or goes says nothing
      entry.content;
    }
  }

  // @ts-expect-error a message has text
  session.sendMessage();
  // @ts-expect-error text is a string
  session.sendMessage(3);
  // @ts-expect-error no such type of message
  session.sendMessage({ message: "hello", type: "html" });
  // @ts-expect-error an index is a number
  session.getTranscript({ fromIndex: "0" });
  // @ts-expect-error `leave` takes nothing
  session.leave({});
  // @ts-expect-error the id is the server's
  session.id = "mine";
  // @ts-expect-error no such command
  session.setUserData({});
}

// Events.

export function listen(session: ChatSession, signal: AbortSignal): void {
  const off = session.onMessageReceived((event) => {
    same<Same<typeof event, MessageEvent>>();
    same<Same<typeof event.timestamp, number>>();
    if (event.content.type.url) location.assign(event.content.text);
    const restored: true | undefined = event.restored;
    const { agent, client, external, supervisor } = event.party.type;
    return [restored, agent, client, external, supervisor];
  }, { signal });
  same<Same<typeof off, () => void>>();
  session.onAgentConnected(({ party, index }: AgentEvent) => [party.type.agent === true, party.name, index]);
  session.onAgentDisconnected((event) => { same<Same<typeof event, AgentEvent>>(); });
  session.onAgentTyping(({ isTyping }: TypingEvent) => isTyping);
  session.onInterrupted(() => {});
  session.onContinued(() => {});
  session.onSessionEnded(({ reason }: EndedEvent) => reason.leaveRequest ?? reason.agent ?? reason.error);
  session.onError(({ error }: ErrorEvent) => { same<Same<typeof error.code, ChatErrorCode>>(); });

  // @ts-expect-error a callback is a function
  session.onMessageReceived("print");
  // @ts-expect-error interruptions come without an event
  session.onInterrupted((event: object) => event);
  // @ts-expect-error no such member
  session.onMessageReceived((event) => event.text);
  // @ts-expect-error no such event
  session.onMessage(() => {});
}

// Errors.

export function explain(failure: unknown): string {
  if (!(failure instanceof ChatError)) return String(failure);
  const error: Error = failure;
  const code: number = failure.code;
  // @ts-expect-error absent where there is nothing to restore
  failure.error.code;
  switch (failure.code) {
    case 300: return "nothing to restore";
    case 306: return "no WebAssembly";
    // @ts-expect-error no such code
    case 299: return "";
    default: return `${code} ${failure.error?.description ?? error.message}`;
  }
}

// All events, and letting go.

export async function loop(session: ChatSession, signal: AbortSignal): Promise<void> {
  for await (const event of session.events({ signal })) {
    if (event.type === "MessageReceived") event.content.text.trim();
    else if (event.type === "StatusChanged") event.new.name.trim();
    else if (event.type === "DataChanged") event.keys.length.toFixed();
    // @ts-expect-error no such event
    else if (event.type === "Message") break;
    // @ts-expect-error only messages have a content
    event.content;
  }
  session.free();
  const done: void = session[Symbol.dispose]();
  void done;
  // @ts-expect-error nothing is awaited
  session.free().then(() => {});
}
