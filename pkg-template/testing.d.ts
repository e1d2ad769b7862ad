/// <reference lib="esnext.disposable" />
/**
 * The types of `causerie/testing`: a chat server inside the page, and time that a test moves.
 *
 * @module causerie/testing
 */
import type { ChatForm, ChatStatus, Transport, TransportCommand, TransportSink } from "./index.js";

/**
 * Makes a chat server inside the page. It is a transport object: `startSession({ transport: server })`. A later page of the same
 * test may be given it too (`restoreSession({ transport: server })`) and takes the place of the earlier one; for several pages
 * at once there is `transport()`.
 */
export function createFakeServer(options?: FakeServerOptions): FakeServer;

/**
 * Takes hold of the timers and clocks of the page (`setTimeout`, `setInterval`, `Date`, `performance.now`), the chat session's
 * among them, until `restore`. Works beside a test runner's own fake timers only if those are not in use.
 */
export function controlTime(options?: {
  /** When it is, at first. Default: now. */
  now?: number | Date;
}): ControlledTime;

export interface ControlledTime extends Disposable {
  /** The time, in milliseconds since the epoch. */
  readonly now: number;
  /** How many timers are set. */
  readonly timers: number;
  /**
   * Lets so many milliseconds go by. What falls due runs when it is due, in its order, and what it leads to has run when the
   * promise resolves. `advance(0)` lets run what is due.
   */
  advance(milliseconds: number): Promise<void>;
  /** Gives the page its own time back. Timers that are set and not yet due never run. */
  restore(): void;
}

export interface FakeServerOptions {
  /** What the system says first in every chat. Default: nothing. */
  welcome?: string;
  /** The status that every chat begins with. Default: the server tells none, and the session derives it. */
  status?: StatusName | StatusCode;
}

export type StatusName = ChatStatus["name"];
export type StatusCode = ChatStatus["code"];

/** The operations of chat v2 that the server knows. */
export type Operation =
  | "requestChat" // startSession
  | "requestNotifications" // restoreSession, and after every interruption
  | "sendMessage"
  | "pushUrl" // sendMessage with type "url"
  | "startTyping"
  | "stopTyping"
  | "disconnect" // leave
  | "updateNickname"
  | "updateData"
  | "customNotice";

export interface FakeServer extends Transport {
  start(sink: TransportSink, options: { service: string }): Promise<void>;
  send(command: TransportCommand): unknown;
  close(): void;
  /** Another transport to the same server, for several pages at once. */
  transport(): Transport;

  /** Every chat that was requested, in order. */
  readonly chats: FakeChat[];
  /** The newest chat. Throws where there is none. */
  readonly chat: FakeChat;
  /** Every operation that came, in order, with its members. */
  readonly commands: TransportCommand[];
  /** What is waited for at the moment (`begun`, `received`, `heard`, `continue`): helps with a test that hangs. */
  readonly waitingFor: string[];
  /** The first chat that no other call of `begun` was given: past or to come. */
  begun(): Promise<FakeChat>;
  /** Calls back for each chat that begins, before its start is answered. Returns a function that takes it back. */
  onChat(callback: (chat: FakeChat) => unknown): () => void;
  /** The first operation of a name, or for which the function returns true: past or to come. */
  received(matches: Operation | ((command: TransportCommand) => boolean)): Promise<TransportCommand>;

  /** An agent of the newest chat. */
  agent(name?: string, options?: AgentOptions): FakeAgent;
  /** The system says something in the newest chat. */
  say(text: string): void;
  /** As `heard` of the newest chat, or of the first one to come. */
  heard(matches?: MessageMatch): Promise<FakeEntry>;
  /** Pushes anything to the newest chat's pages: a reply of chat v2, or what is none. */
  push(reply: unknown): void;
  /** Ends the newest chat. */
  end(options?: EndOptions): void;

  /** The connection breaks, and stays so until `continue`. */
  interrupt(): void;
  /** The connection can be had again. Resolves when the pages that had it are back; a page that has given up never is. */
  continue(): Promise<void>;
  /** Whether the connection can be had. */
  readonly isUp: boolean;

  /** The next operation of a name, or of any (`"*"`), is refused and not done. */
  refuse(operation: Operation | "*", options?: RefuseOptions): void;
  /** The next operation is done at once, and answered so many milliseconds later. */
  delay(operation: Operation | "*", milliseconds: number, options?: TimesOptions): void;
  /** The next operation is never answered. */
  ignore(operation: Operation | "*", options?: TimesOptions & { /** Done all the same. Default false. */ done?: boolean }): void;
  /**
   * What becomes of the next operation: `action` returns the reply of chat v2 or a promise of it; one that throws refuses.
   * `answer()` does the operation and returns the reply that it has by itself.
   */
  on(operation: Operation | "*", action: (command: TransportCommand, answer: () => unknown) => unknown, options?: TimesOptions): void;

  /** Resolves so many milliseconds later, by the page's timers. */
  wait(milliseconds: number): Promise<void>;
  /** Resolves when the page's callbacks have been told of everything that was said so far. */
  settled(): Promise<void>;
}

export interface TimesOptions {
  /** For how many operations. Default 1; `Infinity` is all from now on. */
  times?: number;
}

export interface RefuseOptions extends TimesOptions {
  /** The code in the reply's `errors`. Default 249. */
  code?: number;
  /** The description there. */
  advice?: string;
  /** Seconds, beside code 429. */
  retryAfter?: number;
  /** The form's field that it is about, beside code 422. */
  field?: string;
  /** The session is over by it (`statusCode` 2). Default false. */
  fatal?: boolean;
}

export interface EndOptions {
  /** The server has lost the chat: `onSessionEnded` has `reason.error`. Default false: `reason.agent`. */
  error?: boolean;
}

export interface AgentOptions {
  /** What the agent is in the transcript. Default `"Agent"`. */
  type?: "Agent" | "Supervisor" | "External";
}

/** A text, a regular expression of it, or a function. */
export type MessageMatch = string | RegExp | ((text: string, entry: FakeEntry) => boolean);

/** An entry of the transcript as chat v2 has it, counted from 1. */
export interface FakeEntry {
  index: number;
  type: string;
  /** Milliseconds since the epoch. */
  utcTime: number;
  text?: string;
  messageId?: string;
  from: FakeParty;
}

export interface FakeParty {
  nickname: string;
  participantId: number;
  type: "Client" | "Agent" | "Supervisor" | "External";
}

export interface FakeChat {
  readonly id: string;
  /** The channel that the page asked for. */
  readonly service: string;
  /** What the page asked with: `nickname`, `subject`, `userData`, … */
  readonly request: TransportCommand;
  readonly visitor: FakeParty;
  /** What the visitor attached, with what was changed since. */
  readonly userData: Record<string, unknown>;
  readonly entries: FakeEntry[];
  /** The texts of all messages, whoever wrote them. */
  readonly texts: string[];
  readonly agents: FakeAgent[];
  readonly visitorTyping: { isTyping: boolean; /** What they have typed, if the page tells. */ text: string | undefined };
  readonly ended: boolean;
  /** An agent: not in the chat before `join`, or before they do something. */
  agent(name?: string, options?: AgentOptions): FakeAgent;
  /** The system says something. */
  say(text: string): void;
  /** The visitor's first message that matches: past or to come. Without an argument: any. */
  heard(matches?: MessageMatch): Promise<FakeEntry>;
  /** Pushes anything to the chat's pages. */
  push(reply: unknown): void;
  end(options?: EndOptions): void;

  /** The status that was told last, as its code; 0 while none was. */
  readonly status: StatusCode;
  /** Tells of another status. One of 9, 10 and 11 ends the chat. */
  setStatus(status: StatusName | StatusCode, options?: { botActive?: boolean; cause?: string }): void;
  /** Asks for a form, with the status that does so: until it is submitted, or the status is another. */
  askForm(form: ChatForm): void;
  /** What the visitor fills into a form: past or to come. Then the status is 4, 10 (offline) or 9 (post-chat). */
  submitted(kind: ChatForm["kind"]): Promise<Record<string, string>>;
  /** Suggests an entry of the FAQ. */
  suggest(faq: { id: string; question: string; answer: string }): void;
  /** What the visitor answers to it: past or to come. Then the status is 7, or 4 if it was refused. */
  answered(id: string): Promise<{ id: string; accepted: boolean }>;
  /** Changes the session data from the server's side: sets members, deletes others. */
  setData(set?: Record<string, unknown>, deleted?: string[]): void;
  /** Changes the part of the session data that only the server changes. */
  setInternal(fields: Record<string, unknown>): void;
  /** The session is over and goes on as a new one. */
  renew(options?: { /** Default `"timeout"`. */ reason?: "timeout" | "script" }): void;
}

/** Each verb returns the agent, so that they chain. All but `leave` join first. */
export interface FakeAgent {
  readonly name: string;
  readonly id: number;
  readonly party: FakeParty;
  readonly isConnected: boolean;
  join(): this;
  say(text: string): this;
  /** Sends an address: the page gets it as a message of type `url`. */
  sendUrl(url: string): this;
  type(isTyping?: boolean): this;
  leave(): this;
}
